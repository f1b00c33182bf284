"""How much a change of a limit weighs: itself, and what stands of those the same way shortly before it. Plain values only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from accounts.rules.decisions import Status

#: Decisions whose change of the limit stands, or will. A replaced one was followed by another limit and is part of it; one that
#: was lifted, undone or cancelled, or that ran out, gave the limit back.
STANDING_STATUSES: Final = (Status.SCHEDULED, Status.EFFECTIVE, Status.REPLACED)


@dataclass(frozen=True, slots=True)
class LimitStep:
    """An earlier decision on the limit of the same account. Amounts in minor units.

    :param decision_id: not weighed; where the step can be looked up
    :param effective_on: first business day in force
    """

    decision_id: int
    reference: str
    status: str
    effective_on: date
    before_minor: int
    after_minor: int

    @property
    def change_minor(self) -> int:
        """By how much it moves the limit: above zero for a raise."""
        return self.after_minor - self.before_minor


@dataclass(frozen=True, slots=True)
class WeighedChange:
    """What the authority matrix is asked with for a raise or a lowering, and why. Amounts in minor units.

    :param steps: those the same way that count and those the other way between and after them, in their order
    :param earlier_minor: what of those the same way still stands
    """

    own_minor: int
    earlier_minor: int
    steps: tuple[LimitStep, ...]

    @property
    def weighed_minor(self) -> int:
        """The change and what still stands of those before it."""
        return self.own_minor + self.earlier_minor


def window_start(as_of: date, *, window_days: int) -> date:
    """Return the first day of a window that ends with `as_of`, both counted."""
    return as_of - timedelta(days=window_days - 1)


def weigh_raise(own_minor: int, steps: Iterable[LimitStep], *, as_of: date, window_days: int) -> WeighedChange:
    """Return what a raise weighs together with the raises before it.

    Of the decisions that stand and are effective within the window, each raise adds what it raised and each lowering takes away
    what it lowered, never to less than nothing: it resets the raises that it took back, and gives no credit for later ones.

    :param steps: decisions on the limit of the account in the order in which they were taken; those that do not stand, or lie
        before the window, are passed over
    """
    return _weigh(own_minor, steps, as_of=as_of, window_days=window_days, sign=1)


def weigh_lowering(own_minor: int, steps: Iterable[LimitStep], *, as_of: date, window_days: int) -> WeighedChange:
    """Return what a lowering weighs together with the lowerings before it: as `weigh_raise`, the other way round.

    :param own_minor: by how much it lowers, above zero
    """
    return _weigh(own_minor, steps, as_of=as_of, window_days=window_days, sign=-1)


def _weigh(own_minor: int, steps: Iterable[LimitStep], *, as_of: date, window_days: int, sign: int) -> WeighedChange:
    first = window_start(as_of, window_days=window_days)
    counted: list[LimitStep] = []
    earlier_minor = 0
    for step in steps:
        if step.status not in STANDING_STATUSES or step.effective_on < first:
            continue
        change_minor = sign * step.change_minor
        if change_minor < 0 and not earlier_minor:
            # Nothing was changed the same way that it could take back.
            continue
        earlier_minor = max(earlier_minor + change_minor, 0)
        counted = [*counted, step] if earlier_minor else []
    return WeighedChange(own_minor, earlier_minor, tuple(counted))
