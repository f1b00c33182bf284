"""Costs stay as booked. Of events all stays but what was said, which is encrypted anew when keys rotate; it is never emptied."""

from django.db import migrations

KEPT = {
    "casework_caseevent": (
        "case_id, kind, day, recorded_at, from_stage, to_stage, actor_name, actor_id, reason, days_past_due, overdue_minor, details",
        "events of cases are only added",
    ),
    "casework_casecost": (None, "costs are only booked; book the opposite"),
}


def _drop(schema_editor, table):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP FUNCTION {table}_stays() CASCADE")
        return
    for verb in ("update", "delete"):
        schema_editor.execute(f"DROP TRIGGER {table}_no_{verb}")


def _keep(schema_editor, table, columns, words):
    of = f" OF {columns}" if columns else ""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            f"CREATE FUNCTION {table}_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{words}'; END $$"
        )
        for verb in (f"UPDATE{of}", "DELETE"):
            schema_editor.execute(
                f"CREATE TRIGGER {table}_no_{verb[:6].lower()} BEFORE {verb} ON {table} "
                f"FOR EACH ROW EXECUTE FUNCTION {table}_stays()"
            )
        return
    for verb in (f"UPDATE{of}", "DELETE"):
        schema_editor.execute(
            f"CREATE TRIGGER {table}_no_{verb[:6].lower()} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, '{words}'); END"
        )


def keep(apps, schema_editor):
    _drop(schema_editor, "casework_caseevent")
    for table, (columns, words) in KEPT.items():
        _keep(schema_editor, table, columns, words)


def let_go(apps, schema_editor):
    _drop(schema_editor, "casework_casecost")
    _drop(schema_editor, "casework_caseevent")
    _keep(schema_editor, "casework_caseevent", None, KEPT["casework_caseevent"][1])


class Migration(migrations.Migration):
    dependencies = [("casework", "0024_case_work")]
    operations = [migrations.RunPython(keep, let_go)]
