"""Plans by what a customer can pay: the instalments an amount makes, and which plans to suggest. Plain values, no database.

Everything is in whole minor units and conserved: the instalments of a plan hold exactly the principal, interest and fees that it
takes over, and what interest it costs itself. Source: docs/plans.md.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

#: Source: conduct-rules, "personalised instalments" (card rules art. 70): at most five years.
MOST_INSTALLMENTS: Final = 60
#: The numbers of monthly instalments that are suggested, as far as the terms allow them.
SUGGESTED: Final = (1, 2, 3, 4, 6, 9, 12, 18, 24, 36, 48, 60)
_WHOLE: Final = 1_000_000


class Owed(NamedTuple):
    """What a plan takes over; penalty is among the fees. Minor units."""

    principal_minor: int
    interest_minor: int
    fee_minor: int

    @property
    def total_minor(self) -> int:
        """All of it."""
        return self.principal_minor + self.interest_minor + self.fee_minor


class Due(NamedTuple):
    """One instalment of a plan; minor units."""

    due_date: date
    principal_minor: int
    interest_minor: int
    fee_minor: int

    @property
    def total_minor(self) -> int:
        """What is to be paid on the day."""
        return self.principal_minor + self.interest_minor + self.fee_minor


class PaysLessThanItAccrues(ValueError):
    """The amount does not even pay the interest of a month: what is owed would grow. `accrues_minor` is that interest."""

    def __init__(self, accrues_minor: int) -> None:
        super().__init__(accrues_minor)
        self.accrues_minor = accrues_minor


class TooLong(ValueError):
    """The amount needs more instalments than a plan may have. `least_minor` is the smallest amount that does not."""

    def __init__(self, least_minor: int) -> None:
        super().__init__(least_minor)
        self.least_minor = least_minor


@dataclass(frozen=True, slots=True)
class Affordability:
    """What a household has in a month, as declared; minor units."""

    income_minor: int
    essentials_minor: int
    other_debts_minor: int

    @property
    def left_minor(self) -> int:
        """What is left after what nobody can do without and what is owed to others; below zero where it does not reach."""
        return self.income_minor - self.essentials_minor - self.other_debts_minor

    def can_pay_minor(self, *, share_bp: int) -> int:
        """Return what a plan may ask of it a month: a share of what is left, in hundredths of a percent, rounded down."""
        return max(0, self.left_minor) * share_bp // 10_000


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A plan that could be offered.

    :param number: what asks for it: instalments, or of a deferral months
    :param fits: the customer can pay each of its instalments
    :param expected_minor: what is expected to come in: each instalment times the chance that the plan still stands by then
    """

    number: int
    dues: tuple[Due, ...]
    fits: bool
    expected_minor: int

    @property
    def monthly_minor(self) -> int:
        """The largest of them."""
        return max(due.total_minor for due in self.dues)

    @property
    def total_minor(self) -> int:
        """Everything the customer pays."""
        return sum(due.total_minor for due in self.dues)


def month_later(day: date, months: int) -> date:
    """Return the same day of the month some months later, the last one of a month that has no such day."""
    count = day.month - 1 + months
    year, month = day.year + count // 12, count % 12 + 1
    return day.replace(year=year, month=month, day=min(day.day, calendar.monthrange(year, month)[1]))


