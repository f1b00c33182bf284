"""Demands for full repayment ended because something else came to light: a part of operations of upper rooms."""

from __future__ import annotations

from accounts.models import Decision, DecisionNotice
from accounts.operations.deciding.standing import Standing, Today
from accounts.operations.deciding.writing import Writes
from accounts.rules.decisions import OPEN_STATUSES, Action, Status
from riskops.shared.audit import Actor


def end_demands(*, actor: Actor, standing: Standing, today: Today, why: str) -> list[Decision]:
    """End every demand for full repayment on an account and return them: proposals and what runs its period, what is in force.

    Whoever was told of one is told of its end. No authority is asked for: it is given back what was demanded, and the cause is
    on record. A new demand takes a new decision.

    A part of operations: the caller holds the day and the account (`hold_today`, `lock_standing`).
    """
    demands = list(
        Decision.objects.select_for_update(of=("self",))
        .select_related("reason")
        .filter(account_id=standing.account_id, action=Action.ACCELERATE, status__in=[*OPEN_STATUSES, Status.EFFECTIVE])
        .order_by("id")
    )
    writes = Writes(actor, today.open_day)
    for demand in demands:
        if demand.status == Status.EFFECTIVE:
            writes.end(demand, Status.LIFTED, standing, why=why, notice=DecisionNotice.Kind.ENDED)
        else:
            was_told = demand.status == Status.SCHEDULED
            notice = DecisionNotice.Kind.CANCELLED if was_told else None
            writes.end(demand, Status.CANCELLED, standing, why=why, notice=notice)
    if demands:
        writes.write()
    return demands
