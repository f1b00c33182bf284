"""Disputes and complaints: kinds, disputes, corrections, evidence, letters."""

import accounts.rules.terms
import django.core.validators
import django.db.models.deletion
import riskops.shared.fields
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0056_names_of_columns'),
        ('casework', '0025_case_work_stays'),
        ('shared', '0012_shards_left'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ReplyTemplate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('outcome', models.CharField(choices=[('upheld', 'upheld'), ('partly', 'partly upheld'), ('rejected', 'rejected')], max_length=8, unique=True, verbose_name='outcome')),
                ('text_en', models.TextField(verbose_name='text in English')),
                ('text_zh', models.TextField(verbose_name='text in Chinese')),
            ],
            options={
                'verbose_name': 'reply letter',
                'verbose_name_plural': 'reply letters',
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='DisputeKind',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('lane', models.CharField(choices=[('dispute', 'dispute'), ('fraud', 'fraud claim'), ('complaint', 'complaint')], max_length=9, verbose_name='lane')),
                ('answer_days', models.PositiveSmallIntegerField(help_text='calendar days after the day it was received', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(365)], verbose_name='days to answer')),
                ('source', models.CharField(max_length=200, verbose_name='source of the figure')),
                ('reach', models.CharField(choices=[('none', 'nothing'), ('account', 'contact about the account'), ('customer', 'all contact with the customer')], default='account', max_length=8, verbose_name='holds back')),
                ('penalty', models.CharField(choices=[('charged', 'charged as ever'), ('if_upheld', 'waived if the customer is right'), ('always', 'waived whatever comes of it')], default='if_upheld', max_length=9, verbose_name='penalty since intake')),
                ('demands', models.CharField(choices=[('keep', 'as without it'), ('hold', 'no new one while it is open'), ('end', 'ended, and no new one while it is open')], default='hold', max_length=4, verbose_name='demands for full repayment')),
                ('holds_restrictions', models.BooleanField(default=True, help_text='no suspension of use and no lower limit', verbose_name='no new restriction while it is open')),
                ('code', riskops.shared.fields.KeyField(max_length=40, unique=True, verbose_name='code')),
                ('name_en', models.CharField(max_length=120, verbose_name='name in English')),
                ('name_zh', models.CharField(max_length=120, verbose_name='name in Chinese')),
                ('is_active', models.BooleanField(default=True, verbose_name='in use')),
            ],
            options={
                'verbose_name': 'kind of dispute',
                'verbose_name_plural': 'kinds of disputes',
                'ordering': ['code'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('name_en', ''), _negated=True), models.Q(('name_zh', ''), _negated=True), models.Q(('source', ''), _negated=True)), name='dispute_kind_named_with_a_source')],
            },
        ),
        migrations.CreateModel(
            name='Dispute',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('lane', models.CharField(choices=[('dispute', 'dispute'), ('fraud', 'fraud claim'), ('complaint', 'complaint')], max_length=9, verbose_name='lane')),
                ('answer_days', models.PositiveSmallIntegerField(help_text='calendar days after the day it was received', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(365)], verbose_name='days to answer')),
                ('source', models.CharField(max_length=200, verbose_name='source of the figure')),
                ('reach', models.CharField(choices=[('none', 'nothing'), ('account', 'contact about the account'), ('customer', 'all contact with the customer')], default='account', max_length=8, verbose_name='holds back')),
                ('penalty', models.CharField(choices=[('charged', 'charged as ever'), ('if_upheld', 'waived if the customer is right'), ('always', 'waived whatever comes of it')], default='if_upheld', max_length=9, verbose_name='penalty since intake')),
                ('demands', models.CharField(choices=[('keep', 'as without it'), ('hold', 'no new one while it is open'), ('end', 'ended, and no new one while it is open')], default='hold', max_length=4, verbose_name='demands for full repayment')),
                ('holds_restrictions', models.BooleanField(default=True, help_text='no suspension of use and no lower limit', verbose_name='no new restriction while it is open')),
                ('reference', riskops.shared.fields.KeyField(help_text='the same one twice counts once', max_length=64, unique=True, verbose_name='reference')),
                ('came_by', models.CharField(choices=[('call', 'a call'), ('message', 'a message'), ('app', "the customer's app"), ('letter', 'a letter'), ('counter', 'in person'), ('regulator', 'a supervisor or association')], max_length=9, verbose_name='came by')),
                ('claim', models.TextField(verbose_name='what the customer says')),
                ('order_no', riskops.shared.fields.KeyField(blank=True, help_text='empty: the account as a whole', max_length=64, verbose_name='order')),
                ('amount_minor', models.BigIntegerField(null=True, verbose_name='disputed amount')),
                ('received_on', models.DateField(help_text='business date', verbose_name='received on')),
                ('answer_by', models.DateField(help_text='business date', verbose_name='answer by')),
                ('opened_at', models.DateTimeField(auto_now_add=True)),
                ('opened_by_name', models.CharField(max_length=150, verbose_name='taken in by')),
                ('status', models.CharField(choices=[('open', 'open'), ('proposed', 'outcome waits for a second person'), ('closed', 'closed')], default='open', max_length=8, verbose_name='state')),
                ('version', models.PositiveIntegerField(default=1)),
                ('outcome', models.CharField(blank=True, choices=[('upheld', 'upheld'), ('partly', 'partly upheld'), ('rejected', 'rejected')], max_length=8, verbose_name='outcome')),
                ('finding', models.TextField(blank=True, verbose_name='what was found')),
                ('root_cause', models.CharField(blank=True, choices=[('posting', 'payment posted late or wrongly'), ('pricing', 'amount or penalty wrong'), ('identity', "somebody else used the customer's name"), ('conduct', 'how we spoke or wrote to the customer'), ('decision', 'a decision on the account'), ('merchant', 'goods or service of the merchant'), ('reporting', 'wrong data sent to the bureau'), ('information', 'the customer was not told, or not clearly'), ('none', 'no fault of ours found')], max_length=11, verbose_name='root cause')),
                ('cause_kind', models.CharField(blank=True, max_length=16, verbose_name='caused by')),
                ('cause_id', models.BigIntegerField(null=True, verbose_name='number')),
                ('answer_en', models.TextField(blank=True, verbose_name='answer in English')),
                ('answer_zh', models.TextField(blank=True, verbose_name='answer in Chinese')),
                ('concluded_by_name', models.CharField(blank=True, max_length=150, verbose_name='concluded by')),
                ('concluded_at', models.DateTimeField(null=True)),
                ('judged_by_name', models.CharField(blank=True, max_length=150, verbose_name='second person')),
                ('sent_back_why', models.TextField(blank=True, verbose_name='sent back because')),
                ('closed_on', models.DateField(help_text='business date', null=True, verbose_name='closed on')),
                ('closed_at', models.DateTimeField(null=True)),
                ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='disputes', to='accounts.creditaccount')),
                ('assigned_to', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='assigned to')),
                ('concluded_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('customer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='disputes', to='accounts.customer')),
                ('judged_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('opened_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('team', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='shared.team', verbose_name='team')),
                ('kind', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='casework.disputekind', verbose_name='kind')),
            ],
            options={
                'verbose_name': 'dispute',
                'verbose_name_plural': 'disputes',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='DisputeLetter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('dated', models.DateField(help_text='business date', verbose_name='dated')),
                ('text_en', models.TextField(verbose_name='text in English')),
                ('text_zh', models.TextField(verbose_name='text in Chinese')),
                ('written_by_name', models.CharField(max_length=150, verbose_name='written by')),
                ('written_at', models.DateTimeField(auto_now_add=True)),
                ('delivery', models.CharField(blank=True, help_text='the number it goes by at whoever sends it', max_length=200, verbose_name='sent by')),
                ('dispute', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='letter', to='casework.dispute')),
            ],
            options={
                'verbose_name': 'letter that answers a dispute',
                'verbose_name_plural': 'letters that answer disputes',
            },
        ),
        migrations.CreateModel(
            name='DisputeCorrection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('what', models.CharField(choices=[('reverse_payment', 'reverse a payment'), ('cancel_installment', 'cancel an instalment'), ('waive', 'waive an amount'), ('refund_credit', 'refund from the credit')], max_length=18, verbose_name='correction')),
                ('order_no', riskops.shared.fields.KeyField(blank=True, max_length=64, verbose_name='order')),
                ('sequence', models.PositiveIntegerField(null=True, verbose_name='instalment')),
                ('component', models.PositiveSmallIntegerField(choices=[(accounts.rules.terms.Component['PENALTY'], 'penalty'), (accounts.rules.terms.Component['FEE'], 'fee'), (accounts.rules.terms.Component['INTEREST'], 'interest'), (accounts.rules.terms.Component['PRINCIPAL'], 'principal')], null=True, verbose_name='component')),
                ('payment_no', riskops.shared.fields.KeyField(blank=True, max_length=64, verbose_name='payment')),
                ('amount_minor', models.BigIntegerField(null=True, verbose_name='amount')),
                ('added_by_name', models.CharField(max_length=150, verbose_name='added by')),
                ('added_at', models.DateTimeField(auto_now_add=True)),
                ('reference', riskops.shared.fields.KeyField(blank=True, max_length=64, verbose_name='entry')),
                ('done_on', models.DateField(help_text='business date', null=True, verbose_name='done on')),
                ('dispute', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='corrections', to='casework.dispute')),
            ],
            options={
                'verbose_name': 'correction of a dispute',
                'verbose_name_plural': 'corrections of disputes',
                'ordering': ['id'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('done_on__isnull', True), ('reference', '')), models.Q(('done_on__isnull', False), models.Q(('reference', ''), _negated=True)), _connector='OR'), name='dispute_correction_done_has_an_entry')],
            },
        ),
        migrations.CreateModel(
            name='DisputeFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, verbose_name='file')),
                ('content_type', models.CharField(max_length=100, verbose_name='kind')),
                ('size_bytes', models.PositiveIntegerField(verbose_name='size')),
                ('sha256', models.CharField(max_length=64)),
                ('stored_as', models.CharField(max_length=80, unique=True)),
                ('added_by_name', models.CharField(max_length=150, verbose_name='added by')),
                ('added_at', models.DateTimeField(auto_now_add=True)),
                ('dispute', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='files', to='casework.dispute')),
            ],
            options={
                'verbose_name': 'evidence of a dispute',
                'verbose_name_plural': 'evidence of disputes',
                'constraints': [models.UniqueConstraint(fields=('dispute', 'sha256'), name='one_file_a_dispute_once')],
            },
        ),
        migrations.AddIndex(
            model_name='dispute',
            index=models.Index(fields=['account', '-id'], name='disputes_by_account'),
        ),
        migrations.AddIndex(
            model_name='dispute',
            index=models.Index(fields=['customer', 'received_on', 'id'], name='disputes_by_customer'),
        ),
        migrations.AddIndex(
            model_name='dispute',
            index=models.Index(condition=models.Q(('status', 'closed'), _negated=True), fields=['answer_by', 'id'], name='disputes_not_closed'),
        ),
        migrations.AddIndex(
            model_name='dispute',
            index=models.Index(condition=models.Q(('status', 'closed')), fields=['closed_on', 'id'], name='disputes_closed'),
        ),
        migrations.AddConstraint(
            model_name='dispute',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'closed'), _negated=True), fields=('account', 'kind', 'order_no'), name='one_dispute_of_a_kind_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='dispute',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(models.Q(('status', 'closed'), _negated=True), ('closed_at__isnull', True), ('closed_on__isnull', True)), models.Q(('closed_at__isnull', False), ('closed_on__isnull', False), ('status', 'closed'), models.Q(('outcome', ''), _negated=True)), _connector='OR'), name='dispute_closed_with_an_outcome'),
        ),
        migrations.AddConstraint(
            model_name='dispute',
            constraint=models.CheckConstraint(condition=models.Q(('judged_by__isnull', True), models.Q(('judged_by', models.F('concluded_by')), _negated=True), _connector='OR'), name='dispute_judged_by_another'),
        ),
        migrations.AddConstraint(
            model_name='dispute',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__isnull', True), ('amount_minor__gt', 0), _connector='OR'), name='dispute_amount_above_zero'),
        ),
    ]
