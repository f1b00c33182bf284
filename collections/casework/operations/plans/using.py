"""No new use while a plan stands: the account is blocked when one is signed, and freed when its terms say so."""

from __future__ import annotations

from datetime import date

from accounts.operations.deciding.agreed_blocks import block_use, free_use
from casework.models import Plan
from casework.plan_roles import HOLD_USE
from riskops.shared.audit import Actor, record


def settle_use(account_id: int, *, day: date, actor: Actor) -> bool:
    """Bring the block of an account in line with its plans and return whether it changed; the caller announces it.

    The caller holds the account's lock.
    """
    plans = Plan.objects.filter(account_id=account_id, status__in=(Plan.Status.ACTIVE, Plan.Status.PAID))
    holding = next((plan for plan in plans.select_related("terms").order_by("-pk") if plan.holds_use), None)
    if holding is None:
        changed = free_use(account_id)
    else:
        changed = block_use(account_id=account_id, reference=holding.reference, since=day)
    if changed:
        account_no = Plan.objects.filter(account_id=account_id).values_list("account__account_no", flat=True)[0]
        record(
            actor=actor,
            action=HOLD_USE,
            subject_type="account",
            subject_key=account_no,
            account_id=account_id,
            after={"may_use": holding is None, "plan": holding.reference if holding else "", "day": day.isoformat()},
        )
    return changed
