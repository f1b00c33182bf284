from django.db import migrations, models


class Migration(migrations.Migration):
    """Keep the moment at which a legal case read what it claims: what was given up since is told from what was before."""

    dependencies = [
        ("recovery", "0034_trainings_and_totals_stay"),
    ]

    operations = [
        migrations.AddField(
            model_name="legalcase",
            name="proposed_at",
            field=models.DateTimeField(null=True),
        ),
    ]
