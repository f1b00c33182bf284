"""The limitation clock 诉讼时效: when a claim can no longer be sued for with success, computed from facts alone.

Three years (the figure is configuration) from the due date of the last instalment; the day it begins on does not count, so the
period ends with the day of the same date; where the month has none, with the month's last. Before it has run out a demand that
arrived, a payment, a promise or another acknowledgement, a request for mediation, an arbitration or a suit begins it anew, a
suit or an arbitration when it ends. After it has run out only an acknowledgement does.

Source: Civil Code 188 (three years), 189 (from the last instalment), 192 (agreeing to perform after it has run out), 195
(restarts; proceedings from their end), 201 and 202 (counting).
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final


class Cause(StrEnum):
    """What begins the period, or begins it anew."""

    DUE = "due"
    DEMAND = "demand"
    PAYMENT = "payment"
    ACKNOWLEDGEMENT = "acknowledgement"
    MEDIATION = "mediation"
    PROCEEDINGS = "proceedings"


#: What begins it anew even after it has run out.
REVIVING: Final = frozenset({Cause.ACKNOWLEDGEMENT})


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened.

    :param until: of proceedings, the day they ended; None while they run, and then the clock stands
    :param about: what a person knows it by, e.g. the reference of a letter
    """

    cause: Cause
    on: date
    until: date | None = None
    about: str = ""


@dataclass(frozen=True, slots=True)
class Start:
    """The period begun by a fact. `counts` is False of what came when it had run out, and changed nothing."""

    fact: Fact
    since: date
    runs_out_on: date
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Clock:
    """The clock of one claim on a day.

    :param runs_out_on: the last day on which it can be sued for; None while proceedings run
    :param starts: every fact in order, the first the due date
    """

    as_of: date
    runs_out_on: date | None
    starts: tuple[Start, ...]

    @property
    def has_run_out(self) -> bool:
        """Whether it is too late."""
        return self.runs_out_on is not None and self.runs_out_on < self.as_of

    @property
    def days_left(self) -> int | None:
        """Days until the last one; below 0 when it has run out, None while proceedings run."""
        return None if self.runs_out_on is None else (self.runs_out_on - self.as_of).days


def years_after(day: date, years: int) -> date:
    """Return the same date of a later year; its month's last day where the month has none."""
    year = day.year + years
    return day.replace(year=year, day=min(day.day, calendar.monthrange(year, day.month)[1]))


def clock(*, last_due_on: date, facts: Iterable[Fact], years: int, as_of: date) -> Clock:
    """Return the clock of a claim on a day. What happened later than the day, or was over before the last due date, has no part
    in it: before the last instalment is due the period has not begun, and nothing can begin it anew. Proceedings that began
    earlier and still run let it stand all the same.
    """
    first = Start(Fact(Cause.DUE, last_due_on), last_due_on, years_after(last_due_on, years))
    starts, runs_out_on = [first], first.runs_out_on
    stands = False
    for fact in sorted(facts, key=lambda fact: (fact.on, fact.cause)):
        runs_still = fact.cause is Cause.PROCEEDINGS and (fact.until is None or fact.until > as_of)
        since = fact.until if fact.cause is Cause.PROCEEDINGS and fact.until is not None else fact.on
        if fact.on > as_of or (since < last_due_on and not runs_still):
            continue
        is_late = fact.on > runs_out_on and not stands
        begun = Start(fact, since, years_after(since, years), counts=not is_late or fact.cause in REVIVING)
        starts.append(begun)
        if not begun.counts:
            continue
        stands = stands or runs_still
        # Of what overlaps the latest end stands.
        runs_out_on = begun.runs_out_on if is_late else max(runs_out_on, begun.runs_out_on)
    return Clock(as_of, None if stands else runs_out_on, tuple(starts))
