"""What an account would owe if something were paid: the account's own replay, run with payments that were not made.

Nothing here computes penalty, allocation or aging: every figure is read off `accounts/rules/replay.py`, which rebuilds the
account from its entries and the made-up payments. What would really be paid is therefore what the book will say.

- *owed*: everything outstanding, due or not, with the penalty due by then, less what was paid and waits as credit;
- *due by a day*: of that, what the instalments due on the day or before are owed, with their penalty: the *minimum*.

Source: docs/decisions/the-minimum-is-what-is-due.md; docs/simulator.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple

from accounts.rules.entries import InstallmentEntry, PaymentEntry
from accounts.rules.replay import RebuiltAccount, rebuild
from accounts.rules.terms import Component, Terms
from accounts.rules.yearly_cost import Flow, effective_rate, simple_rate

#: The bounds of what is asked: five years ahead, sixty instalments (card rules art. 70), five plans, so many points a series.
MOST_DAYS: Final = 5 * 365 + 1
MOST_INSTALLMENTS: Final = 60
MOST_PLANS: Final = 5
MOST_DAILY_POINTS: Final = 93

#: Stands for payments that are not in the book. Their numbers come after every other of their day.
_FIRST_KEY: Final = 2**62
_AFTER_ALL: Final = "\U0010ffff"

#: Rebuilds one account with payments added to its own, as of a day.
Rebuild = Callable[[Sequence[PaymentEntry], date], RebuiltAccount]


class Way(StrEnum):
    """What is paid."""

    NOTHING = "nothing"
    MINIMUM = "minimum"
    ONCE = "once"
    MONTHLY = "monthly"
    WHOLE = "whole"
    PLAN = "plan"


class Paid(NamedTuple):
    """A payment that is thought of; minor units."""

    day: date
    amount_minor: int


class OfferedInstallment(NamedTuple):
    """One instalment of an offer; amounts in minor units."""

    due_date: date
    principal_minor: int
    interest_minor: int
    fee_minor: int

    @property
    def total_minor(self) -> int:
        """What is to be paid on the day."""
        return self.principal_minor + self.interest_minor + self.fee_minor


@dataclass(frozen=True, slots=True)
class Offer:
    """A new schedule in place of what is owed: instalments that are paid on their days. Label as people read it."""

    label: str
    schedule: tuple[OfferedInstallment, ...]


class Point(NamedTuple):
    """The account at the close of a day; amounts in minor units. `total_minor` is the four parts together."""

    day: date
    principal_minor: int
    interest_minor: int
    fee_minor: int
    penalty_minor: int
    credit_minor: int
    days_past_due: int
    bucket: int

    @property
    def total_minor(self) -> int:
        """What is outstanding, penalty included, before credit."""
        return self.principal_minor + self.interest_minor + self.fee_minor + self.penalty_minor


@dataclass(frozen=True, slots=True)
class Course:
    """How the account goes on in one way, up to the last day of its points.

    :param paid: the payments thought of, oldest first
    :param left_minor: what is still owed on the last day
    :param cost_minor: what is paid and left together, less what was borrowed: the price of this way
    :param effective: yearly rate by the internal rate of return, as a fraction; None where there is none
    :param simple: simple yearly rate, as a fraction
    :param clear_on: the first of the points on which nothing is owed any more
    """

    way: Way
    label: str
    paid: tuple[Paid, ...]
    points: tuple[Point, ...]
    paid_minor: int
    left_minor: int
    cost_minor: int
    effective: Decimal | None
    simple: Decimal | None
    clear_on: date | None


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose future is asked for.

    :param start: the first day on which something can still be paid; nothing is paid before it
    :param days: the days of the series, in order; the first is `start`, the last the horizon
    """

    terms: Terms
    rebuild: Rebuild
    start: date
    days: tuple[date, ...]

    @property
    def until(self) -> date:
        """The last day."""
        return self.days[-1]


def entries_of(paid: Iterable[Paid]) -> list[PaymentEntry]:
    """Return payments thought of as the replay takes them, after all that is in the book on their day."""
    return [
        PaymentEntry(_FIRST_KEY + number, f"{_AFTER_ALL}{number:06d}", one.day, one.amount_minor)
        for number, one in enumerate(paid)
        if one.amount_minor
    ]


def due_by(rebuilt: RebuiltAccount) -> int:
    """Return what is due by the close of the day an account was rebuilt for, past due included: the minimum."""
    day = rebuilt.as_of
    return sum(
        sum(one.unpaid.values()) + one.penalty_due_minor(day)
        for one in rebuilt.installments
        if not one.is_settled and one.entry.due_date <= day
    )


def owed(rebuilt: RebuiltAccount) -> int:
    """Return everything owed at the close of the day, due or not, less what waits as credit; zero at least."""
    state = rebuilt.state
    outstanding = state.outstanding_principal_minor + state.outstanding_interest_minor + state.outstanding_fee_minor
    return max(0, outstanding + state.penalty_due_minor - state.credit_balance_minor)


def borrowed(rebuilt: RebuiltAccount) -> int:
    """Return what is used of the lender's money: the principal, and of interest, fees and penalty what is due already."""
    later = (one for one in rebuilt.installments if not one.is_settled and one.entry.due_date > rebuilt.as_of)
    price = sum(one.unpaid[Component.INTEREST] + one.unpaid[Component.FEE] for one in later)
    return max(0, owed(rebuilt) - price)


