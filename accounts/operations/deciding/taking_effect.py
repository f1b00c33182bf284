"""From decided to in force: on the spot where the day has come, else by the close's step `decisions`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from accounts.models import Decision, DecisionNotice, WriteOff
from accounts.operations.deciding.agreements import accepted_agreement
from accounts.operations.deciding.refusals import LimitOverCap
from accounts.operations.deciding.restrictions import take_turn
from accounts.operations.deciding.standing import Standing, Today
from accounts.operations.deciding.texts import customer_text
from accounts.operations.deciding.weighing import caps_on, refuse_over_caps
from accounts.operations.deciding.writing import Writes, lifted_decision
from accounts.operations.refusals import LedgerRefusal
from accounts.operations.write_offs import write_off
from accounts.own_reasons import (
    CLOSED_BEFORE,
    ENDED_ALREADY,
    HELD_AGAIN,
    LIFTED_BY,
    NO_CLAUSE_SINCE,
    NOTHING_LEFT_TO_CHANGE,
    PAID_IN_TIME,
    REPLACED_BY,
    WRITTEN_OFF_ALREADY,
    WRITTEN_OFF_BEFORE,
)
from accounts.queries.scope_values import scope_values
from accounts.roles import DECIDE, PUT_OFF, TAKE_EFFECT
from accounts.rules.decisions import (
    LIMIT_ACTIONS,
    Action,
    OrderOwed,
    Status,
    acceleration_gate,
    floored_limit,
    settled_effective_day,
)


def schedule(decision: Decision, standing: Standing, writes: Writes, *, today: Today) -> None:
    """Decide: date the notice, queue it, and put the decision in force if its day has come.

    A decision approved days after it was proposed keeps its whole buffer; review and expiry move along with the effect.
    """
    was = decision.status
    settled = settled_effective_day(decision.effective_on, decided_on=today.open_day, buffer_days=decision.buffer_days)
    decision.decided_on = today.open_day
    if _move_dates(decision, settled):
        renew_texts(decision, standing)
    writes.move(decision, Status.SCHEDULED)
    writes.tell(decision, DecisionNotice.Kind.DECIDED, standing)
    writes.note(
        decision,
        DECIDE,
        standing,
        decision.note,
        was=was,
        more={"effective_on": settled.isoformat(), "decided_on": today.open_day.isoformat()},
    )
    if settled <= today.in_force_day:
        put_in_force(decision, standing, writes, orders=None)


def _move_dates(decision: Decision, effective_on: date) -> timedelta:
    """Let a decision take effect on another day, and return by how much later that is; review and expiry move along."""
    later = effective_on - decision.effective_on
    decision.effective_on = effective_on
    decision.review_on = decision.review_on + later if decision.review_on else None
    decision.expires_on = decision.expires_on + later if decision.expires_on else None
    return later


def renew_texts(decision: Decision, standing: Standing) -> None:
    """Write the customer's texts anew: they name the day and the amount."""
    of_amounts = ("weighed_minor", "new_limit_minor", "limit_before_minor", "most_minor")
    columns = (*of_amounts, "effective_on", "review_on", "scope", "scope_value")
    values = {name: getattr(decision, name) for name in columns}
    reason, names = decision.reason, scope_values() if decision.scope_value else {}
    for language, template in (("en", reason.text_en), ("zh", reason.text_zh)):
        text = customer_text(
            template, language, account_no=standing.account_no, currency=standing.currency, values=values, names=names
        )
        setattr(decision, f"text_{language}", text)
    Decision.objects.filter(pk=decision.pk).update(text_en=decision.text_en, text_zh=decision.text_zh)


