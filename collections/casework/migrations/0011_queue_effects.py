"""What a queue's priorities are worked out with, kept apart from the queue: measured by the close and with new weights."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('casework', '0010_worklist'),
    ]

    operations = [
        migrations.CreateModel(
            name='QueueEffect',
            fields=[
                ('queue', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='effect', serialize=False, to='casework.queue')),
                ('effect_bp', models.PositiveIntegerField()),
                ('minutes', models.PositiveIntegerField()),
                ('outcomes', models.PositiveIntegerField()),
                ('as_of', models.DateField()),
            ],
            options={
                'verbose_name': 'effect of a queue',
                'verbose_name_plural': 'effects of queues',
            },
        ),
    ]
