"""What goes over the API of experiments."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from outreach.api.versions import READ_ONLY
from outreach.models import Experiment
from outreach.models.experiments import Measure


class ArmShape(serializers.Serializer[Any]):
    """One arm. `strategy` "": no contact; `weight_bp`: its share in hundredths of a percent."""

    code = serializers.CharField(max_length=32)
    strategy = serializers.CharField(max_length=32, allow_blank=True)
    weight_bp = serializers.IntegerField(min_value=1, max_value=9_999)


class ExperimentDryRunShape(serializers.Serializer[Any]):
    """Who would take part on the book of a day."""

    as_of = serializers.DateField()
    eligible = serializers.IntegerField()
    lately = serializers.IntegerField(help_text="of these, who fell late or came within 30 days")
    days = serializers.IntegerField(
        allow_null=True, help_text="days until there are as many as planned; null: never at that pace"
    )


class ExperimentShape(serializers.ModelSerializer[Experiment]):
    """One run of an experiment. Its end is null while it has none."""

    class Meta:
        model = Experiment
        fields = (
            *("code", "version", "status", "revision", "live_from", "drafted_by_name", "approved_by_name"),
            *Experiment.SAID,
            *("dry_run", "stopped_on", "verdict", "promoted_arm", "conclusion", "concluded_by_name"),
        )
        read_only_fields = (
            *("code", *READ_ONLY),
            *("dry_run", "stopped_on", "verdict", "promoted_arm", "conclusion", "concluded_by_name"),
        )

    products = serializers.ListField(child=serializers.CharField(max_length=64), required=False)
    arms = ArmShape(many=True, required=False)
    revision = serializers.IntegerField(min_value=1, help_text="that of the draft which was read; a later one is refused")
    dry_run = ExperimentDryRunShape(read_only=True, allow_null=True)


class DraftExperimentRequest(serializers.Serializer[Any]):
    """An experiment to draft: another run of `copy_of`, or a new one under `code` with all that it says."""

    copy_of = serializers.CharField(max_length=32, required=False, default="", allow_blank=True)
    code = serializers.CharField(max_length=32, required=False, default="", allow_blank=True)
    name_en = serializers.CharField(max_length=100, required=False)
    name_zh = serializers.CharField(max_length=100, required=False)
    hypothesis = serializers.CharField(max_length=500, required=False)
    products = serializers.ListField(child=serializers.CharField(max_length=64), required=False)
    rule = serializers.CharField(max_length=4_000, required=False, allow_blank=True)
    arms = ArmShape(many=True, required=False)
    champion = serializers.CharField(max_length=32, required=False)
    control_reason = serializers.CharField(max_length=500, required=False, allow_blank=True)
    measure = serializers.ChoiceField(Measure.choices, required=False)
    planned_size = serializers.IntegerField(min_value=10, required=False)
    duration_days = serializers.IntegerField(min_value=1, max_value=365, required=False)
    note = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class RevisionRequest(serializers.Serializer[Any]):
    """Which draft was seen."""

    revision = serializers.IntegerField(min_value=1)


class PromoteRequest(serializers.Serializer[Any]):
    """Which challenger is promoted, and why."""

    arm = serializers.CharField(max_length=32)
    reason = serializers.CharField(max_length=500, allow_blank=True)


class FigureShape(serializers.Serializer[Any]):
    """One measure of one arm: `total` customers who did it, or minor units paid, of `customers`. The difference is from the
    champion, of shares from -1 to 1 or in minor units by customer, with its 95 % interval."""

    measure = serializers.ChoiceField(Measure.choices)
    customers = serializers.IntegerField()
    total = serializers.IntegerField()
    difference = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class ArmResultShape(ArmShape):
    """One arm. Messages and their cost are of the `cost_customers` whose longest window is over."""

    is_champion = serializers.BooleanField()
    assigned = serializers.IntegerField()
    messages = serializers.IntegerField()
    cost = serializers.DecimalField(max_digits=20, decimal_places=3)
    cost_customers = serializers.IntegerField()
    figures = FigureShape(many=True)


class ExperimentResultsShape(serializers.Serializer[Any]):
    """What the arms came to, by intention to treat, of customers whose window is over."""

    as_of = serializers.DateField(allow_null=True)
    currency = serializers.CharField()
    measured = serializers.IntegerField()
    planned = serializers.IntegerField()
    is_too_early = serializers.BooleanField()
    share_probability = serializers.FloatField(allow_null=True)
    has_wrong_shares = serializers.BooleanField()
    arms = ArmResultShape(many=True)


class CalculatorRequest(serializers.Serializer[Any]):
    """What the calculator is asked. Rates and shares in percent, the effect in points of percent."""

    base = serializers.FloatField(min_value=0.1, max_value=99.9)
    effect = serializers.FloatField(min_value=0.1, max_value=99)
    power = serializers.FloatField(min_value=50, max_value=99, default=80)
    champion = serializers.FloatField(min_value=1, max_value=99, default=50)
    arm = serializers.FloatField(min_value=1, max_value=99, default=50)
    at_once = serializers.IntegerField(min_value=0, default=0)
    a_day = serializers.IntegerField(min_value=0, default=0)
    size = serializers.IntegerField(min_value=10, required=False, allow_null=True, default=None)


class CalculatorShape(serializers.Serializer[Any]):
    """The answer; `size_…` are of the size that was asked about, shares from 0 to 1."""

    customers = serializers.IntegerField(allow_null=True)
    days = serializers.IntegerField(allow_null=True)
    size = serializers.IntegerField(allow_null=True)
    size_power = serializers.FloatField(allow_null=True)
    size_effect = serializers.FloatField(allow_null=True)
