"""The database itself keeps evaluations, accesses, commission and statements; placements end once, terms are decided once."""

from django.db import migrations

EVALUATION, ACCESS = "recovery_agencyevaluation", "recovery_agencyaccess"
LINE, STATEMENT = "recovery_commissionline", "recovery_agencystatement"
PLACEMENT, TERMS = "recovery_placement", "recovery_commissionterms"
LINE_SAID = (
    "placement_id, agency_id, payment_id, value_date, base_minor, rate_bp, commission_minor, is_tail, recorded_at"
)
PLACEMENT_SAID = "batch_id, account_id, agency_id, terms_id, placed_on, amount_minor, bucket, days_past_due"
TERMS_SAID = "agency_id, version, live_from, bands, tail_days, proposed_by_id, proposed_by_name"
RECORDED = "what is recorded of an agency stays"
FROZEN = "a line of commission is never changed; what is corrected comes on the next statement"
ISSUED = "a statement that was issued or dropped is never changed"
ENDED = "a placement ends once and is never changed"
DECIDED = "commission terms are decided once; propose the next version"

#: Name, event, table, when, what is refused, in words.
REFUSED = (
    ("agency_evaluation_no_update", "UPDATE", EVALUATION, "", RECORDED),
    ("agency_evaluation_no_delete", "DELETE", EVALUATION, "", RECORDED),
    ("agency_access_no_update", "UPDATE", ACCESS, "", RECORDED),
    ("agency_access_no_delete", "DELETE", ACCESS, "", RECORDED),
    ("commission_line_no_rewriting", f"UPDATE OF {LINE_SAID}", LINE, "", FROZEN),
    ("commission_line_stated_once", "UPDATE OF statement_id", LINE, "OLD.statement_id IS NOT NULL", FROZEN),
    ("commission_line_no_delete", "DELETE", LINE, "", FROZEN),
    ("agency_statement_no_rewriting", "UPDATE", STATEMENT, "OLD.status <> 'prepared'", ISSUED),
    ("agency_statement_no_delete", "DELETE", STATEMENT, "", ISSUED),
    ("placement_no_rewriting", f"UPDATE OF {PLACEMENT_SAID}", PLACEMENT, "", ENDED),
    ("placement_ends_once", "UPDATE", PLACEMENT, "OLD.recalled_on IS NOT NULL", ENDED),
    ("placement_no_delete", "DELETE", PLACEMENT, "", ENDED),
    ("commission_terms_no_rewriting", f"UPDATE OF {TERMS_SAID}", TERMS, "", DECIDED),
    ("commission_terms_decided_once", "UPDATE", TERMS, "OLD.status <> 'proposed'", DECIDED),
    ("commission_terms_no_delete", "DELETE", TERMS, "", DECIDED),
)


def keep(apps, schema_editor):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    if is_postgresql:
        schema_editor.execute(
            "CREATE FUNCTION refuse_agency_rewriting() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0]; END $$",
            params=None,
        )
    for name, event, table, condition, words in REFUSED:
        begin = f"CREATE TRIGGER {name} BEFORE {event} ON {table}"
        when = f" WHEN ({condition})" if condition else ""
        if is_postgresql:
            schema_editor.execute(f"{begin} FOR EACH ROW{when} EXECUTE FUNCTION refuse_agency_rewriting('{words}')")
        else:
            schema_editor.execute(f"{begin}{when} BEGIN SELECT RAISE(ABORT, '{words}'); END")


def let_go(apps, schema_editor):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for name, _event, table, _condition, _words in REFUSED:
        on = f" ON {table}" if is_postgresql else ""
        schema_editor.execute(f"DROP TRIGGER {name}{on}")
    if is_postgresql:
        schema_editor.execute("DROP FUNCTION refuse_agency_rewriting()")


class Migration(migrations.Migration):
    dependencies = [("recovery", "0020_agencies")]
    operations = [migrations.RunPython(keep, let_go)]
