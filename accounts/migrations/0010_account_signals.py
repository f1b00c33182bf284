"""What rules see of an account: signals beside the state, and a copy of the credit limit in it."""

import django.db.models.deletion
from django.db import migrations, models


def copy_limits(apps, schema_editor):
    schema_editor.execute(
        "UPDATE accounts_accountstate SET credit_limit_minor = a.credit_limit_minor FROM accounts_creditaccount AS a "
        "WHERE a.id = accounts_accountstate.account_id"
    )


def note_last_payments(apps, schema_editor):
    schema_editor.execute(
        "INSERT INTO accounts_accountsignals (account_id, last_payment_on) "
        "SELECT p.account_id, MAX(p.paid_on) FROM accounts_payment AS p "
        "LEFT JOIN accounts_payment AS r ON r.reverses_id = p.id AND r.is_posted "
        "WHERE p.is_posted AND p.reverses_id IS NULL AND r.id IS NULL GROUP BY p.account_id"
    )


def leave_room(apps, schema_editor):
    # Its columns change night by night and none is indexed: with room in the page, updates stay heap-only.
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "ALTER TABLE accounts_accountsignals SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05)"
        )


class Migration(migrations.Migration):
    dependencies = [
        ('accounts', '0008_moves_on'),
    ]

    operations = [
        migrations.AddField(
            model_name='accountstate',
            name='credit_limit_minor',
            field=models.BigIntegerField(default=0, verbose_name='credit limit'),
        ),
        migrations.CreateModel(
            name='AccountSignals',
            fields=[
                ('account', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='signals', serialize=False, to='accounts.creditaccount')),
                ('last_payment_on', models.DateField(null=True, verbose_name='last payment on')),
                ('dpd_month_end', models.IntegerField(db_default=0, default=0, verbose_name='days past due at the last month-end')),
                ('utilization_month_end_bp', models.BigIntegerField(db_default=0, default=0, verbose_name='utilisation at the last month-end, hundredths of a percent')),
                ('worst_dpd_6m', models.IntegerField(db_default=0, default=0, verbose_name='most days past due at six month-ends')),
                ('late_months_6m', models.SmallIntegerField(db_default=0, default=0, verbose_name='month-ends late of six')),
                ('score', models.IntegerField(null=True, verbose_name='score')),
                ('score_month_end', models.IntegerField(null=True, verbose_name='score at the last month-end')),
                ('broken_promises_6m', models.SmallIntegerField(db_default=0, default=0, verbose_name='broken promises in six months')),
                ('has_open_promise', models.BooleanField(db_default=False, default=False, verbose_name='open promise')),
                ('is_disputed', models.BooleanField(db_default=False, default=False, verbose_name='disputed')),
                ('is_fraud_suspected', models.BooleanField(db_default=False, default=False, verbose_name='fraud suspected')),
                ('is_in_legal', models.BooleanField(db_default=False, default=False, verbose_name='in legal recovery')),
                ('is_on_hold', models.BooleanField(db_default=False, default=False, verbose_name='on hold')),
                ('has_hardship_plan', models.BooleanField(db_default=False, default=False, verbose_name='hardship plan')),
                ('is_restricted', models.BooleanField(db_default=False, default=False, verbose_name='restricted')),
                ('restricted_on', models.DateField(null=True, verbose_name='restricted on')),
                ('reviewed_on', models.DateField(null=True, verbose_name='reviewed on')),
                ('refuses_automated_decisions', models.BooleanField(db_default=False, default=False, verbose_name='refuses automated decisions')),
                ('state', models.ForeignObject(from_fields=['account'], on_delete=django.db.models.deletion.DO_NOTHING, related_name='signals', to='accounts.accountstate', to_fields=['account'])),
            ],
            options={
                'verbose_name': 'account signals',
                'constraints': [models.CheckConstraint(condition=models.Q(('broken_promises_6m__gte', 0), ('dpd_month_end__gte', 0), ('late_months_6m__gte', 0), ('late_months_6m__lte', 6), ('utilization_month_end_bp__gte', 0), ('worst_dpd_6m__gte', 0)), name='account_signals_hold')],
            },
        ),
        migrations.RunPython(copy_limits, migrations.RunPython.noop),
        migrations.RunPython(note_last_payments, migrations.RunPython.noop),
        migrations.RunPython(leave_room, migrations.RunPython.noop),
    ]
