"""What goes over the API of agencies, their people and terms. Amounts are text in major units, beside their currency."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from recovery.models import Agency, AgencyEvaluation, CommissionTerms
from recovery.queries.agencies import AgencyPage, AgencyRow
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
    """An agency in the list. `blockers`: why nothing may be placed with it now; none: it may. `accounts` and `amount` are of the
    whole book: null for who sees a part of it.
    """

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
    accounts = serializers.IntegerField(allow_null=True)
    amount = serializers.CharField(allow_null=True)
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
        "accounts": row.accounts if row.shows_held else None,
        "amount": plain_amount(row.amount_minor, digits=agency.minor_digits) if row.shows_held else None,
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
