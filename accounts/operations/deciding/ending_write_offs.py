"""A write-off that is decided on and not done yet, ended because its ground is gone: a part of operations of upper rooms."""

from __future__ import annotations

from accounts.models import Decision, DecisionNotice
from accounts.operations.deciding.standing import Standing
from accounts.operations.deciding.writing import Writes
from accounts.rules.decisions import OPEN_STATUSES, Action, Status


def end_write_off(decision_id: int, standing: Standing, writes: Writes, *, why: str) -> bool:
    """Cancel a decision to write off that waits for approval or for its day, and return whether there was one.

    No authority is asked for: nothing is taken from the customer. Whoever was told of it is told of its end.

    A part of operations: the caller holds the day and the account (`hold_today`, `lock_standing`) and writes `writes`.
    """
    decision = (
        Decision.objects.select_for_update(of=("self",))
        .select_related("reason")
        .filter(pk=decision_id, account_id=standing.account_id, action=Action.WRITE_OFF, status__in=OPEN_STATUSES)
        .first()
    )
    if decision is None:
        return False
    notice = DecisionNotice.Kind.CANCELLED if decision.status == Status.SCHEDULED else None
    writes.end(decision, Status.CANCELLED, standing, why=why, notice=notice)
    return True
