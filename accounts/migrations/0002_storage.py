"""How the tables lie on PostgreSQL: snapshots in a partition a day, room for heap-only updates where rows change nightly."""

from django.db import migrations


def lay_out(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for statement in (
        "ALTER TABLE accounts_accountsnapshot RENAME TO accounts_accountsnapshot_plain",
        "CREATE TABLE accounts_accountsnapshot (LIKE accounts_accountsnapshot_plain INCLUDING DEFAULTS) PARTITION BY LIST (as_of)",
        "ALTER TABLE accounts_accountsnapshot ADD PRIMARY KEY (as_of, account_id)",
        "DROP TABLE accounts_accountsnapshot_plain",
        "ALTER TABLE accounts_accountstate SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05)",
        "ALTER TABLE accounts_installment SET (fillfactor = 90)",
    ):
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunPython(lay_out, migrations.RunPython.noop)]