def put_in_force(decision: Decision, standing: Standing, writes: Writes, *, orders: Sequence[OrderOwed] | None) -> None:
    """Let a decision in its buffer take effect, or cancel it where its ground is gone.

    :param orders: what is owed by order, for an acceleration that waited: paid in time, it is cancelled
    """
    if _cancel_if_lifeless(decision, standing, writes, on=decision.effective_on):
        return
    if decision.action in LIMIT_ACTIONS:
        _change_limit(decision, standing, writes)
        return
    if decision.action == Action.LIFT:
        _lift(decision, standing, writes)
        return
    if decision.action == Action.WRITE_OFF:
        _write_off(decision, standing, writes)
        return
    if decision.action == Action.ACCELERATE and orders is not None:
        if cancel_if_paid(decision, standing, writes, orders):
            return
        agreement = accepted_agreement(decision.account_id)
        if agreement is None or not agreement.has_acceleration_clause:
            _cancel(decision, standing, writes, NO_CLAUSE_SINCE)
            return
    writes.restrict(decision)
    _in_force(decision, standing, writes)


def put_in_force_late(decision: Decision, standing: Standing, writes: Writes, *, orders: Sequence[OrderOwed] | None) -> None:
    """Let go a decision that was held back until its day had passed: what its customer was told does not hold any more.

    It gets a new day, the whole buffer from the day after the one that is closed, review and expiry move along, and the customer
    is told anew; where no buffer is needed it holds from that day. A second time it is cancelled: what it was judged by is too
    old. A lift gives something back and is only late.
    """
    next_day = writes.day + timedelta(days=1)
    if decision.action == Action.LIFT:
        put_in_force(decision, standing, writes, orders=orders)
        return
    if _cancel_if_lifeless(decision, standing, writes, on=next_day):
        return
    if orders is not None and decision.action == Action.ACCELERATE and cancel_if_paid(decision, standing, writes, orders):
        return
    if DecisionNotice.objects.filter(decision=decision, kind=DecisionNotice.Kind.POSTPONED).exists():
        _cancel(decision, standing, writes, HELD_AGAIN)
        return
    before = decision.effective_on
    # The demand stays of its day: only what was due then is demanded.
    _move_dates(decision, settled_effective_day(before, decided_on=next_day, buffer_days=decision.buffer_days))
    renew_texts(decision, standing)
    writes.move(decision, Status.SCHEDULED)
    writes.tell(decision, DecisionNotice.Kind.POSTPONED, standing, dated=next_day)
    writes.note(
        decision,
        PUT_OFF,
        standing,
        was=Status.SCHEDULED,
        was_more={"effective_on": before.isoformat()},
        more={"effective_on": decision.effective_on.isoformat()},
    )
    if decision.effective_on == next_day:
        put_in_force(decision, standing, writes, orders=orders)


def _cancel_if_lifeless(decision: Decision, standing: Standing, writes: Writes, *, on: date) -> bool:
    """Cancel what cannot take effect on a day: its account is written off or closed by then. Return whether it was."""
    if standing.is_written_off and decision.action not in (Action.LIFT, Action.WRITE_OFF):
        _cancel(decision, standing, writes, WRITTEN_OFF_BEFORE)
        return True
    if standing.closed_on is not None and standing.closed_on <= on and decision.action != Action.LIFT:
        _cancel(decision, standing, writes, CLOSED_BEFORE)
        return True
    return False


def is_paid_in_time(decision: Decision, orders: Sequence[OrderOwed]) -> bool:
    """Return whether the gate of an acceleration is no longer met.

    :param orders: what is unpaid of the orders, due only as far as it was due at the demand: what fell due since was never
        demanded, and takes a demand and a period of its own

    Source: Civil Code 634: only who has still not paid after the demand and a reasonable period owes the whole.
    """
    demanded = set(decision.verdict.get("orders", ()))
    wanted = (order for order in orders if order.order_no in demanded)
    return not acceleration_gate(wanted, share_bp=decision.inputs["share_bp"]).is_met


def cancel_if_paid(decision: Decision, standing: Standing, writes: Writes, orders: Sequence[OrderOwed]) -> bool:
    """Cancel an acceleration in its buffer that was paid in time, and return whether it was."""
    if not is_paid_in_time(decision, orders):
        return False
    _cancel(decision, standing, writes, PAID_IN_TIME)
    return True


