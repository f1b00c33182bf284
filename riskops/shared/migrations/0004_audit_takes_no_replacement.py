"""A line of the audit trail cannot be replaced either: SQLite's INSERT OR REPLACE deletes without calling a delete trigger."""

from django.db import migrations


def refuse_replacement(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute(
            "CREATE TRIGGER audit_entry_no_replace BEFORE INSERT ON shared_auditentry "
            "WHEN EXISTS (SELECT 1 FROM shared_auditentry WHERE id = NEW.id) "
            "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
        )


class Migration(migrations.Migration):
    dependencies = [("shared", "0003_heartbeat")]
    operations = [migrations.RunPython(refuse_replacement, migrations.RunPython.noop)]
