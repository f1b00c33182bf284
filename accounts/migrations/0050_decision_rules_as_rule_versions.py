"""Decision rules become rules in versions (accounts/models/rule_versions.py): the same columns, the same life, old rows kept.

What was tried is a draft with its dry run; what was retired is a version that was live until a day. Where several drafts of one
rule stood side by side the latest stays one and the others are discarded: a rule has one draft at a time.
"""

from datetime import date, timedelta

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Max, Q

from riskops.shared.fields import KeyField

_OPEN_DAY = timedelta(days=1)


def carry_over(apps, schema_editor):
    """Give old versions what every rule in versions has."""
    using = schema_editor.connection.alias
    versions = apps.get_model("accounts", "DecisionRuleVersion").objects.using(using)
    decisions = apps.get_model("accounts", "Decision").objects.using(using)
    starts = {}
    for code, number, live_from in versions.exclude(live_from=None).values_list("code", "number", "live_from"):
        starts.setdefault(code, []).append((number, live_from))
    drafts = dict(versions.filter(status__in=["draft", "tried"]).values_list("code").annotate(last=Max("number")))
    for row in versions.order_by("pk"):
        row.name_en = row.name_zh = row.code
        row.dry_run = _tried(row.dry_run)
        if row.status in ("draft", "tried"):
            row.status = "draft" if row.number == drafts[row.code] else "discarded"
            row.live_from = row.live_until = None
        elif row.status == "retired":
            row.status = "live"
            row.dry_run = row.dry_run or {}
            row.live_until = max(row.live_from, _first_day_without(row, starts[row.code], decisions))
        row.save()


def _first_day_without(row, starts, decisions):
    """Return the first day on which a retired version no longer held."""
    if row.live_until is None:
        # Retired by asking to undo what it decided: it decided last on some day.
        last = decisions.filter(rule_version_id=row.pk).aggregate(last=Max("proposed_on"))["last"]
        return last + _OPEN_DAY if last else row.live_from
    replaced = any(number > row.number and start == row.live_until for number, start in starts)
    # Retired by hand on a closed day, on which it had decided; the next version's first day is one without it.
    return row.live_until if replaced else row.live_until + _OPEN_DAY


def _tried(stored):
    """Return a dry run as all kinds of rules keep it."""
    if not stored or "products" not in stored:
        return stored
    parts = [
        {
            "product_code": part["product_code"],
            "currency": part["currency"],
            "of": part["of_accounts"],
            "holds": part["accounts"],
            "limits_minor": part["limits_minor"],
            "principal_minor": part["principal_minor"],
        }
        for part in stored["products"]
    ]
    day = date.fromisoformat(stored["business_date"]) + _OPEN_DAY
    figures = {"holds": stored["accounts"], "of": stored["of_accounts"]}
    return {"parts": parts, "as_of": day.isoformat(), "figures": figures}


