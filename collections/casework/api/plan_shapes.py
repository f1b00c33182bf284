"""What the API takes and gives of relief and plans. Amounts are in major units, as text."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.api.shapes import Amount
from casework.models import Plan, PlanAgreement, PlanEvent, ReliefTerms
from casework.plan_hooks import OfferShown
from casework.queries.plans import Offers, Paper, PlanShown
from casework.rules.plans import Suggestion
from riskops.shared.money import plain_amount

INSTRUMENTS = ReliefTerms.Instrument.values


class AffordabilityRequest(serializers.Serializer[Any]):
    """What a household has in a month."""

    account_no = serializers.CharField(max_length=64, trim_whitespace=False)
    income = Amount()
    essentials = Amount()
    other_debts = Amount()
    note = serializers.CharField(required=False, default="", allow_blank=True, max_length=2000)


class AffordabilityShape(serializers.Serializer[Any]):
    """The form as kept. `can_pay`: what a restructure may ask of it a month."""

    id = serializers.IntegerField()
    filled_on = serializers.DateField()
    left = Amount()
    can_pay = Amount()


class DueShape(serializers.Serializer[Any]):
    """One instalment of a plan."""

    due_date = serializers.DateField()
    principal = Amount()
    interest = Amount()
    fee = Amount()


class SuggestionShape(serializers.Serializer[Any]):
    """A plan that could be offered. `number` asks for it (months, of a deferral); `expected`: what is expected to come in."""

    number = serializers.IntegerField()
    monthly = Amount()
    total = Amount()
    expected = Amount()
    fits = serializers.BooleanField()
    schedule = DueShape(many=True)


class OffersShape(serializers.Serializer[Any]):
    """What could be offered to an account on the open day, ranked."""

    instrument = serializers.ChoiceField(choices=INSTRUMENTS)
    terms_version = serializers.IntegerField()
    why_not = serializers.CharField(allow_blank=True)
    owed = Amount()
    can_pay = Amount(allow_null=True)
    suggestions = SuggestionShape(many=True)


class PlanRequest(serializers.Serializer[Any]):
    """A plan to propose: in `number` instalments (months, of a deferral) or by `amount` a month."""

    account_no = serializers.CharField(max_length=64, trim_whitespace=False)
    instrument = serializers.ChoiceField(choices=INSTRUMENTS)
    covers = serializers.ChoiceField(choices=["late", "open"], default="late")
    number = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1, max_value=60)
    amount = Amount(required=False, allow_null=True, default=None)
    first_due = serializers.DateField(required=False, allow_null=True, default=None)
    affordability_id = serializers.IntegerField(required=False, allow_null=True, default=None)
    reason = serializers.CharField(max_length=2000)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a plan without its length."""
        if attrs["number"] is None and attrs["amount"] is None:
            raise serializers.ValidationError({"number": "give a number of instalments, or the amount paid a month"})
        return attrs


class PlanEventShape(serializers.Serializer[Any]):
    """A step of a plan."""

    kind = serializers.ChoiceField(choices=PlanEvent.Kind.choices)
    day = serializers.DateField()
    at = serializers.DateTimeField()
    by = serializers.CharField()
    note = serializers.CharField(allow_blank=True)


class PlanShape(serializers.Serializer[Any]):
    """A plan."""

    reference = serializers.CharField()
    account_no = serializers.CharField()
    instrument = serializers.ChoiceField(choices=INSTRUMENTS)
    terms_version = serializers.IntegerField()
    status = serializers.ChoiceField(choices=Plan.Status.choices)
    owed = Amount()
    price = Amount()
    proposed_on = serializers.DateField()
    proposed_by = serializers.CharField()
    offered_until = serializers.DateField(allow_null=True)
    signed_on = serializers.DateField(allow_null=True)
    way = serializers.CharField(allow_blank=True)
    missed_since = serializers.DateField(allow_null=True)
    periods_kept = serializers.IntegerField()
    observed_until = serializers.DateField(allow_null=True)
    ended_on = serializers.DateField(allow_null=True)


class AgreementShape(serializers.ModelSerializer[PlanAgreement]):
    """An agreement that was kept: `content_sha256` stands, shortened, on its pages; `pdf_sha256` is of the file."""

    class Meta:
        model = PlanAgreement
        fields = ["stage", "language", "dated", "content_sha256", "pdf_sha256", "size_bytes"]


