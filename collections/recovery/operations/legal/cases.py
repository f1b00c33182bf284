"""Legal cases: proposed, approved by a second person, moved from stage to stage with dates, costs and documents, closed."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import AccountState, CreditAccount, Customer
from accounts.operations.rebuilding import lock_states
from accounts.operations.refusals import AccountUnknown
from accounts.operations.reviewing import business_day
from accounts.operations.signals import note_signals
from casework.models import Case
from casework.operations.cases.moving import move_case as move_collection_case
from casework.operations.cases.refusals import CaseInStageAlready, NoOpenCase
from casework.queries.cases.open_cases import open_case_of
from outreach.operations.refusals import ReasonNeeded
from recovery.letter_policies import policies_on
from recovery.letter_roles import CLOSE_LEGAL_CASE, DECIDE_LEGAL_CASE, OPEN_LEGAL_CASE, WORK_LEGAL_CASE
from recovery.models import LegalCase, LegalStage
from recovery.models.legal import STAGE_NAMES
from recovery.operations.legal import refusals
from recovery.operations.letters.refusals import NoLetterPolicy
from recovery.queries.claims import given_up_of_claim, left_in_plans
from recovery.rules.benefit import FIRST_STAGES, NEXT_STAGES, Benefit, Stage, benefit, terms_of
from riskops.shared.audit import Actor, record
from riskops.shared.day import hold_day
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.scope import scope_of_actor

_LONGEST: Final = 500
#: What of the account's signals forbids a case, and the words.
_HOLDS: Final = ("has_hardship_plan", "is_disputed", "is_fraud_suspected", "is_vulnerable")


@dataclass(frozen=True, slots=True)
class StageAsked:
    """A stage that is to begin.

    :param on: the day it begins: of filing, of the judgment, of the application for enforcement
    :param body: court, commission or mediator
    """

    stage: str
    on: date
    body: str = ""
    docket_no: str = ""


def stage_benefit(account_id: int, currency: str, stage: Stage, *, today: date) -> Benefit:
    """Return the cost-benefit line of a legal stage for an account as it stands.

    :raises NoLetterPolicy: no figures hold for the currency
    """
    policy = policies_on(today).get(currency)
    if policy is None:
        raise NoLetterPolicy(currency)
    state = AccountState.objects.filter(pk=account_id).first()
    terms = terms_of(policy.stage_terms(), stage)
    return benefit(balance_minor=state.overdue_total_minor if state else 0, rate_bp=terms.rate_bp, cost_minor=terms.cost_minor)


@transaction.atomic
def propose_case(*, actor: Actor, account_id: int, stage: str, note: str, today: date) -> LegalCase:
    """Propose to take an account to mediation, arbitration or court; a second person approves it.

    :raises AccountUnknown: it is not in the book
    :raises NoLetterPolicy: no figures hold for its currency
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises StageNotFirst: a case does not begin so
    :raises ReasonNeeded: nothing says why
    :raises CaseThere: it has one
    :raises CaseInTheWay: a plan, a dispute or a suspicion of fraud stands, or nothing is past due
    """
    account = CreditAccount.objects.select_related("product", "signals").filter(pk=account_id).first()
    if account is None:
        raise AccountUnknown(account_id)
    refuse_conflict(actor, account.customer_id)
    if stage not in FIRST_STAGES:
        raise refusals.StageNotFirst(_stage_name(stage), [str(STAGE_NAMES[each]) for each in FIRST_STAGES])
    if not note.strip():
        raise ReasonNeeded
    Customer.objects.select_for_update(of=("self",), no_key=True).get(pk=account.customer_id)
    line = stage_benefit(account_id, account.product.currency, Stage(stage), today=today)
    _refuse_in_the_way(account, line)
    _refuse_second(account)
    case = LegalCase(
        account=account,
        customer_id=account.customer_id,
        stage=stage,
        currency=account.product.currency,
        claim_minor=line.balance_minor,
        expected_minor=line.expected_minor,
        cost_minor=line.cost_minor,
        note=note.strip()[:_LONGEST],
        proposed_on=business_day(),
        proposed_at=timezone.now(),
        proposed_by_id=actor.user_id,
        proposed_by_name=actor.name,
    )
    try:
        with transaction.atomic():
            case.save(force_insert=True)
    except IntegrityError:
        _refuse_second(account)
        raise
    _record(actor, case, OPEN_LEGAL_CASE, after=_as_recorded(case), reason=case.note)
    return case


def _refuse_second(account: CreditAccount) -> None:
    there = LegalCase.objects.filter(account=account, status__in=["proposed", "open"]).first()
    if there is not None:
        raise refusals.CaseThere(account.account_no, there.reference)


def _refuse_in_the_way(account: CreditAccount, line: Benefit) -> None:
    words = {
        "has_hardship_plan": _("a signed plan is kept"),
        "is_disputed": _("the customer disputes it and the dispute is open"),
        "is_fraud_suspected": _("held to be fraud until it is settled"),
        "is_vulnerable": _("the customer is handled with care"),
    }
    signals = getattr(account, "signals", None)
    why = [words[column] for column in _HOLDS if signals is not None and getattr(signals, column)]
    if line.balance_minor <= 0:
        why.append(_("nothing is past due"))
    if why:
        raise refusals.CaseInTheWay(account.account_no, why)


@transaction.atomic
def approve_case(*, actor: Actor, case_id: int, version: int, on: date, today: date) -> LegalCase:
    """Approve a proposed case: its first stage begins, and the account is in legal recovery from now on.

    :param on: the day the first stage begins
    :raises CaseUnknown, CaseNotIn, CaseChanged: there is none that waits, as it was seen
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises OwnCase: it takes a second person
    :raises CaseInTheWay: something has come that forbids it
    :raises CaseDayImpossible: a day that cannot be
    """
    case = _locked(actor, case_id, version, LegalCase.Status.PROPOSED)
    if actor.user_id is None or case.proposed_by_id == actor.user_id:
        raise refusals.OwnCase(case.reference, case.proposed_by_name)
    account = CreditAccount.objects.select_related("product", "signals").get(pk=case.account_id)
    line = stage_benefit(case.account_id, case.currency, Stage(case.stage), today=today)
    _refuse_in_the_way(account, line)
    _check_day(on, account.opened_on, today)
    case.status, case.opened_on = LegalCase.Status.OPEN, on
    case.decided_by_id, case.decided_by_name = actor.user_id, actor.name
    _save(case)
    LegalStage.objects.create(case=case, stage=case.stage, begun_on=on, begun_by_name=actor.name)
    _enter_legal(actor, case)
    _record(actor, case, DECIDE_LEGAL_CASE, before={"status": "proposed"}, after={"status": case.status, "on": on.isoformat()})
    return case


@transaction.atomic
def reject_case(*, actor: Actor, case_id: int, version: int, reason: str) -> LegalCase:
    """Not approve a proposed case.

    :raises CaseUnknown, CaseNotIn, CaseChanged: there is none that waits, as it was seen
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises ReasonNeeded: nothing is written in it
    """
    case = _locked(actor, case_id, version, LegalCase.Status.PROPOSED)
    if not reason.strip():
        raise ReasonNeeded
    case.status, case.reason = LegalCase.Status.REJECTED, reason.strip()[:_LONGEST]
    case.decided_by_id, case.decided_by_name = actor.user_id, actor.name
    _save(case)
    _record(actor, case, DECIDE_LEGAL_CASE, before={"status": "proposed"}, after={"status": case.status}, reason=case.reason)
    return case


@transaction.atomic
def move_case(*, actor: Actor, case_id: int, version: int, asked: StageAsked, result: str, today: date) -> LegalCase:
    """Begin the next stage of an open case; the present one ends on the same day, with its result.

    :param result: what the present stage ended with
    :raises CaseUnknown, CaseNotIn, CaseChanged: there is none that is open, as it was seen
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises StageNotNext: it does not follow the present one
    :raises CaseDayImpossible: before the present stage began, or still to come
    """
    case = _locked(actor, case_id, version, LegalCase.Status.OPEN)
    possible = NEXT_STAGES[Stage(case.stage)]
    if asked.stage not in possible:
        names = [str(STAGE_NAMES[stage]) for stage in possible]
        raise refusals.StageNotNext(_stage_name(asked.stage), str(STAGE_NAMES[Stage(case.stage)]), names)
    before = case.stage
    _end_stage(case, asked.on, result, today)
    LegalStage.objects.create(
        case=case,
        stage=asked.stage,
        begun_on=asked.on,
        body=asked.body.strip()[:120],
        docket_no=asked.docket_no.strip()[:80],
        begun_by_name=actor.name,
    )
    case.stage = asked.stage
    _save(case)
    after = {"stage": case.stage, "on": asked.on.isoformat(), "docket_no": asked.docket_no.strip()[:80]}
    _record(actor, case, WORK_LEGAL_CASE, before={"stage": before}, after=after, reason=result.strip()[:_LONGEST])
    return case


@transaction.atomic
def note_stage(*, actor: Actor, case_id: int, version: int, body: str, docket_no: str, cost_minor: int) -> LegalCase:
    """Write on the present stage of an open case: before whom it is, its docket number, and a cost to be booked with it.

    :param cost_minor: added to what is booked; 0 for none
    :raises CaseUnknown, CaseNotIn, CaseChanged: there is none that is open, as it was seen
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises CostNotAboveZero: less than zero
    """
    case = _locked(actor, case_id, version, LegalCase.Status.OPEN)
    if cost_minor < 0:
        raise refusals.CostNotAboveZero
    stage = case.stages.select_for_update().get(ended_on=None)
    before = {"body": stage.body, "docket_no": stage.docket_no, "cost_minor": stage.cost_minor}
    stage.body, stage.docket_no = body.strip()[:120], docket_no.strip()[:80]
    stage.cost_minor += cost_minor
    stage.save(update_fields=["body", "docket_no", "cost_minor"])
    case.booked_minor += cost_minor
    _save(case)
    after = {"body": stage.body, "docket_no": stage.docket_no, "cost_minor": stage.cost_minor}
    _record(actor, case, WORK_LEGAL_CASE, before=before, after=after)
    return case


@transaction.atomic
def close_case(*, actor: Actor, case_id: int, version: int, outcome: str, reason: str, on: date, today: date) -> LegalCase:
    """Close an open case with its outcome: the account leaves legal recovery.

    :raises CaseUnknown, CaseNotIn, CaseChanged: there is none that is open, as it was seen
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises CaseOutcomeUnknown, ReasonNeeded, CaseDayImpossible: a value that is not taken
    :raises StillOwed, LeftInPlan, PaidLessThanClaimed: paid in full, and it is not: something is past due, what was claimed is
        in a plan that is not paid, or part of it was waived or cancelled
    """
    case = _locked(actor, case_id, version, LegalCase.Status.OPEN)
    if outcome not in LegalCase.Outcome.values:
        raise refusals.CaseOutcomeUnknown(outcome, LegalCase.Outcome.values)
    if not reason.strip():
        raise ReasonNeeded
    if outcome == LegalCase.Outcome.PAID:
        _refuse_unpaid(case)
    _end_stage(case, on, reason, today)
    case.status, case.outcome, case.closed_on, case.reason = LegalCase.Status.CLOSED, outcome, on, reason.strip()[:_LONGEST]
    _save(case)
    _leave_legal(actor, case)
    after = {"status": case.status, "outcome": outcome, "on": on.isoformat(), "booked_minor": case.booked_minor}
    _record(actor, case, CLOSE_LEGAL_CASE, before={"status": "open"}, after=after, reason=case.reason)
    return case


def case_in_sight(actor: Actor, case_id: int) -> LegalCase:
    """Return a case that whoever acts may see and open.

    :raises CaseUnknown: there is none
    :raises ConflictDeclared: they have a conflict with the customer
    """
    rows = LegalCase.objects.select_related("account__product", "account__customer")
    case = rows.filter(pk=case_id).first()
    if case is None or not scope_of_actor(actor).permits(case.account_id):
        raise refusals.CaseUnknown(case_id)
    refuse_conflict(actor, case.customer_id)
    return case


def _locked(actor: Actor, case_id: int, version: int, state: str) -> LegalCase:
    case = LegalCase.objects.select_for_update(of=("self",)).select_related("account").filter(pk=case_id).first()
    if case is None or not scope_of_actor(actor).permits(case.account_id):
        raise refusals.CaseUnknown(case_id)
    refuse_conflict(actor, case.customer_id)
    if case.status != state:
        raise refusals.CaseNotIn(case.reference, str(case.get_status_display()))
    if case.version != version:
        raise refusals.CaseChanged(case.reference)
    return case


def _refuse_unpaid(case: LegalCase) -> None:
    """Refuse "paid in full" of what is not: past due, handed over to a plan that is not paid, or given up."""
    hold_day(case.account_id)
    # Locked, or a payment could be reversed between this look and the end of the case.
    state = lock_states([case.account_id]).first()
    # What a case claims is what is past due; instalments that are not due yet are no part of it.
    owed_minor = state.overdue_total_minor if state else 0
    if owed_minor > 0:
        raise refusals.StillOwed(case.account.account_no, owed_minor, case.currency)
    left = left_in_plans(case)
    if left.amount_minor > 0:
        raise refusals.LeftInPlan(case.account.account_no, left.plans, left.amount_minor, case.currency)
    short_minor = given_up_of_claim(case)
    if short_minor > 0:
        raise refusals.PaidLessThanClaimed(case.reference, short_minor, case.claim_minor, case.currency)


def _end_stage(case: LegalCase, on: date, result: str, today: date) -> None:
    stage = case.stages.select_for_update().get(ended_on=None)
    _check_day(on, stage.begun_on, today)
    stage.ended_on, stage.result = on, result.strip()[:_LONGEST]
    stage.save(update_fields=["ended_on", "result"])


def _check_day(on: date, first: date, last: date) -> None:
    if not first <= on <= last:
        raise refusals.CaseDayImpossible(on, first, last)


def _enter_legal(actor: Actor, case: LegalCase) -> None:
    """Take the account into legal recovery: its signal, and the stage of its collection case where one is open."""
    hold_day(case.account_id)
    note_signals(case.account_id, is_in_legal=True)
    # Before the first close of a spell no collection case is open, and another hand may have moved it already.
    with suppress(NoOpenCase, CaseInStageAlready):
        move_collection_case(actor=actor, account_id=case.account_id, stage=Case.Stage.LEGAL, reason=case.reference)


def _leave_legal(actor: Actor, case: LegalCase) -> None:
    """Take the account out of legal recovery: its collection case goes to where its days past due put it."""
    hold_day(case.account_id)
    note_signals(case.account_id, is_in_legal=False)
    collection = open_case_of(case.account_id)
    if collection is not None and collection.stage == Case.Stage.LEGAL:
        move_collection_case(actor=actor, account_id=case.account_id, stage=Case.Stage.PURSUE, reason=case.reference)


def _stage_name(stage: str) -> str:
    return str(STAGE_NAMES[Stage(stage)]) if stage in Stage.__members__.values() else stage


def _save(case: LegalCase) -> None:
    case.version += 1
    case.save()


def _as_recorded(case: LegalCase) -> dict[str, Any]:
    return {
        "stage": case.stage,
        "claim_minor": case.claim_minor,
        "expected_minor": case.expected_minor,
        "cost_minor": case.cost_minor,
    }


def _record(
    actor: Actor,
    case: LegalCase,
    action: str,
    *,
    after: dict[str, Any],
    before: dict[str, Any] | None = None,
    reason: str = "",
) -> None:
    record(
        actor=actor,
        action=action,
        subject_type="legal case",
        subject_key=case.reference,
        account_id=case.account_id,
        before=before,
        after=after,
        reason=reason,
    )