def _in_force(decision: Decision, standing: Standing, writes: Writes, *, limits: tuple[int, int] | None = None) -> None:
    was = decision.status
    writes.move(decision, Status.EFFECTIVE)
    writes.note(decision, TAKE_EFFECT, standing, was=was, limits=limits or (None, None))


def _cancel(
    decision: Decision, standing: Standing, writes: Writes, why: str, *, notice: str | None = DecisionNotice.Kind.CANCELLED
) -> None:
    writes.end(decision, Status.CANCELLED, standing, why=why, notice=notice)


def _change_limit(decision: Decision, standing: Standing, writes: Writes) -> None:
    """Set the limit; never under the balance owed now, which may have grown since the decision."""
    assert decision.new_limit_minor is not None
    before = standing.limit_minor
    new = floored_limit(decision.new_limit_minor, owed_minor=standing.owed_minor)
    is_moved = new < before if decision.action == Action.LOWER_LIMIT else decision.new_limit_minor > before
    if not is_moved:
        _cancel(decision, standing, writes, NOTHING_LEFT_TO_CHANGE)
        return
    if decision.action == Action.RAISE_LIMIT:
        # Limits change one transaction after the other from here on: two raises of one customer see each other.
        take_turn()
        try:
            refuse_over_caps({**decision.inputs, **caps_on(standing, unwritten=writes.limits), "new_limit_minor": new})
        except LimitOverCap as refusal:
            _cancel(decision, standing, writes, str(refusal))
            return
    earlier = next(iter(_limit_decisions(decision.account_id, writes)), None)
    if earlier is not None:
        writes.end(
            earlier,
            Status.REPLACED,
            standing,
            why=REPLACED_BY % {"number": decision.reference},
            notice=None,
        )
    decision.limit_before_minor, decision.limit_after_minor = before, new
    writes.set_limit(standing, new)
    _in_force(decision, standing, writes, limits=(before, new))


def _limit_decisions(account_id: int, writes: Writes) -> Iterable[Decision]:
    """Return the account's limit decision in force, as this transaction has left it."""
    in_hand = [d for d in writes.moved.values() if d.account_id == account_id and d.is_of_limit and d.status == Status.EFFECTIVE]
    if in_hand:
        return in_hand
    stored = Decision.objects.filter(account_id=account_id, action__in=LIMIT_ACTIONS, status=Status.EFFECTIVE)
    return stored.select_for_update().exclude(pk__in=writes.ended)


def _lift(decision: Decision, standing: Standing, writes: Writes) -> None:
    target = writes.moved.get(decision.lifts_id or 0) or lifted_decision(decision)
    if target.pk in writes.ended or target.status != Status.EFFECTIVE:
        # Withdrawing the good news would say that the restriction goes on, and it does not: its own end was told.
        _cancel(decision, standing, writes, ENDED_ALREADY, notice=None)
        return
    why = LIFTED_BY % {"number": decision.reference}
    # The lift's own notice tells the customer.
    writes.end(target, Status.LIFTED, standing, why=why, notice=None)
    if target.limit_before_minor is not None and standing.limit_minor < target.limit_before_minor:
        # It does not say that another limit than the earlier one has come back.
        writes.tell(target, DecisionNotice.Kind.ENDED, standing)
    _in_force(decision, standing, writes)


def _write_off(decision: Decision, standing: Standing, writes: Writes) -> None:
    """Hand over to the ledger's own operation, with its own entry and line."""
    assert decision.decided_on is not None
    if WriteOff.objects.filter(account_id=decision.account_id).exists():
        _cancel(decision, standing, writes, WRITTEN_OFF_ALREADY)
        return
    try:
        write_off(
            actor=writes.actor,
            account_id=decision.account_id,
            value_date=writes.day,
            reference=decision.reference,
            reason=decision.note or str(decision.reason),
        )
    except LedgerRefusal as refusal:
        _cancel(decision, standing, writes, str(refusal))
        return
    standing.is_written_off = True
    writes.changed.add(decision.account_id)
    _in_force(decision, standing, writes)
