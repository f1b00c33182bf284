from django.db import migrations, models


class Migration(migrations.Migration):
    """SQLite adds a column by making the table anew; neither table has triggers that would go with the old one."""

    dependencies = [("accounts", "0094_acceptances_by_day")]

    operations = [
        migrations.AddField(
            model_name="debitnotice",
            name="failures",
            field=models.PositiveSmallIntegerField(default=0, verbose_name="tries that failed"),
        ),
        migrations.AddField(
            model_name="debitnotice",
            name="failure",
            field=models.CharField(blank=True, max_length=100, verbose_name="last failure"),
        ),
        migrations.AddField(
            model_name="debitnotice",
            name="retry_at",
            field=models.DateTimeField(null=True, verbose_name="tried again at"),
        ),
        migrations.AddField(
            model_name="decisionnotice",
            name="failures",
            field=models.PositiveSmallIntegerField(default=0, verbose_name="tries that failed"),
        ),
        migrations.AddField(
            model_name="decisionnotice",
            name="failure",
            field=models.CharField(blank=True, max_length=100, verbose_name="last failure"),
        ),
        migrations.AddField(
            model_name="decisionnotice",
            name="retry_at",
            field=models.DateTimeField(null=True, verbose_name="tried again at"),
        ),
    ]
