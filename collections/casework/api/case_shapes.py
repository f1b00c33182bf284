"""What the API of cases and promises takes and gives. Amounts are decimals in the account's currency, as text."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from casework.api.worklist_shapes import lacks
from casework.models import (
    Case,
    CaseContact,
    CaseCost,
    CaseFigures,
    CasePrompt,
    LatenessReason,
    NextAction,
    OutcomeCode,
    Promise,
    PromiseTerms,
)
from casework.operations.cases.settings import FIGURES, OUTCOME_FIELDS, PROMPT_FIELDS, REASON_FIELDS, TERMS
from casework.operations.cases.working_on import PROOFS
from casework.queries.cases.pages import CaseDesk, CaseRow
from riskops.shared.money import plain_amount


class PartShape(serializers.Serializer[Any]):
    """A part of a promise."""

    due_on = serializers.DateField()
    amount = serializers.CharField()
    status = serializers.ChoiceField(Promise.Status.choices)
    paid = serializers.CharField()


class PromiseShape(serializers.Serializer[Any]):
    """A promise."""

    id = serializers.IntegerField()
    account_no = serializers.CharField()
    currency = serializers.CharField()
    made_on = serializers.DateField()
    made_by = serializers.CharField()
    status = serializers.ChoiceField(Promise.Status.choices)
    promised = serializers.CharField()
    paid = serializers.CharField()
    next_due_on = serializers.DateField(allow_null=True)
    ends_on = serializers.DateField()
    decided_on = serializers.DateField(allow_null=True)
    cancel_reason = serializers.CharField(allow_blank=True)
    parts = PartShape(many=True)


class PromisePageShape(serializers.Serializer[Any]):
    """A page of promises."""

    results = PromiseShape(many=True)
    next = serializers.CharField(allow_null=True)


class PartRequest(serializers.Serializer[Any]):
    """A part: by when, how much."""

    due_on = serializers.DateField()
    amount = serializers.CharField(max_length=30)


class PromiseRequest(serializers.Serializer[Any]):
    """A promise to be taken."""

    parts = PartRequest(many=True)
    said = serializers.CharField(max_length=2_000, required=False, default="", allow_blank=True)
    override_reason = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class ReasonOnly(serializers.Serializer[Any]):
    """Why."""

    reason = serializers.CharField(max_length=500, allow_blank=True)


class EventShape(serializers.Serializer[Any]):
    """What happened in a case."""

    kind = serializers.CharField()
    day = serializers.DateField()
    recorded_at = serializers.DateTimeField()
    episode = serializers.IntegerField()
    from_stage = serializers.CharField(allow_blank=True)
    to_stage = serializers.CharField(allow_blank=True)
    actor = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)
    days_past_due = serializers.IntegerField(allow_null=True)
    overdue = serializers.CharField(allow_null=True)
    details = serializers.DictField()


class ContactShape(serializers.Serializer[Any]):
    """A contact person, masked."""

    id = serializers.IntegerField()
    relation = serializers.ChoiceField(CaseContact.Relation.choices)
    name = serializers.CharField()
    last_digits = serializers.CharField()
    source = serializers.ChoiceField(CaseContact.Source.choices)
    consent = serializers.ChoiceField(CaseContact.Consent.choices)
    refused_at = serializers.DateTimeField(allow_null=True)


class CostShape(serializers.Serializer[Any]):
    """A cost."""

    kind = serializers.ChoiceField(CaseCost.Kind.choices)
    amount = serializers.CharField()
    incurred_on = serializers.DateField()
    note = serializers.CharField(allow_blank=True)
    by = serializers.CharField()


class CaseShape(serializers.Serializer[Any]):
    """A case in a line."""

    account_no = serializers.CharField()
    episode = serializers.IntegerField()
    since = serializers.DateField()
    opened_on = serializers.DateField()
    stage = serializers.ChoiceField(Case.Stage.choices)
    stage_since = serializers.DateField()
    closed_on = serializers.DateField(allow_null=True)
    is_redefault = serializers.BooleanField()
    owner = serializers.CharField(allow_blank=True)
    next_action = serializers.CharField(allow_blank=True)
    next_action_on = serializers.DateField(allow_null=True)
    right_party_on = serializers.DateField(allow_null=True)
    lateness_reason = serializers.CharField(
        allow_blank=True, help_text="the code of why the customer is late; empty: not asked yet"
    )


class CaseRowShape(CaseShape):
    """A case of the list."""

    currency = serializers.CharField()
    days_past_due = serializers.IntegerField()
    overdue = serializers.CharField()


class CasePageShape(serializers.Serializer[Any]):
    """A page of cases."""

    results = CaseRowShape(many=True)
    next = serializers.CharField(allow_null=True)


class CaseDeskShape(CaseShape):
    """The open case of an account, else its last one, with all that stands on its page."""

    currency = serializers.CharField()
    script = serializers.ListField(child=serializers.CharField())
    events = EventShape(many=True)
    promises = PromiseShape(many=True)
    contacts = ContactShape(many=True)
    costs = CostShape(many=True)
    cost_total = serializers.CharField()
    earlier_episodes = serializers.ListField(child=serializers.IntegerField())


class OutcomeOfCaseShape(CaseDeskShape):
    """The case after an outcome."""

    lacks = lacks()


def _reason() -> serializers.CharField:
    about = "the code of why the customer is late; needed when they are spoken to and no reason stands in the case"
    return serializers.CharField(max_length=20, required=False, default="", allow_blank=True, help_text=about)


class OutcomeOfCaseRequest(serializers.Serializer[Any]):
    """An outcome."""

    outcome = serializers.CharField(max_length=20)
    remark = serializers.CharField(max_length=2_000, required=False, default="", allow_blank=True)
    lateness_reason = _reason()


class ReasonRequest(serializers.Serializer[Any]):
    """Why the customer is late: the code of a reason in use."""

    lateness_reason = serializers.CharField(max_length=20)


class NextActionRequest(serializers.Serializer[Any]):
    """What is to be done next; neither for nothing."""

    action = serializers.ChoiceField(NextAction.choices, required=False, default="", allow_blank=True)
    on = serializers.DateField(required=False, default=None, allow_null=True)


class OwnerRequest(serializers.Serializer[Any]):
    """A person's user name, "" for nobody."""

    username = serializers.CharField(max_length=150, allow_blank=True)


