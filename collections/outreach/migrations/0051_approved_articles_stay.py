"""The database itself keeps approved articles, as it keeps contact policies: they are not rewritten."""

from django.db import migrations

TABLE, PREFIX = "outreach_educationarticle", "education_article"
SAID = (
    "code, version, name_en, name_zh, stage, body_en, body_zh, note, live_from, revision, drafted_by_id, drafted_by_name, "
    "drafted_at, editors, approved_by_id, approved_by_name, approved_at"
)
WORDS = "an approved article is never changed; draft the next version"
ENDED = "OLD.status IN ('approved', 'withdrawn')"
REFUSED = (
    (f"{PREFIX}_no_rewriting", f"UPDATE OF {SAID}", ENDED),
    (
        f"{PREFIX}_no_return",
        "UPDATE OF status",
        "(OLD.status = 'approved' AND NEW.status <> 'withdrawn') OR OLD.status = 'withdrawn'",
    ),
    (f"{PREFIX}_no_delete", "DELETE", ENDED),
)


def keep(apps, schema_editor):
    for name, event, condition in REFUSED:
        begin = f"CREATE TRIGGER {name} BEFORE {event} ON {TABLE}"
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"{begin} FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION refuse_outreach_rewriting('{WORDS}')")
        else:
            schema_editor.execute(f"{begin} WHEN ({condition}) BEGIN SELECT RAISE(ABORT, '{WORDS}'); END")


def let_go(apps, schema_editor):
    for name, _event, _condition in REFUSED:
        on = f" ON {TABLE}" if schema_editor.connection.vendor == "postgresql" else ""
        schema_editor.execute(f"DROP TRIGGER {name}{on}")


class Migration(migrations.Migration):
    dependencies = [("outreach", "0050_education")]
    operations = [migrations.RunPython(keep, let_go)]
