"""Who did not even pay the first instalment."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from dashboards.installments import ACCOUNTS, INSTALLMENTS, INTRICATE, has_reached, intricate_accounts, later_sql, settled
from dashboards.metrics.base import Ask, Basis, Cell, Measure, Metric, Option
from dashboards.rules.months import label
from dashboards.scope import Scope, segment_joins
from riskops.shared.sql import as_day, days_between, fetch

# The earliest booked order of each customer, ties by order number (then account number); its earliest due instalment.
_FIRST = (
    f"booked AS (SELECT a.customer_id, MIN(i.booked_on) AS first_on FROM {INSTALLMENTS} i "
    f"JOIN {ACCOUNTS} a ON a.id = i.account_id GROUP BY a.customer_id), "
    "orders AS (SELECT a.customer_id, i.account_id, i.order_no, ROW_NUMBER() OVER "
    "(PARTITION BY a.customer_id ORDER BY i.order_no, a.account_no) AS place "
    f"FROM {INSTALLMENTS} i JOIN {ACCOUNTS} a ON a.id = i.account_id "
    "JOIN booked b ON b.customer_id = a.customer_id AND b.first_on = i.booked_on WHERE i.schedule_change_id IS NULL), "
    "ranked AS (SELECT i.id, i.account_id, i.product_id, i.due_date, ROW_NUMBER() OVER "
    "(PARTITION BY o.customer_id ORDER BY i.due_date, i.sequence) AS place FROM orders o "
    f"JOIN {INSTALLMENTS} i ON i.account_id = o.account_id AND i.order_no = o.order_no WHERE o.place = 1), "
    "first AS (SELECT * FROM ranked WHERE place = 1)"
)


class _Group(NamedTuple):
    """Customers whose first instalment fell due on the same day: how many, and how many of them reached n days.

    `there_on` is the due date, or the day the account was opened if that was later: they are in no figure before.
    """

    segment: str
    due_date: date
    there_on: date
    customers: int
    reached: int


def compute(ask: Ask) -> list[Cell]:
    """Return customers whose first instalment itself reached DPD ≥ n ÷ those whose first was due at least n days ago."""
    n = ask.number("n")
    plain = _plain_groups(ask.scope, n)
    intricate = _intricate_firsts(ask.scope)
    found = []
    for day in ask.days:
        due: Counter[tuple[str, str]] = Counter()
        late: Counter[tuple[str, str]] = Counter()
        for group in [*plain, *_intricate_groups(ask.scope, intricate, n=n, as_of=day)]:
            if group.due_date + timedelta(days=n) <= day and group.there_on <= day:
                due[group.segment, label(group.due_date)] += group.customers
                late[group.segment, label(group.due_date)] += group.reached
        found += [Cell(day, segment, month, "", late[segment, month], due[segment, month]) for segment, month in sorted(due)]
    return found


def _plain_groups(scope: Scope, n: int) -> list[_Group]:
    cut = scope.segment(tier_of="")
    firsts = settled(f"first f JOIN {INSTALLMENTS} i ON i.id = f.id")
    rows = fetch(
        f"WITH {_FIRST}, {firsts} SELECT {cut.expression}, t.due_date, {later_sql('t.due_date', 'a.opened_on')}, COUNT(*), "
        f"SUM(CASE WHEN t.paid_on IS NULL OR {days_between('t.paid_on', 't.due_date')} >= {n:d} THEN 1 ELSE 0 END) "
        f"FROM settled t {segment_joins(cut, of='t', always_account=True)} WHERE {scope.condition('t')} GROUP BY 1, 2, 3",
        cut.parameters,
    )
    return [
        _Group(segment, as_day(due_date), as_day(there_on), int(customers), int(reached))
        for segment, due_date, there_on, customers, reached in rows
    ]


def _intricate_firsts(scope: Scope) -> dict[int, int]:
    """Return by account the instalments that are a customer's first, of the accounts that must be replayed."""
    return dict(
        fetch(
            f"WITH {_FIRST} SELECT f.account_id, f.id FROM first f WHERE f.account_id IN ({INTRICATE}) AND {scope.condition('f')}"
        )
    )


def _intricate_groups(scope: Scope, firsts: dict[int, int], *, n: int, as_of: date) -> list[_Group]:
    groups = []
    for account in intricate_accounts(scope, scope.segment(tier_of="")) if firsts else ():
        key = firsts.get(account.entries.account_id)
        entry = next((entry for entry in account.entries.installments if entry.key == key), None)
        if key is None or entry is None or entry.due_date + timedelta(days=n) > as_of:
            continue
        reached = has_reached(account.entries, key, n=n, as_of=as_of)
        there_on = max(entry.due_date, account.entries.opened_on)
        groups.append(_Group(account.segment, entry.due_date, there_on, 1, int(reached)))
    return groups


FPD = Metric(
    name="fpd",
    title=_("First-payment default"),
    definition=_(
        "Of the customers whose first instalment was due at least n days ago, the share whose first instalment itself became"
        " n or more days late. First: the earliest due of the earliest booked order, ties by order number."
    ),
    numerator=_("of those, customers whose first instalment itself reached n days past due (paid on the n-th day counts)"),
    denominator=_("customers whose first instalment was due at least n days before the month-end"),
    as_of_rule=_("the month-end up to which entries count (known); every month of first due dates that is due by then"),
    key_1=_("month of the first due date"),
    key_2="",
    measures=(Measure.COUNT,),
    compute=compute,
    basis=Basis.KNOWN,
    options=(Option("n", tuple(map(str, range(1, 361))), _("days past due that count as default"), default="30"),),
    traps=(_("Customers, not orders: later orders and later instalments do not matter."),),
    has_tier=False,
)
