"""Complaints are a measure of experiments: a choice more, no column changes."""
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('outreach', '0060_holds_of_disputes'),
    ]

    operations = [
        migrations.AlterField(
            model_name='experiment',
            name='measure',
            field=models.CharField(choices=[('paid_7', 'paid within 7 days'), ('paid_14', 'paid within 14 days'), ('paid_30', 'paid within 30 days'), ('amount_7', 'amount paid within 7 days'), ('amount_14', 'amount paid within 14 days'), ('amount_30', 'amount paid within 30 days'), ('rolled', 'in a worse bucket at the next month-end'), ('complained', 'complained within 30 days')], default='paid_14', max_length=10, verbose_name='deciding measure'),
        ),
    ]
