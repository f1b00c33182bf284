"""What the arms of an experiment came to, by intention to treat: of everybody assigned, whether or not anything reached them.

A customer counts for a measure once its window is over, and only then: nobody is looked at half-way, so it does not matter how
often one looks. Payments are those of the ledger, by value date, on the customer's accounts under the experiment's products;
what was reversed was not paid. Business days throughout: days after the one whose close took the customer in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from django.conf import settings
from django.db.models import Count

from accounts.models import AccountSnapshot, CreditAccount, Payment, Product
from casework.models import Dispute
from casework.rules.disputes import Lane
from outreach.models import ArmAssignment, Experiment, Message
from outreach.models.experiments import WINDOWS, Measure
from outreach.rules.arms import Arm
from outreach.rules.experiment_results import (
    Amounts,
    Counted,
    Interval,
    difference_of_means,
    difference_of_shares,
    is_mismatch,
    share_mismatch,
)
from riskops.shared.sql import date_literal, days_between, fetch, unindexed

#: The window in which messages and their cost count, in days.
COST_DAYS: Final = WINDOWS[-1]
#: The window in which complaints count, in days.
COMPLAINT_DAYS: Final = WINDOWS[-1]
#: Of these the arm with less of it is the better one.
LESS_IS_BETTER: Final = (Measure.ROLLED, Measure.COMPLAINED)
AMOUNTS: Final = (Measure.AMOUNT_7, Measure.AMOUNT_14, Measure.AMOUNT_30)
#: The window of each measure, in days; that of lateness ends at the next month-end.
WINDOW_OF: Final[Mapping[str, int]] = {f"{what}_{days}": days for days in WINDOWS for what in ("paid", "amount")}


@dataclass(frozen=True, slots=True)
class Figure:
    """One measure of one arm, over the customers whose window is over.

    :param total: how many did it, or what all paid together in minor units
    :param interval: against the champion; None for the champion itself and where there are too few
    """

    measure: Measure
    customers: int
    total: int
    interval: Interval | None

    @property
    def mean(self) -> float | None:
        """The share, or the amount by customer; None before anybody's window is over."""
        return self.total / self.customers if self.customers else None

    @property
    def is_amount(self) -> bool:
        """Whether it is money and not a share."""
        return self.measure in AMOUNTS


@dataclass(frozen=True, slots=True)
class ArmResult:
    """An arm: how many are in it, and what they came to. Messages and cost are of those whose longest window is over."""

    arm: Arm
    is_champion: bool
    assigned: int
    figures: tuple[Figure, ...]
    cost_customers: int
    messages: int
    cost: Decimal

    def figure(self, measure: str) -> Figure:
        """Return one measure."""
        return next(figure for figure in self.figures if figure.measure == measure)


@dataclass(frozen=True, slots=True)
class Results:
    """The results of an experiment on a business day.

    :param currency: of the amounts; of the cost it is MESSAGE_COST_CURRENCY
    :param mismatch: how likely shares as far off as these are by chance; None before anybody is assigned
    :param measured: customers whose window of the deciding measure is over
    """

    as_of: date | None
    currency: str
    arms: tuple[ArmResult, ...]
    mismatch: float | None
    measured: int
    planned: int

    @property
    def assigned(self) -> int:
        """Everybody in an arm."""
        return sum(arm.assigned for arm in self.arms)

    @property
    def is_too_early(self) -> bool:
        """Whether fewer are measured than were planned."""
        return self.measured < self.planned

    @property
    def has_wrong_shares(self) -> bool:
        """Whether the arms are not as large as planned, by more than chance explains."""
        return is_mismatch(self.mismatch)


def results(experiment: Experiment, as_of: date | None) -> Results:
    """Return what the arms came to up to a closed day (None: no day is closed, nobody is measured)."""
    products = dict(Product.objects.filter(product_code__in=experiment.products).values_list("pk", "currency"))
    assigned = dict(ArmAssignment.objects.filter(experiment=experiment).values_list("arm").annotate(n=Count("pk")))
    found = _Measured(experiment, sorted(products), as_of)
    arms = experiment.parts
    rows = tuple(_arm_result(arm, experiment, found, assigned.get(arm.code, 0)) for arm in arms)
    deciding = sum(row.figure(experiment.measure).customers for row in rows)
    mismatch = share_mismatch([row.assigned for row in rows], [arm.weight_bp for arm in arms])
    return Results(as_of, next(iter(products.values()), ""), rows, mismatch, deciding, experiment.planned_size)


