"""Whether a promise is kept: from its parts and from what was paid, and from nothing else.

Parts add up: by the last day of a part, all that was promised up to it must be paid, less the tolerance. What was paid and
reversed was not paid. The first part that is missed ends the promise; docs/casework.md has the whole of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

OPEN: Final = "open"
KEPT: Final = "kept"
PARTLY: Final = "partly"
BROKEN: Final = "broken"
CANCELLED: Final = "cancelled"

_WHOLE_BP: Final = 10_000
#: Over how many months broken promises are counted.
MONTHS_COUNTED: Final = 6


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a promise; amounts in minor units.

    :param through_minor: promised up to and with this part
    :param needed_minor: that, less the tolerance
    :param counts_until: the last day on which a payment counts for it
    """

    due_on: date
    amount_minor: int
    through_minor: int
    needed_minor: int
    counts_until: date


@dataclass(frozen=True, slots=True)
class Pledge:
    """A promise as it was made.

    :param known_payment_id: the last entry in the book when it was made
    :param partly_from_bp: paid so much of what was due by then, hundredths of a percent: partly kept, below it broken
    """

    made_on: date
    known_payment_id: int
    watched_until: date
    partly_from_bp: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment as a promise sees it: its key in the book, the day it counts from, and the day of its reversal."""

    key: int
    paid_on: date
    amount_minor: int
    reversed_on: date | None = None


@dataclass(frozen=True, slots=True)
class PartVerdict:
    """How a part stands; `paid_minor` is what went to it, at most its amount."""

    status: str
    paid_minor: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a promise stands. `next_due_on` is the day of the first part that is neither paid nor over."""

    status: str
    paid_minor: int
    next_due_on: date | None
    parts: tuple[PartVerdict, ...]


def agreed_parts(
    parts: Sequence[tuple[date, int]], *, grace_days: int, tolerance_bp: int, tolerance_minor: int
) -> tuple[Part, ...]:
    """Return parts (day, minor units) with what they add up to and how much of it must be paid, at least one minor unit."""
    agreed, through = [], 0
    for due_on, amount in parts:
        through += amount
        slack = max(through * tolerance_bp // _WHOLE_BP, tolerance_minor)
        agreed.append(Part(due_on, amount, through, max(1, through - slack), due_on + timedelta(days=grace_days)))
    return tuple(agreed)


def judge(
    pledge: Pledge, payments: Iterable[Paid], *, as_of: date, closed_through: date | None, owes_nothing: bool = False
) -> Verdict:
    """Return how a promise stands at a day.

    :param payments: of the account; which of them count is found here
    :param as_of: entries up to this day count
    :param closed_through: the last day that is over; a part is missed only once its last day is. None: none is
    :param owes_nothing: whatever was promised, nothing is left to be paid: a promise that would be broken is cancelled
    """
    counting = [paid for paid in payments if _counts(paid, pledge, as_of)]
    sums = [sum(paid.amount_minor for paid in counting if paid.paid_on <= part.counts_until) for part in pledge.parts]
    reached = [paid >= part.needed_minor for paid, part in zip(sums, pledge.parts, strict=True)]
    missed = next(
        (
            number
            for number, part in enumerate(pledge.parts)
            if not reached[number] and closed_through is not None and part.counts_until <= closed_through
        ),
        None,
    )
    if missed is None:
        status = KEPT if reached[-1] else OPEN
    elif owes_nothing:
        status = CANCELLED
    else:
        status = _ended(sums[missed], pledge.parts[missed].through_minor, pledge.partly_from_bp)
    parts = tuple(
        PartVerdict(
            CANCELLED
            if missed is not None and (number > missed or (number == missed and status == CANCELLED))
            else KEPT
            if reached[number]
            else _ended(own, part.amount_minor, pledge.partly_from_bp)
            if number == missed
            else OPEN,
            own,
        )
        for number, part in enumerate(pledge.parts)
        for own in [min(max(sums[number] - (part.through_minor - part.amount_minor), 0), part.amount_minor)]
    )
    next_due_on = next((part.due_on for part, verdict in zip(pledge.parts, parts, strict=True) if verdict.status == OPEN), None)
    return Verdict(status, min(sums[-1], pledge.parts[-1].through_minor), next_due_on, parts)


def _counts(paid: Paid, pledge: Pledge, as_of: date) -> bool:
    if not pledge.made_on <= paid.paid_on <= as_of:
        return False
    if paid.paid_on == pledge.made_on and paid.key <= pledge.known_payment_id:
        return False
    return paid.reversed_on is None or paid.reversed_on > min(as_of, pledge.watched_until)


def _ended(paid_minor: int, promised_minor: int, partly_from_bp: int) -> str:
    is_partly = paid_minor > 0 and paid_minor * _WHOLE_BP >= promised_minor * partly_from_bp
    return PARTLY if is_partly else BROKEN


def history(pledge: Pledge, payments: Sequence[Paid], *, through: date) -> Iterator[tuple[date, str]]:
    """Yield the days up to one on which the promise changed its status, with what it became: from the entries alone."""
    moments = {part.counts_until for part in pledge.parts}
    for paid in payments:
        moments |= {paid.paid_on} | ({paid.reversed_on} if paid.reversed_on else set())
    was = OPEN
    for day in sorted(moment for moment in moments if pledge.made_on <= moment <= through):
        becomes = judge(pledge, payments, as_of=day, closed_through=day).status
        if becomes != was:
            was = becomes
            yield day, becomes


def counted_after(day: date) -> date:
    """Return the day six months before one: promises broken after it are counted. At month-ends the last day there is."""
    month = day.year * 12 + day.month - 1 - MONTHS_COUNTED
    year, month = month // 12, month % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month, min(day.day, last))
