"""What the API says and takes of disputes, their kinds and their letters."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.rules.terms import Component
from casework.models import Dispute
from casework.models.disputes import (
    CORRECTION_CHOICES,
    DEMAND_CHOICES,
    LANE_CHOICES,
    OUTCOME_CHOICES,
    PENALTY_CHOICES,
    REACH_CHOICES,
)
from casework.operations.disputes.opening import LONGEST_TEXT

COMPONENTS = [component.name.lower() for component in Component]


def _values(choices: Any) -> list[str]:
    return [value for value, _label in choices]


class DisputeKindShape(serializers.Serializer[Any]):
    """A kind of dispute with its figures. `source` says where the days to answer come from."""

    code = serializers.CharField()
    name_en = serializers.CharField()
    name_zh = serializers.CharField()
    is_active = serializers.BooleanField()
    lane = serializers.ChoiceField(choices=_values(LANE_CHOICES))
    answer_days = serializers.IntegerField()
    source = serializers.CharField()
    reach = serializers.ChoiceField(choices=_values(REACH_CHOICES))
    penalty = serializers.ChoiceField(choices=_values(PENALTY_CHOICES))
    demands = serializers.ChoiceField(choices=_values(DEMAND_CHOICES))
    holds_restrictions = serializers.BooleanField()


class DisputeKindRequest(serializers.Serializer[Any]):
    """A kind as it is to be; what is left out stays as it is."""

    name_en = serializers.CharField(max_length=120, required=False)
    name_zh = serializers.CharField(max_length=120, required=False)
    is_active = serializers.BooleanField(required=False)
    lane = serializers.ChoiceField(choices=_values(LANE_CHOICES), required=False)
    answer_days = serializers.IntegerField(min_value=1, max_value=365, required=False)
    source = serializers.CharField(max_length=200, required=False)
    reach = serializers.ChoiceField(choices=_values(REACH_CHOICES), required=False)
    penalty = serializers.ChoiceField(choices=_values(PENALTY_CHOICES), required=False)
    demands = serializers.ChoiceField(choices=_values(DEMAND_CHOICES), required=False)
    holds_restrictions = serializers.BooleanField(required=False)


class ReplyTemplateShape(serializers.Serializer[Any]):
    """What letters of an outcome say around the answer."""

    outcome = serializers.ChoiceField(choices=_values(OUTCOME_CHOICES))
    text_en = serializers.CharField()
    text_zh = serializers.CharField()


class ReplyTemplateRequest(serializers.Serializer[Any]):
    """Both texts; `{answer}` must stand in each."""

    text_en = serializers.CharField(max_length=LONGEST_TEXT)
    text_zh = serializers.CharField(max_length=LONGEST_TEXT)


class DisputeShape(serializers.Serializer[Any]):
    """A dispute. Amounts as decimals in `currency`; `version` goes with every change."""

    id = serializers.IntegerField()
    reference = serializers.CharField()
    account_no = serializers.CharField()
    customer_no = serializers.CharField()
    kind = serializers.CharField()
    lane = serializers.ChoiceField(choices=_values(LANE_CHOICES))
    came_by = serializers.ChoiceField(choices=Dispute.CameBy.values)
    claim = serializers.CharField()
    order_no = serializers.CharField(allow_blank=True)
    amount = serializers.CharField(allow_null=True)
    currency = serializers.CharField()
    received_on = serializers.DateField()
    answer_by = serializers.DateField()
    days_left = serializers.IntegerField(help_text="below zero: late by so many days")
    status = serializers.ChoiceField(choices=Dispute.Status.values)
    version = serializers.IntegerField()
    assigned_to = serializers.CharField(allow_blank=True)
    team = serializers.CharField(allow_blank=True)
    outcome = serializers.CharField(allow_blank=True)
    concluded_by = serializers.CharField(allow_blank=True)
    approved_by = serializers.CharField(allow_blank=True)
    closed_on = serializers.DateField(allow_null=True)


class DisputePageShape(serializers.Serializer[Any]):
    """A page of disputes. `next` is the `after` of the next page, empty on the last one."""

    results = DisputeShape(many=True)
    next = serializers.CharField(allow_blank=True)


class DisputeCorrectionShape(serializers.Serializer[Any]):
    """What of the ledger is put right; `entry` is its reference in the ledger once it is done."""

    id = serializers.IntegerField()
    what = serializers.ChoiceField(choices=_values(CORRECTION_CHOICES))
    order_no = serializers.CharField(allow_blank=True)
    sequence = serializers.IntegerField(allow_null=True)
    component = serializers.ChoiceField(choices=COMPONENTS, allow_null=True)
    payment_no = serializers.CharField(allow_blank=True)
    amount = serializers.CharField(allow_null=True)
    entry = serializers.CharField(allow_blank=True)
    done_on = serializers.DateField(allow_null=True)


class DisputeFileShape(serializers.Serializer[Any]):
    """A file of evidence."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    content_type = serializers.CharField()
    size_bytes = serializers.IntegerField()
    sha256 = serializers.CharField()
    added_by = serializers.CharField()
    added_at = serializers.DateTimeField()


