"""When a sweep runs, whether it may open a review again, and which closed reviews a sample takes. Plain values only."""

from __future__ import annotations

import hashlib
from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from enum import StrEnum


class Schedule(StrEnum):
    """How often a sweep runs."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


def runs_on(day: date, *, schedule: str, schedule_day: int) -> bool:
    """Return whether a sweep runs at the close of a day.

    :param schedule_day: weekly 1 (Monday) to 7; monthly 1 to 31, the month's last day where it has no such day
    """
    if schedule == Schedule.WEEKLY:
        return day.isoweekday() == schedule_day
    if schedule == Schedule.MONTHLY:
        return day.day == min(schedule_day, monthrange(day.year, day.month)[1])
    return True


def cools_off_from(day: date, *, cool_off_days: int) -> date:
    """Return the day since which a closed review still stands in the way of a new one on `day`.

    With 30 days a review closed on the 1st stands in the way up to the 30th day after it; on the 31st a new one may be opened.
    """
    return day - timedelta(days=cool_off_days)


def sampled(reviews: Iterable[tuple[int, int]], *, seed: str, percent: int, shares: Mapping[int, int]) -> tuple[int, ...]:
    """Return the reviews that a sample takes, by id: of each reviewer their percentage, rounded up to a whole review.

    The same seed gives the same reviews, and nobody can foresee them without it: they come in the order of a hash.

    :param reviews: (review id, reviewer id)
    :param percent: of everybody who is not in `shares`, percent by reviewer id; 0 takes none
    """
    by_reviewer: defaultdict[int, list[int]] = defaultdict(list)
    for review_id, reviewer_id in reviews:
        by_reviewer[reviewer_id].append(review_id)
    taken: list[int] = []
    for reviewer_id, ids in by_reviewer.items():
        share = shares.get(reviewer_id, percent)
        taken += sorted(ids, key=lambda review_id: _rank(seed, review_id))[: -(-len(ids) * share // 100)]
    return tuple(sorted(taken))


def _rank(seed: str, review_id: int) -> bytes:
    return hashlib.blake2b(f"{seed}:{review_id}".encode(), digest_size=16).digest()
