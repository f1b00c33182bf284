"""Warning tiers: versioned policies, their tiers, business calendars, and the changes of accounts from tier to tier."""

import datetime
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0010_account_signals'),
        ('shared', '0011_people_history_is_kept'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='BusinessCalendar',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, unique=True, verbose_name='name of the calendar')),
                ('country', models.CharField(blank=True, default='CN', help_text='ISO 3166 code; empty: no public holidays', max_length=2, verbose_name='country')),
                ('time_zone', models.CharField(default='Asia/Shanghai', max_length=40, verbose_name='time zone')),
                ('weekdays', models.CharField(default='12345', help_text='ISO days: 1 is Monday', max_length=7, verbose_name='weekdays')),
                ('opens_at', models.TimeField(default=datetime.time(9, 0), verbose_name='opens at')),
                ('closes_at', models.TimeField(default=datetime.time(18, 0), verbose_name='closes at')),
            ],
            options={
                'verbose_name': 'business calendar',
                'verbose_name_plural': 'business calendars',
                'constraints': [models.CheckConstraint(condition=models.Q(('closes_at__gt', models.F('opens_at'))), name='calendar_hours_in_order'), models.CheckConstraint(condition=models.Q(('weekdays', ''), _negated=True), name='calendar_has_weekdays')],
            },
        ),
        migrations.CreateModel(
            name='TierPolicy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(unique=True, verbose_name='version')),
                ('status', models.CharField(choices=[('draft', 'draft'), ('proposed', 'waits for approval'), ('approved', 'approved'), ('withdrawn', 'withdrawn')], default='draft', max_length=10, verbose_name='status')),
                ('note', models.CharField(blank=True, max_length=500, verbose_name='what it changes, and why')),
                ('live_from', models.DateField(null=True, verbose_name='live from')),
                ('revision', models.PositiveIntegerField(default=1)),
                ('drafted_by_name', models.CharField(max_length=150, verbose_name='drafted by')),
                ('drafted_at', models.DateTimeField(auto_now_add=True, verbose_name='drafted')),
                ('approved_by_name', models.CharField(blank=True, max_length=150, verbose_name='approved by')),
                ('approved_at', models.DateTimeField(null=True, verbose_name='approved')),
                ('changed_by_name', models.CharField(blank=True, max_length=150)),
                ('editors', models.JSONField(default=list)),
                ('dry_run', models.JSONField(null=True)),
                ('dry_run_revision', models.PositiveIntegerField(null=True)),
                ('approved_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('calendar', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='casework.businesscalendar', verbose_name='calendar')),
                ('drafted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'tier policy',
                'verbose_name_plural': 'tier policies',
                'ordering': ['-version'],
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('status', 'approved')), fields=('live_from',), name='one_tier_policy_live_a_day'),
                    models.CheckConstraint(condition=models.Q(models.Q(('status__in', ['proposed', 'approved']), _negated=True), ('live_from__isnull', False), _connector='OR'), name='tier_policy_has_a_first_day'),
                    models.CheckConstraint(condition=models.Q(models.Q(('status', 'approved'), _negated=True), ('approved_at__isnull', False), _connector='OR'), name='tier_policy_is_approved_by_somebody'),
                    models.CheckConstraint(condition=models.Q(('approved_by', None), models.Q(('approved_by', models.F('drafted_by')), _negated=True), _connector='OR'), name='tier_policy_takes_two_people'),
                ],
            },
        ),
        migrations.CreateModel(
            name='TierChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('from_tier', models.CharField(blank=True, max_length=32, verbose_name='from')),
                ('to_tier', models.CharField(blank=True, max_length=32, verbose_name='to')),
                ('as_of', models.DateField(verbose_name='as of')),
                ('recorded_at', models.DateTimeField(verbose_name='recorded')),
                ('account', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='accounts.creditaccount')),
                ('policy', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='casework.tierpolicy')),
            ],
            options={
                'verbose_name': 'tier change',
                'verbose_name_plural': 'tier changes',
                'indexes': [
                    models.Index(fields=['account', 'id'], name='tier_changes_by_account'),
                    models.Index(fields=['as_of'], name='tier_changes_by_day'),
                ],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('from_tier', models.F('to_tier')), _negated=True), name='tier_change_changes'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Tier',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField(verbose_name='place in the order')),
                ('code', models.CharField(help_text='small letters, digits and hyphens; kept with each account', max_length=32, verbose_name='code')),
                ('name_en', models.CharField(max_length=60, verbose_name='name in English')),
                ('name_zh', models.CharField(max_length=60, verbose_name='name in Chinese')),
                ('rule', models.TextField(verbose_name='rule')),
                ('tone', models.CharField(choices=[('m0', 'normal'), ('m1', 'slight'), ('m2', 'early'), ('m3', 'middle'), ('m4', 'late'), ('m5', 'serious'), ('m6', 'grave'), ('m7', 'legal'), ('fraud', 'fraud'), ('disputed', 'disputed')], max_length=10, verbose_name='tone')),
                ('queue', models.CharField(blank=True, help_text='empty: nothing to work on', max_length=60, verbose_name='queue')),
                ('owner_kind', models.CharField(blank=True, choices=[('collections', 'collections'), ('review', 'account review'), ('approval', 'approval'), ('legal', 'legal affairs'), ('compliance', 'compliance'), ('agency', 'agency')], max_length=12, verbose_name='owner, if no team is named')),
                ('service_minutes', models.PositiveIntegerField(blank=True, help_text='of working time; empty: no clock runs', null=True, verbose_name='service time in minutes')),
                ('interventions', models.JSONField(default=list, verbose_name='allowed interventions')),
                ('owner_team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='shared.team', verbose_name='owner team')),
                ('policy', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tiers', to='casework.tierpolicy')),
            ],
            options={
                'verbose_name': 'tier',
                'verbose_name_plural': 'tiers',
                'ordering': ['policy', 'position'],
                'constraints': [
                    models.UniqueConstraint(fields=('policy', 'position'), name='one_tier_a_position'),
                    models.UniqueConstraint(fields=('policy', 'code'), name='one_tier_of_a_code'),
                    models.CheckConstraint(condition=models.Q(('code', ''), _negated=True), name='tier_has_a_code'),
                    models.CheckConstraint(condition=models.Q(('service_minutes', None), ('service_minutes__gt', 0), _connector='OR'), name='tier_service_time_above_zero'),
                ],
            },
        ),
    ]
