"""The database itself keeps what was approved, printed and filed: it is not rewritten and not deleted."""

from django.db import migrations

VERSION = (
    "version, name_en, name_zh, note, live_from, revision, drafted_by_id, drafted_by_name, drafted_at, editors, approved_by_id, "
    "approved_by_name, approved_at, code"
)
OF_TEMPLATES = f"{VERSION}, title_en, title_zh, body_en, body_zh, signature_en, signature_zh"
OF_POLICIES = (
    f"{VERSION}, currency, rule, template_code, bands, letter_cost_minor, least_net_minor, cool_off_days, pay_within_days, "
    "most_a_run, stages, limitation_years, warn_days"
)
# What a letter says is encrypted, and encrypted anew with a newer key: `said` alone may be written again.
OF_DOCUMENTS = "letter_id, template_id, layout, dated, content_sha256, pdf_sha256, size_bytes, stored_as, made_at, made_by_name"
OF_FILES = "letter_id, case_id, name, content_type, size_bytes, sha256, stored_as, added_at, added_by_name"
OF_LETTERS = "account_id, customer_id, source, policy_id, balance_minor, rate_bp, expected_minor, cost_minor, net_minor, proposed_on"
OF_FACTS = "account_id, cause, evidence, noted_by_name, noted_at"
ENDED = "OLD.status IN ('approved', 'withdrawn')"
RETURN = "(OLD.status = 'approved' AND NEW.status <> 'withdrawn') OR OLD.status = 'withdrawn'"
ALWAYS = "OLD.id IS NOT NULL"


def of_versions(table, prefix, said, words):
    return (
        (table, f"{prefix}_no_rewriting", f"UPDATE OF {said}", ENDED, words),
        (table, f"{prefix}_no_return", "UPDATE OF status", RETURN, words),
        (table, f"{prefix}_no_delete", "DELETE", ENDED, words),
    )


def kept(table, prefix, said, words):
    return (
        (table, f"{prefix}_no_rewriting", f"UPDATE OF {said}", ALWAYS, words),
        (table, f"{prefix}_no_delete", "DELETE", ALWAYS, words),
    )


REFUSED = (
    *of_versions(
        "recovery_lettertemplate",
        "letter_template",
        OF_TEMPLATES,
        "an approved letter template is never changed; draft the next version",
    ),
    *of_versions(
        "recovery_letterpolicy",
        "letter_policy",
        OF_POLICIES,
        "an approved letter policy is never changed; draft the next version",
    ),
    *kept("recovery_letterdocument", "letter_document", OF_DOCUMENTS, "a printed letter is never changed"),
    *kept("recovery_recoveryfile", "recovery_file", OF_FILES, "evidence is never changed"),
    *kept("recovery_letter", "letter", OF_LETTERS, "what a letter was proposed on is never changed"),
    *kept("recovery_limitationfact", "limitation_fact", OF_FACTS, "a noted fact is never changed; withdraw it"),
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
        ("recovery", "0001_letters_and_legal_cases"),
        ("outreach", "0002_what_was_approved_and_logged_stays"),
    ]
    operations = [migrations.RunPython(keep, let_go)]