class DisputeLetterShape(serializers.Serializer[Any]):
    """The letter as it was sent, in both languages; `delivery` says what became of it."""

    dated = serializers.DateField()
    text_en = serializers.CharField()
    text_zh = serializers.CharField()
    delivery = serializers.CharField(allow_blank=True)


class CorrectedShape(serializers.Serializer[Any]):
    """What the account would come to on the open day with the planned corrections; null where none is planned."""

    overdue = serializers.CharField()
    owed = serializers.CharField()
    credit = serializers.CharField(help_text="below zero: less comes free than is to be refunded")


class DisputeDetailShape(DisputeShape):
    """A dispute with all that stands on it. `penalty_since` is what its outcome would give up of penalty today."""

    finding = serializers.CharField(allow_blank=True)
    root_cause = serializers.CharField(allow_blank=True)
    cause_kind = serializers.CharField(allow_blank=True)
    cause_id = serializers.IntegerField(allow_null=True)
    answer_en = serializers.CharField(allow_blank=True)
    answer_zh = serializers.CharField(allow_blank=True)
    sent_back_why = serializers.CharField(allow_blank=True)
    penalty_since = serializers.CharField()
    is_penalty_waived = serializers.BooleanField()
    corrections = DisputeCorrectionShape(many=True)
    corrected = CorrectedShape(allow_null=True)
    files = DisputeFileShape(many=True)
    letter = DisputeLetterShape(allow_null=True)


class OpenDisputeRequest(serializers.Serializer[Any]):
    """What the customer says. The same reference with the very same content again is answered with the dispute there is."""

    account_no = serializers.CharField(max_length=64)
    reference = serializers.CharField(max_length=64)
    kind = serializers.CharField(max_length=40)
    came_by = serializers.CharField(max_length=9)
    claim = serializers.CharField(max_length=LONGEST_TEXT)
    order_no = serializers.CharField(max_length=64, required=False, allow_blank=True, default="")
    amount = serializers.CharField(max_length=20, required=False, allow_null=True, default=None)
    received_on = serializers.DateField(required=False, allow_null=True, default=None)


class AssignDisputeRequest(serializers.Serializer[Any]):
    """A user name, "" for nobody; a team by its number, null for none."""

    assigned_to = serializers.CharField(max_length=150, allow_blank=True)
    team = serializers.IntegerField(allow_null=True, required=False, default=None)


class EvidenceRequest(serializers.Serializer[Any]):
    """One file."""

    file = serializers.FileField()


class CorrectionRequest(serializers.Serializer[Any]):
    """One correction; what its kind does not use is left out."""

    version = serializers.IntegerField(min_value=1)
    what = serializers.CharField(max_length=18)
    order_no = serializers.CharField(max_length=64, required=False, default="")
    sequence = serializers.IntegerField(min_value=1, required=False, allow_null=True, default=None)
    component = serializers.ChoiceField(choices=COMPONENTS, required=False, allow_null=True, default=None)
    payment_no = serializers.CharField(max_length=64, required=False, default="")
    amount = serializers.CharField(max_length=20, required=False, allow_null=True, default=None)


class DisputeVersionRequest(serializers.Serializer[Any]):
    """The version that was looked at."""

    version = serializers.IntegerField(min_value=1)


class ConclusionRequest(DisputeVersionRequest):
    """What came of it. `outcome` may be sent empty, and is refused then: a dispute is not closed without one."""

    outcome = serializers.CharField(max_length=8, allow_blank=True)
    finding = serializers.CharField(max_length=LONGEST_TEXT, allow_blank=True)
    root_cause = serializers.CharField(max_length=11, allow_blank=True)
    cause_kind = serializers.CharField(max_length=16, required=False, allow_blank=True, default="")
    cause_id = serializers.IntegerField(required=False, allow_null=True, default=None)
    answer_en = serializers.CharField(max_length=LONGEST_TEXT, allow_blank=True)
    answer_zh = serializers.CharField(max_length=LONGEST_TEXT, allow_blank=True)


class ReplyPreviewRequest(serializers.Serializer[Any]):
    """An outcome and the answers, to see the letter as it would be sent."""

    outcome = serializers.ChoiceField(choices=_values(OUTCOME_CHOICES))
    answer_en = serializers.CharField(max_length=LONGEST_TEXT)
    answer_zh = serializers.CharField(max_length=LONGEST_TEXT)


class ReplyPreviewShape(serializers.Serializer[Any]):
    """The letter in both languages."""

    text_en = serializers.CharField()
    text_zh = serializers.CharField()


class SendBackRequest(DisputeVersionRequest):
    """Why an outcome is sent back."""

    reason = serializers.CharField(max_length=500, allow_blank=True)


class DisputeRefusalShape(serializers.Serializer[Any]):
    """What was not done and why."""

    code = serializers.CharField()
    about = serializers.CharField(allow_blank=True)
    detail = serializers.CharField()
