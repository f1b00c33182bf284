"""Plans proposed: what the customer can pay, the instalments of a plan, and the proposal itself."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db import IntegrityError, transaction

from accounts.operations.checks import account_facts, check_reason
from accounts.operations.revealing import SHORTEST_REASON
from accounts.operations.schedule_changes import NewInstallment, check_schedule
from accounts.rules.entries import Part
from casework.models import AffordabilityForm, Plan, PlanEvent, ReliefTerms
from casework.operations.plans.eligibility import terms_in_force, why_not
from casework.operations.plans.refusals import (
    AffordabilityUnknown,
    DeferralMovesDays,
    FirstDueTooFar,
    LengthGivenTwice,
    NotEligible,
    NothingToCover,
    PlanPaysTooLittle,
    PlanReasonTooShort,
    PlanTakesTooLong,
    PlanThere,
    TooManyMonths,
)
from casework.operations.plans.standing import Held, hold_account, note, owed_by, parts_of
from casework.plan_roles import FILL_AFFORDABILITY, PROPOSE_PLAN
from casework.rules.plans import (
    Affordability,
    Due,
    PaysLessThanItAccrues,
    Suggestion,
    TooLong,
    by_amount,
    expected_minor,
    interest_minor,
    least_amount,
    month_later,
    suggest,
)
from riskops.shared.audit import Actor, record

#: How many months later than usual, a month ahead, a first instalment may be due: a plan stops collection from its start.
MOST_MONTHS_LATER: Final = 2
#: The statuses in which a plan is not over.
STANDING = (Plan.Status.PROPOSED, Plan.Status.OFFERED, Plan.Status.CONFIRMING, Plan.Status.ACTIVE)


@dataclass(frozen=True, slots=True)
class PlanAsked:
    """The plan somebody wants.

    :param covers: `late`: what is past due, with the penalty; `open`: everything booked that is unpaid
    :param number: instalments, or for a deferral months
    :param amount_minor: pays this much a month instead of in a number of instalments; not of a deferral
    :param first_due: of a restructure or a re-age; a month from the open day where none is named
    """

    instrument: str
    covers: str
    number: int | None = None
    amount_minor: int | None = None
    first_due: date | None = None


@dataclass(frozen=True, slots=True)
class PlanDrawn:
    """A plan as it would be agreed."""

    terms: ReliefTerms
    parts: tuple[Part, ...]
    dues: tuple[Due, ...]

    @property
    def owed_minor(self) -> int:
        """What it takes over."""
        return owed_by(self.parts).total_minor

    @property
    def price_minor(self) -> int:
        """What it costs beyond that."""
        return sum(due.total_minor for due in self.dues) - self.owed_minor


@transaction.atomic
def fill_affordability(
    *, actor: Actor, account_id: int, income_minor: int, essentials_minor: int, other_debts_minor: int, note: str = ""
) -> AffordabilityForm:
    """Keep what a customer says of their household's month.

    :raises ConflictDeclared, DayNotOpenYet: see `hold_account`
    """
    held = hold_account(account_id, actor)
    form = AffordabilityForm.objects.create(
        customer_id=held.account.customer_id,
        account=held.account,
        income_minor=income_minor,
        essentials_minor=essentials_minor,
        other_debts_minor=other_debts_minor,
        note=note.strip(),
        filled_on=held.open_day,
        filled_by_id=actor.user_id,
        filled_by_name=actor.name,
    )
    # The amounts stay out of the trail: they are personal, and the form keeps them.
    record(
        actor=actor,
        action=FILL_AFFORDABILITY,
        subject_type="customer",
        subject_key=held.account.customer.customer_no,
        account_id=account_id,
        after={"form": form.pk, "filled_on": held.open_day.isoformat()},
    )
    return form


def suggestions(held: Held, terms: ReliefTerms, *, covers: str, form: AffordabilityForm | None) -> tuple[Suggestion, ...]:
    """Return the plans of an instrument that could be offered, ranked by what can be paid and what is recovered.

    Without an affordability form nothing is known to fit, and what is expected to come in alone ranks them.
    """
    parts = parts_of(held.rebuilt, covers=covers)
    owed = owed_by(parts)
    if not owed.total_minor:
        return ()
    can_pay = can_pay_minor(form, terms)
    if terms.instrument == ReliefTerms.Instrument.RESTRUCTURE:
        found = suggest(
            owed,
            can_pay,
            first_due=month_later(held.open_day, 1),
            month_ppm=terms.month_interest_ppm,
            break_bp=terms.break_bp,
            most=terms.most_installments,
        )
        return found if form else tuple(sorted(found, key=lambda one: (-one.expected_minor, one.number)))
    listed: dict[tuple[Due, ...], Suggestion] = {}
    for number in range(1, min(terms.most_installments, 6) + 1):
        asked = PlanAsked(terms.instrument, covers, number=number)
        dues = _dues(held, terms, asked, parts)
        fits = max(due.total_minor for due in dues) <= can_pay
        # Two numbers that come to the same plan are one.
        listed.setdefault(dues, Suggestion(number, dues, fits, expected_minor(dues, break_bp=terms.break_bp)))
    return tuple(sorted(listed.values(), key=lambda one: (not one.fits, one.number)))


def can_pay_minor(form: AffordabilityForm | None, terms: ReliefTerms) -> int:
    """Return what a plan may ask of the household a month; 0 where nothing is known."""
    if form is None:
        return 0
    return Affordability(form.income_minor, form.essentials_minor, form.other_debts_minor).can_pay_minor(share_bp=terms.share_bp)


def draw(held: Held, asked: PlanAsked) -> PlanDrawn:
    """Return the plan somebody wants, as it would be agreed on the open day; nothing is written.

    :raises NotEligible: the instrument is not open to the account; the message says why
    :raises NothingToCover: nothing of it is unpaid
    :raises PlanPaysTooLittle, PlanTakesTooLong, TooManyMonths: it does not pay off what is owed as the terms want it
    :raises FirstDueTooFar: it begins later than a plan may
    :raises LengthGivenTwice, DeferralMovesDays: what is asked is two plans, or none of the instrument
    :raises LedgerRefusal: the ledger does not take the schedule
    """
    terms = terms_in_force(asked.instrument)
    against = why_not(terms, held.account.pk, closed_day=held.closed_day, open_day=held.open_day)
    if against:
        raise NotEligible(terms.get_instrument_display(), against)
    parts = parts_of(held.rebuilt, covers=asked.covers)
    if not owed_by(parts).total_minor:
        raise NothingToCover
    drawn = PlanDrawn(terms, parts, _dues(held, terms, asked, parts))
    check_schedule(account_facts(held.account.pk), held.rebuilt, parts=drawn.parts, schedule=installments_of(drawn.dues))
    return drawn


def installments_of(dues: Sequence[Due]) -> list[NewInstallment]:
    """Return the instalments of a plan as the ledger takes them."""
    return [NewInstallment(*due) for due in dues]


def _dues(held: Held, terms: ReliefTerms, asked: PlanAsked, parts: tuple[Part, ...]) -> tuple[Due, ...]:
    most = terms.most_installments
    number = asked.number or 1
    if number > most:
        raise TooManyMonths(number, most)
    if asked.instrument == ReliefTerms.Instrument.DEFERRAL:
        if asked.amount_minor is not None or asked.first_due is not None:
            raise DeferralMovesDays
        return _deferred(held, parts, months=number, month_ppm=terms.month_interest_ppm)
    if asked.number is not None and asked.amount_minor is not None:
        raise LengthGivenTwice(asked.number, asked.amount_minor, held.currency)
    owed = owed_by(parts)
    last = held.open_day
    if asked.instrument == ReliefTerms.Instrument.RE_AGE:
        # What is late goes behind what is not due yet.
        last = max((i.entry.due_date for i in held.rebuilt.installments if not i.is_paid), default=last)
    usual = month_later(max(last, held.open_day), 1)
    first_due = asked.first_due or usual
    latest = month_later(usual, MOST_MONTHS_LATER)
    if first_due > latest:
        raise FirstDueTooFar(first_due, latest)
    amount = asked.amount_minor or least_amount(owed, number, month_ppm=terms.month_interest_ppm)
    try:
        return by_amount(owed, amount, first_due=first_due, month_ppm=terms.month_interest_ppm, most=most)
    except PaysLessThanItAccrues as little:
        raise PlanPaysTooLittle(amount, little.accrues_minor, held.currency) from None
    except TooLong as long:
        raise PlanTakesTooLong(amount, long.least_minor, most, held.currency) from None


def _deferred(held: Held, parts: tuple[Part, ...], *, months: int, month_ppm: int) -> tuple[Due, ...]:
    """Return the instalments as they were, each some months later, counted from the open day for those that are late."""
    due_dates = {state.entry.key: state.entry.due_date for state in held.rebuilt.installments}
    found: dict[date, Due] = {}
    for part in parts:
        day = month_later(max(due_dates[part.installment], held.open_day), months)
        there = found.get(day, Due(day, 0, 0, 0))
        price = interest_minor(part.principal_minor, month_ppm=month_ppm) * months
        found[day] = Due(
            day,
            there.principal_minor + part.principal_minor,
            there.interest_minor + part.interest_minor + price,
            there.fee_minor + part.fee_minor + part.penalty_minor,
        )
    return tuple(found[day] for day in sorted(found))


@transaction.atomic
def propose_plan(*, actor: Actor, account_id: int, asked: PlanAsked, reason: str, affordability_id: int | None = None) -> Plan:
    """Propose a plan for an account, drawn from what is owed on the open day; somebody else decides on it.

    :raises PlanThere: the account has one that is not over
    :raises ReasonMissing, PlanReasonTooShort: nothing is written in it, or next to nothing
    :raises AffordabilityUnknown: the customer has no such form
    :raises NotEligible, NothingToCover, PlanPaysTooLittle, PlanTakesTooLong, TooManyMonths, FirstDueTooFar: see `draw`
    :raises LengthGivenTwice, DeferralMovesDays: see `draw`
    :raises ConflictDeclared, DayNotOpenYet: see `hold_account`
    """
    check_reason(reason)
    if len(reason.strip()) < SHORTEST_REASON:
        raise PlanReasonTooShort(SHORTEST_REASON)
    held = hold_account(account_id, actor)
    _refuse_second(account_id)
    drawn = draw(held, asked)
    form = None
    if affordability_id is not None:
        form = AffordabilityForm.objects.filter(pk=affordability_id, customer_id=held.account.customer_id).first()
        if form is None:
            raise AffordabilityUnknown(affordability_id)
    plan = Plan(
        reference=f"PLAN-{secrets.token_hex(5).upper()}",
        account=held.account,
        customer_id=held.account.customer_id,
        terms=drawn.terms,
        affordability=form,
        parts=[part._asdict() for part in drawn.parts],
        schedule=[{**due._asdict(), "due_date": due.due_date.isoformat()} for due in drawn.dues],
        owed_minor=drawn.owed_minor,
        price_minor=drawn.price_minor,
        reason=reason.strip(),
        proposed_on=held.open_day,
        proposed_by_id=actor.user_id,
        proposed_by_name=actor.name,
    )
    try:
        with transaction.atomic():
            plan.save(force_insert=True)
    except IntegrityError:
        _refuse_second(account_id)
        raise
    note(
        plan,
        PlanEvent.Kind.PROPOSED,
        day=held.open_day,
        actor=actor,
        action=PROPOSE_PLAN,
        before="",
        note=plan.reason,
        figures=_figures(drawn, asked),
    )
    return plan


def _figures(drawn: PlanDrawn, asked: PlanAsked) -> dict[str, Any]:
    return {
        "instrument": drawn.terms.instrument,
        "terms_version": drawn.terms.version,
        "covers": asked.covers,
        "owed_minor": drawn.owed_minor,
        "price_minor": drawn.price_minor,
        "installments": len(drawn.dues),
        "first_due_date": drawn.dues[0].due_date.isoformat(),
        "last_due_date": drawn.dues[-1].due_date.isoformat(),
    }


def _refuse_second(account_id: int) -> None:
    there = Plan.objects.filter(account_id=account_id, status__in=STANDING).first()
    if there is not None:
        raise PlanThere(there.reference, there.get_status_display())


def parts_in(plan: Plan) -> tuple[Part, ...]:
    """Return the parts of a plan as agreed."""
    return tuple(Part(**part) for part in plan.parts)


def dues_in(plan: Plan) -> tuple[Due, ...]:
    """Return the instalments of a plan as agreed."""
    return tuple(Due(**{**due, "due_date": date.fromisoformat(due["due_date"])}) for due in plan.schedule)
