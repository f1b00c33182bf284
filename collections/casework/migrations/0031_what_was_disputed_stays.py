"""The database itself keeps what a customer said, what came of it, what was put right and the letter as it was sent."""

from django.db import migrations

DISPUTE, CORRECTION, LETTER = "casework_dispute", "casework_disputecorrection", "casework_disputeletter"
TAKEN_IN = (
    "reference, account_id, customer_id, kind_id, lane, answer_days, source, reach, penalty, demands, holds_restrictions, came_by, "
    "claim, order_no, amount_minor, received_on, answer_by, opened_at, opened_by_id, opened_by_name"
)
SENT = "dispute_id, dated, text_en, text_zh, written_by_name, written_at"
SAID = "what the customer said is never changed"
CLOSED = "a closed dispute is never changed; what is new is a new dispute"
DONE = "a correction that was done stays"
LETTERS = "a letter stays as it was sent"

#: Name, event, table, when, what is refused, in words.
REFUSED = (
    ("dispute_no_rewriting", f"UPDATE OF {TAKEN_IN}", DISPUTE, "", SAID),
    ("dispute_closed_once", "UPDATE", DISPUTE, "OLD.status = 'closed'", CLOSED),
    ("dispute_no_delete", "DELETE", DISPUTE, "", SAID),
    ("dispute_correction_done_once", "UPDATE", CORRECTION, "OLD.done_on IS NOT NULL", DONE),
    ("dispute_correction_no_delete", "DELETE", CORRECTION, "OLD.done_on IS NOT NULL", DONE),
    ("dispute_letter_no_rewriting", f"UPDATE OF {SENT}", LETTER, "", LETTERS),
    ("dispute_letter_no_delete", "DELETE", LETTER, "", LETTERS),
)


def keep(apps, schema_editor):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    if is_postgresql:
        schema_editor.execute(
            "CREATE FUNCTION refuse_dispute_rewriting() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0]; END $$",
            params=None,
        )
    for name, event, table, condition, words in REFUSED:
        begin = f"CREATE TRIGGER {name} BEFORE {event} ON {table}"
        when = f" WHEN ({condition})" if condition else ""
        if is_postgresql:
            schema_editor.execute(f"{begin} FOR EACH ROW{when} EXECUTE FUNCTION refuse_dispute_rewriting('{words}')")
        else:
            schema_editor.execute(f"{begin}{when} BEGIN SELECT RAISE(ABORT, '{words}'); END")


def let_go(apps, schema_editor):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for name, _event, table, _condition, _words in REFUSED:
        schema_editor.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if is_postgresql else ""))
    if is_postgresql:
        schema_editor.execute("DROP FUNCTION refuse_dispute_rewriting()")


class Migration(migrations.Migration):
    dependencies = [("casework", "0030_disputes")]
    operations = [migrations.RunPython(keep, let_go)]
