"""What came back from people who are away is an act of its own, listed by when it was; what lies with somebody, and what is
escalated, is found by an index.
"""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("casework", "0011_queue_effects")]

    operations = [
        migrations.AlterField(
            model_name="workrecord",
            name="act",
            field=models.CharField(
                choices=[
                    ("outcome", "outcome"),
                    ("skip", "skipped"),
                    ("snooze", "snoozed"),
                    ("wake", "woken"),
                    ("escalate", "escalated"),
                    ("assign", "assigned"),
                    ("boost", "boosted"),
                    ("hand_back", "away: back to the queue"),
                ],
                max_length=10,
            ),
        ),
        migrations.AddIndex(
            model_name="workrecord",
            index=models.Index(fields=["recorded_at"], name="records_handed_back", condition=Q(act="hand_back")),
        ),
        migrations.AddIndex(
            model_name="workitem",
            index=models.Index(
                fields=["assigned_to"],
                name="items_lying_with",
                condition=Q(assigned_to__isnull=False, status__in=["open", "snoozed"]),
            ),
        ),
        migrations.AddIndex(
            model_name="workitem",
            index=models.Index(
                models.F("rank").desc(), "id", name="items_escalated", condition=Q(status="open", is_escalated=True)
            ),
        ),
    ]