def carry_over_proposals(apps, schema_editor):
    """Lay out the dry runs of proposal rules as all kinds keep them.

    They were counted over all products, so the part has no product: only who sees the whole book sees it.
    """
    using = schema_editor.connection.alias
    for row in apps.get_model("accounts", "ProposalRule").objects.using(using).order_by("pk"):
        stored = row.dry_run or {}
        figures = stored.get("figures", {})
        if "parts" in stored or "as_of" not in stored or "applications" not in figures:
            continue
        held, of = figures.get("holds", 0), figures["applications"]
        granted = sorted(stored.get("granted_minor", {}).items()) or [("", [0, 0])]
        parts = []
        for place, (currency, (before_minor, after_minor)) in enumerate(granted):
            counted = place == 0
            parts.append(
                {
                    "product_code": "",
                    "currency": currency,
                    "of": of if counted else 0,
                    "holds": held if counted else 0,
                    "before": figures.get("before", {}) if counted else {},
                    "after": figures.get("after", {}) if counted else {},
                    "granted_before_minor": before_minor,
                    "granted_after_minor": after_minor,
                }
            )
        movers = [{**mover, "product_code": ""} for mover in stored.get("movers", [])]
        row.dry_run = {"parts": parts, "movers": movers, "as_of": stored["as_of"], "figures": {"holds": held, "of": of}}
        row.save(update_fields=["dry_run"])


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0041_sweep_candidates"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        *(
            migrations.RemoveConstraint(model_name="decisionruleversion", name=name)
            for name in (
                "decision_rule_version_once",
                "one_live_version_of_a_rule",
                "decision_rule_by_two",
                "decision_rule_tried_and_approved",
            )
        ),
        *(
            migrations.RenameField(model_name="decisionruleversion", old_name=old, new_name=new)
            for old, new in (
                ("text", "rule"),
                ("author", "drafted_by"),
                ("author_name", "drafted_by_name"),
                ("changed_at", "drafted_at"),
                ("retired_on", "live_until"),
            )
        ),
        migrations.AlterField("decisionruleversion", "code", KeyField("code", max_length=40)),
        migrations.AlterField(
            "decisionruleversion",
            "rule",
            models.TextField("rule", help_text="a condition over facts; see docs/rules.md"),
        ),
        migrations.AlterField("decisionruleversion", "drafted_by_name", models.CharField("drafted by", max_length=150)),
        migrations.AlterField("decisionruleversion", "drafted_at", models.DateTimeField("drafted at", auto_now_add=True)),
        migrations.AlterField("decisionruleversion", "dry_run", models.JSONField(null=True)),
        migrations.AlterField(
            "decisionruleversion",
            "live_until",
            models.DateField("live until", null=True, help_text="first day it no longer holds"),
        ),
        migrations.AlterField(
            "decisionruleversion",
            "status",
            models.CharField(
                "status",
                choices=[("draft", "draft"), ("live", "approved"), ("discarded", "discarded")],
                default="draft",
                max_length=10,
            ),
        ),
        migrations.AddField(
            "decisionruleversion", "name_en", models.CharField("name in English", max_length=100, default=""), preserve_default=False
        ),
        migrations.AddField(
            "decisionruleversion", "name_zh", models.CharField("name in Chinese", max_length=100, default=""), preserve_default=False
        ),
        migrations.AddField("decisionruleversion", "note", models.TextField("note", blank=True, default=""), preserve_default=False),
        migrations.AddField(
            "decisionruleversion",
            "revision",
            models.PositiveIntegerField(default=1, help_text="counts up with every change: a stale form is refused"),
        ),
        migrations.AddField("decisionruleversion", "dry_run_at", models.DateTimeField(null=True)),
        migrations.AddField("decisionruleversion", "approved_at", models.DateTimeField(null=True)),
        migrations.RunPython(carry_over, migrations.RunPython.noop),
        migrations.RunPython(carry_over_proposals, migrations.RunPython.noop),
        migrations.AddConstraint(
            "decisionruleversion", models.UniqueConstraint(fields=["code", "number"], name="decisionruleversion_number_once")
        ),
        migrations.AddConstraint(
            "decisionruleversion",
            models.UniqueConstraint(fields=["code"], condition=Q(status="draft"), name="decisionruleversion_one_draft"),
        ),
        migrations.AddConstraint(
            "decisionruleversion",
            models.UniqueConstraint(
                fields=["code"], condition=Q(status="live", live_until__isnull=True), name="decisionruleversion_one_live"
            ),
        ),
        migrations.AddConstraint(
            "decisionruleversion",
            models.CheckConstraint(
                condition=Q(status="live", live_from__isnull=False, dry_run__isnull=False)
                | (~Q(status="live") & Q(live_from__isnull=True, live_until__isnull=True)),
                name="decisionruleversion_live_from_a_day",
            ),
        ),
        migrations.AddConstraint(
            "decisionruleversion",
            models.CheckConstraint(
                condition=Q(live_until__isnull=True) | Q(live_until__gte=F("live_from")), name="decisionruleversion_lives_forward"
            ),
        ),
        migrations.AddConstraint(
            "decisionruleversion",
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("drafted_by")), name="decisionruleversion_by_two"
            ),
        ),
    ]
