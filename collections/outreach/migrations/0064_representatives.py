"""The number of a legal representative is noted with the hold. A column that may be empty: no table is made anew."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('outreach', '0063_events_not_readable'),
    ]

    operations = [
        migrations.AddField(
            model_name='contacthold',
            name='representative',
            field=models.BigIntegerField(help_text="keyed index of the legal representative's number", null=True),
        ),
    ]