def _arm_result(arm: Arm, experiment: Experiment, found: _Measured, assigned: int) -> ArmResult:
    is_champion = arm.code == experiment.champion
    figures = tuple(_figure(Measure(measure), arm.code, experiment.champion, found) for measure in Measure.values)
    customers = sum(found.amounts(COST_DAYS, arm.code).values())
    messages, cost = found.messages.get(arm.code, (0, Decimal(0)))
    return ArmResult(arm, is_champion, assigned, figures, customers, messages, cost)


def _figure(measure: Measure, arm: str, champion: str, found: _Measured) -> Figure:
    """Return one measure of an arm beside the champion's."""
    is_champion = arm == champion
    if measure in LESS_IS_BETTER:
        counted = found.rolled if measure == Measure.ROLLED else found.complained
        mine, theirs = counted.get(arm, Counted(0, 0)), counted.get(champion, Counted(0, 0))
        return Figure(measure, mine.customers, mine.hits, None if is_champion else difference_of_shares(mine, theirs))
    days = WINDOW_OF[measure]
    amounts, of_champion = found.amounts(days, arm), found.amounts(days, champion)
    if measure in AMOUNTS:
        interval = None if is_champion else difference_of_means(amounts, of_champion)
        total = sum(amount * times for amount, times in amounts.items())
        return Figure(measure, sum(amounts.values()), total, interval)
    mine, theirs = _who_paid(amounts), _who_paid(of_champion)
    return Figure(measure, mine.customers, mine.hits, None if is_champion else difference_of_shares(mine, theirs))


def _who_paid(amounts: Amounts) -> Counted:
    customers = sum(amounts.values())
    return Counted(customers - amounts.get(0, 0), customers)


class _Measured:
    """What the database counted of an experiment, by arm: each window in one statement."""

    def __init__(self, experiment: Experiment, product_ids: list[int], as_of: date | None) -> None:
        self.rolled: dict[str, Counted] = {}
        self.complained: dict[str, Counted] = {}
        self.messages: dict[str, tuple[int, Decimal]] = {}
        self._amounts: dict[tuple[int, str], dict[int, int]] = {}
        if as_of is None or not product_ids:
            return
        of = f"({', '.join(str(int(pk)) for pk in product_ids)})"
        for days in WINDOWS:
            for arm, amount, customers in _paid(experiment.pk, of, as_of, days):
                self._amounts.setdefault((days, arm), {})[int(amount)] = int(customers)
        self.rolled = {arm: Counted(int(hits), int(customers)) for arm, hits, customers in _rolled(experiment, of, as_of)}
        complained = _complained(experiment.pk, of, as_of)
        self.complained = {arm: Counted(int(hits), int(customers)) for arm, hits, customers in complained}
        self.messages = _sent(experiment.pk, of, as_of)

    def amounts(self, days: int, arm: str) -> Amounts:
        """Return what an arm's customers paid within a window: amounts with how many paid each."""
        return self._amounts.get((days, arm), {})


_ASSIGNED: Final = ArmAssignment._meta.db_table
_ACCOUNTS: Final = CreditAccount._meta.db_table
_PAYMENTS: Final = Payment._meta.db_table


def _paid(experiment_id: int, products: str, as_of: date, days: int) -> list[tuple[Any, ...]]:
    """Return arm, amount and number of customers who paid that much within the days after their assignment."""
    ended = date_literal(as_of - timedelta(days=days))
    return fetch(
        f"WITH s AS (SELECT customer_id, arm, assigned_on FROM {_ASSIGNED} "
        f"WHERE experiment_id = {experiment_id:d} AND assigned_on <= {ended}), "
        f"m AS (SELECT s.customer_id, SUM(p.amount_minor) AS amount FROM s "
        f"JOIN {_ACCOUNTS} AS a ON a.customer_id = s.customer_id AND a.product_id IN {products} "
        f"JOIN {_PAYMENTS} AS p ON p.account_id = a.id AND p.is_posted AND {unindexed('p.reverses_id')} IS NULL "
        f"AND p.paid_on > s.assigned_on AND {days_between('p.paid_on', 's.assigned_on')} <= {days:d} "
        f"WHERE NOT EXISTS (SELECT 1 FROM {_PAYMENTS} AS r WHERE r.reverses_id = p.id) GROUP BY s.customer_id) "
        f"SELECT s.arm, COALESCE(m.amount, 0), COUNT(*) FROM s LEFT JOIN m ON m.customer_id = s.customer_id GROUP BY 1, 2"
    )


