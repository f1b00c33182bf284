from django.db import migrations, models


class Migration(migrations.Migration):
    """Other words for the same column: nothing changes in the database."""

    dependencies = [("accounts", "0092_notice_of_a_new_day")]

    operations = [
        migrations.AlterField(
            model_name="decisioncontrol",
            name="raise_window_days",
            field=models.PositiveSmallIntegerField(
                default=180,
                help_text="what raises, or lowerings, of a limit in so many days come to, today counted, is what the authority matrix "
                "weighs; at least 90",
                verbose_name="changes of a limit weighed together, days",
            ),
        ),
    ]
