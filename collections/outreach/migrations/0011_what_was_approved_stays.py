"""The database itself keeps approved templates and strategies, as it keeps contact policies: they are not rewritten."""

from django.db import migrations

VERSION = (
    "version, name_en, name_zh, note, live_from, revision, drafted_by_id, drafted_by_name, drafted_at, editors, approved_by_id, "
    "approved_by_name, approved_at"
)
#: Table and prefix of the names, what it says beside that, and the words of a refusal.
KEPT = (
    (
        "outreach_messagetemplate",
        "message_template",
        "code, channel, purpose, subject_en, subject_zh, body_en, body_zh",
        "an approved template is never changed; draft the next version",
    ),
    (
        "outreach_strategy",
        "strategy",
        "code, products, steps, dry_run, dry_run_revision",
        "an approved strategy is never changed; draft the next version",
    ),
)
ENDED = "OLD.status IN ('approved', 'withdrawn')"
BACK = "(OLD.status = 'approved' AND NEW.status <> 'withdrawn') OR OLD.status = 'withdrawn'"


def refusals():
    for table, prefix, said, words in KEPT:
        yield f"{prefix}_no_rewriting", f"UPDATE OF {VERSION}, {said}", table, ENDED, words
        yield f"{prefix}_no_return", "UPDATE OF status", table, BACK, words
        yield f"{prefix}_no_delete", "DELETE", table, ENDED, words


def keep(apps, schema_editor):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for name, event, table, condition, words in refusals():
        begin = f"CREATE TRIGGER {name} BEFORE {event} ON {table}"
        if is_postgresql:
            schema_editor.execute(
                f"{begin} FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION refuse_outreach_rewriting('{words}')"
            )
        else:
            schema_editor.execute(f"{begin} WHEN ({condition}) BEGIN SELECT RAISE(ABORT, '{words}'); END")


def let_go(apps, schema_editor):
    for name, _event, table, _condition, _words in refusals():
        on = f" ON {table}" if schema_editor.connection.vendor == "postgresql" else ""
        schema_editor.execute(f"DROP TRIGGER {name}{on}")


class Migration(migrations.Migration):
    dependencies = [("outreach", "0010_messages")]
    operations = [migrations.RunPython(keep, let_go)]
