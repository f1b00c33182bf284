"""Corrections of disputes keep who planned them; what a month before a re-age must hold, in words."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


TABLE, WORDS = "casework_disputecorrection", "a correction that was done stays"


def keep_again(apps, schema_editor):
    """SQLite takes a column of a foreign key away by making the table anew, and its triggers (0031) go with the old one."""
    if schema_editor.connection.vendor == "sqlite":
        for name, event in (("dispute_correction_done_once", "UPDATE"), ("dispute_correction_no_delete", "DELETE")):
            schema_editor.execute(
                f"CREATE TRIGGER IF NOT EXISTS {name} BEFORE {event} ON {TABLE} WHEN (OLD.done_on IS NOT NULL) "
                f"BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"
            )


class Migration(migrations.Migration):
    dependencies = [
        ("casework", "0051_flags_of_vulnerability_stay"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(migrations.RunPython.noop, keep_again),
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
