"""Vintages of orders, from the entries: an order is as late as its own oldest unpaid instalment."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

from accounts.rules.entries import InstallmentEntry
from accounts.rules.replay import InstallmentState
from accounts.rules.terms import Component
from dashboards.installments import (
    ACCOUNTS,
    ALLOCATIONS,
    INSTALLMENTS,
    days_table,
    intricate_accounts,
    is_late,
    later_sql,
    month_end_sql,
    settled,
)
from dashboards.metrics.base import Ask, Measure
from dashboards.rules.months import end_of_month, month_ends_between
from dashboards.scope import segment_joins
from riskops.shared.sql import as_day, days_between, fetch

Sums = Counter[tuple[str, date, date]]
#: The bad orders as `b`, each with the day it was booked: looked up along the key, which costs less than a join of all orders.
_BAD_ORDERS = (
    f"(SELECT x.*, (SELECT MIN(o.booked_on) FROM {INSTALLMENTS} o WHERE o.account_id = x.account_id "
    "AND o.order_no = x.order_no) AS booked_on FROM bad x) b"
)
# A new schedule for what is unpaid is no order of its own: what it owes belongs to no vintage.
_ORDERS = (
    f"orders AS (SELECT account_id, order_no, MIN(booked_on) AS booked_on FROM {INSTALLMENTS} "
    "WHERE schedule_change_id IS NULL GROUP BY account_id, order_no)"
)


def sums(ask: Ask, *, n: int, is_ever: bool) -> tuple[Sums, Sums]:
    """Return the bad and all, each by (segment, month-end of the booking, month-end looked at)."""
    if not ask.days:
        return Counter(), Counter()
    bad = _ever_bad(ask, n) if is_ever else _currently_bad(ask, n)
    bad += _intricate(ask, n, is_ever=is_ever)
    return bad, _every(ask)


def _every(ask: Ask) -> Sums:
    """Return the orders of each vintage (amount: their principal booked by each day)."""
    cut = ask.scope.segment(tier_of="")
    size = "CAST(SUM(i.principal_minor) AS bigint)" if ask.measure is Measure.AMOUNT else "COUNT(DISTINCT o.order_key)"
    booked = month_end_sql(later_sql("i.booked_on" if ask.measure is Measure.AMOUNT else "o.booked_on", "a.opened_on"))
    orders = _ORDERS.replace("MIN(booked_on) AS booked_on", "MIN(booked_on) AS booked_on, MIN(id) AS order_key")
    rows = fetch(
        f"WITH {orders} SELECT {cut.expression}, {month_end_sql('o.booked_on')}, {booked}, {size} FROM {INSTALLMENTS} i "
        f"JOIN orders o ON o.account_id = i.account_id AND o.order_no = i.order_no "
        f"{segment_joins(cut, of='i', always_account=True)} WHERE {ask.scope.condition('i')} GROUP BY 1, 2, 3",
        cut.parameters,
    )
    every: Sums = Counter()
    for segment, vintage, booked_in, amount in rows:
        for day in ask.days:
            if max(as_day(vintage), as_day(booked_in)) <= day:
                every[segment, as_day(vintage), day] += int(amount)
    return every


def _ever_bad(ask: Ask, n: int) -> Sums:
    cut = ask.scope.segment(tier_of="")
    is_amount = ask.measure is Measure.AMOUNT
    # An instalment can first be bad at the month-end on or after its n-th day; it is, unless it was paid by then.
    first_look = later_sql(month_end_sql("t.due_date", days=n), month_end_sql("a.opened_on"))
    bad_orders = (
        f"bad AS (SELECT t.account_id, t.product_id, t.order_no, MIN({first_look}) AS first_on FROM settled t "
        f"JOIN {ACCOUNTS} a ON a.id = t.account_id "
        f"WHERE t.paid_on IS NULL OR t.paid_on > {first_look} GROUP BY t.account_id, t.product_id, t.order_no)"
    )
    booked = month_end_sql("i.booked_on") if is_amount else "b.first_on"
    size = "CAST(SUM(i.principal_minor) AS bigint)" if is_amount else "COUNT(*)"
    installments = f"JOIN {INSTALLMENTS} i ON i.account_id = b.account_id AND i.order_no = b.order_no" if is_amount else ""
    rows = fetch(
        f"WITH {settled()}, {bad_orders} "
        f"SELECT {cut.expression}, {month_end_sql('b.booked_on')}, b.first_on, {booked}, {size} "
        f"FROM {_BAD_ORDERS} {installments} {segment_joins(cut, of='b')} WHERE {ask.scope.condition('b')} GROUP BY 1, 2, 3, 4",
        cut.parameters,
    )
    bad: Sums = Counter()
    for segment, vintage, first_on, booked_in, amount in rows:
        for day in ask.days:
            if max(as_day(first_on), as_day(booked_in)) <= day:
                bad[segment, as_day(vintage), day] += int(amount)
    return bad


def _currently_bad(ask: Ask, n: int) -> Sums:
    cut = ask.scope.segment(tier_of="")
    common = (
        f"WITH {settled()}, {days_table(ask.days)}, bad AS (SELECT DISTINCT d.as_of, t.account_id, t.product_id, "
        f"t.order_no FROM settled t JOIN {ACCOUNTS} a ON a.id = t.account_id "
        f"JOIN days d ON {days_between('d.as_of', 't.due_date')} >= {n:d} AND a.opened_on <= d.as_of "
        f"AND (t.paid_on IS NULL OR t.paid_on > d.as_of))"
    )
    installment = f"JOIN {INSTALLMENTS} i ON i.account_id = b.account_id AND i.order_no = b.order_no AND i.booked_on <= b.as_of"
    tail = f"{segment_joins(cut, of='b')} WHERE {ask.scope.condition('b')} GROUP BY 1, 2, 3"
    head = f"SELECT {cut.expression}, {month_end_sql('b.booked_on')}, b.as_of"
    if ask.measure is Measure.COUNT:
        signed = [(1, f"{head}, COUNT(*) FROM {_BAD_ORDERS} {tail}")]
    else:
        paid = (
            f"JOIN {ALLOCATIONS} l ON l.account_id = i.account_id AND l.installment_id = i.id "
            f"AND l.component = {Component.PRINCIPAL:d} AND l.allocated_on <= b.as_of"
        )
        signed = [
            (1, f"{head}, CAST(SUM(i.principal_minor) AS bigint) FROM {_BAD_ORDERS} {installment} {tail}"),
            (-1, f"{head}, CAST(SUM(l.amount_minor) AS bigint) FROM {_BAD_ORDERS} {installment} {paid} {tail}"),
        ]
    bad: Sums = Counter()
    for sign, statement in signed:
        for segment, vintage, as_of, amount in fetch(f"{common} {statement}", cut.parameters):
            bad[segment, as_day(vintage), as_day(as_of)] += sign * int(amount)
    return bad


def _intricate(ask: Ask, n: int, *, is_ever: bool) -> Sums:
    """Return the bad among the orders of accounts that must be replayed, each day as it was known on that day."""
    bad: Sums = Counter()
    for segment, entries in intricate_accounts(ask.scope, ask.scope.segment(tier_of="")):
        vintages = _vintages(entries.installments)
        looked_at = list(month_ends_between(min(vintages.values()), ask.days[-1])) if is_ever and vintages else ask.days
        was_bad: set[str] = set()
        for day in looked_at:
            orders: dict[str, list[InstallmentState]] = defaultdict(list)
            for state in entries.rebuilt(day).installments:
                if state.entry.change is None:
                    orders[state.entry.order_no].append(state)
            is_bad = {order for order, states in orders.items() if any(is_late(state, as_of=day, n=n) for state in states)}
            was_bad |= is_bad
            if day in ask.days:
                for order in was_bad if is_ever else is_bad:
                    bad[segment, vintages[order], day] += _size(orders[order], ask.measure, is_ever=is_ever)
    return bad


def _vintages(installments: Sequence[InstallmentEntry]) -> Mapping[str, date]:
    first: dict[str, date] = {}
    for entry in (entry for entry in installments if entry.change is None):
        first[entry.order_no] = min(first.get(entry.order_no, entry.booked_on), entry.booked_on)
    return {order: end_of_month(day) for order, day in first.items()}


def _size(states: list[InstallmentState], measure: Measure, *, is_ever: bool) -> int:
    if measure is Measure.COUNT:
        return 1
    return sum(state.entry.principal_minor if is_ever else state.unpaid[Component.PRINCIPAL] for state in states)
