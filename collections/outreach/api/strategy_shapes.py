"""What the API says of strategies and of accounts on their ladders."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from outreach.api.versions import COMMON, READ_ONLY
from outreach.models import Message, Strategy
from outreach.rules.ladders import Anchor


class StrategyShape(serializers.ModelSerializer[Strategy]):
    """One version of a strategy. `steps` is its ladder (docs/strategy.md says which fields a step has); `dry_run` what the last
    dry run found, `dry_run_revision` of which revision.
    """

    class Meta:
        model = Strategy
        fields = ("code", *COMMON, *Strategy.SAID, "dry_run", "dry_run_revision")
        read_only_fields = ("code", *READ_ONLY, "dry_run", "dry_run_revision")

    products = serializers.ListField(child=serializers.CharField(max_length=64), required=False)
    steps = serializers.JSONField(required=False)
    revision = serializers.IntegerField(min_value=1, help_text="that of the draft which was read; a later one is refused")


class DraftStrategyRequest(serializers.Serializer[Any]):
    """Which strategy to copy, and the code of the new one where it is not the next version of the same."""

    copy_of = serializers.CharField(max_length=32)
    code = serializers.CharField(max_length=32, required=False, default="")
    note = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class PlannedShape(serializers.ModelSerializer[Message]):
    """A message that a step planned. `reason`: why it was stopped, the rule's id or `overtaken`."""

    class Meta:
        model = Message
        fields = (
            *("step", "channel", "purpose", "episode", "planned_on", "expires_on", "template_code"),
            *("status", "reason", "due_at"),
        )
        read_only_fields = fields


class ComingStepShape(serializers.Serializer[Any]):
    """A step with its day."""

    code = serializers.CharField()
    act = serializers.CharField()
    day = serializers.DateField()


class LadderLineShape(serializers.Serializer[Any]):
    """One line of the ladder for one account: `due` on the day asked about, `coming` next, what was `planned` in the episode."""

    anchor = serializers.ChoiceField([str(anchor) for anchor in Anchor])
    episode = serializers.DateField()
    due = ComingStepShape(allow_null=True)
    coming = ComingStepShape(allow_null=True)
    planned = PlannedShape(many=True)


class LadderStandShape(serializers.Serializer[Any]):
    """Where an account stands on the ladder of its strategy; `strategy` null where none holds for its product."""

    account_no = serializers.CharField()
    day = serializers.DateField(allow_null=True)
    strategy = serializers.CharField(allow_null=True)
    lines = LadderLineShape(many=True)
