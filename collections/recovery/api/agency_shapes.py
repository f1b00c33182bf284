"""What goes over the API of agencies. Amounts are text in major units with the currency's digits, beside their currency."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from outreach.operations.calls import BY_PERSON, ENDS
from recovery.agency_rows import problems_from_kept
from recovery.models import Agency, AgencyEvaluation, AgencyFile, AgencyStatement, CommissionTerms, Placement, PlacementBatch
from recovery.operations.agencies.files import INCOMING
from recovery.operations.agencies.own import PURPOSES
from recovery.operations.agencies.recalling import BY_HAND
from recovery.queries.agencies import AgencyPage, AgencyRow
from recovery.queries.agency_scorecard import Scorecard
from recovery.queries.agency_statements import StatementPage
from recovery.queries.own_placements import OwnRow
from recovery.queries.placements import BatchPage, BoardRow
from riskops.shared.money import plain_amount


class AgencySaid(serializers.Serializer[Any]):
    """What is said of an agency. `capacity`: in major units of its currency."""

    name = serializers.CharField(max_length=200)
    licence_no = serializers.CharField(max_length=64)
    licence_valid_until = serializers.DateField()
    contract_from = serializers.DateField()
    contract_until = serializers.DateField()
    undertaking_on = serializers.DateField(required=False, allow_null=True, default=None)
    undertaking_reference = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    capacity_accounts = serializers.IntegerField(min_value=0, max_value=10_000_000)
    capacity = serializers.DecimalField(max_digits=17, decimal_places=4, min_value=0)
    placed_days = serializers.IntegerField(min_value=1, max_value=3_650, default=180)
    contact_details = serializers.ChoiceField(Agency.Details.choices, default=Agency.Details.NONE)


class AgencyRequest(AgencySaid):
    """A new agency."""

    code = serializers.CharField(max_length=32)
    currency = serializers.CharField(min_length=3, max_length=3, default="CNY")


class AgencyChange(AgencySaid):
    """A change of what is said of an agency; `revision` is the one that was seen."""

    revision = serializers.IntegerField()


class StopRequest(serializers.Serializer[Any]):
    """Suspending or ending an agency."""

    ends = serializers.BooleanField(default=False)
    recalls = serializers.BooleanField(default=False)
    reason = serializers.CharField(max_length=500)


class EvaluationRequest(serializers.Serializer[Any]):
    """An evaluation."""

    evaluated_on = serializers.DateField()
    result = serializers.ChoiceField(AgencyEvaluation.Result.choices)
    findings = serializers.CharField(max_length=2000)


class AgencyPersonRequest(serializers.Serializer[Any]):
    """A person of an agency."""

    username = serializers.CharField(max_length=150)
    trained_on = serializers.DateField()


class BandShape(serializers.Serializer[Any]):
    """A percentage for buckets of placement and days since it. `days_to` null: all days; `rate_bp`: hundredths of a percent."""

    bucket_from = serializers.IntegerField()
    bucket_to = serializers.IntegerField()
    days_to = serializers.IntegerField(allow_null=True)
    rate_bp = serializers.IntegerField()


class TermsRequest(serializers.Serializer[Any]):
    """What an agency is to be paid."""

    live_from = serializers.DateField()
    tail_days = serializers.IntegerField(default=0)
    bands = BandShape(many=True)


class AgencyReason(serializers.Serializer[Any]):
    """Why."""

    reason = serializers.CharField(max_length=500)


class AgencyOptionalReason(serializers.Serializer[Any]):
    """Why, where something is out of the ordinary."""

    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class AgencyNothing(serializers.Serializer[Any]):
    """Nothing is sent."""


class TermsShape(serializers.Serializer[Any]):
    """Commission terms."""

    version = serializers.IntegerField()
    live_from = serializers.DateField()
    tail_days = serializers.IntegerField()
    bands = BandShape(many=True)
    status = serializers.CharField()
    proposed_by_name = serializers.CharField()
    decided_by_name = serializers.CharField(allow_blank=True)


class EvaluationShape(serializers.Serializer[Any]):
    """An evaluation of an agency."""

    evaluated_on = serializers.DateField()
    result = serializers.CharField()
    findings = serializers.CharField()
    evaluated_by_name = serializers.CharField()


class AgencyPersonShape(serializers.Serializer[Any]):
    """A person of an agency. `examined_until`: null where no examination holds."""

    username = serializers.CharField()
    trained_on = serializers.DateField()
    since = serializers.DateField()
    until = serializers.DateField(allow_null=True)
    examined_until = serializers.DateField(allow_null=True)


class AgencyShape(serializers.Serializer[Any]):
    """An agency in the list. `blockers`: why nothing may be placed with it now; none: it may."""

    code = serializers.CharField()
    name = serializers.CharField()
    status = serializers.CharField()
    is_published = serializers.BooleanField()
    licence_no = serializers.CharField()
    licence_valid_until = serializers.DateField()
    contract_from = serializers.DateField()
    contract_until = serializers.DateField()
    undertaking_on = serializers.DateField(allow_null=True)
    evaluation_due = serializers.DateField(allow_null=True)
    evaluation = serializers.CharField()
    blockers = serializers.ListField(child=serializers.CharField())
    fit_people = serializers.IntegerField()
    currency = serializers.CharField()
    capacity_accounts = serializers.IntegerField()
    capacity = serializers.CharField()
    accounts = serializers.IntegerField()
    amount = serializers.CharField()
    revision = serializers.IntegerField()


class AgencyPageShape(AgencyShape):
    """One agency."""

    evaluations = EvaluationShape(many=True)
    people = AgencyPersonShape(many=True)
    terms = TermsShape(many=True)


def agency_out(row: AgencyRow) -> dict[str, Any]:
    """Return an agency as the API gives it."""
    agency, standing = row.agency, row.standing
    names = (
        *("code", "name", "status", "licence_no", "licence_valid_until", "contract_from", "contract_until", "undertaking_on"),
        *("currency", "capacity_accounts", "revision"),
    )
    return {
        **{name: getattr(agency, name) for name in names},
        "is_published": row.is_published,
        "evaluation_due": standing.evaluation_due,
        "evaluation": str(standing.evaluation),
        "blockers": [str(blocker) for blocker in standing.blockers],
        "fit_people": standing.fit_people,
        "capacity": plain_amount(agency.capacity_minor, digits=agency.minor_digits),
        "accounts": row.accounts,
        "amount": plain_amount(row.amount_minor, digits=agency.minor_digits),
    }


def agency_page_out(page: AgencyPage) -> dict[str, Any]:
    """Return one agency as the API gives it."""
    return {
        **agency_out(page.row),
        "evaluations": EvaluationShape(page.evaluations, many=True).data,
        "people": [
            {
                "username": row.username,
                "trained_on": row.person.trained_on,
                "since": row.person.since,
                "until": row.person.until,
                "examined_until": row.examined_until,
            }
            for row in page.people
        ],
        "terms": [terms_out(terms) for terms in page.terms],
    }


def terms_out(terms: CommissionTerms) -> dict[str, Any]:
    """Return commission terms as the API gives them."""
    return dict(TermsShape(terms).data)


# Placement --------------------------------------------------------------------------------------------------------


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


# Commission -------------------------------------------------------------------------------------------------------


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


# Files, scorecard, access ---------------------------------------------------------------------------------------------


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


# What people of an agency see -----------------------------------------------------------------------------------------


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
