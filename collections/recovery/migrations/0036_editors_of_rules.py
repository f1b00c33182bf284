from django.db import migrations, models


def name_editors(apps, schema_editor):
    """Of a draft there is, whoever drafted or changed it stands in the trail; before, only the last of them was kept."""
    lines = apps.get_model("shared", "AuditEntry").objects
    for draft in apps.get_model("recovery", "WriteOffRule").objects.filter(status="draft"):
        subject = {"subject_type": "write_off_rule", "subject_key": f"{draft.code} v{draft.number}", "action": "write_off_rule.draft"}
        editors = lines.filter(actor_id__isnull=False, **subject).values_list("actor_id", flat=True)
        draft.editors = sorted({*editors})
        draft.save(update_fields=["editors"])


class Migration(migrations.Migration):
    """SQLite adds a column with a default by making the table anew; this one has no triggers that would go with the old one."""

    dependencies = [
        ("recovery", "0035_moment_of_a_claim"),
        ("shared", "0020_examination_in_care"),
    ]

    operations = [
        migrations.AddField(model_name="writeoffrule", name="editors", field=models.JSONField(default=list)),
        migrations.RunPython(name_editors, migrations.RunPython.noop),
    ]
