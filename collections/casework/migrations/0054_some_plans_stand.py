import casework.models.plans
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('casework', '0053_papers_sent_back'),
    ]

    operations = [
        # A check of forms alone: no column changes, and on SQLite the triggers of the table stay.
        migrations.AlterField(
            model_name='reliefterms',
            name='break_bp',
            field=models.PositiveIntegerField(default=300, help_text='for the ranking of suggestions', validators=[casework.models.plans.check_some_stand], verbose_name='plans that break in a month'),
        ),
    ]
