"""The days that ladders reckon promises from: that of the next part, and that on which the last one was broken."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0057_schedules_change'),
    ]

    operations = [
        migrations.AddField(
            model_name='accountsignals',
            name='promise_broken_on',
            field=models.DateField(null=True, verbose_name='promise broken on'),
        ),
        migrations.AddField(
            model_name='accountsignals',
            name='promise_due_on',
            field=models.DateField(null=True, verbose_name='promised for'),
        ),
        migrations.AddIndex(
            model_name='accountsignals',
            index=models.Index(condition=models.Q(('promise_due_on__isnull', False)), fields=['promise_due_on'], name='signals_promised'),
        ),
        migrations.AddIndex(
            model_name='accountsignals',
            index=models.Index(condition=models.Q(('promise_broken_on__isnull', False)), fields=['promise_broken_on'], name='signals_broken'),
        ),
    ]
