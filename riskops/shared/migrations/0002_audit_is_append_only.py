"""The database itself refuses to change or delete a line of the audit trail; a close knows how far its chain goes."""

import datetime

from django.db import migrations, models

SQLITE = [
    "CREATE TRIGGER audit_entry_no_{verb} BEFORE {verb} ON shared_auditentry "
    "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
]
POSTGRESQL = [
    """CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$""",
    "CREATE TRIGGER audit_entry_no_change BEFORE UPDATE OR DELETE ON shared_auditentry "
    "FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()",
    "CREATE TRIGGER audit_entry_no_truncate BEFORE TRUNCATE ON shared_auditentry "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()",
]


def refuse_changes(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for statement in POSTGRESQL:
            schema_editor.execute(statement)
    else:
        for verb in ("UPDATE", "DELETE"):
            schema_editor.execute(SQLITE[0].format(verb=verb))


class Migration(migrations.Migration):
    dependencies = [("shared", "0001_initial")]
    operations = [
        migrations.AddField(
            "closerun",
            "through",
            models.DateField(
                default=datetime.date(2000, 1, 1),
                verbose_name="through",
                help_text="the days up to this one are closed one after the other",
            ),
            preserve_default=False,
        ),
        migrations.RunPython(refuse_changes, migrations.RunPython.noop),
    ]
