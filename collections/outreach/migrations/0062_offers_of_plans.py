"""An offer of a plan is no notice required by law: a choice more, no column changes; what waits becomes what it is."""

from django.db import migrations, models

CHOICES = [('reminder', 'reminder'), ('demand', 'demand'), ('education', 'education'), ('offer', 'offer of a plan'), ('notice', 'notice required by law'), ('locate', 'to reach the debtor')]


def _waiting(apps, schema_editor, purpose):
    # What was let through stays as the gate judged it.
    messages = apps.get_model("outreach", "Message").objects.using(schema_editor.connection.alias)
    return messages.filter(status="queued", contact=None, step__startswith="plan:", purpose=purpose)


def are_offers(apps, schema_editor):
    _waiting(apps, schema_editor, "notice").update(purpose="offer")


def are_notices(apps, schema_editor):
    _waiting(apps, schema_editor, "offer").update(purpose="notice")


class Migration(migrations.Migration):

    dependencies = [
        ('outreach', '0061_complaints_of_experiments'),
    ]

    operations = [
        migrations.AlterField(
            model_name='contact',
            name='purpose',
            field=models.CharField(choices=CHOICES, max_length=10, verbose_name='purpose'),
        ),
        migrations.AlterField(
            model_name='denial',
            name='purpose',
            field=models.CharField(choices=CHOICES, max_length=10, verbose_name='purpose'),
        ),
        migrations.AlterField(
            model_name='message',
            name='purpose',
            field=models.CharField(choices=CHOICES, max_length=10, verbose_name='for'),
        ),
        migrations.RunPython(are_offers, are_notices),
    ]
