"""What borrowing costs a year, from what was lent and what is paid back: two figures, each named for what it is.

- *Effective*: the internal rate of return, compounded over a year. Source: Directive 98/7/EC (now 2008/48/EC), Annex,
  whose examples the tests repeat; People's Bank of China, announcement 2021 No. 3 (the compound way).
- *Simple*: interest by the day on what is still borrowed, nothing on interest; each payment takes what accrued first.
  Source: 12 CFR 1026.22(a)(1), the United States rule; announcement 2021 No. 3 (the simple way, to be named as such).
  A daily 0.07 % is 25.55 % by it.

Whole minor units go in; the solver works in decimals of fixed precision and halves a fixed range a fixed number of times, so
that the same flows give the same digits on every machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Final, NamedTuple

DAYS_A_YEAR: Final = 365
#: The range of rates looked at: a hundredth of the money comes back, or a hundred times more than it a year.
LOWEST_RATE, HIGHEST_RATE = Decimal("-0.99"), Decimal(100)
#: Figures are given to a ten-thousandth of a percent.
_SHOWN: Final = Decimal("0.000001")
_DIGITS: Final = 34
#: From a range of less than 102 to less than a billionth of a ten-thousandth of a percent.
_HALVINGS: Final = 64


class Flow(NamedTuple):
    """Money that moves, in minor units, some days after the first: below zero it is lent, above zero paid back."""

    days: int
    amount_minor: int


def effective_rate(flows: Iterable[Flow], *, days_a_year: int = DAYS_A_YEAR) -> Decimal | None:
    """Return the yearly rate at which everything paid is worth everything lent, as a fraction: 0.1306 is 13.06 %.

    None where no rate of the range does it: nothing was lent, nothing is paid, or all of it on one day.

    :param days_a_year: of the unit that flows count in; 12 for flows that count months
    """
    moved = _netted(flows)
    if not _can_have_a_rate(moved):
        return None
    with localcontext() as context:
        context.prec, context.rounding = _DIGITS, ROUND_HALF_EVEN

        def worth(rate: Decimal) -> Decimal:
            # What one unit is worth a day earlier; whole powers of it are exact up to the precision.
            a_day = (-(1 + rate).ln() / days_a_year).exp()
            return sum((flow.amount_minor * a_day**flow.days for flow in moved), Decimal(0))

        return _root(worth, falls=True)


def simple_rate(flows: Iterable[Flow], *, days_a_year: int = DAYS_A_YEAR) -> Decimal | None:
    """Return the simple yearly rate that leaves nothing after the last payment, as a fraction; None as for `effective_rate`."""
    moved = _netted(flows)
    if not _can_have_a_rate(moved):
        return None
    with localcontext() as context:
        context.prec, context.rounding = _DIGITS, ROUND_HALF_EVEN
        return _root(lambda rate: _left(moved, rate / days_a_year), falls=False)


def _netted(flows: Iterable[Flow]) -> list[Flow]:
    """Return one flow a day, in order, without those that come to nothing."""
    by_day: dict[int, int] = {}
    for flow in flows:
        by_day[flow.days] = by_day.get(flow.days, 0) + flow.amount_minor
    return [Flow(days, by_day[days]) for days in sorted(by_day) if by_day[days]]


def _can_have_a_rate(moved: Sequence[Flow]) -> bool:
    """Whether money is lent first and paid back later."""
    return bool(moved) and moved[0].amount_minor < 0 and any(flow.amount_minor > 0 for flow in moved)


def _left(moved: Sequence[Flow], a_day: Decimal) -> Decimal:
    """Return what is still owed after the last flow, if each day costs this part of what is borrowed."""
    borrowed, accrued, since = Decimal(0), Decimal(0), 0
    for flow in moved:
        accrued += borrowed * a_day * (flow.days - since)
        since = flow.days
        paid = Decimal(flow.amount_minor)
        on_accrued = min(accrued, paid) if paid > 0 else Decimal(0)
        accrued -= on_accrued
        borrowed -= paid - on_accrued
    return borrowed + accrued


def _root(figure: Callable[[Decimal], Decimal], *, falls: bool) -> Decimal | None:
    """Return where a figure that only falls (or only rises) with the rate is zero; None where that is out of the range."""
    low, high = LOWEST_RATE, HIGHEST_RATE
    sign = 1 if falls else -1
    if sign * figure(low) < 0 or sign * figure(high) > 0:
        return None
    for _halving in range(_HALVINGS):
        middle = (low + high) / 2
        if sign * figure(middle) > 0:
            low = middle
        else:
            high = middle
    return ((low + high) / 2).quantize(_SHOWN)


def simple_yearly_ppm(daily_ppm: int) -> int:
    """Return what a daily rate comes to in a year of 365 days without compounding: 700 ppm a day are 255,500, 25.55 %."""
    return daily_ppm * DAYS_A_YEAR


def simple_yearly_ppm_of_month(month_ppm: int) -> int:
    """Return what a monthly rate comes to in a year without compounding: 20,000 ppm a month are 240,000, 24 %."""
    return month_ppm * 12


def is_over_line(daily_ppm: int, line_bp: int) -> bool:
    """Whether a daily rate costs more a year than a line in hundredths of a percent; the line itself is allowed."""
    return simple_yearly_ppm(daily_ppm) > line_bp * 100
