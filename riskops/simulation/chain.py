"""Who rolls, stays, improves and cures in a month: the stated odds, spread over accounts by their own.

Draws are systematic: as many as expected, to the account, and the fraction left over is carried to the next month. So a small
book keeps to the odds as well as a large one; who it is stays a matter of each account's own odds and of chance.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from math import exp
from random import Random
from typing import Final, NamedTuple

from riskops.simulation import targets

WORST: Final = 7
_BISECTIONS: Final = 40


class Candidate(NamedTuple):
    """An account that owes something, as the draws see it.

    :param months_late: at the last month-end, counted on beyond m7
    :param odds: natural logarithm of its own odds of rolling, against the others
    :param can_roll: something of it can be past due at this month's end
    :param reachable: the months late, none worse than now, that paying whole months can bring it to; 0 is always one more
    """

    account_no: str
    months_late: int
    odds: float
    can_roll: bool
    reachable: Collection[int]


class Chain:
    """Draws each month's moves; holds the fractions carried from month to month."""

    def __init__(self, factors: Sequence[tuple[float, float]]) -> None:
        """Take by month how much worse than stated m0 rolls, and the later buckets roll."""
        self._factors = factors
        self._carried: dict[str, float] = {}

    def moves(self, month: int, candidates: Iterable[Candidate], draw: Random) -> dict[str, int]:
        """Return by account number how many months late each candidate is to be at the month's end."""
        groups: dict[int, list[Candidate]] = {}
        for candidate in candidates:
            groups.setdefault(min(candidate.months_late, WORST), []).append(candidate)
        moves: dict[str, int] = {}
        for bucket, group in sorted(groups.items()):
            # In the order of chance, so that carrying over favours nobody.
            draw.shuffle(group)
            moves |= self._moves(month, bucket, group, draw)
        return moves

    def _moves(self, month: int, bucket: int, group: list[Candidate], draw: Random) -> dict[str, int]:
        target = targets.TARGETS[bucket]
        roll = target.roll * self._factors[month][bucket > 0] * exp(draw.gauss(0, targets.NOISE))
        can_roll = [one for one in group if one.can_roll]
        rolling = self._drawn(f"roll {bucket}", can_roll, calibrated([one.odds for one in can_roll], total=roll * len(group)))
        rest = [one for one in group if one.account_no not in rolling]
        # What does not roll is shared out as stated.
        left = (1 - roll) / (1 - target.roll)
        curing = self._curing(bucket, rest, total=target.cure * left * len(group)) if bucket else {one.account_no for one in rest}
        late = [one for one in rest if one.account_no not in curing]
        share = target.back / (target.back + target.stay)
        better = self._drawn(f"back {bucket}", late, [share] * len(late))
        moves = {one.account_no: one.months_late + 1 for one in group if one.account_no in rolling}
        moves |= dict.fromkeys(sorted(curing), 0)
        moves |= {one.account_no: _lateness(one, is_better=one.account_no in better, draw=draw) for one in late}
        return moves

    def _curing(self, bucket: int, rest: list[Candidate], *, total: float) -> set[str]:
        """Draw who cures. Who can reach nothing between rolling and curing cures first; in m7 not paying is always left."""
        forced = {one.account_no for one in rest if not one.reachable} if bucket < WORST else set()
        free = [one for one in rest if one.account_no not in forced]
        chance = min(1.0, max(0.0, total - len(forced)) / len(free)) if free else 0.0
        return forced | self._drawn(f"cure {bucket}", free, [chance] * len(free))

    def _drawn(self, name: str, group: Sequence[Candidate], chances: Sequence[float]) -> set[str]:
        """Return the numbers of those drawn, each with its own chance."""
        drawn: set[str] = set()
        mark = self._carried.get(name, 0.5)
        for one, chance in zip(group, chances, strict=True):
            mark += chance
            if mark >= 1:
                mark -= 1
                drawn.add(one.account_no)
        self._carried[name] = mark
        return drawn


def _lateness(one: Candidate, *, is_better: bool, draw: Random) -> int:
    """Return the months late of an account that neither rolls by draw nor cures."""
    lower = sorted(months for months in one.reachable if months < one.months_late)
    if lower and (is_better or (one.months_late not in one.reachable and one.months_late < WORST)):
        return draw.choice(lower)
    if one.months_late >= WORST:
        return one.months_late + 1
    return one.months_late


def calibrated(odds: Sequence[float], *, total: float) -> list[float]:
    """Return chances with the given odds to each other (natural logarithms) that add up to a total."""
    if not odds or total <= 0:
        return [0.0] * len(odds)
    if total >= len(odds):
        return [1.0] * len(odds)
    relative = [exp(one) for one in odds]
    low, high = -30.0, 30.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        scale = exp(middle)
        if sum(scale * one / (1 + scale * one) for one in relative) < total:
            low = middle
        else:
            high = middle
    scale = exp((low + high) / 2)
    return [scale * one / (1 + scale * one) for one in relative]


def factors(*, first_calendar_month: int, weights: Sequence[float]) -> list[tuple[float, float]]:
    """Return by month how much worse than stated m0 rolls and the later buckets roll: 1 on the average over the window.

    :param first_calendar_month: 1 to 12
    :param weights: how many accounts there are by month, roughly
    """
    months = len(weights)
    entry, rolls = [], []
    for month in range(months):
        is_shock = targets.SHOCK_SPAN[0] <= month / months < targets.SHOCK_SPAN[1]
        season = targets.SEASON[(first_calendar_month - 1 + month) % 12]
        entry.append(season * (targets.SHOCK_ON_ENTRY if is_shock else 1.0))
        rolls.append(targets.SHOCK_ON_ROLLS if is_shock else 1.0)
    return list(zip(_around_one(entry, weights), _around_one(rolls, weights), strict=True))


def _around_one(values: Sequence[float], weights: Sequence[float]) -> list[float]:
    mean = sum(value * weight for value, weight in zip(values, weights, strict=True)) / max(sum(weights), 1e-9)
    return [value / mean for value in values] if mean else list(values)
