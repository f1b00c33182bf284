from django.db import migrations, models

TABLE, WORDS = "casework_reliefterms", "terms of relief are never changed; set the next version"


def keep_again(apps, schema_editor):
    """SQLite adds a column by making the table anew, and its triggers (0041) go with the old one."""
    if schema_editor.connection.vendor == "sqlite":
        for name, event in (("relief_terms_no_update", "UPDATE"), ("relief_terms_no_delete", "DELETE")):
            schema_editor.execute(
                f"CREATE TRIGGER IF NOT EXISTS {name} BEFORE {event} ON {TABLE} BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"
            )


class Migration(migrations.Migration):
    dependencies = [("casework", "0043_agreements_stay")]
    operations = [
        # Backwards the table is made anew as well.
        migrations.RunPython(migrations.RunPython.noop, keep_again),
        migrations.AddField(
            model_name="reliefterms",
            name="new_use",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "as without the plan"),
                    ("paid", "blocked until it is paid off"),
                    ("cured", "blocked until it is cured"),
                ],
                default="",
                help_text="from the signature on",
                max_length=5,
                verbose_name="new use of the account",
            ),
        ),
        migrations.RunPython(keep_again, migrations.RunPython.noop),
    ]
