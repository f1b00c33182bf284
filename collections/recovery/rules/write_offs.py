"""What ends a proposal to write off, and what was recovered since by whose work. Plain values, whole minor units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Way(StrEnum):
    """By whose work money came in after a write-off. `BUYER`: it is not ours any more."""

    OWN = "own"
    AGENCY = "agency"
    LEGAL = "legal"
    BUYER = "buyer"


@dataclass(frozen=True, slots=True)
class Stand:
    """How an account stands, as far as a proposal to write it off goes by it.

    :param agreed_minor: principal, interest and fees owed: what only a payment, a waiver or a cancellation makes less
    """

    days_past_due: int
    is_written_off: bool
    is_fraud_suspected: bool
    is_disputed: bool
    has_plan: bool
    has_promise: bool
    last_payment_on: date | None
    agreed_minor: int


def ended_by(stand: Stand, *, paid_until: date | None = None, agreed_minor: int | None = None) -> str:
    """Return what ends a proposal on an account, "" where nothing does; the gravest first.

    :param paid_until: the last payment there was when it was proposed; `agreed_minor` what was owed then without penalty.
        None: nothing is proposed yet
    """
    if stand.is_written_off:
        return "written_off"
    if stand.is_fraud_suspected:
        return "fraud"
    if stand.is_disputed:
        return "dispute"
    if stand.has_plan:
        return "plan"
    if stand.has_promise:
        return "promise"
    if stand.days_past_due <= 0:
        return "cured"
    if agreed_minor is None:
        return ""
    is_paid_since = stand.last_payment_on is not None and (paid_until is None or stand.last_payment_on > paid_until)
    return "paid" if is_paid_since or stand.agreed_minor < agreed_minor else ""


@dataclass(frozen=True, slots=True)
class Span:
    """Days that count for somebody: after `begins` (not on it) up to and with `ends`; None: on and on."""

    begins: date
    ends: date | None

    def has(self, day: date) -> bool:
        """Return whether a day is one of them."""
        return self.begins < day and (self.ends is None or day <= self.ends)


def way_of(paid_on: date, *, sold_on: date | None, placed: Iterable[Span], legal: Iterable[Span]) -> Way:
    """Return by whose work a payment came in: the buyer's after a sale, an agency's while its days count, else legal's or ours.

    :param placed: the days that count for agencies, their tails included; `legal`: those of legal cases, from the day before they
        opened
    """
    if sold_on is not None and paid_on > sold_on:
        return Way.BUYER
    if any(span.has(paid_on) for span in placed):
        return Way.AGENCY
    return Way.LEGAL if any(span.has(paid_on) for span in legal) else Way.OWN


def months_between(first: date, later: date) -> int:
    """Return how many calendar months lie between the months of two days."""
    return (later.year - first.year) * 12 + later.month - first.month


def curve(recovered_minor: Mapping[int, int], months: int) -> tuple[int, ...]:
    """Return sums by months after the write-off, each with all before it, for months 0 to `months`."""
    total, found = 0, []
    for month in range(months + 1):
        total += recovered_minor.get(month, 0)
        found.append(total)
    return tuple(found)