def interest_minor(principal_minor: int, *, month_ppm: int) -> int:
    """Return the interest of a month, in parts per million of the principal, rounded half up."""
    return (principal_minor * month_ppm + _WHOLE // 2) // _WHOLE


def by_amount(
    owed: Owed, amount_minor: int, *, first_due: date, month_ppm: int, most: int = MOST_INSTALLMENTS
) -> tuple[Due, ...]:
    """Return the monthly instalments in which an amount pays off what is owed; the last one is what is left.

    Each pays fees first, then interest (what was taken over, then the month's own), then principal.

    :param month_ppm: interest a month on the principal that is left; 0 where none goes on
    :raises PaysLessThanItAccrues: the amount does not pay a month's interest
    :raises TooLong: it would take more than `most` of them
    """
    dues = list(_paid_off(owed, amount_minor, first_due, month_ppm, most + 1))
    if len(dues) > most:
        raise TooLong(least_amount(owed, most, month_ppm=month_ppm))
    return tuple(dues)


def _paid_off(owed: Owed, amount_minor: int, first_due: date, month_ppm: int, stop_after: int) -> Iterator[Due]:
    principal, interest, fee = owed
    accrues = interest_minor(principal, month_ppm=month_ppm)
    if amount_minor <= accrues or amount_minor <= 0:
        raise PaysLessThanItAccrues(accrues)
    for number in range(stop_after):
        if not principal + interest + fee:
            return
        interest += interest_minor(principal, month_ppm=month_ppm)
        left = amount_minor
        paid_fee = min(fee, left)
        left -= paid_fee
        paid_interest = min(interest, left)
        left -= paid_interest
        paid_principal = min(principal, left)
        fee, interest, principal = fee - paid_fee, interest - paid_interest, principal - paid_principal
        yield Due(month_later(first_due, number), paid_principal, paid_interest, paid_fee)


def least_amount(owed: Owed, number: int, *, month_ppm: int) -> int:
    """Return the smallest amount that pays off what is owed in so many instalments or fewer."""
    low, high = 1, owed.total_minor + interest_minor(owed.principal_minor, month_ppm=month_ppm)
    while low < high:
        middle = (low + high) // 2
        if _is_enough(owed, middle, number, month_ppm):
            high = middle
        else:
            low = middle + 1
    return low


def _is_enough(owed: Owed, amount_minor: int, number: int, month_ppm: int) -> bool:
    try:
        return len(list(_paid_off(owed, amount_minor, date(2000, 1, 1), month_ppm, number + 1))) <= number
    except PaysLessThanItAccrues:
        return False


def expected_minor(dues: Sequence[Due], *, break_bp: int) -> int:
    """Return what is expected to come in where each month a share of plans breaks, in hundredths of a percent; rounded down."""
    stands, scale, expected = 1, 1, 0
    for due in dues:
        stands *= 10_000 - break_bp
        scale *= 10_000
        # A whole fraction at any length: no rounding but the last.
        expected = expected * 10_000 + due.total_minor * stands
    return expected // scale


def suggest(
    owed: Owed, can_pay_minor: int, *, first_due: date, month_ppm: int, break_bp: int, most: int = MOST_INSTALLMENTS
) -> tuple[Suggestion, ...]:
    """Return plans ranked by what the customer can pay and what is recovered.

    Those that the customer can pay come first, by what is expected of them, the highest first; then the others, the least
    above their means first. Two numbers of instalments that come to the same plan are one.
    """
    found: dict[tuple[Due, ...], Suggestion] = {}
    for number in (number for number in SUGGESTED if number <= most):
        dues = by_amount(
            owed, least_amount(owed, number, month_ppm=month_ppm), first_due=first_due, month_ppm=month_ppm, most=most
        )
        fits = max(due.total_minor for due in dues) <= can_pay_minor
        found[dues] = Suggestion(len(dues), dues, fits, expected_minor(dues, break_bp=break_bp))
    return tuple(sorted(found.values(), key=_rank))


def _rank(suggestion: Suggestion) -> tuple[bool, int, int]:
    if suggestion.fits:
        return (False, -suggestion.expected_minor, suggestion.number)
    return (True, suggestion.monthly_minor, suggestion.number)


class Progress(NamedTuple):
    """How a signed plan stands on a day.

    :param missed_since: the due date of its oldest unpaid instalment that is past due; None if it is kept
    :param periods_kept: instalments paid by the end of their day of grace, in a row up to now
    :param is_paid: nothing of it is left
    """

    missed_since: date | None
    periods_kept: int
    is_paid: bool

    def days_missed(self, as_of: date) -> int:
        """Return the days since the oldest missed instalment was due."""
        return (as_of - self.missed_since).days if self.missed_since else 0


def observed_until(signed_on: date, *, months: int) -> date:
    """Return the last day of observation: a customer with a plan is cured after it at the earliest, and not by being paid up."""
    return month_later(signed_on, months)
