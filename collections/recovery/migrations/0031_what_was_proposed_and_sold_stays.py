"""The database itself keeps the figures a write-off was proposed on, and what was sold: they are not rewritten and not deleted."""

from django.db import migrations

OF_PROPOSALS = (
    "account_id, source, rule_id, currency, days_past_due, bucket, last_payment_on, principal_minor, interest_minor, fee_minor, "
    "penalty_minor, owed_minor, rate_bp, expected_minor, cost_minor, net_minor, note, proposed_on, proposed_by_id, proposed_by_name"
)
ALWAYS = "OLD.id IS NOT NULL"
ENDED = "OLD.status NOT IN ('proposed', 'sent')"
JUDGED = "OLD.status <> 'asked'"
WORDS = "what a write-off was proposed on is never changed"
SOLD = "a sale of a debt is never changed"
SWITCHED = "a judged change of the switch of resale is never changed"
REFUSED = (
    ("recovery_writeoffproposal", "write_off_no_rewriting", f"UPDATE OF {OF_PROPOSALS}", ALWAYS, WORDS),
    ("recovery_writeoffproposal", "write_off_no_return", "UPDATE OF status, decision_id, ended, reason", ENDED, WORDS),
    ("recovery_writeoffproposal", "write_off_no_delete", "DELETE", ALWAYS, WORDS),
    ("recovery_debtsale", "debt_sale_no_rewriting", "UPDATE", ALWAYS, SOLD),
    ("recovery_debtsale", "debt_sale_no_delete", "DELETE", ALWAYS, SOLD),
    ("recovery_resalechange", "resale_no_rewriting", "UPDATE", JUDGED, SWITCHED),
    ("recovery_resalechange", "resale_no_delete", "DELETE", ALWAYS, SWITCHED),
)


def keep(apps, schema_editor):
    for table, name, event, condition, words in REFUSED:
        begin = f"CREATE TRIGGER {name} BEFORE {event} ON {table}"
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"{begin} FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION refuse_outreach_rewriting('{words}')")
        else:
            schema_editor.execute(f"{begin} WHEN ({condition}) BEGIN SELECT RAISE(ABORT, '{words}'); END")


def let_go(apps, schema_editor):
    for table, name, _event, _condition, _words in REFUSED:
        on = f" ON {table}" if schema_editor.connection.vendor == "postgresql" else ""
        schema_editor.execute(f"DROP TRIGGER {name}{on}")


class Migration(migrations.Migration):
    # The function of PostgreSQL's triggers is outreach's.
    dependencies = [
        ("recovery", "0030_write_offs"),
        ("outreach", "0002_what_was_approved_and_logged_stays"),
    ]
    operations = [migrations.RunPython(keep, let_go)]