class PaperShape(serializers.Serializer[Any]):
    """An agreement that was handed in as signed on paper; `sent_back_at` is null where it counts or waits."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    content_type = serializers.CharField()
    size_bytes = serializers.IntegerField()
    sha256 = serializers.CharField()
    handed_in_at = serializers.DateTimeField()
    handed_in_by = serializers.CharField(allow_blank=True)
    sent_back_at = serializers.DateTimeField(allow_null=True)
    sent_back_by = serializers.CharField(allow_blank=True)
    reason = serializers.CharField(allow_blank=True)


class OfferShape(serializers.Serializer[Any]):
    """What became of an offer: its last message, if any. `what_next`: what to do where no message tells the customer of it."""

    message = serializers.IntegerField(allow_null=True)
    channel = serializers.CharField(allow_blank=True)
    status = serializers.CharField(allow_blank=True)
    sent_at = serializers.DateTimeField(allow_null=True)
    why = serializers.CharField(allow_blank=True)
    what_next = serializers.CharField(allow_blank=True)


class PlanDetailShape(PlanShape):
    """A plan with its schedule and what happened."""

    offer = OfferShape()
    papers = PaperShape(many=True)
    agreements = AgreementShape(many=True)
    schedule = DueShape(many=True)
    events = PlanEventShape(many=True)


class PlanReason(serializers.Serializer[Any]):
    """Why a step is taken."""

    reason = serializers.CharField(max_length=2000)


class PlanComment(serializers.Serializer[Any]):
    """What goes with an approval."""

    comment = serializers.CharField(max_length=2000, required=False, default="", allow_blank=True)


class PlanSignature(serializers.Serializer[Any]):
    """The customer's consent: in the app, or on the telephone with its recording."""

    way = serializers.ChoiceField(choices=["app", "oral"])
    recording = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    kept_until = serializers.DateField(required=False, allow_null=True, default=None)


class PaperAgreement(serializers.Serializer[Any]):
    """The agreement as signed on paper."""

    file = serializers.FileField()


class ReliefTermsShape(serializers.ModelSerializer[ReliefTerms]):
    """The terms of an instrument. Amounts in minor units, as the field's name says."""

    class Meta:
        model = ReliefTerms
        exclude = ["id", "author"]


class ReliefTermsRequest(serializers.ModelSerializer[ReliefTerms]):
    """A new version over the one that was read."""

    based_on = serializers.IntegerField()
    reason = serializers.CharField(max_length=500)

    class Meta:
        model = ReliefTerms
        exclude = ["id", "instrument", "version", "author", "author_name", "made_at"]
        extra_kwargs = {name: {"required": False} for name in ("rule",)}


def due_out(due: Any, digits: int) -> dict[str, Any]:
    """Return an instalment of a plan."""
    parts = {name: plain_amount(getattr(due, f"{name}_minor"), digits=digits) for name in ("principal", "interest", "fee")}
    return {"due_date": due.due_date, **parts}


def suggestion_out(one: Suggestion, digits: int) -> dict[str, Any]:
    """Return a plan that could be offered."""
    return {
        "number": one.number,
        "monthly": plain_amount(one.monthly_minor, digits=digits),
        "total": plain_amount(one.total_minor, digits=digits),
        "expected": plain_amount(one.expected_minor, digits=digits),
        "fits": one.fits,
        "schedule": [due_out(due, digits) for due in one.dues],
    }


def offers_out(found: Offers, digits: int) -> dict[str, Any]:
    """Return what could be offered."""
    return {
        "instrument": found.chosen.terms.instrument,
        "terms_version": found.chosen.terms.version,
        "why_not": found.chosen.why_not,
        "owed": plain_amount(found.owed.total_minor, digits=digits),
        "can_pay": None if found.can_pay_minor is None else plain_amount(found.can_pay_minor, digits=digits),
        "suggestions": [suggestion_out(one, digits) for one in found.suggestions],
    }


def plan_out(plan: Plan) -> dict[str, Any]:
    """Return a plan."""
    digits = plan.account.product.minor_digits
    columns = ("reference", "status", "proposed_on", "offered_until", "signed_on", "way", "missed_since", "periods_kept")
    return {
        **{name: getattr(plan, name) for name in (*columns, "observed_until", "ended_on")},
        "account_no": plan.account.account_no,
        "instrument": plan.terms.instrument,
        "terms_version": plan.terms.version,
        "owed": plain_amount(plan.owed_minor, digits=digits),
        "price": plain_amount(plan.price_minor, digits=digits),
        "proposed_by": plan.proposed_by_name,
    }


def paper_out(paper: Paper) -> dict[str, Any]:
    """Return a paper of a plan."""
    kept = paper.file
    columns = ("id", "name", "content_type", "size_bytes", "sha256", "sent_back_at")
    return {
        **{name: getattr(kept, name) for name in columns},
        "handed_in_at": kept.added_at,
        "handed_in_by": paper.handed_in_by,
        "sent_back_by": paper.sent_back_by,
        "reason": paper.reason,
    }


def plan_detail_out(shown: PlanShown, offer: OfferShown) -> dict[str, Any]:
    """Return a plan with its schedule and what happened."""
    digits = shown.plan.account.product.minor_digits
    return {
        **plan_out(shown.plan),
        "offer": {name: getattr(offer, name) for name in ("message", "channel", "status", "sent_at", "why", "what_next")},
        "papers": [paper_out(paper) for paper in shown.papers],
        "agreements": AgreementShape(shown.agreements, many=True).data,
        "schedule": [due_out(line.due, digits) for line in shown.lines],
        "events": [
            {"kind": event.kind, "day": event.day, "at": event.at, "by": event.actor_name, "note": event.note}
            for event in shown.events
        ],
    }
