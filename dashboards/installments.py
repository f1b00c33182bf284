"""What instalments tell that snapshots do not: when each was paid, as of any day. The *known* truth (portfolio-format, rule 7).

Most accounts' instalments say it themselves: paid means nothing of principal, interest or fee is left, on the day of their last
allocation. An account with a reversal, a waiver, a cancellation or a changed schedule stood differently on different days; it is
*intricate* and is replayed from its entries instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

from accounts.models import (
    Allocation,
    CreditAccount,
    Installment,
    InstallmentCancellation,
    Payment,
    ScheduleChange,
    Waiver,
)
from accounts.queries.entries import AccountEntries, in_chunks, load_entries
from accounts.rules.replay import InstallmentState, rebuild
from accounts.rules.terms import Component
from dashboards.scope import Scope, segment_joins
from dashboards.segments import Segment
from riskops.shared.sql import fetch, is_postgresql

ACCOUNTS: Final = CreditAccount._meta.db_table
INSTALLMENTS: Final = Installment._meta.db_table
ALLOCATIONS: Final = Allocation._meta.db_table

#: The accounts whose instalments do not tell their past themselves.
INTRICATE: Final = (
    f"SELECT account_id FROM {Payment._meta.db_table} WHERE reverses_id IS NOT NULL "
    f"UNION SELECT account_id FROM {Waiver._meta.db_table} "
    f"UNION SELECT account_id FROM {ScheduleChange._meta.db_table} "
    f"UNION SELECT account_id FROM {InstallmentCancellation._meta.db_table}"
)


def settled(source: str = f"{INSTALLMENTS} i") -> str:
    """Return the common table `settled`: instalments `i` of plain accounts with the day they were wholly paid, null before.

    Joined along the account, which both tables are indexed by; SQLite gives a grouped subquery no index of its own.

    :param source: where to take `i` from, when not all of them are wanted
    """
    return (
        "settled AS (SELECT i.id, i.account_id, i.product_id, i.order_no, i.sequence, i.due_date, CASE WHEN "
        "i.principal_unpaid_minor + i.interest_unpaid_minor + i.fee_unpaid_minor = 0 THEN MAX(l.allocated_on) END AS paid_on "
        f"FROM {source} LEFT JOIN {ALLOCATIONS} l ON l.account_id = i.account_id AND l.installment_id = i.id "
        f"AND l.component <> {Component.PENALTY:d} WHERE i.account_id NOT IN ({INTRICATE}) GROUP BY i.id)"
    )


def month_end_sql(column: str, *, days: int = 0) -> str:
    """Return the SQL of the last day of the month that lies some days after a date."""
    if is_postgresql():
        return f"CAST(date_trunc('month', CAST({column} + {days:d} AS timestamp)) + INTERVAL '1 month - 1 day' AS date)"
    return f"date({column}, '+{days:d} days', 'start of month', '+1 month', '-1 day')"


def later_sql(day: str, other: str) -> str:
    """Return the SQL of the later one of two dates.

    What concerns an instalment is in no figure before its account `a` was opened, though it may have been booked and due by
    then (portfolio-format, "Aging, exactly", rule 0).
    """
    return f"{'GREATEST' if is_postgresql() else 'MAX'}({day}, {other})"


class IntricateAccount(NamedTuple):
    """An intricate account of the scope: its segment and its entries."""

    segment: str
    entries: AccountEntries


def intricate_accounts(scope: Scope, cut: Segment) -> Iterator[IntricateAccount]:
    """Yield the intricate accounts of a scope, a bounded number of them in memory at once."""
    rows = fetch(
        f"SELECT a.id, {cut.expression} FROM (SELECT id AS account_id, product_id FROM {ACCOUNTS}) x "
        f"{segment_joins(cut, of='x', always_account=True)} WHERE a.id IN ({INTRICATE}) AND {scope.condition('x')} ORDER BY a.id",
        cut.parameters,
    )
    segments = dict(rows)
    for chunk in in_chunks(segments):
        for account_id, entries in load_entries(chunk).items():
            yield IntricateAccount(segments[account_id], entries)


def is_late(state: InstallmentState, *, as_of: date, n: int) -> bool:
    """Return whether an instalment itself is n or more days past due."""
    return not state.is_paid and (as_of - state.entry.due_date).days >= n


def has_reached(entries: AccountEntries, installment: int, *, n: int, as_of: date) -> bool:
    """Return whether an instalment itself reached n days past due, as it is known on a day not before its due date + n.

    Known on that day: a payment reversed by then never was. Reached: not wholly paid the day before the n-th; one paid on
    the n-th day keeps n days (metrics.md, days past due).
    """
    due_date = next(entry.due_date for entry in entries.installments if entry.key == installment)
    counting = [
        payment._replace(reversed_on=None)
        for payment in entries.payments
        if payment.reversed_on is None or payment.reversed_on > as_of
    ]
    before = rebuild(
        terms=entries.terms,
        installments=entries.installments,
        payments=counting,
        waivers=entries.waivers,
        changes=entries.changes,
        refunds=entries.refunds,
        as_of=due_date + timedelta(days=n - 1),
    )
    return any(state.entry.key == installment and not state.is_paid for state in before.installments)


def days_table(days: Sequence[date]) -> str:
    """Return the common table `days(as_of)` of some days."""
    literal = "(DATE '{}')" if is_postgresql() else "('{}')"
    return f"days(as_of) AS (VALUES {', '.join(literal.format(day.isoformat()) for day in days)})"
