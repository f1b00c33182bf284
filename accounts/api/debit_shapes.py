"""What the API gives and takes about mandates and debits. Amounts are decimal strings; instruments are masked."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.debit_wording import refusal_text
from accounts.models import DebitFile, DebitInstruction, DebitMandate, DebitNotice, DebitResult, DebitTry
from riskops.shared.money import plain_amount


class MandateRequest(serializers.Serializer[Any]):
    """A customer's leave to take money. `instrument` is kept encrypted and never given back."""

    reference = serializers.CharField(max_length=64)
    instrument = serializers.CharField(max_length=60)
    holder = serializers.CharField(max_length=100, default="", allow_blank=True)
    most = serializers.CharField(max_length=24, help_text="what a single debit may take at most")
    valid_from = serializers.DateField()
    valid_until = serializers.DateField(default=None, allow_null=True)
    evidence = serializers.CharField(max_length=200)


class MandateShape(serializers.Serializer[Any]):
    """A mandate."""

    id = serializers.IntegerField()
    reference = serializers.CharField()
    account_no = serializers.CharField()
    instrument = serializers.CharField(help_text="all but its last four characters hidden")
    most = serializers.CharField()
    valid_from = serializers.DateField()
    valid_until = serializers.DateField(allow_null=True)
    evidence = serializers.CharField()
    revoked_on = serializers.DateField(allow_null=True)
    revoked_why = serializers.CharField(allow_blank=True)


class DebitRequest(serializers.Serializer[Any]):
    """An order to take an amount on a day. The same reference twice counts once."""

    mandate = serializers.IntegerField()
    reference = serializers.CharField(max_length=40)
    amount = serializers.CharField(max_length=24)
    debit_on = serializers.DateField()
    reason = serializers.CharField(max_length=500, default="", allow_blank=True)


class DebitReason(serializers.Serializer[Any]):
    """Why it is revoked or cancelled."""

    reason = serializers.CharField(max_length=500)


class TryShape(serializers.Serializer[Any]):
    """One try; `key` is the provider's idempotency key and the number of the payment."""

    number = serializers.IntegerField()
    key = serializers.CharField()
    day = serializers.DateField()
    amount = serializers.CharField()
    status = serializers.ChoiceField(DebitTry.Status.choices)
    result_on = serializers.DateField(allow_null=True)
    reason_code = serializers.CharField(allow_blank=True)


class DebitNoticeShape(serializers.ModelSerializer[DebitNotice]):
    """What the customer is told."""

    class Meta:
        model = DebitNotice
        fields = ("kind", "status", "dated", "text_en", "text_zh", "sent_at", "failures", "failure", "retry_at")


class DebitShape(serializers.Serializer[Any]):
    """A debit with its tries and notices."""

    id = serializers.IntegerField()
    reference = serializers.CharField()
    account_no = serializers.CharField()
    mandate = serializers.CharField()
    amount = serializers.CharField()
    currency = serializers.CharField()
    debit_on = serializers.DateField()
    next_on = serializers.DateField(allow_null=True)
    status = serializers.ChoiceField(DebitInstruction.Status.choices)
    waits_for = serializers.CharField(allow_blank=True)
    ended_why = serializers.CharField(allow_blank=True)
    most_tries = serializers.IntegerField()
    tries = TryShape(many=True)
    notices = DebitNoticeShape(many=True)


class DebitPageShape(serializers.Serializer[Any]):
    """A page of debits, newest first."""

    results = DebitShape(many=True)
    next = serializers.IntegerField(allow_null=True, help_text="`before` of the next page")


class AccountDebitsShape(serializers.Serializer[Any]):
    """What may be taken of an account, by one more debit on the first day its notice allows, and its latest debits."""

    earliest = serializers.DateField()
    notice_days = serializers.IntegerField()
    due = serializers.CharField()
    ordered = serializers.CharField()
    takeable = serializers.CharField()
    full_repayment_demanded = serializers.BooleanField()
    held_by = serializers.CharField(allow_blank=True, help_text="the signal that stops every debit")
    debits = DebitShape(many=True)


