"""Arithmetic of the page of channels: medians of counted minutes, local hours, and the hours that are quiet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from outreach.rules.contacts import Hours, Outcome, Standing

#: Somebody was reached and spoke, as the contact policy counts answered calls; who refused to talk has answered, too.
ANSWERED: Final = frozenset({Outcome.EFFECTIVE, Outcome.REFUSED})
#: The clocks of no zone differ from UTC by anything but whole quarters of an hour.
QUARTER_SECONDS: Final = 900
DAY_HOURS: Final = 24

#: Contacts made and those of them that were answered, by weekday (0 is Monday) and local hour.
Cells = dict[tuple[int, int], tuple[int, int]]


def median_of(counted: Mapping[int, int]) -> float | None:
    """Return the median of values that are given with how often each occurs; None of nothing, between two their mean."""
    total = sum(counted.values())
    if not total:
        return None
    return (_at(counted, (total - 1) // 2) + _at(counted, total // 2)) / 2


def _at(counted: Mapping[int, int], place: int) -> int:
    """Return the value at a place of them all in order; the first place is 0."""
    passed = 0
    for value in sorted(counted):
        passed += counted[value]
        if place < passed:
            return value
    raise LookupError(f"there are {passed} values, none at {place}")


def local_cells(counted: Iterable[tuple[str, int, int, int]]) -> Cells:
    """Return contacts by weekday and hour of the customers' own clocks.

    :param counted: zone, quarter of an hour since 1970, contacts made in it, and answered ones of them
    """
    cells: Cells = {}
    for zone, quarter, made, answered in counted:
        local = datetime.fromtimestamp(quarter * QUARTER_SECONDS, ZoneInfo(zone))
        before = cells.get((local.weekday(), local.hour), (0, 0))
        cells[local.weekday(), local.hour] = (before[0] + made, before[1] + answered)
    return cells


def quiet_spans(hours: Hours) -> tuple[tuple[float, float], ...]:
    """Return the hours of a day that lie outside of those in which contacts are allowed, as spans of 0 to 24."""
    since = hours.since.hour + hours.since.minute / 60
    until = hours.until.hour + hours.until.minute / 60
    if since == until:
        return ()
    spans = ((0.0, since), (until, float(DAY_HOURS))) if since < until else ((until, since),)
    return tuple((begin, end) for begin, end in spans if begin < end)


def openings(zone: str, opens_at: time, first: date, last: date) -> tuple[tuple[date, int], ...]:
    """Return when contacts may begin on the days of a period, by a zone's clocks, in order.

    From which day on, and how many seconds after the beginning of that day in UTC; again only where daylight saving changes it.
    """
    standing = Standing(zone=ZoneInfo(zone))
    found: list[tuple[date, int]] = []
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        after = standing.begin_of(day, opens_at) - datetime.combine(day, time.min, UTC)
        if not found or found[-1][1] != after.total_seconds():
            found.append((day, int(after.total_seconds())))
    return tuple(found)
