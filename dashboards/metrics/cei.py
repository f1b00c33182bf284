"""How much of what could be collected in the month was."""

from __future__ import annotations

from collections import Counter
from datetime import date

from django.utils.translation import gettext_lazy as _

from accounts.models import WriteOff
from accounts.rules.replay import RebuiltAccount
from accounts.rules.terms import Component
from dashboards.installments import ALLOCATIONS, INSTALLMENTS, INTRICATE, intricate_accounts, later_sql, month_end_sql
from dashboards.metrics.base import Ask, Basis, Cell, Measure, Metric
from dashboards.rules.months import shifted
from dashboards.scope import Scope, segment_joins
from riskops.shared.sql import as_day, fetch

_Sums = Counter[tuple[str, date]]


def compute(ask: Ask) -> list[Cell]:
    """Return (AR(t−1) + billed − AR(t)) ÷ (AR(t−1) + billed − current AR(t)), all over principal that fell due by t."""
    opening: _Sums = Counter()
    billed: _Sums = Counter()
    closing: _Sums = Counter()
    current: _Sums = Counter()
    days = [day for _before, day in ask.monthly_pairs(ask.days)]
    if days:
        _add_plain(ask.scope, days, opening, billed, closing, current)
        _add_intricate(ask.scope, days, opening, billed, closing, current)
    return [
        Cell(day, segment, "", "", opening[segment, day] + billed[segment, day] - closing[segment, day], below)
        for day in days
        for segment in sorted({segment for segment, _day in (*opening, *billed)})
        if (below := opening[segment, day] + billed[segment, day] - current[segment, day]) > 0
    ]


def _add_plain(scope: Scope, days: list[date], opening: _Sums, billed: _Sums, closing: _Sums, current: _Sums) -> None:
    """Add the accounts whose instalments tell their own past: scheduled principal less what was allocated by each day.

    The database sums by month of due date, of allocation and of write-off; the months are put together here. `there_in` is
    the month of the due date, or of the account's opening if that came later: nothing was owed before.
    """
    cut = scope.segment(tier_of="")
    due, lost = month_end_sql("i.due_date"), month_end_sql("w.value_date")
    there = month_end_sql(later_sql("i.due_date", "a.opened_on"))
    on_last_day = f"CASE WHEN i.due_date = {due} THEN 1 ELSE 0 END"
    of_scope = (
        f"LEFT JOIN {WriteOff._meta.db_table} w ON w.account_id = i.account_id "
        f"{segment_joins(cut, of='i', always_account=True)} WHERE i.account_id NOT IN ({INTRICATE}) AND {scope.condition('i')}"
    )
    scheduled = fetch(
        f"SELECT {cut.expression}, {due}, {there}, {on_last_day}, {lost}, CAST(SUM(i.principal_minor) AS bigint) "
        f"FROM {INSTALLMENTS} i {of_scope} GROUP BY 1, 2, 3, 4, 5",
        cut.parameters,
    )
    paid = fetch(
        f"SELECT {cut.expression}, {due}, {on_last_day}, {lost}, {month_end_sql('l.allocated_on')}, "
        f"CAST(SUM(l.amount_minor) AS bigint) FROM {ALLOCATIONS} l JOIN {INSTALLMENTS} i ON i.id = l.installment_id {of_scope} "
        f"AND l.component = {Component.PRINCIPAL:d} GROUP BY 1, 2, 3, 4, 5",
        cut.parameters,
    )
    for day in days:
        before = shifted(day, -1)
        for segment, due_in, there_in, is_last_day, lost_in, principal in scheduled:
            if (lost_in is not None and as_day(lost_in) <= day) or as_day(there_in) > day:
                continue
            closing[segment, day] += principal
            if as_day(due_in) == day:
                billed[segment, day] += principal
                current[segment, day] += principal if is_last_day else 0
            elif as_day(there_in) <= before:
                opening[segment, day] += principal
        for segment, due_in, is_last_day, lost_in, paid_in, amount in paid:
            if (lost_in is not None and as_day(lost_in) <= day) or as_day(due_in) > day or as_day(paid_in) > day:
                continue
            closing[segment, day] -= amount
            if as_day(due_in) == day:
                current[segment, day] -= amount if is_last_day else 0
            elif as_day(paid_in) <= before:
                opening[segment, day] -= amount


def _add_intricate(scope: Scope, days: list[date], opening: _Sums, billed: _Sums, closing: _Sums, current: _Sums) -> None:
    for segment, entries in intricate_accounts(scope, scope.segment(tier_of="")):
        for day in days:
            if entries.is_written_off(day):
                continue
            before = shifted(day, -1)
            opening[segment, day] += _unpaid(entries.rebuilt(before), due_by=before)
            now = entries.rebuilt(day)
            closing[segment, day] += _unpaid(now, due_by=day)
            current[segment, day] += sum(
                state.unpaid[Component.PRINCIPAL] for state in now.installments if state.entry.due_date == day
            )
            billed[segment, day] += sum(
                state.entry.principal_minor for state in now.installments if before < state.entry.due_date <= day
            )


def _unpaid(account: RebuiltAccount, *, due_by: date) -> int:
    return sum(state.unpaid[Component.PRINCIPAL] for state in account.installments if state.entry.due_date <= due_by)


CEI = Metric(
    name="cei",
    title=_("Collection effectiveness index"),
    definition=_(
        "Of the principal that was due and unpaid at the month-end before or fell due in the month, the share no longer owed,"
        " leaving out what is not past due yet. Accounts written off by the month-end are left out of every term."
    ),
    numerator=_("AR(t−1) + billed − AR(t), over principal fallen due by then"),
    denominator=_("AR(t−1) + billed − current AR(t); billed is the principal falling due in the month, current is not past due"),
    as_of_rule=_("t is the month-end, t−1 the one before, both from the entries dated up to them (known)"),
    key_1="",
    key_2="",
    measures=(Measure.AMOUNT,),
    compute=compute,
    basis=Basis.KNOWN,
    traps=(_("Another version divides billed by the number of months; this one does not."),),
    has_tier=False,
)
