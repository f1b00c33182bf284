"""The database itself keeps an agreement as it was made."""

from django.db import migrations

TABLE = "casework_planagreement"
# What it says is encrypted, and encrypted anew with a newer key: `said` alone may be written again.
SAID = "plan_id, stage, language, layout, content_sha256, pdf_sha256, size_bytes, stored_as, dated, made_at"
WORDS = "an agreement stays as it was made"
REFUSED = (("plan_agreement_no_rewriting", f"UPDATE OF {SAID}"), ("plan_agreement_no_delete", "DELETE"))


def keep(apps, schema_editor):
    for name, event in REFUSED:
        begin = f"CREATE TRIGGER {name} BEFORE {event} ON {TABLE}"
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"{begin} FOR EACH ROW EXECUTE FUNCTION refuse_plan_rewriting('{WORDS}')")
        else:
            schema_editor.execute(f"{begin} BEGIN SELECT RAISE(ABORT, '{WORDS}'); END")


def let_go(apps, schema_editor):
    for name, _event in REFUSED:
        on = f" ON {TABLE}" if schema_editor.connection.vendor == "postgresql" else ""
        schema_editor.execute(f"DROP TRIGGER {name}{on}")


class Migration(migrations.Migration):
    dependencies = [("casework", "0042_agreements")]
    operations = [migrations.RunPython(keep, let_go)]
