"""What goes over the API of placements: batches, the board, recalls."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from recovery.models import Placement, PlacementBatch
from recovery.operations.agencies.recalling import BY_HAND
from recovery.queries.placements import BatchPage, BoardRow
from riskops.shared.money import plain_amount


class BatchRequest(serializers.Serializer[Any]):
    """Whom to place, and with whom. `weights`: by the agency's code."""

    rule = serializers.CharField(max_length=4_000)
    weights = serializers.DictField(child=serializers.IntegerField(min_value=1, max_value=1_000))
    seed = serializers.IntegerField(min_value=0, max_value=2**32 - 1, required=False, allow_null=True, default=None)


class BatchShareShape(serializers.Serializer[Any]):
    """What an agency gets of a batch."""

    code = serializers.CharField()
    weight = serializers.IntegerField()
    accounts = serializers.IntegerField()
    amount = serializers.CharField()


class BatchLevelShape(serializers.Serializer[Any]):
    """One level of a stratum variable, with its accounts by agency and the largest standardised difference between two."""

    variable = serializers.CharField()
    level = serializers.CharField()
    accounts = serializers.ListField(child=serializers.IntegerField())
    difference = serializers.FloatField()


class BatchShape(serializers.Serializer[Any]):
    """A placement batch. `largest_difference`: the largest standardised difference of any stratum variable."""

    id = serializers.IntegerField()
    status = serializers.CharField()
    rule = serializers.CharField()
    seed = serializers.IntegerField()
    as_of = serializers.DateField()
    currency = serializers.CharField()
    accounts = serializers.IntegerField()
    amount = serializers.CharField()
    left_out = serializers.IntegerField()
    largest_difference = serializers.FloatField()
    drafted_by_name = serializers.CharField()
    approved_by_name = serializers.CharField(allow_blank=True)
    placed_on = serializers.DateField(allow_null=True)
    shares = BatchShareShape(many=True)
    levels = BatchLevelShape(many=True)


def batch_out(page: BatchPage) -> dict[str, Any]:
    """Return a batch as the API gives it."""
    batch = page.batch
    names = ("id", "status", "rule", "seed", "as_of", "currency", "accounts", "drafted_by_name", "approved_by_name", "placed_on")
    return {
        **{name: getattr(batch, name) for name in names},
        "amount": plain_amount(batch.amount_minor, digits=batch.minor_digits),
        "left_out": page.left_out,
        "largest_difference": page.largest,
        "shares": [
            {
                "code": share.code,
                "weight": share.weight,
                "accounts": share.accounts,
                "amount": plain_amount(share.amount_minor, digits=batch.minor_digits),
            }
            for share in page.shares
        ],
        "levels": [
            {
                "variable": one["variable"],
                "level": one["level"],
                "accounts": one["accounts"],
                "difference": one["difference_e4"] / 10_000,
            }
            for one in batch.outcome.get("levels", [])
        ],
    }


class BatchLineShape(serializers.Serializer[Any]):
    """A batch in the list."""

    id = serializers.IntegerField()
    status = serializers.CharField()
    rule = serializers.CharField()
    as_of = serializers.DateField()
    accounts = serializers.IntegerField()
    placed_on = serializers.DateField(allow_null=True)


def batch_line_out(batch: PlacementBatch) -> dict[str, Any]:
    """Return a batch of the list."""
    return dict(BatchLineShape(batch).data)


class RecallRequest(serializers.Serializer[Any]):
    """A recall by hand."""

    reason = serializers.ChoiceField([str(one) for one in BY_HAND])
    note = serializers.CharField(max_length=500)


class PlacementShape(serializers.Serializer[Any]):
    """An account with an agency. `placed_amount`: owed when it was placed; `amount`: owed now."""

    account_no = serializers.CharField()
    agency = serializers.CharField()
    batch = serializers.IntegerField()
    placed_on = serializers.DateField()
    placed_amount = serializers.CharField()
    amount = serializers.CharField()
    currency = serializers.CharField()
    bucket = serializers.IntegerField()
    recalled_on = serializers.DateField(allow_null=True)
    recall_reason = serializers.CharField(allow_blank=True)
    tail_until = serializers.DateField(allow_null=True)


class BoardShape(serializers.Serializer[Any]):
    """A page of placements. `next_after`: the mark of the next page, empty on the last."""

    rows = PlacementShape(many=True)
    next_after = serializers.CharField(allow_blank=True)


def placement_out(row: BoardRow) -> dict[str, Any]:
    """Return a placement as the API gives it."""
    return _placement_out(row.placement, row.owed_minor)


def _placement_out(placement: Placement, owed_minor: int) -> dict[str, Any]:
    digits = placement.agency.minor_digits
    return {
        "account_no": placement.account.account_no,
        "agency": placement.agency.code,
        "batch": placement.batch_id,
        "placed_on": placement.placed_on,
        "placed_amount": plain_amount(placement.amount_minor, digits=digits),
        "amount": plain_amount(owed_minor, digits=digits),
        "currency": placement.agency.currency,
        "bucket": placement.bucket,
        "recalled_on": placement.recalled_on,
        "recall_reason": placement.recall_reason,
        "tail_until": placement.tail_until,
    }
