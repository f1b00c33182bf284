"""Notices required by law that did not arrive are found among all messages: a person must see to them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("outreach", "0052_calls_at_a_number")]

    operations = [
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("purpose", "notice"), ("status", "undelivered")), fields=["-id"], name="notices_not_delivered"
            ),
        ),
    ]
