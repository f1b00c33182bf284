"""The simulated book's days, month by month: every life, every story. Pure: no database, no clock.

The same seed, window and number of accounts give the same days, so a build broken off can be taken up on any day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

from riskops.simulation import targets
from riskops.simulation.chain import Candidate, Chain, factors
from riskops.simulation.entries import DayPlan, MonthPlan
from riskops.simulation.month import LifeMonth
from riskops.simulation.population import Life, population
from riskops.simulation.stories import stories
from riskops.simulation.telling import Story
from riskops.simulation.window import Window


class MonthOf(NamedTuple):
    """A month planned: its days, and the months late at its end by account number (counted on beyond m7)."""

    number: int
    plan: MonthPlan
    months_late: dict[str, int]


class Behaviour:
    """All lives of a simulated book. Iterate it once: months come in order, each planned when it is asked for."""

    def __init__(self, window: Window, *, accounts: int, seed: int) -> None:
        self.window = window
        self.lives: Sequence[Life] = list(population(window, accounts=accounts, seed=seed))
        self.stories: Sequence[Story] = stories(window)
        self._seed = seed
        weights = [sum(life.month < month for life in self.lives) for month in range(window.months)]
        self._chain = Chain(factors(first_calendar_month=window.first_day.month, weights=weights))

    def __iter__(self) -> Iterator[MonthOf]:
        for month in range(self.window.months):
            yield self._planned(month)

    def _planned(self, month: int) -> MonthOf:
        draw = Random(f"{self._seed}:month:{month}")
        plan: MonthPlan = {day: DayPlan(day) for day in self.window.days(month)}
        lives = [life for life in self.lives if life.month <= month]
        candidates = [_candidate(life, month) for life in lives if life.owes and not life.is_written_off]
        moves = self._chain.moves(month, candidates, draw)
        for story in self.stories:
            story.tell(month, plan)
        for life in lives:
            life.account.plan = plan
            if life.month == month:
                plan[life.opening.opened_on].accounts.append(life.opening)
            LifeMonth(life, month, draw).live(moves.get(life.opening.account_no))
        late = {life.opening.account_no: life.months_late for life in lives}
        late |= {story.account_no: story.months_late(month) for story in self.stories if story.is_open(month)}
        return MonthOf(month, plan, late)


def _candidate(life: Life, month: int) -> Candidate:
    """Return an account that owes something as the chain sees it."""
    window, late = life.account.window, life.months_late
    ages = {month - window.month_of(due) + 1 for due in life.account.ledger.due_dates()}
    reachable = sorted(age for age in ages if 1 <= age <= late)
    odds = life.odds + _seasoning(life, month) if not late else targets.LATE_SHARE * life.odds
    return Candidate(life.opening.account_no, late, odds, bool(late) or 1 in ages, reachable)


def _seasoning(life: Life, month: int) -> float:
    """Return what the account's age, and a cure not long ago, add to its odds of going late."""
    age, since_cure = month - life.month, month - life.cured_in
    odds = targets.FIRST_MONTHS_ODDS[age] if age < len(targets.FIRST_MONTHS_ODDS) else 0.0
    if since_cure <= targets.AFTER_CURE_MONTHS:
        odds += targets.AFTER_CURE_ODDS * (1 - (since_cure - 1) / targets.AFTER_CURE_MONTHS)
    return odds