def _rolled(experiment: Experiment, products: str, as_of: date) -> Iterable[tuple[Any, ...]]:
    """Return arm, how many were in a worse bucket at the month-end after their assignment, and of how many."""
    first = experiment.live_from
    if first is None:
        return []
    ends = _month_ends(first, as_of)
    if not ends:
        return []
    snapshots = AccountSnapshot._meta.db_table
    # Each customer meets the one month-end that follows their assignment; the days of assignment are few.
    spans = " UNION ALL ".join(
        f"SELECT {date_literal(before)} AS since, {date_literal(end)} AS until"
        if not number
        else f"SELECT {date_literal(before)}, {date_literal(end)}"
        for number, (before, end) in enumerate(ends)
    )
    return fetch(
        f"WITH e AS ({spans}), "
        f"s AS (SELECT t.customer_id, t.arm, t.bucket, e.until FROM {_ASSIGNED} AS t "
        f"JOIN e ON t.assigned_on >= e.since AND t.assigned_on < e.until WHERE t.experiment_id = {experiment.pk:d}), "
        f"w AS (SELECT s.customer_id, MAX(x.bucket) AS bucket FROM s "
        f"JOIN {_ACCOUNTS} AS a ON a.customer_id = s.customer_id AND a.product_id IN {products} "
        f"JOIN {snapshots} AS x ON x.account_id = a.id AND x.as_of = s.until GROUP BY s.customer_id) "
        f"SELECT s.arm, SUM(CASE WHEN w.bucket > s.bucket THEN 1 ELSE 0 END), COUNT(*) "
        f"FROM s JOIN w ON w.customer_id = s.customer_id GROUP BY s.arm"
    )


def _complained(experiment_id: int, products: str, as_of: date) -> list[tuple[Any, ...]]:
    """Return arm, how many complained within the days after their assignment, and of how many.

    A complaint counts however it ended, by the day it was received, on an account under the experiment's products.
    """
    ended = date_literal(as_of - timedelta(days=COMPLAINT_DAYS))
    return fetch(
        f"WITH s AS (SELECT customer_id, arm, assigned_on FROM {_ASSIGNED} "
        f"WHERE experiment_id = {experiment_id:d} AND assigned_on <= {ended}), "
        f"c AS (SELECT DISTINCT s.customer_id FROM s JOIN {Dispute._meta.db_table} AS d ON d.customer_id = s.customer_id "
        f"AND d.lane = '{Lane.COMPLAINT.value}' AND d.received_on > s.assigned_on "
        f"AND {days_between('d.received_on', 's.assigned_on')} <= {COMPLAINT_DAYS:d} "
        f"JOIN {_ACCOUNTS} AS a ON a.id = d.account_id AND a.product_id IN {products}) "
        f"SELECT s.arm, SUM(CASE WHEN c.customer_id IS NULL THEN 0 ELSE 1 END), COUNT(*) "
        f"FROM s LEFT JOIN c ON c.customer_id = s.customer_id GROUP BY s.arm"
    )


def _month_ends(first: date, as_of: date) -> list[tuple[date, date]]:
    """Return the month-ends after a day that are closed, each with the first day whose assignments it judges."""
    found: list[tuple[date, date]] = []
    since = first
    while True:
        # A customer assigned on a month-end is judged by the next one.
        end = _end_of_month(since + timedelta(days=1))
        if end > as_of:
            return found
        found.append((since, end))
        since = end


def _end_of_month(day: date) -> date:
    following = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return following - timedelta(days=1)


def _sent(experiment_id: int, products: str, as_of: date) -> dict[str, tuple[int, Decimal]]:
    """Return by arm how many messages went out in the longest window, and what they cost."""
    ended = date_literal(as_of - timedelta(days=COST_DAYS))
    rows = fetch(
        f"SELECT s.arm, m.channel, COUNT(*) FROM {_ASSIGNED} AS s "
        f"JOIN {_ACCOUNTS} AS a ON a.customer_id = s.customer_id AND a.product_id IN {products} "
        f"JOIN {Message._meta.db_table} AS m ON m.account_id = a.id AND m.sent_at IS NOT NULL "
        f"AND m.planned_on > s.assigned_on AND {days_between('m.planned_on', 's.assigned_on')} <= {COST_DAYS:d} "
        f"WHERE s.experiment_id = {experiment_id:d} AND s.assigned_on <= {ended} GROUP BY s.arm, m.channel"
    )
    found: dict[str, tuple[int, Decimal]] = {}
    for arm, channel, messages in rows:
        before, cost = found.get(arm, (0, Decimal(0)))
        found[arm] = (before + messages, cost + messages * settings.MESSAGE_COST.get(channel, Decimal(0)))
    return {arm: (messages, cost.quantize(Decimal("0.001"), ROUND_HALF_UP)) for arm, (messages, cost) in found.items()}
