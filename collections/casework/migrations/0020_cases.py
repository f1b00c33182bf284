"""Collection cases: one an account and spell of lateness, their events, and the figures they follow."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0056_names_of_columns'),
        ('casework', '0013_name_of_changed_by'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Case',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('episode', models.PositiveIntegerField(verbose_name='episode')),
                ('since', models.DateField(verbose_name='late since')),
                ('opened_on', models.DateField(verbose_name='opened on')),
                ('stage', models.CharField(choices=[('remind', 'remind'), ('work', 'work'), ('pursue', 'pursue'), ('legal', 'legal'), ('agency', 'agency'), ('written_off', 'written off'), ('cured', 'cured')], max_length=12, verbose_name='stage')),
                ('stage_since', models.DateField(verbose_name='in this stage since')),
                ('closed_on', models.DateField(null=True, verbose_name='closed on')),
                ('next_action', models.CharField(blank=True, db_default='', max_length=40, verbose_name='next action')),
                ('next_action_on', models.DateField(null=True, verbose_name='next action on')),
                ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='cases', to='accounts.creditaccount')),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cases', to='accounts.customer')),
                ('owner', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='owner')),
                ('previous', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='casework.case')),
                ('product', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.product')),
            ],
            options={
                'verbose_name': 'case',
                'verbose_name_plural': 'cases',
            },
        ),
        migrations.CreateModel(
            name='CaseEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('opened', 'opened'), ('moved', 'moved to another stage'), ('closed', 'closed'), ('outcome', 'outcome'), ('right_party', 'right party confirmed'), ('next_action', 'next action set'), ('owner', 'owner changed'), ('contact', 'contact person changed'), ('cost', 'cost booked'), ('promise', 'promise')], max_length=20, verbose_name='kind')),
                ('day', models.DateField(verbose_name='day')),
                ('recorded_at', models.DateTimeField(verbose_name='recorded')),
                ('from_stage', models.CharField(blank=True, choices=[('remind', 'remind'), ('work', 'work'), ('pursue', 'pursue'), ('legal', 'legal'), ('agency', 'agency'), ('written_off', 'written off'), ('cured', 'cured')], db_default='', max_length=12)),
                ('to_stage', models.CharField(blank=True, choices=[('remind', 'remind'), ('work', 'work'), ('pursue', 'pursue'), ('legal', 'legal'), ('agency', 'agency'), ('written_off', 'written off'), ('cured', 'cured')], db_default='', max_length=12)),
                ('actor_name', models.CharField(max_length=150)),
                ('reason', models.CharField(blank=True, db_default='', max_length=500, verbose_name='reason')),
                ('days_past_due', models.IntegerField(null=True)),
                ('overdue_minor', models.BigIntegerField(null=True)),
                ('details', models.JSONField(default=dict)),
                ('actor', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='casework.case')),
            ],
            options={
                'verbose_name': 'event of a case',
                'verbose_name_plural': 'events of cases',
            },
        ),
        migrations.CreateModel(
            name='CaseFigures',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(unique=True)),
                ('work_from_days', models.PositiveIntegerField(default=31, verbose_name='work from days past due')),
                ('pursue_from_days', models.PositiveIntegerField(default=61, verbose_name='pursue from days past due')),
                ('redefault_days', models.PositiveIntegerField(default=180, help_text='late again so soon after the last case closed: linked to it', verbose_name='re-default within days')),
                ('author_name', models.CharField(max_length=150)),
                ('reason', models.CharField(max_length=500)),
                ('made_at', models.DateTimeField()),
                ('author', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'figures of cases',
                'verbose_name_plural': 'figures of cases',
                'ordering': ['-version'],
            },
        ),
        migrations.AddIndex(
            model_name='case',
            index=models.Index(condition=models.Q(('closed_on__isnull', True)), fields=['stage', 'stage_since', 'id'], name='cases_by_stage'),
        ),
        migrations.AddIndex(
            model_name='case',
            index=models.Index(condition=models.Q(('owner__isnull', False)), fields=['owner', 'id'], name='cases_of_an_owner'),
        ),
        migrations.AddIndex(
            model_name='case',
            index=models.Index(condition=models.Q(('next_action_on__isnull', False)), fields=['next_action_on', 'id'], name='cases_by_next_action'),
        ),
        migrations.AddConstraint(
            model_name='case',
            constraint=models.UniqueConstraint(fields=('account', 'episode'), name='one_case_an_episode'),
        ),
        migrations.AddConstraint(
            model_name='case',
            constraint=models.UniqueConstraint(condition=models.Q(('closed_on__isnull', True)), fields=('account',), name='one_open_case_an_account'),
        ),
        migrations.AddConstraint(
            model_name='case',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_on__isnull', False), ('stage', 'cured')), models.Q(models.Q(('stage', 'cured'), _negated=True), ('closed_on__isnull', True)), _connector='OR'), name='case_cured_is_closed'),
        ),
        migrations.AddConstraint(
            model_name='casefigures',
            constraint=models.CheckConstraint(condition=models.Q(('work_from_days__gt', 1), ('pursue_from_days__gt', models.F('work_from_days'))), name='case_stages_in_order'),
        ),
    ]