class SendRequest(serializers.Serializer[Any]):
    """The day whose debits are handed over: the open one."""

    day = serializers.DateField()


class DebitFileShape(serializers.ModelSerializer[DebitFile]):
    """A file of debits to the provider. `total_minor`: minor units by currency."""

    class Meta:
        model = DebitFile
        fields = ("id", "day", "rows", "total_minor", "made_by_name", "made_at")


class SentShape(serializers.Serializer[Any]):
    """What became of the day's debits; `file` is null where nothing could be handed over, though some ended."""

    file = DebitFileShape(allow_null=True)
    stopped = serializers.IntegerField()
    waiting = serializers.IntegerField()


class ResultsUpload(serializers.Serializer[Any]):
    """A file of results: CSV with the columns key, outcome, amount, result_on, reason_code."""

    file = serializers.FileField()


class ResultFileShape(serializers.Serializer[Any]):
    """A file of results, and how many of its lines are in which state."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    rows = serializers.IntegerField()
    applied = serializers.IntegerField()
    repeated = serializers.IntegerField()
    refused = serializers.IntegerField()
    waiting = serializers.IntegerField()
    received_by_name = serializers.CharField()
    received_at = serializers.DateTimeField()


class ResultLineShape(serializers.Serializer[Any]):
    """A line of results, and what was made of it."""

    line = serializers.IntegerField()
    key = serializers.CharField()
    outcome = serializers.ChoiceField(DebitResult.Outcome.choices)
    result_on = serializers.DateField()
    reason_code = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(DebitResult.Status.choices)
    refusal = serializers.CharField(allow_blank=True)
    detail = serializers.CharField(allow_blank=True)


class ResultFileDetailShape(ResultFileShape):
    """A file of results with lines of it, two hundred at most; `next`: `after` of the next page."""

    lines = ResultLineShape(many=True)
    next = serializers.IntegerField(allow_null=True)


def mandate_out(mandate: DebitMandate) -> dict[str, Any]:
    """Return a mandate, its instrument masked."""
    return {
        "id": mandate.pk,
        "reference": mandate.reference,
        "account_no": mandate.account.account_no,
        "instrument": mandate.masked_instrument,
        "most": plain_amount(mandate.most_minor, digits=mandate.account.product.minor_digits),
        "valid_from": mandate.valid_from,
        "valid_until": mandate.valid_until,
        "evidence": mandate.evidence,
        "revoked_on": mandate.revoked_on,
        "revoked_why": mandate.revoked_why,
    }


def debit_out(debit: DebitInstruction) -> dict[str, Any]:
    """Return a debit read with its mandate, account, tries and notices."""
    product = debit.account.product
    return {
        "id": debit.pk,
        "reference": debit.reference,
        "account_no": debit.account.account_no,
        "mandate": debit.mandate.reference,
        "amount": plain_amount(debit.amount_minor, digits=product.minor_digits),
        "currency": product.currency,
        "debit_on": debit.debit_on,
        "next_on": debit.next_on,
        "status": debit.status,
        "waits_for": debit.said,
        "ended_why": debit.ended_why,
        "most_tries": debit.most_tries,
        "tries": [
            {
                "number": one.number,
                "key": one.key,
                "day": one.day,
                "amount": plain_amount(one.amount_minor, digits=product.minor_digits),
                "status": one.status,
                "result_on": one.result_on,
                "reason_code": one.reason_code,
            }
            for one in debit.all_tries.all()
        ],
        "notices": DebitNoticeShape(debit.notices.all(), many=True).data,
    }


def line_out(line: DebitResult) -> dict[str, Any]:
    """Return a line of results."""
    return {
        "line": line.line,
        "key": line.key,
        "outcome": line.outcome,
        "result_on": line.result_on,
        "reason_code": line.reason_code,
        "status": line.status,
        "refusal": line.refusal,
        "detail": refusal_text(line),
    }