class RightPartyRequest(serializers.Serializer[Any]):
    """How it was made sure that it is the customer."""

    proof = serializers.ChoiceField([(proof, proof) for proof in PROOFS])
    lateness_reason = _reason()


class ContactRequest(serializers.Serializer[Any]):
    """A contact person."""

    relation = serializers.ChoiceField(CaseContact.Relation.choices)
    name = serializers.CharField(max_length=100)
    phone = serializers.CharField(max_length=30)
    source = serializers.ChoiceField(CaseContact.Source.choices)
    consent = serializers.ChoiceField(CaseContact.Consent.choices, required=False, default=CaseContact.Consent.UNKNOWN)


class CostRequest(serializers.Serializer[Any]):
    """A cost; below 0 takes back."""

    kind = serializers.ChoiceField(CaseCost.Kind.choices)
    amount = serializers.CharField(max_length=30)
    incurred_on = serializers.DateField()
    note = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class FiguresOfCasesShape(serializers.ModelSerializer[CaseFigures]):
    """The figures of cases; `version` is the one that was read."""

    version = serializers.IntegerField()

    class Meta:
        model = CaseFigures
        fields = ("version", *FIGURES, "reason")


class TermsShape(serializers.ModelSerializer[PromiseTerms]):
    """Terms of promises; `product` is a code, "" for all without terms of their own, `version` the one that was read."""

    product = serializers.CharField(max_length=64, allow_blank=True)
    version = serializers.IntegerField()

    class Meta:
        model = PromiseTerms
        fields = ("product", "version", *TERMS, "reason")


class OutcomeCodeShape(serializers.ModelSerializer[OutcomeCode]):
    """An outcome code; `version` is the one that was read, left out for a new one."""

    version = serializers.IntegerField(required=False, default=None, allow_null=True)

    class Meta:
        model = OutcomeCode
        fields = ("code", *OUTCOME_FIELDS, "version")
        # Whether it is there already is the operation's to say.
        extra_kwargs: dict[str, Any] = {"code": {"validators": []}}
        validators: list[Any] = []


