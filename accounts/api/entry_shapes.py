"""What the API takes and gives of the ledger's entries: payments, reversals, waivers, write-offs, and their previews."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.api.shapes import AllocationShape, Amount, StateShape, allocations_out, state_out
from accounts.queries.account_page import LoadedAccount
from accounts.queries.previews import Preview
from accounts.rules.terms import COMPONENT_BY_NAME
from riskops.shared.money import plain_amount


class PaymentShape(serializers.Serializer[Any]):
    """A payment or a reversal. `is_posted` false: it waits for the close of its day."""

    payment_no = serializers.CharField()
    account_no = serializers.CharField()
    paid_on = serializers.DateField()
    amount = Amount()
    channel = serializers.CharField(allow_blank=True)
    order_no = serializers.CharField(allow_blank=True)
    sequence = serializers.IntegerField(allow_null=True)
    reverses = serializers.CharField(allow_null=True)
    is_posted = serializers.BooleanField()


class PaymentRequest(serializers.Serializer[Any]):
    """A payment to post. The reference makes it safe to send twice."""

    account_no = serializers.CharField(max_length=64, trim_whitespace=False)
    amount = Amount()
    value_date = serializers.DateField()
    reference = serializers.CharField(max_length=64, trim_whitespace=False)
    channel = serializers.CharField(max_length=64, required=False, default="", allow_blank=True)
    order_no = serializers.CharField(max_length=64, required=False, default="", allow_blank=True)
    sequence = serializers.IntegerField(required=False, default=None, allow_null=True, min_value=1)
    reason = serializers.CharField(required=False, default="", allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse half of an instalment's key."""
        if bool(attrs["order_no"]) != (attrs["sequence"] is not None):
            raise serializers.ValidationError(
                {"sequence": "order_no and sequence name an instalment together: give both or neither"}
            )
        return attrs


class ReversalRequest(serializers.Serializer[Any]):
    """A payment to undo from a day on."""

    payment_no = serializers.CharField(max_length=64, trim_whitespace=False)
    value_date = serializers.DateField()
    reference = serializers.CharField(max_length=64, trim_whitespace=False)
    reason = serializers.CharField()


class WaiverRequest(serializers.Serializer[Any]):
    """Money to give up on one part of one instalment."""

    account_no = serializers.CharField(max_length=64, trim_whitespace=False)
    order_no = serializers.CharField(max_length=64, trim_whitespace=False)
    sequence = serializers.IntegerField(min_value=1)
    component = serializers.ChoiceField(choices=list(COMPONENT_BY_NAME))
    amount = Amount()
    value_date = serializers.DateField()
    reference = serializers.CharField(max_length=64, trim_whitespace=False)
    reason = serializers.CharField()


class WaiverShape(serializers.Serializer[Any]):
    """A waiver that was made."""

    reference = serializers.CharField()
    amount = Amount()
    value_date = serializers.DateField()
    component = serializers.ChoiceField(choices=list(COMPONENT_BY_NAME))


class CancellationRequest(serializers.Serializer[Any]):
    """An instalment to take back as if it had never been."""

    account_no = serializers.CharField(max_length=64, trim_whitespace=False)
    order_no = serializers.CharField(max_length=64, trim_whitespace=False)
    sequence = serializers.IntegerField(min_value=1)
    value_date = serializers.DateField()
    reference = serializers.CharField(max_length=64, trim_whitespace=False)
    reason = serializers.CharField()


class CancellationShape(serializers.Serializer[Any]):
    """A cancellation that was made."""

    reference = serializers.CharField()
    order_no = serializers.CharField()
    sequence = serializers.IntegerField()
    value_date = serializers.DateField()


class RefundRequest(serializers.Serializer[Any]):
    """Money to pay back out of the credit balance. The reference makes it safe to send twice."""

    account_no = serializers.CharField(max_length=64, trim_whitespace=False)
    amount = Amount()
    value_date = serializers.DateField()
    reference = serializers.CharField(max_length=64, trim_whitespace=False)
    reason = serializers.CharField()


class RefundShape(serializers.Serializer[Any]):
    """A refund that was made."""

    reference = serializers.CharField()
    amount = Amount()
    value_date = serializers.DateField()


class WriteOffRequest(serializers.Serializer[Any]):
    """An account to take out of the performing book."""

    account_no = serializers.CharField(max_length=64, trim_whitespace=False)
    value_date = serializers.DateField()
    reference = serializers.CharField(max_length=64, trim_whitespace=False)
    reason = serializers.CharField()


class WriteOffShape(serializers.Serializer[Any]):
    """A write-off that was made."""

    reference = serializers.CharField()
    value_date = serializers.DateField()
    principal = Amount()


class PreviewShape(serializers.Serializer[Any]):
    """What an entry would do. `waits_for`: it counts from the close of that day only."""

    as_of = serializers.DateField()
    waits_for = serializers.DateField(allow_null=True)
    before = StateShape()
    after = StateShape()
    paid = AllocationShape(many=True)
    undone = AllocationShape(many=True)
    credit = Amount()


def preview_out(preview: Preview, loaded: LoadedAccount) -> dict[str, Any]:
    """Return a preview."""
    digits = loaded.head.minor_digits
    return {
        "as_of": preview.as_of,
        "waits_for": preview.waits_for,
        "before": state_out(preview.before, digits),
        "after": state_out(preview.after, digits),
        "paid": allocations_out(loaded, preview.paid),
        "undone": allocations_out(loaded, preview.undone),
        "credit": plain_amount(preview.credit_minor, digits=digits),
    }
