"""Events of a provider that could not be read are kept as such: a choice more, no column changes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("outreach", "0062_offers_of_plans")]

    operations = [
        migrations.AlterField(
            model_name="providerevent",
            name="kind",
            field=models.CharField(
                choices=[("receipt", "receipt"), ("reply", "reply"), ("refused", "not readable")], max_length=8
            ),
        ),
    ]
