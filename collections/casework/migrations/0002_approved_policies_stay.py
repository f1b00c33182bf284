"""The database itself keeps what was approved: a policy can only be withdrawn, its tiers not be touched, changes only be added."""

from django.db import migrations

KEPT = (
    "version, note, calendar_id, live_from, revision, drafted_by_id, drafted_by_name, drafted_at, approved_by_id, "
    "approved_by_name, approved_at, editors, dry_run, dry_run_revision"
)
POLICY, TIER, CHANGE = "casework_tierpolicy", "casework_tier", "casework_tierchange"
APPROVED = "an approved tier policy is never changed; draft the next version"
ADDED = "tier changes are only added"


def _not_a_draft(row):
    return f"EXISTS (SELECT 1 FROM {POLICY} WHERE id = {row}.policy_id AND status <> 'draft')"


SQLITE = [
    f"CREATE TRIGGER tier_policy_no_rewriting BEFORE UPDATE OF {KEPT} ON {POLICY} "
    f"WHEN OLD.status IN ('approved', 'withdrawn') BEGIN SELECT RAISE(ABORT, '{APPROVED}'); END",
    f"CREATE TRIGGER tier_policy_no_return BEFORE UPDATE OF status ON {POLICY} "
    f"WHEN (OLD.status = 'approved' AND NEW.status <> 'withdrawn') OR OLD.status = 'withdrawn' "
    f"BEGIN SELECT RAISE(ABORT, '{APPROVED}'); END",
    f"CREATE TRIGGER tier_policy_no_delete BEFORE DELETE ON {POLICY} WHEN OLD.status IN ('approved', 'withdrawn') "
    f"BEGIN SELECT RAISE(ABORT, '{APPROVED}'); END",
    *(
        f"CREATE TRIGGER tier_no_{verb.lower()} BEFORE {verb} ON {TIER} WHEN {_not_a_draft(row)} "
        f"BEGIN SELECT RAISE(ABORT, '{APPROVED}'); END"
        for verb, row in (("INSERT", "NEW"), ("UPDATE", "OLD"), ("DELETE", "OLD"))
    ),
    *(
        f"CREATE TRIGGER tier_change_no_{verb.lower()} BEFORE {verb} ON {CHANGE} BEGIN SELECT RAISE(ABORT, '{ADDED}'); END"
        for verb in ("UPDATE", "DELETE")
    ),
]
POSTGRESQL = [
    f"""CREATE FUNCTION refuse_tier_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '{APPROVED}'; END $$""",
    f"""CREATE FUNCTION refuse_tier_of_no_draft() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                IF {_not_a_draft("NEW")} THEN RAISE EXCEPTION '{APPROVED}'; END IF;
                RETURN NEW;
            END IF;
            IF {_not_a_draft("OLD")} THEN RAISE EXCEPTION '{APPROVED}'; END IF;
            RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
        END $$""",
    f"""CREATE FUNCTION refuse_tier_change_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '{ADDED}'; END $$""",
    f"CREATE TRIGGER tier_policy_no_rewriting BEFORE UPDATE OF {KEPT} ON {POLICY} FOR EACH ROW "
    "WHEN (OLD.status IN ('approved', 'withdrawn')) EXECUTE FUNCTION refuse_tier_rewriting()",
    f"CREATE TRIGGER tier_policy_no_return BEFORE UPDATE OF status ON {POLICY} FOR EACH ROW "
    "WHEN ((OLD.status = 'approved' AND NEW.status <> 'withdrawn') OR OLD.status = 'withdrawn') "
    "EXECUTE FUNCTION refuse_tier_rewriting()",
    f"CREATE TRIGGER tier_policy_no_delete BEFORE DELETE ON {POLICY} FOR EACH ROW "
    "WHEN (OLD.status IN ('approved', 'withdrawn')) EXECUTE FUNCTION refuse_tier_rewriting()",
    f"CREATE TRIGGER tier_no_change BEFORE INSERT OR UPDATE OR DELETE ON {TIER} "
    "FOR EACH ROW EXECUTE FUNCTION refuse_tier_of_no_draft()",
    f"CREATE TRIGGER tier_change_no_change BEFORE UPDATE OR DELETE ON {CHANGE} "
    "FOR EACH ROW EXECUTE FUNCTION refuse_tier_change_change()",
]


def keep(apps, schema_editor):
    for statement in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


def let_go(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for name in ("refuse_tier_rewriting", "refuse_tier_of_no_draft", "refuse_tier_change_change"):
            schema_editor.execute(f"DROP FUNCTION {name}() CASCADE")
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN (%s, %s, %s)", [POLICY, TIER, CHANGE])
        names = [name for (name,) in cursor.fetchall()]
    for name in names:
        schema_editor.execute(f"DROP TRIGGER {name}")


class Migration(migrations.Migration):
    dependencies = [("casework", "0001_tiers")]
    operations = [migrations.RunPython(keep, let_go)]
