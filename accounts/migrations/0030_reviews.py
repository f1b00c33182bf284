"""Reviews of accounts: the sweeps that open them, notes, files, and samples for quality."""

import django.db.models.deletion
import riskops.shared.fields
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0021_decision_rules'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='QualitySample',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('closed_from', models.DateField(verbose_name='closed from')),
                ('closed_to', models.DateField(verbose_name='closed to')),
                ('percent', models.PositiveSmallIntegerField(verbose_name="percent of each reviewer's")),
                ('shares', models.JSONField(default=dict, help_text='percent by user name, where it is another one', verbose_name='other percentages')),
                ('seed', models.CharField(max_length=40, verbose_name='seed')),
                ('drawn_by_name', models.CharField(max_length=150, verbose_name='drawn by')),
                ('drawn_at', models.DateTimeField(auto_now_add=True)),
                ('drawn_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'quality sample',
                'verbose_name_plural': 'quality samples',
                'ordering': ['-id'],
                'constraints': [
                    models.UniqueConstraint(fields=('closed_from', 'closed_to', 'seed'), name='one_quality_sample_of_a_seed'),
                    models.CheckConstraint(condition=models.Q(('closed_to__gte', models.F('closed_from'))), name='quality_sample_of_a_period'),
                    models.CheckConstraint(condition=models.Q(('percent__gte', 1), ('percent__lte', 100)), name='quality_sample_percent'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Review',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(choices=[('hand', 'by hand'), ('rule', 'by a rule'), ('sweep', 'by a sweep')], max_length=5, verbose_name='opened')),
                ('cause', riskops.shared.fields.KeyField(max_length=48, verbose_name='cause')),
                ('purpose', models.TextField(verbose_name='what it is for')),
                ('rule', models.TextField(blank=True, verbose_name='rule that hit')),
                ('rule_version', models.PositiveIntegerField(null=True)),
                ('facts', models.JSONField(default=dict, help_text='what rules saw of the account when it was opened')),
                ('opened_on', models.DateField(help_text='business date', verbose_name='opened on')),
                ('opened_at', models.DateTimeField(auto_now_add=True)),
                ('opened_by_name', models.CharField(max_length=150, verbose_name='opened by')),
                ('assigned_at', models.DateTimeField(null=True)),
                ('is_open', models.BooleanField(default=True, verbose_name='open')),
                ('version', models.PositiveIntegerField(default=1)),
                ('outcome', models.CharField(blank=True, choices=[('no_action', 'nothing to do'), ('watch', 'keep watching'), ('contact', 'contact the customer'), ('restrict', 'restrict use or limit'), ('raise', 'raise the limit'), ('plan', 'offer a plan'), ('fraud', 'hand over: fraud'), ('legal', 'hand over: legal'), ('correct', 'correct the data')], max_length=10, verbose_name='outcome')),
                ('reasons', models.JSONField(default=list, help_text='codes of accounts.ReviewReason, in order', verbose_name='reason codes')),
                ('note', models.TextField(blank=True, verbose_name='note')),
                ('changed_at', models.DateTimeField(auto_now=True)),
                ('changed_by_name', models.CharField(blank=True, max_length=150)),
                ('closed_on', models.DateField(help_text='business date', null=True, verbose_name='closed on')),
                ('closed_at', models.DateTimeField(null=True)),
                ('closed_by_name', models.CharField(blank=True, max_length=150, verbose_name='closed by')),
                ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='reviews', to='accounts.creditaccount')),
                ('assigned_to', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='assigned to')),
                ('closed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('customer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='reviews', to='accounts.customer')),
                ('opened_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'review',
                'verbose_name_plural': 'reviews',
                'ordering': ['-id'],
                'indexes': [
                    models.Index(fields=['account', 'cause', '-id'], name='reviews_by_account'),
                    models.Index(fields=['customer', 'opened_on', 'id'], name='reviews_by_customer'),
                    models.Index(condition=models.Q(('is_open', True)), fields=['opened_on', 'id'], name='reviews_open'),
                    models.Index(condition=models.Q(('is_open', True)), fields=['assigned_to', 'opened_on', 'id'], name='reviews_open_by_person'),
                    models.Index(condition=models.Q(('is_open', False)), fields=['closed_on', 'id'], name='reviews_closed'),
                ],
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('is_open', True)), fields=('account', 'cause'), name='one_open_review_of_a_cause'),
                    models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', True), ('closed_on__isnull', True), ('is_open', True)), models.Q(('closed_at__isnull', False), ('closed_on__isnull', False), ('is_open', False), models.Q(('outcome', ''), _negated=True)), _connector='OR'), name='review_closed_with_an_outcome'),
                    models.CheckConstraint(condition=models.Q(models.Q(('rule', ''), ('source', 'hand')), models.Q(('source', 'hand'), _negated=True), _connector='OR'), name='review_by_hand_has_no_rule'),
                ],
            },
        ),
        migrations.CreateModel(
            name='QualityGrade',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('grade', models.CharField(blank=True, choices=[('sound', 'sound'), ('minor', 'minor finding'), ('major', 'major finding')], max_length=5, verbose_name='grade')),
                ('finding', models.TextField(blank=True, verbose_name='finding')),
                ('graded_by_name', models.CharField(blank=True, max_length=150, verbose_name='graded by')),
                ('graded_at', models.DateTimeField(null=True)),
                ('graded_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('reviewer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('sample', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='grades', to='accounts.qualitysample')),
                ('review', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='grades', to='accounts.review')),
            ],
            options={
                'verbose_name': 'quality grade',
                'verbose_name_plural': 'quality grades',
                'constraints': [
                    models.UniqueConstraint(fields=('sample', 'review'), name='a_review_once_a_sample'),
                    models.CheckConstraint(condition=models.Q(('graded_by__isnull', True), models.Q(('graded_by', models.F('reviewer')), _negated=True), _connector='OR'), name='graded_by_a_second_person'),
                    models.CheckConstraint(condition=models.Q(models.Q(('grade', ''), ('graded_at__isnull', True)), models.Q(('graded_at__isnull', False), models.Q(('grade', ''), _negated=True), models.Q(('grade', 'sound'), models.Q(('finding', ''), _negated=True), _connector='OR')), _connector='OR'), name='a_finding_is_written_down'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ReviewFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, verbose_name='file')),
                ('content_type', models.CharField(max_length=100, verbose_name='kind')),
                ('size_bytes', models.PositiveIntegerField(verbose_name='size')),
                ('sha256', models.CharField(max_length=64)),
                ('stored_as', models.CharField(max_length=80, unique=True)),
                ('added_by_name', models.CharField(max_length=150, verbose_name='added by')),
                ('added_at', models.DateTimeField(auto_now_add=True)),
                ('added_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('review', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='files', to='accounts.review')),
            ],
            options={
                'verbose_name': 'file of a review',
                'verbose_name_plural': 'files of reviews',
                'constraints': [
                    models.UniqueConstraint(fields=('review', 'sha256'), name='one_file_a_review_once'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ReviewReason',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', riskops.shared.fields.KeyField(max_length=40, unique=True, verbose_name='code')),
                ('name_en', models.CharField(max_length=120, verbose_name='name in English')),
                ('name_zh', models.CharField(max_length=120, verbose_name='name in Chinese')),
                ('is_active', models.BooleanField(default=True, verbose_name='in use')),
            ],
            options={
                'verbose_name': 'reason code of reviews',
                'verbose_name_plural': 'reason codes of reviews',
                'ordering': ['code'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('name_en', ''), _negated=True), models.Q(('name_zh', ''), _negated=True)), name='review_reason_in_both_languages')],
            },
        ),
        migrations.CreateModel(
            name='ReviewSweep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', riskops.shared.fields.KeyField(max_length=40, unique=True, verbose_name='code')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('purpose', models.TextField(verbose_name='what reviewers should look at')),
                ('rule', models.TextField(verbose_name='rule')),
                ('schedule', models.CharField(choices=[('daily', 'daily'), ('weekly', 'weekly'), ('monthly', 'monthly')], max_length=8, verbose_name='runs')),
                ('schedule_day', models.PositiveSmallIntegerField(default=1, help_text="weekly: 1 is Monday; monthly: the day, or the month's last one where it is shorter", verbose_name='on day')),
                ('cool_off_days', models.PositiveSmallIntegerField(default=30, help_text='after a review of the same cause is closed, none is opened for so long', verbose_name='cool-off days')),
                ('most_a_run', models.PositiveIntegerField(default=200, help_text='the accounts that owe most come first; the others wait for the next run', verbose_name='most in one run')),
                ('is_active', models.BooleanField(default=False, verbose_name='active')),
                ('version', models.PositiveIntegerField(default=1)),
                ('last_run_on', models.DateField(help_text='business date', null=True, verbose_name='last run')),
                ('last_opened', models.PositiveIntegerField(default=0, verbose_name='opened in the last run')),
                ('last_failure', models.TextField(blank=True, verbose_name='why the last run failed')),
            ],
            options={
                'verbose_name': 'review sweep',
                'verbose_name_plural': 'review sweeps',
                'ordering': ['code'],
                'constraints': [models.CheckConstraint(condition=models.Q(('schedule', 'daily'), models.Q(('schedule', 'weekly'), ('schedule_day__gte', 1), ('schedule_day__lte', 7)), models.Q(('schedule', 'monthly'), ('schedule_day__gte', 1), ('schedule_day__lte', 31)), _connector='OR'), name='review_sweep_runs_on_a_day'), models.CheckConstraint(condition=models.Q(('cool_off_days__gte', 1), ('most_a_run__gte', 1)), name='review_sweep_is_bounded')],
            },
        ),
        migrations.AddField(
            model_name='review',
            name='sweep',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reviews', to='accounts.reviewsweep'),
        ),
        migrations.CreateModel(
            name='Note',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.TextField(verbose_name='note')),
                ('written_by_name', models.CharField(max_length=150, verbose_name='written by')),
                ('written_at', models.DateTimeField(auto_now_add=True)),
                ('account', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='notes', to='accounts.creditaccount')),
                ('customer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='notes', to='accounts.customer')),
                ('written_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'note',
                'verbose_name_plural': 'notes',
                'indexes': [models.Index(fields=['customer', '-id'], name='notes_by_customer')],
                'constraints': [models.CheckConstraint(condition=models.Q(('text', ''), _negated=True), name='note_says_something')],
            },
        ),
        migrations.AddConstraint(
            model_name='review',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('source', 'sweep'), ('sweep__isnull', False)), models.Q(models.Q(('source', 'sweep'), _negated=True), ('sweep__isnull', True)), _connector='OR'), name='review_of_a_sweep'),
        ),
    ]
