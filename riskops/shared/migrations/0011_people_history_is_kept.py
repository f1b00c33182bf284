"""The database itself keeps the history of conflicts and examinations: a conflict can only end, an examination only be added."""

from django.db import migrations

KEPT = "user_id, kind, customer_id, customer_no, since, declared_by_id, declared_at"
SQLITE = [
    f"CREATE TRIGGER conflict_no_rewriting BEFORE UPDATE OF {KEPT} ON shared_conflict "
    "BEGIN SELECT RAISE(ABORT, 'a declared conflict can only end'); END",
    "CREATE TRIGGER conflict_no_delete BEFORE DELETE ON shared_conflict "
    "BEGIN SELECT RAISE(ABORT, 'a declared conflict can only end'); END",
    "CREATE TRIGGER examination_no_update BEFORE UPDATE ON shared_examination "
    "BEGIN SELECT RAISE(ABORT, 'examinations are only added'); END",
    "CREATE TRIGGER examination_no_delete BEFORE DELETE ON shared_examination "
    "BEGIN SELECT RAISE(ABORT, 'examinations are only added'); END",
]
POSTGRESQL = [
    """CREATE FUNCTION refuse_conflict_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'a declared conflict can only end'; END $$""",
    """CREATE FUNCTION refuse_examination_change() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'examinations are only added'; END $$""",
    f"CREATE TRIGGER conflict_no_rewriting BEFORE UPDATE OF {KEPT} ON shared_conflict "
    "FOR EACH ROW EXECUTE FUNCTION refuse_conflict_rewriting()",
    "CREATE TRIGGER conflict_no_delete BEFORE DELETE ON shared_conflict "
    "FOR EACH ROW EXECUTE FUNCTION refuse_conflict_rewriting()",
    "CREATE TRIGGER examination_no_change BEFORE UPDATE OR DELETE ON shared_examination "
    "FOR EACH ROW EXECUTE FUNCTION refuse_examination_change()",
]


def keep_history(apps, schema_editor):
    for statement in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


def let_go(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION refuse_conflict_rewriting() CASCADE")
        schema_editor.execute("DROP FUNCTION refuse_examination_change() CASCADE")
        return
    for name in ("conflict_no_rewriting", "conflict_no_delete", "examination_no_update", "examination_no_delete"):
        schema_editor.execute(f"DROP TRIGGER {name}")


class Migration(migrations.Migration):
    dependencies = [("shared", "0010_people")]
    operations = [migrations.RunPython(keep_history, let_go)]