class LatenessReasonShape(serializers.ModelSerializer[LatenessReason]):
    """A reason for lateness; `version` is the one that was read, left out for a new one."""

    version = serializers.IntegerField(required=False, default=None, allow_null=True)

    class Meta:
        model = LatenessReason
        fields = ("code", *REASON_FIELDS, "version")
        # Whether it is there already is the operation's to say.
        extra_kwargs: dict[str, Any] = {"code": {"validators": []}}
        validators: list[Any] = []


class PromptShape(serializers.ModelSerializer[CasePrompt]):
    """A line of the script; `version` is the one that was read, left out for a new one."""

    version = serializers.IntegerField(required=False, default=None, allow_null=True)

    class Meta:
        model = CasePrompt
        fields = ("id", *PROMPT_FIELDS, "version")


def promise_out(promise: Promise) -> dict[str, Any]:
    """Return a promise as the API gives it; account, product and parts are at hand."""
    digits = promise.product.minor_digits
    return {
        "id": promise.pk,
        "account_no": promise.account.account_no,
        "currency": promise.product.currency,
        "made_on": promise.made_on,
        "made_by": promise.made_by_name,
        "status": promise.status,
        "promised": plain_amount(promise.total_minor, digits=digits),
        "paid": plain_amount(promise.paid_minor, digits=digits),
        "next_due_on": promise.next_due_on,
        "ends_on": promise.ends_on,
        "decided_on": promise.decided_on,
        "cancel_reason": promise.cancel_reason,
        "parts": [
            {
                "due_on": part.due_on,
                "amount": plain_amount(part.amount_minor, digits=digits),
                "status": part.status,
                "paid": plain_amount(part.paid_minor, digits=digits),
            }
            for part in promise.parts.all()
        ],
    }


def case_out(case: Case, account_no: str) -> dict[str, Any]:
    """Return a case as the API gives it."""
    return {
        "account_no": account_no,
        "is_redefault": case.previous_id is not None,
        "owner": case.owner.get_username() if case.owner else "",
        "lateness_reason": case.reason.code if case.reason else "",
        **{
            name: getattr(case, name)
            for name in (
                *("episode", "since", "opened_on", "stage", "stage_since", "closed_on"),
                *("next_action", "next_action_on", "right_party_on"),
            )
        },
    }


def row_out(row: CaseRow) -> dict[str, Any]:
    """Return a line of the list."""
    return case_out(row.case, row.account_no) | {
        "currency": row.currency,
        "days_past_due": row.days_past_due,
        "overdue": plain_amount(row.overdue_minor, digits=row.case.product.minor_digits),
    }


def desk_out(desk: CaseDesk) -> dict[str, Any]:
    """Return the desk of a case."""
    digits = desk.account.product.minor_digits
    for promise in desk.promises:
        promise.account, promise.product = desk.account, desk.account.product
    return case_out(desk.case, desk.account.account_no) | {
        "currency": desk.currency,
        "script": [prompt.text for prompt in desk.prompts],
        "events": [
            {
                "kind": line.event.kind,
                "day": line.event.day,
                "recorded_at": line.event.recorded_at,
                "episode": line.event.case.episode,
                "from_stage": line.event.from_stage,
                "to_stage": line.event.to_stage,
                "actor": line.event.actor_name,
                "reason": line.text,
                "days_past_due": line.event.days_past_due,
                "overdue": None if line.event.overdue_minor is None else plain_amount(line.event.overdue_minor, digits=digits),
                "details": line.event.details,
            }
            for line in desk.events
        ],
        "promises": [promise_out(promise) for promise in desk.promises],
        "contacts": [
            {
                "id": line.contact.pk,
                "relation": line.contact.relation,
                "name": line.masked_name,
                "last_digits": line.last_digits,
                "source": line.contact.source,
                "consent": line.contact.consent,
                "refused_at": line.contact.refused_at,
            }
            for line in desk.contacts
        ],
        "costs": [
            {
                "kind": cost.kind,
                "amount": plain_amount(cost.amount_minor, digits=digits),
                "incurred_on": cost.incurred_on,
                "note": cost.note,
                "by": cost.booked_by_name,
            }
            for cost in desk.costs
        ],
        "cost_total": plain_amount(desk.cost_minor, digits=digits),
        "earlier_episodes": [case.episode for case in desk.earlier],
    }