def simulate(subject: Subject, way: Way, paid: Sequence[Paid], *, label: str = "") -> Course:
    """Return how an account goes on if these payments are made. They are taken as they are: nothing caps them."""
    extra = entries_of(paid)
    series = [subject.rebuild(extra, day) for day in subject.days]
    start = subject.rebuild((), subject.start)
    return _course(subject, way, label, paid, series, lent=_lent(subject, start, series[-1]))


def simulate_offer(subject: Subject, offer: Offer) -> Course:
    """Return how an account goes on if an offer replaces what it owes on the first day and is kept to the day.

    What it cost before counts as borrowed, so that an offer and the account as it is are compared by the same measure.
    """
    entries = [
        InstallmentEntry(
            number, "offer", number, subject.start, one.due_date, one.principal_minor, one.interest_minor, one.fee_minor
        )
        for number, one in enumerate(offer.schedule, 1)
    ]
    paid = tuple(Paid(one.due_date, one.total_minor) for one in offer.schedule if one.due_date <= subject.until)
    extra = entries_of(paid)
    series = [rebuild(terms=subject.terms, installments=entries, payments=extra, as_of=day) for day in subject.days]
    lent = [Flow(0, -borrowed(subject.rebuild((), subject.start)))]
    return _course(subject, Way.PLAN, offer.label, paid, series, lent=lent)


def _lent(subject: Subject, start: RebuiltAccount, end: RebuiltAccount) -> list[Flow]:
    """Return what is lent: what is borrowed on the first day, and the principal of what is booked later."""
    later = [one.entry for one in end.installments if one.entry.booked_on > subject.start]
    flows = [Flow((entry.booked_on - subject.start).days, -entry.principal_minor) for entry in later]
    return [Flow(0, -borrowed(start)), *flows]


def _course(
    subject: Subject, way: Way, label: str, paid: Sequence[Paid], series: Sequence[RebuiltAccount], *, lent: Sequence[Flow]
) -> Course:
    made = tuple(one for one in paid if one.amount_minor and one.day <= subject.until)
    left = owed(series[-1])
    flows = [*lent, *(Flow((one.day - subject.start).days, one.amount_minor) for one in made)]
    flows.append(Flow((subject.until - subject.start).days, left))
    points = tuple(_point(rebuilt) for rebuilt in series)
    clear = next((number for number in reversed(range(len(series))) if owed(series[number])), -1) + 1
    return Course(
        way=way,
        label=label,
        paid=made,
        points=points,
        paid_minor=sum(one.amount_minor for one in made),
        left_minor=left,
        cost_minor=sum(flow.amount_minor for flow in flows),
        effective=effective_rate(flows),
        simple=simple_rate(flows),
        clear_on=series[clear].as_of if clear < len(series) else None,
    )


def _point(rebuilt: RebuiltAccount) -> Point:
    state = rebuilt.state
    return Point(
        rebuilt.as_of,
        state.outstanding_principal_minor,
        state.outstanding_interest_minor,
        state.outstanding_fee_minor,
        state.penalty_due_minor,
        state.credit_balance_minor,
        state.days_past_due,
        state.bucket,
    )


def minimum_payments(subject: Subject) -> tuple[Paid, ...]:
    """Return the minimum: on the first day what is due by then, penalty included, then each instalment on its day."""
    ahead = subject.rebuild((), subject.until).installments
    days = sorted({subject.start} | {one.entry.due_date for one in ahead if subject.start < one.entry.due_date <= subject.until})
    paid: list[Paid] = []
    for day in days:
        due = due_by(subject.rebuild(entries_of(paid), day))
        if due:
            paid.append(Paid(day, due))
    return tuple(paid)


def once(subject: Subject, day: date, amount_minor: int) -> tuple[Paid, ...]:
    """Return one payment, of what is owed on its day at most."""
    amount = min(amount_minor, owed(subject.rebuild((), day)))
    return (Paid(day, amount),) if amount else ()


def monthly(subject: Subject, first: date, amount_minor: int) -> tuple[Paid, ...]:
    """Return a payment each month from a day on up to the horizon, each of what is owed then at most."""
    paid: list[Paid] = []
    for number in range(MOST_INSTALLMENTS + 1):
        day = months_later(first, number)
        if day > subject.until:
            break
        amount = min(amount_minor, owed(subject.rebuild(entries_of(paid), day)))
        if amount:
            paid.append(Paid(day, amount))
    return tuple(paid)


def whole(subject: Subject) -> tuple[Paid, ...]:
    """Return everything owed, paid on the first day."""
    return once(subject, subject.start, owed(subject.rebuild((), subject.start)))


def equal_installments(label: str, *, owed_minor: int, number: int, first: date, fee_minor: int = 0) -> Offer:
    """Return an offer that spreads an amount over so many months; what does not divide is spread from the first on.

    :param fee_minor: of each instalment
    """
    each, rest = divmod(owed_minor, number)
    return Offer(
        label,
        tuple(
            OfferedInstallment(months_later(first, place), each + (1 if place < rest else 0), 0, fee_minor)
            for place in range(number)
        ),
    )


def months_later(day: date, months: int) -> date:
    """Return the same day of a later month, its last day where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def series_days(start: date, until: date, *, is_daily: bool) -> tuple[date, ...]:
    """Return the days of a series: every day, or the same day of each month; the last one always."""
    if is_daily:
        return tuple(start + timedelta(days=number) for number in range((until - start).days + 1))
    days: list[date] = []
    while (day := months_later(start, len(days))) < until:
        days.append(day)
    return (*days, until)
