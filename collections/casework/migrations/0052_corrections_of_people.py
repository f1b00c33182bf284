"""Corrections of disputes keep who planned them; what a month before a re-age must hold, in words."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("casework", "0051_flags_of_vulnerability_stay"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="disputecorrection",
            name="added_by",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="added by",
            ),
        ),
        migrations.AlterField(
            model_name="reliefterms",
            name="payments_in_a_row",
            field=models.PositiveSmallIntegerField(
                default=0,
                help_text="months up to it in each of which what fell due was paid",
                verbose_name="payments before it",
            ),
        ),
    ]
