"""What goes over the API of commission, files, access and scorecards."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from recovery.agency_rows import problems_from_kept
from recovery.models import AgencyFile, AgencyStatement
from recovery.operations.agencies.files import INCOMING
from recovery.queries.agency_scorecard import Scorecard
from recovery.queries.agency_statements import StatementPage
from riskops.shared.money import plain_amount


class StatementRequest(serializers.Serializer[Any]):
    """The month of a statement: its first day."""

    month = serializers.DateField()


class CommissionLineShape(serializers.Serializer[Any]):
    """What a payment earned, or what its reversal takes back."""

    account_no = serializers.CharField()
    payment_no = serializers.CharField()
    value_date = serializers.DateField()
    paid = serializers.CharField()
    rate_bp = serializers.IntegerField()
    commission = serializers.CharField()
    is_tail = serializers.BooleanField()


class StatementShape(serializers.Serializer[Any]):
    """A commission statement."""

    id = serializers.IntegerField()
    agency = serializers.CharField()
    month = serializers.DateField()
    status = serializers.CharField()
    currency = serializers.CharField()
    lines_count = serializers.IntegerField()
    paid = serializers.CharField()
    commission = serializers.CharField()


class StatementPageShape(StatementShape):
    """One statement with its lines. `recomputed`: what payments, placements and terms give, worked out anew."""

    recomputed = serializers.CharField()
    lines = CommissionLineShape(many=True)


def statement_out(row: AgencyStatement) -> dict[str, Any]:
    """Return a statement of the list."""
    digits = row.agency.minor_digits
    return {
        "id": row.pk,
        "agency": row.agency.code,
        "month": row.month,
        "status": row.status,
        "currency": row.agency.currency,
        "lines_count": row.lines_count,
        "paid": plain_amount(row.base_minor, digits=digits),
        "commission": plain_amount(row.total_minor, digits=digits),
    }


def statement_page_out(page: StatementPage) -> dict[str, Any]:
    """Return one statement."""
    digits = page.agency.minor_digits
    return {
        **statement_out(page.statement),
        "recomputed": plain_amount(page.recomputed_minor, digits=digits),
        "lines": [
            {
                "account_no": line.payment.account.account_no,
                "payment_no": line.payment.payment_no,
                "value_date": line.value_date,
                "paid": plain_amount(line.base_minor, digits=digits),
                "rate_bp": line.rate_bp,
                "commission": plain_amount(line.commission_minor, digits=digits),
                "is_tail": line.is_tail,
            }
            for line in page.lines
        ],
    }


class AgencyFileRequest(serializers.Serializer[Any]):
    """A file of an agency; its content as text."""

    kind = serializers.ChoiceField([str(kind) for kind in INCOMING])
    name = serializers.CharField(max_length=255)
    content = serializers.CharField(max_length=10 * 1024 * 1024, trim_whitespace=False)


class FileProblemShape(serializers.Serializer[Any]):
    """What is wrong with a row; nothing of the file is loaded."""

    line = serializers.IntegerField()
    column = serializers.CharField(allow_blank=True)
    code = serializers.CharField()
    value = serializers.CharField(allow_blank=True)
    message = serializers.CharField()


class AgencyFileShape(serializers.Serializer[Any]):
    """A file that was exchanged. `result`: what a reconciliation or the judging of contacts found; amounts in minor units."""

    id = serializers.IntegerField()
    kind = serializers.CharField()
    name = serializers.CharField()
    status = serializers.CharField()
    rows = serializers.IntegerField()
    at = serializers.DateTimeField()
    sent_by_name = serializers.CharField()
    result = serializers.DictField()
    problems = FileProblemShape(many=True)


class PlacementFileShape(AgencyFileShape):
    """The placement file of an agency; its text is given once."""

    content = serializers.CharField()


def file_out(row: AgencyFile) -> dict[str, Any]:
    """Return a file as the API gives it."""
    names = ("id", "kind", "name", "status", "rows", "at", "sent_by_name", "result")
    problems = [
        {"line": p.line, "column": p.column, "code": p.code, "value": p.value, "message": p.message}
        for p in problems_from_kept(row.problems)
    ]
    return {**{name: getattr(row, name) for name in names}, "problems": problems}


class AccessShape(serializers.Serializer[Any]):
    """Somebody of an agency saw something of an account."""

    at = serializers.DateTimeField()
    user_name = serializers.CharField()
    what = serializers.CharField()
    account_no = serializers.CharField(source="account.account_no")


class AccessPageShape(serializers.Serializer[Any]):
    """A page of looks. `next_after`: the mark of the next page, empty on the last."""

    rows = AccessShape(many=True)
    next_after = serializers.CharField(allow_blank=True)


class CohortShape(serializers.Serializer[Any]):
    """What was placed in a month, and what was collected of it by months after, summed up."""

    month = serializers.DateField()
    accounts = serializers.IntegerField()
    recalled = serializers.IntegerField()
    placed = serializers.CharField()
    collected = serializers.ListField(child=serializers.CharField())


class ScorecardShape(serializers.Serializer[Any]):
    """How an agency does. `contacts` and `violations` are of the days from `first` to `last`."""

    agency = serializers.CharField()
    currency = serializers.CharField()
    cohorts = CohortShape(many=True)
    complaints = serializers.IntegerField()
    first = serializers.DateField()
    last = serializers.DateField()
    accounts = serializers.IntegerField()
    contacts = serializers.IntegerField()
    contacts_per_account = serializers.CharField()
    violations = serializers.IntegerField()
    by_rule = serializers.DictField(child=serializers.IntegerField())


def scorecard_out(card: Scorecard) -> dict[str, Any]:
    """Return a scorecard as the API gives it."""
    digits = card.agency.minor_digits
    return {
        "agency": card.agency.code,
        "currency": card.agency.currency,
        "cohorts": [
            {
                "month": cohort.month,
                "accounts": cohort.accounts,
                "recalled": cohort.recalled,
                "placed": plain_amount(cohort.placed_minor, digits=digits),
                "collected": [plain_amount(collected, digits=digits) for collected in cohort.collected_minor],
            }
            for cohort in card.cohorts
        ],
        "complaints": card.complaints,
        "first": card.first,
        "last": card.last,
        "accounts": card.accounts,
        "contacts": card.contacts,
        "contacts_per_account": card.contacts_per_account,
        "violations": card.violations,
        "by_rule": dict(card.by_rule),
    }
