"""The database itself keeps what was agreed in a plan, each of its steps, and the terms that it was made by."""

from django.db import migrations

PLAN, EVENT, TERMS, FORM = "casework_plan", "casework_planevent", "casework_reliefterms", "casework_affordabilityform"
AGREED = (
    "reference, account_id, customer_id, terms_id, affordability_id, parts, schedule, owed_minor, price_minor, reason, "
    "proposed_on, proposed_by_id, proposed_by_name"
)
SAID = "what a plan says is never changed; withdraw it and propose another"
OVER = "a plan that is over stays as it ended"
STEPS = "steps of a plan are only added"
VERSIONS = "terms of relief are never changed; set the next version"
FORMS = "an affordability form stays as it was filled in"

#: Name, event, table, when, what is refused, in words.
REFUSED = (
    ("plan_no_rewriting", f"UPDATE OF {AGREED}", PLAN, "", SAID),
    ("plan_over_once", "UPDATE", PLAN, "OLD.status IN ('cured', 'broken', 'rejected', 'withdrawn', 'lapsed')", OVER),
    ("plan_no_delete", "DELETE", PLAN, "", SAID),
    ("plan_event_no_update", "UPDATE", EVENT, "", STEPS),
    ("plan_event_no_delete", "DELETE", EVENT, "", STEPS),
    ("relief_terms_no_update", "UPDATE", TERMS, "", VERSIONS),
    ("relief_terms_no_delete", "DELETE", TERMS, "", VERSIONS),
    ("affordability_no_update", "UPDATE", FORM, "", FORMS),
    ("affordability_no_delete", "DELETE", FORM, "", FORMS),
)


def keep(apps, schema_editor):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    if is_postgresql:
        schema_editor.execute(
            "CREATE FUNCTION refuse_plan_rewriting() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0]; END $$",
            params=None,
        )
    for name, event, table, condition, words in REFUSED:
        begin = f"CREATE TRIGGER {name} BEFORE {event} ON {table}"
        when = f" WHEN ({condition})" if condition else ""
        if is_postgresql:
            schema_editor.execute(f"{begin} FOR EACH ROW{when} EXECUTE FUNCTION refuse_plan_rewriting('{words}')")
        else:
            schema_editor.execute(f"{begin}{when} BEGIN SELECT RAISE(ABORT, '{words}'); END")


def let_go(apps, schema_editor):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for name, _event, table, _condition, _words in REFUSED:
        schema_editor.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if is_postgresql else ""))
    if is_postgresql:
        schema_editor.execute("DROP FUNCTION refuse_plan_rewriting()")


class Migration(migrations.Migration):
    dependencies = [("casework", "0040_plans")]
    operations = [migrations.RunPython(keep, let_go)]
