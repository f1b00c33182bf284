from django.db import migrations, models


class Migration(migrations.Migration):
    """A choice more: no column changes."""

    dependencies = [("accounts", "0091_editors_of_rules")]

    operations = [
        migrations.AlterField(
            model_name="decisionnotice",
            name="kind",
            field=models.CharField(
                choices=[
                    ("decided", "decision"),
                    ("again", "decision after an undone refusal"),
                    ("postponed", "put off, with its new day"),
                    ("cancelled", "cancelled before it took effect"),
                    ("ended", "ended"),
                    ("corrected", "corrected"),
                    ("appeal", "outcome of an appeal"),
                ],
                max_length=10,
                verbose_name="kind",
            ),
        ),
    ]
