"""The database itself keeps approved experiments and who was in which arm: the one ends once, the other is only added."""

from django.db import migrations

EXPERIMENT, ASSIGNMENT = "outreach_experiment", "outreach_armassignment"
SAID = (
    "code, version, name_en, name_zh, note, live_from, revision, drafted_by_id, drafted_by_name, drafted_at, editors, approved_by_id, "
    "approved_by_name, approved_at, hypothesis, products, rule, arms, champion, control_reason, measure, planned_size, "
    "duration_days, salt, dry_run, dry_run_revision"
)
END = "stopped_on, verdict, promoted_arm, conclusion, concluded_by_name, results"
APPROVED = "an approved experiment is never changed; draft the next version"
ENDED = "an experiment ends once"
ADDED = "a customer stays in the arm of an experiment"

#: Name, event, table, when, what is refused, in words.
REFUSED = (
    ("experiment_no_rewriting", f"UPDATE OF {SAID}", EXPERIMENT, "OLD.status IN ('approved', 'withdrawn')", APPROVED),
    (
        "experiment_no_return",
        "UPDATE OF status",
        EXPERIMENT,
        "(OLD.status = 'approved' AND NEW.status <> 'withdrawn') OR OLD.status = 'withdrawn'",
        APPROVED,
    ),
    ("experiment_ends_once", f"UPDATE OF {END}", EXPERIMENT, "OLD.stopped_on IS NOT NULL", ENDED),
    ("experiment_no_delete", "DELETE", EXPERIMENT, "OLD.status IN ('approved', 'withdrawn')", APPROVED),
    ("arm_assignment_no_update", "UPDATE", ASSIGNMENT, "", ADDED),
    ("arm_assignment_no_delete", "DELETE", ASSIGNMENT, "", ADDED),
)


def keep(apps, schema_editor):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for name, event, table, condition, words in REFUSED:
        begin = f"CREATE TRIGGER {name} BEFORE {event} ON {table}"
        when = f" WHEN ({condition})" if condition else ""
        if is_postgresql:
            schema_editor.execute(f"{begin} FOR EACH ROW{when} EXECUTE FUNCTION refuse_outreach_rewriting('{words}')")
        else:
            schema_editor.execute(f"{begin}{when} BEGIN SELECT RAISE(ABORT, '{words}'); END")


def let_go(apps, schema_editor):
    for name, _event, table, _condition, _words in REFUSED:
        on = f" ON {table}" if schema_editor.connection.vendor == "postgresql" else ""
        schema_editor.execute(f"DROP TRIGGER {name}{on}")


class Migration(migrations.Migration):
    dependencies = [("outreach", "0040_experiments")]
    operations = [migrations.RunPython(keep, let_go)]
