from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recovery", "0032_recalled_for_care")]

    operations = [
        migrations.AddField(
            model_name="letterdocument",
            name="total_minor",
            field=models.BigIntegerField(null=True, verbose_name="demanded"),
        ),
        migrations.AddField(
            model_name="letterdocument",
            name="pay_by",
            field=models.DateField(null=True, verbose_name="to be paid by"),
        ),
        migrations.CreateModel(
            name="AgencyTraining",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("trained_on", models.DateField(verbose_name="trained on")),
                ("recorded_by_name", models.CharField(max_length=150)),
                ("recorded_at", models.DateTimeField(auto_now_add=True)),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=models.deletion.PROTECT,
                        related_name="trainings",
                        to="recovery.agencyperson",
                    ),
                ),
            ],
            options={
                "verbose_name": "training of a person of an agency",
                "constraints": [models.UniqueConstraint(fields=("person", "trained_on"), name="one_training_a_day")],
            },
        ),
    ]
