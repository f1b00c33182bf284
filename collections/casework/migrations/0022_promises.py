"""Promises to pay, their parts, and the terms on which they are taken."""

import django.db.models.deletion
import riskops.shared.personal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0070_signals_of_promises'),
        ('casework', '0021_case_events_stay'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='PromiseTerms',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField()),
                ('grace_days', models.PositiveSmallIntegerField(default=1, help_text='a payment counts so many days after its day', verbose_name='grace days of a promise')),
                ('tolerance_bp', models.PositiveIntegerField(default=100, help_text='of what was promised up to the day', verbose_name='tolerance, hundredths of a percent')),
                ('tolerance_minor', models.PositiveBigIntegerField(default=100, help_text='the larger of the two tolerances counts', verbose_name='tolerance, minor units')),
                ('partly_from_bp', models.PositiveIntegerField(default=5000, help_text='less than this paid: broken', verbose_name='partly kept from, hundredths of a percent')),
                ('most_days', models.PositiveSmallIntegerField(default=30, verbose_name='last day at most so many days ahead')),
                ('most_parts', models.PositiveSmallIntegerField(default=6, verbose_name='parts at most')),
                ('most_broken_in_a_row', models.PositiveSmallIntegerField(default=2, help_text='after so many a team lead must allow the next one', verbose_name='broken in a row at most')),
                ('reversal_days', models.PositiveSmallIntegerField(default=30, help_text='days after the end; a later reversal leaves the promise as it is', verbose_name='reversals count for')),
                ('author_name', models.CharField(max_length=150)),
                ('reason', models.CharField(max_length=500)),
                ('made_at', models.DateTimeField()),
                ('author', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('product', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.product', verbose_name='product')),
            ],
            options={
                'verbose_name': 'terms of promises',
                'verbose_name_plural': 'terms of promises',
                'ordering': ['product', '-version'],
            },
        ),
        migrations.CreateModel(
            name='Promise',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('made_on', models.DateField(help_text='the business day; payments count from it', verbose_name='made on')),
                ('recorded_at', models.DateTimeField(verbose_name='recorded')),
                ('made_by_name', models.CharField(max_length=150, verbose_name='taken by')),
                ('total_minor', models.BigIntegerField(verbose_name='promised')),
                ('part_count', models.PositiveSmallIntegerField(verbose_name='parts')),
                ('partly_from_bp', models.PositiveIntegerField()),
                ('ends_on', models.DateField(verbose_name='ends on')),
                ('watched_until', models.DateField()),
                ('known_payment_id', models.BigIntegerField(default=0)),
                ('status', models.CharField(choices=[('open', 'open'), ('kept', 'kept'), ('partly', 'partly kept'), ('broken', 'broken'), ('cancelled', 'cancelled')], default='open', max_length=10, verbose_name='status')),
                ('paid_minor', models.BigIntegerField(default=0, verbose_name='paid')),
                ('next_due_on', models.DateField(null=True, verbose_name='next due')),
                ('decided_on', models.DateField(null=True, verbose_name='decided on')),
                ('said', riskops.shared.personal.EncryptedPersonField(null=True)),
                ('override_reason', models.CharField(blank=True, max_length=500)),
                ('cancel_reason', models.CharField(blank=True, max_length=500)),
                ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='promises', to='accounts.creditaccount')),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='promises', to='casework.case')),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='promises', to='accounts.customer')),
                ('made_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('product', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.product')),
                ('terms', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='casework.promiseterms')),
            ],
            options={
                'verbose_name': 'promise',
                'verbose_name_plural': 'promises',
            },
        ),
        migrations.CreateModel(
            name='PromisePart',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField(verbose_name='part')),
                ('due_on', models.DateField(verbose_name='due on')),
                ('amount_minor', models.BigIntegerField(verbose_name='amount')),
                ('through_minor', models.BigIntegerField()),
                ('needed_minor', models.BigIntegerField()),
                ('counts_until', models.DateField(verbose_name='counts until')),
                ('status', models.CharField(choices=[('open', 'open'), ('kept', 'kept'), ('partly', 'partly kept'), ('broken', 'broken'), ('cancelled', 'cancelled')], default='open', max_length=10, verbose_name='status')),
                ('paid_minor', models.BigIntegerField(default=0, verbose_name='paid')),
                ('promise', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='parts', to='casework.promise')),
            ],
            options={
                'verbose_name': 'part of a promise',
                'verbose_name_plural': 'parts of promises',
                'ordering': ['promise', 'number'],
                'constraints': [models.UniqueConstraint(fields=('promise', 'number'), name='one_part_of_a_number'), models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0), ('counts_until__gte', models.F('due_on')), ('needed_minor__gt', 0)), name='promise_part_holds')],
            },
        ),
        migrations.AddConstraint(
            model_name='promiseterms',
            constraint=models.UniqueConstraint(fields=('product', 'version'), name='one_version_of_terms_of_a_product'),
        ),
        migrations.AddConstraint(
            model_name='promiseterms',
            constraint=models.UniqueConstraint(condition=models.Q(('product__isnull', True)), fields=('version',), name='one_version_of_terms_for_all'),
        ),
        migrations.AddConstraint(
            model_name='promiseterms',
            constraint=models.CheckConstraint(condition=models.Q(('most_parts__gte', 1), ('partly_from_bp__lte', 10000), ('tolerance_bp__lte', 10000)), name='promise_terms_hold'),
        ),
        migrations.AddIndex(
            model_name='promise',
            index=models.Index(fields=['account', 'watched_until'], name='promises_of_accounts'),
        ),
        migrations.AddIndex(
            model_name='promise',
            index=models.Index(condition=models.Q(('status', 'open')), fields=['next_due_on', 'id'], name='promises_open'),
        ),
        migrations.AddIndex(
            model_name='promise',
            index=models.Index(condition=models.Q(('decided_on__isnull', False)), fields=['decided_on', 'id'], name='promises_decided'),
        ),
        migrations.AddConstraint(
            model_name='promise',
            constraint=models.CheckConstraint(condition=models.Q(('part_count__gt', 0), ('total_minor__gt', 0)), name='promise_of_something'),
        ),
        migrations.AddConstraint(
            model_name='promise',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_on__isnull', True), ('status', 'open')), models.Q(models.Q(('status', 'open'), _negated=True), ('decided_on__isnull', False)), _connector='OR'), name='promise_decided_on_a_day'),
        ),
        migrations.AddConstraint(
            model_name='promise',
            constraint=models.CheckConstraint(condition=models.Q(('watched_until__gte', models.F('ends_on'))), name='promise_watched_to_its_end'),
        ),
    ]
