"""The second person: a proposal approved or rejected, a decision not in force yet cancelled, one in force kept after review."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import CreditAccount, Decision, DecisionNotice, Product
from accounts.operations.checks import check_reason
from accounts.operations.deciding import refusals
from accounts.operations.deciding.standing import Standing, Today, hold_today, lock_standing
from accounts.operations.deciding.taking_effect import renew_texts, schedule
from accounts.operations.deciding.weighing import (
    add_gate,
    authority_lines,
    caps_on,
    changes_before,
    control,
    refuse_held_back,
    refuse_lifeless,
    refuse_over_caps,
)
from accounts.operations.deciding.writing import Writes
from accounts.operations.refusals import DayOutOfRange
from accounts.roles import REVIEW_DECISION
from accounts.rules.authority import may_approve, roles_alone
from accounts.rules.decisions import LIMIT_ACTIONS, WEIGHED_ANEW, Action, Status
from accounts.rules.verdicts import BEFORE_IT, change_of, gate_of, verdict
from riskops.shared.audit import Actor
from riskops.shared.day import LAST_DAY
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.roles import Role


def hold_decision(decision_id: int, *, actor: Actor, version: int) -> tuple[Decision, Standing, Today]:
    """Return a decision with its account, both locked, as somebody saw it.

    :raises DecisionUnknown: there is none
    :raises StaleForm: it changed since it was looked at
    :raises ConflictDeclared: whoever acts has a conflict of interest with the customer
    """
    found = Decision.objects.filter(pk=decision_id).values_list("account_id", flat=True).first()
    if found is None:
        raise refusals.DecisionUnknown(decision_id)
    today = hold_today(found)
    standing = lock_standing(found)
    refuse_conflict(actor, standing.customer_id)
    decision = Decision.objects.select_for_update(of=("self",)).select_related("reason").get(pk=decision_id)
    if decision.version != version:
        raise refusals.StaleForm(decision.reference, version, decision.version)
    return decision, standing, today


@transaction.atomic
def approve_decision(*, actor: Actor, roles: Collection[str], decision_id: int, version: int, remark: str = "") -> Decision:
    """Approve a proposal: the notice is queued, the buffer starts today.

    What may have changed since the proposal is asked again: the account, the balance owed, the gate of an acceleration. Who may
    approve is asked of what the decision weighs by now.

    :raises OwnApproval, NotAnApprover: not by this person
    :raises StaleForm, DecisionMovedOn: it is not what was looked at
    :raises DecisionRefusal: a ground is gone; reject the proposal instead
    """
    decision, standing, today = hold_decision(decision_id, actor=actor, version=version)
    _refuse_own(decision, actor)
    if decision.action not in WEIGHED_ANEW:
        _refuse_without_role(decision, roles)
    refuse_lifeless(standing, decision.action, today.open_day)
    refuse_held_back(standing, decision.action)
    if decision.new_limit_minor is not None and decision.new_limit_minor < standing.owed_minor:
        raise refusals.LimitUnderBalance(decision.new_limit_minor, standing.limit_minor, standing.owed_minor, standing.currency)
    if decision.action == Action.RAISE_LIMIT:
        refuse_over_caps({**decision.inputs, **caps_on(standing)})
    if decision.action in LIMIT_ACTIONS:
        _weigh_change_anew(decision, standing, today)
    if decision.action == Action.ACCELERATE:
        _demand_anew(decision, standing, today)
    if decision.action == Action.LIFT and not _is_to_lift(decision):
        raise refusals.NothingToLift
    _refuse_without_role(decision, roles)
    _sign(decision, actor, remark)
    writes = Writes(actor, today.open_day)
    schedule(decision, standing, writes, today=today)
    writes.write()
    return decision


@transaction.atomic
def reject_decision(*, actor: Actor, roles: Collection[str], decision_id: int, version: int, remark: str) -> Decision:
    """Reject a proposal; the customer never hears of it.

    :raises ReasonMissing: the proposer is owed a reason
    :raises OwnApproval, NotAnApprover, StaleForm, DecisionMovedOn: as for `approve_decision`
    """
    check_reason(remark)
    decision, standing, today = hold_decision(decision_id, actor=actor, version=version)
    _refuse_own(decision, actor)
    _refuse_without_role(decision, roles)
    _sign(decision, actor, remark)
    writes = Writes(actor, today.open_day)
    writes.end(decision, Status.REJECTED, standing, why=remark.strip(), notice=None)
    writes.write()
    return decision


def _demand_anew(decision: Decision, standing: Standing, today: Today) -> None:
    """Judge a demand for full repayment by what is owed today: that is what the customer will be told to pay.

    :raises AgreementNotAccepted, ClauseMissing, GateNotMet: its ground is gone
    :raises AuthorityMissing: whoever proposed it has no authority for what is demanded now
    """
    inputs = dict(decision.inputs)
    agreement = add_gate(inputs, standing, as_of=today.open_day)
    inputs["weighed_minor"] = gate_of(inputs).demanded_minor
    _ask_matrix_anew(decision, standing, inputs, agreement_version=agreement)
    renew_texts(decision, standing)


def _weigh_change_anew(decision: Decision, standing: Standing, today: Today) -> None:
    """Weigh a raise or lowering together with those before it as of today, and ask the matrix again if it weighs more by now.

    It may: a change the other way in between was undone, a file has set another limit, or it was proposed before changes were
    weighed together. One that weighs less stays as it was judged. The customer reads what the limit that stands today changes by.

    :raises AuthorityMissing: whoever proposed it has no authority for what it weighs now
    """
    before = changes_before(decision.account_id, as_of=today.open_day, window_days=control().raise_window_days)
    inputs = {**decision.inputs, "limit_minor": standing.limit_minor, BEFORE_IT[decision.action]: before}
    weighed = change_of(inputs)
    assert weighed is not None
    if weighed.weighed_minor > decision.weighed_minor:
        _ask_matrix_anew(decision, standing, {**inputs, "weighed_minor": weighed.weighed_minor})
    assert decision.new_limit_minor is not None
    is_raise = decision.action == Action.RAISE_LIMIT
    # A limit that reaches as far already leaves nothing to change: the decision is cancelled when its day comes.
    if (standing.limit_minor < decision.new_limit_minor) if is_raise else (standing.limit_minor > decision.new_limit_minor):
        _keep(decision, limit_before_minor=standing.limit_minor)
        renew_texts(decision, standing)


def _ask_matrix_anew(decision: Decision, standing: Standing, inputs: dict[str, Any], **more: Any) -> None:
    """Judge a proposal by inputs of today, and keep them with what comes out: whose approval it takes by now, above all.

    :param more: other columns that change with them
    :raises AuthorityMissing: whoever proposed it has no authority for that
    """
    found = verdict(inputs)
    if not found["has_authority"]:
        raise refusals.AuthorityMissing(decision.action, inputs["weighed_minor"], standing.currency)
    _keep(
        decision,
        inputs=inputs,
        verdict={**decision.verdict, **found},
        weighed_minor=inputs["weighed_minor"],
        # Proposed once, it is never taken alone: where nobody else is needed by now, those who were asked still judge it.
        needs_approval_by=found["needs_approval_by"] or decision.needs_approval_by,
        **more,
    )


def _keep(decision: Decision, **changed: Any) -> None:
    """Write columns of a decision."""
    for name, value in changed.items():
        setattr(decision, name, value)
    Decision.objects.filter(pk=decision.pk).update(**changed)


def _is_to_lift(decision: Decision) -> bool:
    """Return whether what a lift would end is still in force."""
    return decision.lifts_id is not None and Decision.objects.filter(pk=decision.lifts_id, status=Status.EFFECTIVE).exists()


def _refuse_own(decision: Decision, actor: Actor) -> None:
    if decision.status != Status.PROPOSED:
        raise refusals.DecisionMovedOn(decision.reference, decision.status)
    if actor.user_id is None or actor.user_id == decision.proposed_by_id:
        raise refusals.OwnApproval(decision.reference)


def _refuse_without_role(decision: Decision, roles: Collection[str]) -> None:
    if not may_approve(roles=roles, approver_roles=decision.needs_approval_by, is_proposer=False):
        raise refusals.NotAnApprover(decision.reference, decision.needs_approval_by)


def _sign(decision: Decision, actor: Actor, remark: str) -> None:
    _keep(
        decision,
        judged_by_id=actor.user_id,
        judged_by_name=actor.name,
        judged_at=timezone.now(),
        judgement=remark.strip(),
    )


def may_cancel(decision: Decision, *, user_id: int | None, roles: Collection[str], product: Product) -> bool:
    """Return whether somebody may take a decision back before it takes effect.

    A proposal is its proposer's and its approvers'. What is decided has its authority and its notice: to end it in its buffer
    takes what it takes to end it in force, the authority to lift it alone.
    """
    if not decision.is_open:
        return False
    if decision.status == Status.PROPOSED and user_id is not None and decision.proposed_by_id == user_id:
        return True
    return bool(set(roles) & set(_cancelling_roles(decision, product)))


def _cancelling_roles(decision: Decision, product: Product) -> list[str]:
    if decision.status == Status.PROPOSED:
        return list(decision.needs_approval_by)
    alone = roles_alone(
        authority_lines(Action.LIFT),
        currency=product.currency,
        minor_digits=product.minor_digits,
        amount_minor=decision.weighed_minor,
    )
    return [role for role in alone if role != Role.SERVICE]


@transaction.atomic
def cancel_decision(*, actor: Actor, roles: Collection[str], decision_id: int, version: int, reason: str) -> Decision:
    """Take back a decision that is not in force yet; if the customer was told of it, they are told of this too.

    :raises ReasonMissing: it must say why
    :raises StaleForm, DecisionMovedOn: it is not what was looked at, or past cancelling; one in force is lifted
    :raises NotYoursToCancel: neither one's own proposal nor within what the matrix lets the person lift alone
    """
    check_reason(reason)
    decision, standing, today = hold_decision(decision_id, actor=actor, version=version)
    if not decision.is_open:
        raise refusals.DecisionMovedOn(decision.reference, decision.status)
    product = CreditAccount.objects.select_related("product").get(pk=decision.account_id).product
    if not may_cancel(decision, user_id=actor.user_id, roles=roles, product=product):
        raise refusals.NotYoursToCancel(decision.reference, _cancelling_roles(decision, product))
    was_told = decision.status == Status.SCHEDULED
    writes = Writes(actor, today.open_day)
    notice = DecisionNotice.Kind.CANCELLED if was_told else None
    writes.end(decision, Status.CANCELLED, standing, why=reason.strip(), notice=notice)
    writes.write()
    return decision


@transaction.atomic
def keep_decision(*, actor: Actor, decision_id: int, version: int, review_on: date, reason: str) -> Decision:
    """Leave a decision in force after its review, and set the day of the next one.

    :raises ReasonMissing: it must say why
    :raises DatesOutOfOrder, DayOutOfRange: the next review must lie ahead
    :raises StaleForm, DecisionMovedOn: it is not what was looked at, or not in force
    """
    check_reason(reason)
    decision, standing, today = hold_decision(decision_id, actor=actor, version=version)
    if not decision.is_in_force:
        raise refusals.DecisionMovedOn(decision.reference, decision.status)
    if review_on > LAST_DAY:
        raise DayOutOfRange(review_on)
    if review_on <= today.open_day:
        raise refusals.DatesOutOfOrder(today.open_day)
    before = decision.review_on
    decision.review_on = review_on
    writes = Writes(actor, today.open_day)
    writes.move(decision, Status.EFFECTIVE)
    more = {"review_before": before.isoformat() if before else None, "review_on": review_on.isoformat()}
    writes.note(decision, REVIEW_DECISION, standing, reason.strip(), more=more)
    writes.write()
    return decision
