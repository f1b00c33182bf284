from django.db import migrations, models


class Migration(migrations.Migration):
    """SQLite makes the table anew for a constraint; it has no triggers that would go with the old one."""

    dependencies = [("accounts", "0093_changes_of_limits_together")]

    operations = [
        migrations.RemoveConstraint(model_name="acceptance", name="acceptance_once_an_account"),
        migrations.AddConstraint(
            model_name="acceptance",
            constraint=models.UniqueConstraint(fields=("account", "version", "accepted_on"), name="acceptance_once_a_day"),
        ),
    ]
