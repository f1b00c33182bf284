"""What is done on a simulated day by calling the site's operations. Each part of the site adds its own acts.

A day begins with its MORNING acts; then the day's files are imported; then come its EVENING acts; then the day is closed. An act
must be safe to do again: a build that was broken off repeats the day it was at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import Enum
from random import Random
from typing import Final, NamedTuple

from django.utils import timezone
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_noop

from accounts.models import CreditAccount
from riskops.shared.audit import Actor
from riskops.shared.own_reasons import own_reason
from riskops.simulation.entries import Cue, DayPlan
from riskops.simulation.staff import Staff
from riskops.simulation.window import Window

#: Who acts where no person is played.
SIMULATION: Final = Actor(own_reason(gettext_noop("simulation")))


class Moment(Enum):
    """When in the day: before its files come, or after."""

    MORNING = "morning"
    EVENING = "evening"


@dataclass(slots=True)
class DayContext:
    """What an act may know. `months_late`: of every account at the last month-end, counted on beyond m7."""

    window: Window
    month: int
    plan: DayPlan
    months_late: dict[str, int]
    actor: Actor = SIMULATION
    seed: int = 0
    staff: Staff = field(default_factory=Staff)
    _ids: dict[str, int] = field(default_factory=dict)

    def account_id(self, account_no: str) -> int:
        """Return the id of an account by its number."""
        if account_no not in self._ids:
            self._ids[account_no] = CreditAccount.objects.values_list("pk", flat=True).get(account_no=account_no)
        return self._ids[account_no]

    def moment(self, hour: int, minute: int = 0) -> datetime:
        """Return a moment of the day, in the site's time zone."""
        return timezone.make_aware(datetime.combine(self.plan.day, time(hour, minute)))

    def draw(self, *names: object) -> Random:
        """Return the chance of something that has a name: the same each time the day is lived through."""
        return Random(f"{self.seed}:act:{':'.join(map(str, names))}")

    def cued(self, what: str) -> list[Cue]:
        """Return what the stories have an act do today."""
        return [cue for cue in self.plan.cues if cue.what == what]


class Act(NamedTuple):
    """One thing done each day, in the order in which acts were registered."""

    name: str
    moment: Moment
    do: Callable[[date, DayContext], None]


_ACTS: Final[dict[str, Act]] = {}


def act(name: str, moment: Moment) -> Callable[[Callable[[date, DayContext], None]], Callable[[date, DayContext], None]]:
    """Register a function as an act of every simulated day.

    :raises ValueError: another function has the name
    """

    def register(do: Callable[[date, DayContext], None]) -> Callable[[date, DayContext], None]:
        if _ACTS.setdefault(name, Act(name, moment, do)).do is not do:
            raise ValueError(f"there is an act called {name} already")
        return do

    return register


def find_acts() -> None:
    """Have each app of the site register its acts: what it has in `simulated_acts`, lower rooms first."""
    autodiscover_modules("simulated_acts")


def perform(moment: Moment, day: date, context: DayContext) -> None:
    """Do a day's acts of one moment."""
    for one in _ACTS.values():
        if one.moment is moment:
            one.do(day, context)
