from django.db import migrations, models

MODELS = (("DecisionRuleVersion", "decision_rule"), ("ProposalRule", "proposal_rule"))


def name_editors(apps, schema_editor):
    """Of a draft there is, whoever drafted or changed it stands in the trail; before, only the last of them was kept."""
    lines = apps.get_model("shared", "AuditEntry").objects
    for model, subject in MODELS:
        for draft in apps.get_model("accounts", model).objects.filter(status="draft"):
            of_draft = lines.filter(subject_type=subject, subject_key=f"{draft.code} v{draft.number}", action=f"{subject}.draft")
            draft.editors = sorted({*of_draft.filter(actor_id__isnull=False).values_list("actor_id", flat=True)})
            draft.save(update_fields=["editors"])


class Migration(migrations.Migration):
    """SQLite adds a column with a default by making the table anew; neither table has triggers that would go with the old one."""

    dependencies = [
        ("accounts", "0090_vulnerable_and_reasons"),
        ("shared", "0020_examination_in_care"),
    ]

    operations = [
        migrations.AddField(model_name="decisionruleversion", name="editors", field=models.JSONField(default=list)),
        migrations.AddField(model_name="proposalrule", name="editors", field=models.JSONField(default=list)),
        migrations.RunPython(name_editors, migrations.RunPython.noop),
    ]
