import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0051_appeals_of_applications'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AuthorityChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('add', 'add a line'), ('change', 'change a line'), ('end', 'end a line')], max_length=6, verbose_name='kind of change')),
                ('status', models.CharField(choices=[('proposed', 'proposed'), ('approved', 'approved'), ('rejected', 'rejected'), ('withdrawn', 'withdrawn')], default='proposed', max_length=9, verbose_name='status')),
                ('line_id', models.BigIntegerField(null=True)),
                ('before', models.JSONField(null=True)),
                ('after', models.JSONField(null=True)),
                ('reason', models.TextField(verbose_name='reason')),
                ('proposed_by_name', models.CharField(max_length=150, verbose_name='proposed by')),
                ('proposed_at', models.DateTimeField(auto_now_add=True, verbose_name='proposed at')),
                ('judged_by_name', models.CharField(blank=True, max_length=150, verbose_name='approved or rejected by')),
                ('judgement', models.TextField(blank=True, verbose_name='remark of the approver')),
                ('closed_at', models.DateTimeField(help_text='when it was approved, rejected or withdrawn', null=True)),
                ('judged_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('proposed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'change of the authority matrix',
                'verbose_name_plural': 'changes of the authority matrix',
                'ordering': ['-id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('judged_by__isnull', True), models.Q(('judged_by', models.F('proposed_by')), _negated=True), _connector='OR'), name='authority_change_by_two'), models.CheckConstraint(condition=models.Q(models.Q(('judged_by__isnull', True), ('status__in', ['proposed', 'withdrawn'])), models.Q(('judged_by__isnull', False), ('status__in', ['approved', 'rejected'])), _connector='OR'), name='authority_change_judged_or_not'), models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', True), ('status', 'proposed')), models.Q(models.Q(('status', 'proposed'), _negated=True), ('closed_at__isnull', False)), _connector='OR'), name='authority_change_open_or_closed'), models.CheckConstraint(condition=models.Q(models.Q(('after__isnull', False), ('before__isnull', True), ('kind', 'add'), ('line_id__isnull', True)), models.Q(('after__isnull', False), ('before__isnull', False), ('kind', 'change'), ('line_id__isnull', False)), models.Q(('after__isnull', True), ('before__isnull', False), ('kind', 'end'), ('line_id__isnull', False)), _connector='OR'), name='authority_change_says_what'), models.CheckConstraint(condition=models.Q(models.Q(('reason', ''), _negated=True), models.Q(models.Q(('status', 'rejected'), _negated=True), models.Q(('judgement', ''), _negated=True), _connector='OR')), name='authority_change_says_why')],
            },
        ),
        migrations.AddField(
            model_name='decisioncontrol',
            name='raise_window_days',
            field=models.PositiveSmallIntegerField(default=180, help_text='what raises of the limit in so many days come to, today counted, is what the authority matrix weighs; at least 90', verbose_name='raises weighed together, days'),
        ),
        migrations.AddConstraint(
            model_name='decisioncontrol',
            constraint=models.CheckConstraint(condition=models.Q(('raise_window_days__gte', 90)), name='decision_raise_window_not_too_short', violation_error_message='Raises are weighed together over at least 90 days: over fewer, small ones in a row would pass under the authority matrix. Type 90 or more.'),
        ),
    ]
