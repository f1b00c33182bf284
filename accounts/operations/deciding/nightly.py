"""The step `decisions` of the close: demands that were paid in time, decisions whose day has come, and those that run out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final

from django.db.models import Exists, OuterRef, Q

from accounts.models import Decision, DecisionNotice, Payment
from accounts.operations.deciding.automatic import decide_by_rules
from accounts.operations.deciding.standing import lock_standings, orders_owed
from accounts.operations.deciding.taking_effect import cancel_if_paid, is_paid_in_time, put_in_force, put_in_force_late
from accounts.operations.deciding.weighing import hold_control
from accounts.operations.deciding.writing import Writes
from accounts.own_reasons import PAID_IN_TIME_BOOKED_LATER, RAN_OUT, RAN_OUT_BEFORE
from accounts.queries.entries import in_chunks
from accounts.rules.decisions import Action, Status, is_due
from riskops.shared.audit import CLOSE, Actor

#: Payments that count from a day of the period of a demand. One may have come to the book after the demand took effect.
_PAID_IN_PERIOD: Final = Payment.objects.filter(
    account_id=OuterRef("account_id"), paid_on__gte=OuterRef("decided_on"), paid_on__lt=OuterRef("effective_on")
)


def work_decisions(*, closed_day: date, first_account_id: int, last_account_id: int, run_id: int | None = None) -> int:
    """Bring the decisions of a range of accounts to the end of a day and return how many changed. A repeat changes nothing.

    What is effective on the next day is put in force here: it must stand from that day's first moment. A payment of the day
    itself has been posted by now, so one that came in time cancels the demand.
    """
    next_day = closed_day + timedelta(days=1)
    concerned = (
        Decision.objects.filter(account_id__gte=first_account_id, account_id__lte=last_account_id)
        .filter(
            Q(status=Status.SCHEDULED, effective_on__lte=next_day)
            | Q(status=Status.SCHEDULED, action=Action.ACCELERATE)
            | Q(status=Status.EFFECTIVE, expires_on__lte=next_day)
            | (Q(status=Status.EFFECTIVE, action=Action.ACCELERATE) & Exists(_PAID_IN_PERIOD))
        )
        .order_by("account_id")
        .values_list("account_id", flat=True)
        .distinct()
    )
    done = sum(_work(chunk, closed_day, run_id, CLOSE) for chunk in in_chunks(list(concerned)))
    return done + decide_by_rules(
        closed_day=closed_day, first_account_id=first_account_id, last_account_id=last_account_id, run_id=run_id
    )


def _work(account_ids: Sequence[int], closed_day: date, run_id: int | None, actor: Actor) -> int:
    next_day = closed_day + timedelta(days=1)
    standings = lock_standings(account_ids)
    decisions = list(
        Decision.objects.select_for_update(of=("self",))
        .select_related("reason")
        .filter(account_id__in=account_ids, status__in=[Status.SCHEDULED, Status.EFFECTIVE])
        .order_by("account_id", "id")
    )
    is_stopped = hold_control().is_automatic_stopped
    demanded_on = _demanded(decisions)
    orders = orders_owed(sorted(demanded_on), as_of=closed_day, due_by=demanded_on)
    paid_after_all = _paid_after_all(decisions)
    # What happens now belongs to the day that is being closed; what takes effect holds from the next.
    writes = Writes(actor, closed_day, run_id)
    for decision in decisions:
        standing = standings[decision.account_id]
        if decision.pk in writes.ended or decision.pk in writes.moved:
            continue
        if decision.status == Status.EFFECTIVE:
            if decision.expires_on is not None and decision.expires_on <= next_day:
                writes.end(decision, Status.EXPIRED, standing, why=RAN_OUT, notice=DecisionNotice.Kind.ENDED)
            elif decision.pk in paid_after_all:
                why = PAID_IN_TIME_BOOKED_LATER
                writes.end(decision, Status.LIFTED, standing, why=why, notice=DecisionNotice.Kind.ENDED)
        elif decision.expires_on is not None and decision.expires_on <= next_day:
            # Whatever holds it back: there is no day left on which it could take effect.
            writes.end(decision, Status.CANCELLED, standing, why=RAN_OUT_BEFORE, notice=DecisionNotice.Kind.CANCELLED)
        elif is_stopped and decision.is_by_machine_alone:
            # Noticed, but nobody looked at it: it waits until the switch is off, or somebody cancels or undoes it.
            continue
        elif standing.held_back(decision.action):
            # What holds it back has not stopped the customer from paying in time.
            if decision.action == Action.ACCELERATE:
                cancel_if_paid(decision, standing, writes, orders[decision.account_id])
        elif is_due(decision.effective_on, closed_day=closed_day):
            act = put_in_force if decision.effective_on == next_day else put_in_force_late
            act(decision, standing, writes, orders=orders.get(decision.account_id))
        elif decision.action == Action.ACCELERATE:
            cancel_if_paid(decision, standing, writes, orders[decision.account_id])
    return writes.write()


def _demanded(decisions: Iterable[Decision]) -> dict[int, date]:
    """Return the day of the demand by account, for the demands for full repayment whose period still runs."""
    running = [d for d in decisions if d.action == Action.ACCELERATE and d.status == Status.SCHEDULED]
    return {d.account_id: d.decided_on for d in running if d.decided_on is not None}


def _paid_after_all(decisions: Iterable[Decision]) -> set[int]:
    """Return the demands in force whose period, as the book knows it now, ended with the gate no longer met."""
    in_force = [d for d in decisions if d.action == Action.ACCELERATE and d.status == Status.EFFECTIVE]
    found: set[int] = set()
    for last_day in {d.effective_on - timedelta(days=1) for d in in_force}:
        of_day = {d.account_id: d for d in in_force if d.effective_on == last_day + timedelta(days=1)}
        due_by = {account_id: d.decided_on for account_id, d in of_day.items() if d.decided_on is not None}
        orders = orders_owed(sorted(of_day), as_of=last_day, due_by=due_by)
        found |= {d.pk for account_id, d in of_day.items() if is_paid_in_time(d, orders[account_id])}
    return found
