"""The database itself keeps a paper that was handed in as it came; that it was sent back is written once."""

from django.db import migrations

TABLE = "casework_planfile"
CAME = "id, plan_id, name, content_type, size_bytes, sha256, stored_as, added_at"
WORDS = "a paper that was handed in stays as it came"
ONCE = "a paper is sent back once"

#: Name, event, when, what is refused, in words.
REFUSED = (
    ("plan_paper_no_rewriting", f"UPDATE OF {CAME}", "", WORDS),
    ("plan_paper_sent_back_once", "UPDATE OF sent_back_at", "OLD.sent_back_at IS NOT NULL", ONCE),
    ("plan_paper_no_delete", "DELETE", "", WORDS),
)


def keep(apps, schema_editor):
    for name, event, condition, words in REFUSED:
        begin = f"CREATE TRIGGER {name} BEFORE {event} ON {TABLE}"
        when = f" WHEN ({condition})" if condition else ""
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"{begin} FOR EACH ROW{when} EXECUTE FUNCTION refuse_plan_rewriting('{words}')")
        else:
            schema_editor.execute(f"{begin}{when} BEGIN SELECT RAISE(ABORT, '{words}'); END")


def let_go(apps, schema_editor):
    for name, _event, _condition, _words in REFUSED:
        on = f" ON {TABLE}" if schema_editor.connection.vendor == "postgresql" else ""
        schema_editor.execute(f"DROP TRIGGER {name}{on}")


class Migration(migrations.Migration):
    dependencies = [("casework", "0054_some_plans_stand")]
    operations = [migrations.RunPython(keep, let_go)]
