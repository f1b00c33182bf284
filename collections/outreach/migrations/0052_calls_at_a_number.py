"""Calls are found by the number that was called: attempts at it count, whosever customer it is."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("outreach", "0051_approved_articles_stay")]

    operations = [
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(
                condition=models.Q(("channel__in", ["call", "voice_bot"])), fields=["detail", "-at"], name="calls_at_a_number"
            ),
        ),
    ]
