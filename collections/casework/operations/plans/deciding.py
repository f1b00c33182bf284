"""Plans decided on by a second person, and taken back before they are signed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction

from accounts.operations.checks import check_reason
from casework.models import Plan, PlanEvent
from casework.operations.plans.agreements import Stored, keep_offer, stored_files
from casework.operations.plans.refusals import AboveYourLimit, OwnPlan
from casework.operations.plans.signing import check_balance, check_standing
from casework.operations.plans.standing import hold_plan, note
from casework.plan_hooks import send_offer
from casework.plan_roles import DECIDE_PLAN, WITHDRAW_PLAN
from riskops.shared.audit import Actor
from riskops.shared.roles import Role


def approve_plan(*, actor: Actor, roles: Collection[str], reference: str, now: datetime, comment: str = "") -> Plan:
    """Approve a plan: it stands open to be signed for the days its terms say, its agreement is printed and kept, and
    the customer is sent the offer.

    :param now: from when the offer may go out
    :raises OwnPlan: whoever proposed it
    :raises AboveYourLimit: an approver decides on an amount like this
    :raises NotEligible: a dispute or a suspicion of fraud has come up, or the account was written off
    :raises BalanceChanged: what is owed is no more what it was made of
    :raises AgreementUnprinted: its agreement cannot be printed
    :raises PlanUnknown, PlanMovedOn, ConflictDeclared: see `hold_plan`
    """
    with stored_files() as stored, transaction.atomic():
        return _approve(actor, roles, reference, comment, now, stored)


def _approve(actor: Actor, roles: Collection[str], reference: str, comment: str, now: datetime, stored: Stored) -> Plan:
    plan, held = hold_plan(reference, actor, Plan.Status.PROPOSED)
    _refuse_unfit(plan, actor, roles, held.currency)
    check_standing(plan, held)
    check_balance(plan, held)
    before = plan.status
    plan.status = Plan.Status.OFFERED
    plan.offered_until = held.open_day + timedelta(days=plan.terms.offer_days)
    plan.save(update_fields=["status", "offered_until"])
    kept = keep_offer(plan, day=held.open_day, stored=stored)
    send_offer(plan, held.open_day, now)
    note(
        plan,
        PlanEvent.Kind.APPROVED,
        day=held.open_day,
        actor=actor,
        action=DECIDE_PLAN,
        before=before,
        note=comment.strip(),
        figures={"offered_until": plan.offered_until.isoformat(), "agreement_sha256": kept.content_sha256},
    )
    return plan


@transaction.atomic
def reject_plan(*, actor: Actor, roles: Collection[str], reference: str, reason: str) -> Plan:
    """Reject a plan.

    :raises ReasonMissing: nothing is written in it
    :raises OwnPlan, AboveYourLimit, PlanUnknown, PlanMovedOn, ConflictDeclared: see `approve_plan`
    """
    check_reason(reason)
    plan, held = hold_plan(reference, actor, Plan.Status.PROPOSED)
    _refuse_unfit(plan, actor, roles, held.currency)
    before = plan.status
    plan.status, plan.ended_on = Plan.Status.REJECTED, held.open_day
    plan.save(update_fields=["status", "ended_on"])
    note(plan, PlanEvent.Kind.REJECTED, day=held.open_day, actor=actor, action=DECIDE_PLAN, before=before, note=reason.strip())
    return plan


@transaction.atomic
def withdraw_plan(*, actor: Actor, reference: str, reason: str) -> Plan:
    """Take back a plan that is not signed yet.

    :raises ReasonMissing: nothing is written in it
    :raises PlanUnknown, PlanMovedOn, ConflictDeclared: see `hold_plan`
    """
    check_reason(reason)
    plan, held = hold_plan(reference, actor, Plan.Status.PROPOSED, Plan.Status.OFFERED, Plan.Status.CONFIRMING)
    before = plan.status
    plan.status, plan.ended_on = Plan.Status.WITHDRAWN, held.open_day
    plan.save(update_fields=["status", "ended_on"])
    note(plan, PlanEvent.Kind.WITHDRAWN, day=held.open_day, actor=actor, action=WITHDRAW_PLAN, before=before, note=reason.strip())
    return plan


def _refuse_unfit(plan: Plan, actor: Actor, roles: Collection[str], currency: str) -> None:
    if actor.user_id is not None and actor.user_id == plan.proposed_by_id:
        raise OwnPlan
    if plan.owed_minor >= plan.terms.approver_from_minor and Role.APPROVER.value not in roles:
        raise AboveYourLimit(plan.owed_minor, plan.terms.approver_from_minor, currency)
