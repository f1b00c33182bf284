"""What was promised stays: the database refuses to change the words of a promise, to delete one, and to change its terms."""

from django.db import migrations

#: By table: the columns that never change (None: none of them), and what to say.
KEPT = {
    "casework_promiseterms": (None, "terms of promises are only added; set the next version"),
    "casework_promise": (
        "account_id, case_id, made_on, recorded_at, made_by_id, made_by_name, total_minor, part_count, partly_from_bp, ends_on, "
        "watched_until, known_payment_id, override_reason",
        "what was promised is never changed; cancel it and take another",
    ),
    "casework_promisepart": (
        "promise_id, number, due_on, amount_minor, through_minor, needed_minor, counts_until",
        "what was promised is never changed; cancel it and take another",
    ),
}


def _statements(vendor):
    for table, (columns, words) in KEPT.items():
        of = f" OF {columns}" if columns else ""
        if vendor == "postgresql":
            yield (
                f"CREATE FUNCTION {table}_stays() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN RAISE EXCEPTION '{words}'; END $$"
            )
            for verb in (f"UPDATE{of}", "DELETE"):
                yield (
                    f"CREATE TRIGGER {table}_no_{verb[:6].lower()} BEFORE {verb} ON {table} "
                    f"FOR EACH ROW EXECUTE FUNCTION {table}_stays()"
                )
            continue
        for verb in (f"UPDATE{of}", "DELETE"):
            yield (
                f"CREATE TRIGGER {table}_no_{verb[:6].lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{words}'); END"
            )


def keep(apps, schema_editor):
    for statement in _statements(schema_editor.connection.vendor):
        schema_editor.execute(statement)


def let_go(apps, schema_editor):
    for table in KEPT:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"DROP FUNCTION {table}_stays() CASCADE")
            continue
        for verb in ("update", "delete"):
            schema_editor.execute(f"DROP TRIGGER {table}_no_{verb}")


class Migration(migrations.Migration):
    dependencies = [("casework", "0022_promises")]
    operations = [migrations.RunPython(keep, let_go)]
