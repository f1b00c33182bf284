"""When an agency's evaluation, licence and contract run out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from casework.rules.plans import month_later


class Clock(StrEnum):
    """How a date stands."""

    FINE = "fine"
    SOON = "soon"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True)
class EvaluationFigures:
    """How often agencies are evaluated (GB/T 45251-2025: at least once a year and before the contract ends)."""

    every_months: int
    before_end_days: int
    warn_days: int


def evaluation_due(last_on: date | None, contract_until: date, figures: EvaluationFigures) -> date | None:
    """Return the day by which the next evaluation must have been; None: there was none, so it is due before anything is placed.

    A contract is not renewed on an old evaluation: one is due within the last days of the contract, whatever was before.
    """
    if last_on is None:
        return None
    yearly = month_later(last_on, figures.every_months)
    is_for_the_end = last_on >= contract_until - timedelta(days=figures.before_end_days)
    return yearly if is_for_the_end else min(yearly, contract_until)


def stands(due: date | None, today: date, *, warn_days: int) -> Clock:
    """Return how a date stands on a day: overdue from the day after it, warned of so many days before."""
    if due is None or due < today:
        return Clock.OVERDUE
    return Clock.SOON if due <= today + timedelta(days=warn_days) else Clock.FINE
