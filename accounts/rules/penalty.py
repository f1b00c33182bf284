"""The late-payment penalty of one instalment. Source: portfolio-format, "Aging, exactly", rule 4.

Penalty is a function of time, not a nightly write: between two changes of the base it is `accrued + base × rate × days`,
so a stored pair (accrued_micro, accrued_through) says it for every later day.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from accounts.rules.terms import Terms
from riskops.shared.money import rounded_minor


@lru_cache(maxsize=100_000)
def _later(day: date, days: int) -> date:
    return day + timedelta(days=days)


class PenaltyDay(NamedTuple):
    """One charged day, for the day-by-day explanation: the base at the close before, and the running total."""

    day: date
    base_minor: int
    charged_micro: int
    accrued_micro: int


class PenaltyClock(NamedTuple):
    """When and how fast penalty runs on one instalment."""

    terms: Terms
    due_date: date
    principal_minor: int

    @property
    def grace_end(self) -> date:
        """G: the last day on which paying in full costs nothing."""
        return _later(self.due_date, self.terms.grace_days)

    @property
    def charged_after(self) -> date:
        """The day before the first charged one."""
        return self.grace_end if self.terms.penalty_from_grace_end else self.due_date

    @property
    def cap_micro(self) -> int | None:
        """The most that can accrue, in micro-units: percent of principal, given in hundredths of a percent."""
        bp = self.terms.penalty_cap_bp
        return None if bp is None else self.principal_minor * bp * 100

    def rolled(
        self, *, accrued_micro: int, accrued_through: date | None, base_minor: int, through: date
    ) -> tuple[int, date | None]:
        """Return accrued and accrued_through after carrying the accrual on to the close of `through`, base unchanged."""
        since = accrued_through or self.charged_after
        if through <= since:
            return accrued_micro, accrued_through
        return accrued_micro + base_minor * self.terms.penalty_rate_ppm * (through - since).days, through

    def due_minor(self, *, accrued_micro: int, accrued_through: date | None, base_minor: int, as_of: date) -> int:
        """Return the penalty of the instalment as of a day, in minor units, before what was paid or waived.

        Nothing is due up to the close of the grace period; what accrued inside it shows from the day after.
        """
        if as_of <= self.grace_end or not self.terms.penalty_rate_ppm:
            return 0
        accrued, _ = self.rolled(
            accrued_micro=accrued_micro, accrued_through=accrued_through, base_minor=base_minor, through=as_of
        )
        cap = self.cap_micro
        return rounded_minor(accrued if cap is None else min(accrued, cap))
