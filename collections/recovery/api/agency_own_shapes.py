"""What people of an agency see and send over the API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from outreach.operations.calls import BY_PERSON, ENDS
from recovery.models import Agency
from recovery.operations.agencies.own import PURPOSES
from recovery.queries.own_placements import OwnRow
from riskops.shared.money import plain_amount


class OwnAccountShape(serializers.Serializer[Any]):
    """An account placed with one's own agency, masked."""

    account_no = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    phone = serializers.CharField(allow_blank=True)
    days_past_due = serializers.IntegerField()
    bucket = serializers.IntegerField()
    amount = serializers.CharField()
    currency = serializers.CharField()
    placed_on = serializers.DateField()


class OwnAccountsShape(serializers.Serializer[Any]):
    """A page of them. `next_after`: the mark of the next page, empty on the last."""

    rows = OwnAccountShape(many=True)
    next_after = serializers.CharField(allow_blank=True)


class OwnCallRequest(serializers.Serializer[Any]):
    """A call or visit that is asked for. `key`: sent again, it is the same call."""

    key = serializers.CharField(max_length=32)
    channel = serializers.ChoiceField([str(channel) for channel in BY_PERSON])
    purpose = serializers.ChoiceField([str(purpose) for purpose in PURPOSES])


class OwnEndRequest(serializers.Serializer[Any]):
    """How a call or visit ended."""

    outcome = serializers.ChoiceField([str(end) for end in ENDS])
    note = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class OwnAnswerShape(serializers.Serializer[Any]):
    """What the gate answers. `contact`: null where it may not be made now; `reason` says why."""

    is_allowed = serializers.BooleanField()
    contact = serializers.IntegerField(allow_null=True)
    rule = serializers.CharField(allow_blank=True)
    reason = serializers.CharField(allow_blank=True)


class OwnNumberShape(serializers.Serializer[Any]):
    """The number of a call that was let through."""

    number = serializers.CharField()


class OwnContactShape(serializers.Serializer[Any]):
    """A contact that one made."""

    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    channel = serializers.CharField()
    outcome = serializers.CharField()


def own_out(row: OwnRow, agency: Agency) -> dict[str, Any]:
    """Return a placed account as its agency sees it."""
    names = ("account_no", "name", "phone", "days_past_due", "bucket", "placed_on")
    amount = plain_amount(row.owed_minor, digits=agency.minor_digits)
    return {**{name: getattr(row, name) for name in names}, "amount": amount, "currency": agency.currency}
