"""Vintages of accounts, from the snapshots (booked principal from the instalments)."""

from __future__ import annotations

from collections import Counter
from datetime import date

from accounts.models.snapshot import AccountSnapshot
from dashboards.installments import INSTALLMENTS, month_end_sql
from dashboards.metrics.base import Ask, Measure
from dashboards.scope import segment_joins
from riskops.shared.sql import as_day, date_literal, fetch

Sums = Counter[tuple[str, date, date]]
_SNAPSHOTS = AccountSnapshot._meta.db_table


def sums(ask: Ask, *, n: int, is_ever: bool) -> tuple[Sums, Sums]:
    """Return the bad and all, each by (segment, month-end of the opening, month-end looked at)."""
    if not ask.days:
        return Counter(), Counter()
    current, every = _standing(ask, n)
    if is_ever:
        current = _ever_bad(ask, n)
    if ask.measure is Measure.AMOUNT:
        every = _booked(ask, every)
    return current, every


def _standing(ask: Ask, n: int) -> tuple[Sums, Sums]:
    """Return the accounts that are bad at each day (amount: their outstanding principal), and the number of all of them."""
    cut = ask.scope.segment(tier_of="")
    size = "s.outstanding_principal_minor" if ask.measure is Measure.AMOUNT else "1"
    rows = fetch(
        f"SELECT {cut.expression}, {month_end_sql('s.opened_on')}, s.as_of, COUNT(*), "
        f"CAST(SUM(CASE WHEN s.days_past_due >= {n:d} THEN {size} ELSE 0 END) AS bigint) FROM {_SNAPSHOTS} s "
        f"{segment_joins(cut, of='s')} WHERE s.as_of IN ({', '.join(map(date_literal, ask.days))}) "
        f"AND {ask.scope.condition('s')} GROUP BY 1, 2, 3",
        cut.parameters,
    )
    bad: Sums = Counter()
    every: Sums = Counter()
    for segment, opened, as_of, accounts, late in rows:
        key = (segment, as_day(opened), as_day(as_of))
        every[key] += int(accounts)
        bad[key] += int(late)
    return bad, every


def _first_bad(n: int, through: date) -> str:
    return (
        f"bad AS (SELECT account_id, product_id, MIN(as_of) AS first_on FROM {_SNAPSHOTS} WHERE days_past_due >= {n:d} "
        f"AND as_of <= {date_literal(through)} GROUP BY account_id, product_id)"
    )


def _ever_bad(ask: Ask, n: int) -> Sums:
    """Return the accounts bad at any month-end up to each day (amount: their principal booked by that day)."""
    cut = ask.scope.segment(tier_of="")
    is_amount = ask.measure is Measure.AMOUNT
    booked = month_end_sql("i.booked_on") if is_amount else "b.first_on"
    size = "CAST(SUM(i.principal_minor) AS bigint)" if is_amount else "COUNT(*)"
    installments = f"JOIN {INSTALLMENTS} i ON i.account_id = b.account_id" if is_amount else ""
    rows = fetch(
        f"WITH {_first_bad(n, ask.days[-1])} "
        f"SELECT {cut.expression}, {month_end_sql('a.opened_on')}, b.first_on, {booked}, {size} "
        f"FROM bad b {segment_joins(cut, of='b', always_account=True)} {installments} "
        f"WHERE {ask.scope.condition('b')} GROUP BY 1, 2, 3, 4",
        cut.parameters,
    )
    bad: Sums = Counter()
    for segment, opened, first_on, booked_in, amount in rows:
        for day in ask.days:
            if max(as_day(first_on), as_day(booked_in)) <= day:
                bad[segment, as_day(opened), day] += int(amount)
    return bad


def first_due(ask: Ask) -> dict[tuple[str, date], date]:
    """Return the earliest due date of the accounts of each segment and month-end of the opening."""
    cut = ask.scope.segment(tier_of="")
    rows = fetch(
        f"SELECT {cut.expression}, {month_end_sql('a.opened_on')}, MIN(i.due_date) FROM {INSTALLMENTS} i "
        f"{segment_joins(cut, of='i', always_account=True)} WHERE {ask.scope.condition('i')} GROUP BY 1, 2",
        cut.parameters,
    )
    return {(segment, as_day(opened)): as_day(due_date) for segment, opened, due_date in rows}


def _booked(ask: Ask, counted: Sums) -> Sums:
    """Return the principal booked by each day on the accounts of each vintage that had a snapshot."""
    cut = ask.scope.segment(tier_of="")
    rows = fetch(
        f"SELECT {cut.expression}, {month_end_sql('a.opened_on')}, {month_end_sql('i.booked_on')}, "
        f"CAST(SUM(i.principal_minor) AS bigint) FROM {INSTALLMENTS} i {segment_joins(cut, of='i', always_account=True)} "
        f"WHERE {ask.scope.condition('i')} GROUP BY 1, 2, 3",
        cut.parameters,
    )
    every: Sums = Counter()
    for segment, opened, booked_in, principal in rows:
        for day in ask.days:
            if as_day(booked_in) <= day and counted[segment, as_day(opened), day]:
                every[segment, as_day(opened), day] += int(principal)
    return every
