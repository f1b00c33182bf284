"""The database itself keeps what was approved and what was logged: policies and contacts are not rewritten, denials only added."""

from django.db import migrations

POLICY, CONTACT, DENIAL = "outreach_contactpolicy", "outreach_contact", "outreach_denial"
SAID = (
    "profile, version, name_en, name_zh, products, opens_at, closes_at, effective_calls_a_day, unanswered_a_day, calls_a_week, "
    "quiet_days_after_conversation, messages_a_day_per_channel, messages_a_day, messages_a_week, failures_to_be_lost, "
    "notices_pass, is_opt_out_demanded, note, live_from, revision, drafted_by_id, drafted_by_name, drafted_at, editors, "
    "approved_by_id, approved_by_name, approved_at"
)
JUDGED = (
    "key, customer_id, account_id, channel, purpose, party, detail, at, policy_id, engine, asked, standing, made_by_id, made_by_name"
)
APPROVED = "an approved contact policy is never changed; draft the next version"
LOGGED = "a contact is never changed but for its one end"
ADDED = "refused contacts are only added"

#: Table, when, what is refused, in words.
REFUSED = (
    ("contact_policy_no_rewriting", f"UPDATE OF {SAID}", POLICY, "OLD.status IN ('approved', 'withdrawn')", APPROVED),
    (
        "contact_policy_no_return",
        "UPDATE OF status",
        POLICY,
        "(OLD.status = 'approved' AND NEW.status <> 'withdrawn') OR OLD.status = 'withdrawn'",
        APPROVED,
    ),
    ("contact_policy_no_delete", "DELETE", POLICY, "OLD.status IN ('approved', 'withdrawn')", APPROVED),
    ("contact_no_rewriting", f"UPDATE OF {JUDGED}", CONTACT, "", LOGGED),
    ("contact_ends_once", "UPDATE OF outcome, ended_at, note", CONTACT, "OLD.outcome <> 'open'", LOGGED),
    ("contact_no_delete", "DELETE", CONTACT, "", LOGGED),
    ("denial_no_update", "UPDATE", DENIAL, "", ADDED),
    ("denial_no_delete", "DELETE", DENIAL, "", ADDED),
)


def keep(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "CREATE FUNCTION refuse_outreach_rewriting() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0]; END $$",
            params=None,
        )
    for name, event, table, condition, words in REFUSED:
        when = f" WHEN ({condition})" if condition else ""
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(
                f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW{when} "
                f"EXECUTE FUNCTION refuse_outreach_rewriting('{words}')"
            )
        else:
            schema_editor.execute(f"CREATE TRIGGER {name} BEFORE {event} ON {table}{when} BEGIN SELECT RAISE(ABORT, '{words}'); END")


def let_go(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION refuse_outreach_rewriting() CASCADE")
        return
    for name, *_rest in REFUSED:
        schema_editor.execute(f"DROP TRIGGER {name}")


class Migration(migrations.Migration):
    dependencies = [("outreach", "0001_contact_policy")]
    operations = [migrations.RunPython(keep, let_go)]
