from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("outreach", "0020_providers")]
    operations = [
        # What an empty ladder lacks, its own check says.
        migrations.AlterField(
            model_name="strategy",
            name="steps",
            field=models.JSONField(blank=True, default=list, verbose_name="steps"),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(fields=["strategy", "planned_on"], name="messages_of_a_strategy"),
        ),
    ]
