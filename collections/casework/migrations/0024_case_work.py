"""What people do in cases: outcome codes, the script, contact persons, costs; and what was said in them."""

import django.db.models.deletion
import riskops.shared.fields
import riskops.shared.personal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('casework', '0023_promises_stay'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='case',
            name='right_party_on',
            field=models.DateField(null=True, verbose_name='right party on'),
        ),
        migrations.AddField(
            model_name='caseevent',
            name='said',
            field=riskops.shared.personal.EncryptedPersonField(null=True),
        ),
        migrations.CreateModel(
            name='CasePrompt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stage', models.CharField(choices=[('remind', 'remind'), ('work', 'work'), ('pursue', 'pursue'), ('legal', 'legal'), ('agency', 'agency'), ('written_off', 'written off'), ('cured', 'cured')], max_length=12, verbose_name='stage')),
                ('position', models.PositiveSmallIntegerField(default=10, verbose_name='position')),
                ('text_en', models.CharField(max_length=500, verbose_name='text in English')),
                ('text_zh', models.CharField(max_length=500, verbose_name='text in Chinese')),
                ('is_active', models.BooleanField(default=True, verbose_name='in use')),
                ('version', models.PositiveIntegerField(default=1)),
            ],
            options={
                'verbose_name': 'line of the script',
                'verbose_name_plural': 'lines of the script',
                'ordering': ['stage', 'position', 'pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('text_en', ''), _negated=True), models.Q(('text_zh', ''), _negated=True)), name='prompt_speaks_both_languages'), models.CheckConstraint(condition=models.Q(('stage', 'cured'), _negated=True), name='prompt_of_an_open_stage')],
            },
        ),
        migrations.CreateModel(
            name='OutcomeCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', riskops.shared.fields.KeyField(max_length=20, unique=True, verbose_name='code')),
                ('action', models.CharField(choices=[('call', 'call'), ('message', 'message'), ('visit', 'visit'), ('desk', 'at the desk')], max_length=8, verbose_name='action')),
                ('result', models.CharField(max_length=20, verbose_name='result')),
                ('name_en', models.CharField(max_length=60, verbose_name='name in English')),
                ('name_zh', models.CharField(max_length=60, verbose_name='name in Chinese')),
                ('key', models.PositiveSmallIntegerField(blank=True, help_text='1 to 9 in the worklist; empty: no key', null=True, verbose_name='key')),
                ('rest_days', models.PositiveSmallIntegerField(default=1, help_text='before it may come back', verbose_name='rests for days')),
                ('is_success', models.BooleanField(default=False, help_text='counts for the effect of working in a queue', verbose_name='success')),
                ('is_right_party', models.BooleanField(default=False, help_text='the customer was spoken to', verbose_name='right party')),
                ('next_action', models.CharField(blank=True, choices=[('call_again', 'call again'), ('await_payment', 'wait for the payment'), ('check_payment', 'look for the payment'), ('trace', 'find a new number'), ('offer_plan', 'offer a plan'), ('open_dispute', 'open a dispute'), ('escalate', 'have a lead look at it'), ('visit', 'visit')], max_length=16, verbose_name='next action')),
                ('next_action_days', models.PositiveSmallIntegerField(default=1, verbose_name='next action after days')),
                ('is_active', models.BooleanField(default=True, verbose_name='in use')),
                ('version', models.PositiveIntegerField(default=1)),
            ],
            options={
                'verbose_name': 'outcome code',
                'verbose_name_plural': 'outcome codes',
                'ordering': ['key', 'code'],
                'constraints': [models.UniqueConstraint(fields=('action', 'result'), name='outcome_of_action_and_result_once'), models.UniqueConstraint(condition=models.Q(('is_active', True)), fields=('key',), name='outcome_key_once'), models.CheckConstraint(condition=models.Q(('key__isnull', True), models.Q(('key__gte', 1), ('key__lte', 9)), _connector='OR'), name='outcome_key_1_to_9')],
            },
        ),
        migrations.CreateModel(
            name='CaseContact',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('relation', models.CharField(choices=[('self', 'the customer'), ('spouse', 'spouse'), ('parent', 'parent'), ('child', 'child'), ('sibling', 'brother or sister'), ('friend', 'friend'), ('employer', 'employer'), ('other', 'other')], max_length=10, verbose_name='relation')),
                ('person', riskops.shared.personal.EncryptedPersonField()),
                ('source', models.CharField(choices=[('customer', 'the customer named them'), ('application', 'named in the application'), ('themselves', 'they said so themselves'), ('public', 'a public register')], max_length=12, verbose_name='source')),
                ('consent', models.CharField(choices=[('unknown', 'not asked'), ('given', 'given'), ('refused', 'refused')], default='unknown', max_length=8, verbose_name='consent')),
                ('refused_at', models.DateTimeField(null=True, verbose_name='refused')),
                ('added_by_name', models.CharField(max_length=150, verbose_name='added by')),
                ('added_at', models.DateTimeField(verbose_name='added')),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='contacts', to='casework.case')),
            ],
            options={
                'verbose_name': 'contact person',
                'verbose_name_plural': 'contact persons',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('consent', 'refused'), ('refused_at__isnull', False)), models.Q(models.Q(('consent', 'refused'), _negated=True), ('refused_at__isnull', True)), _connector='OR'), name='refusal_has_its_moment')],
            },
        ),
        migrations.CreateModel(
            name='CaseCost',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('calls', 'calls and messages'), ('visit', 'visit'), ('tracing', 'tracing'), ('court', 'court fee'), ('lawyer', 'lawyer'), ('commission', 'commission'), ('other', 'other')], max_length=12, verbose_name='kind')),
                ('amount_minor', models.BigIntegerField(verbose_name='amount')),
                ('incurred_on', models.DateField(verbose_name='incurred on')),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='note')),
                ('booked_by_name', models.CharField(max_length=150, verbose_name='booked by')),
                ('booked_at', models.DateTimeField(verbose_name='booked')),
                ('booked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='costs', to='casework.case')),
            ],
            options={
                'verbose_name': 'cost of a case',
                'verbose_name_plural': 'costs of cases',
                'constraints': [models.CheckConstraint(condition=models.Q(('amount_minor', 0), _negated=True), name='case_cost_not_zero')],
            },
        ),
    ]
