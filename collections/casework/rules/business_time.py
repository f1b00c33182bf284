"""Working time between two moments: the clock that service times run on. Plain values; no Django, no clock, no database."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

_ONE_DAY: Final = timedelta(days=1)
#: A calendar that has no working day within this many days of a moment has none at all.
LONGEST_CLOSURE_DAYS: Final = 370


class NeverOpens(Exception):
    """The calendar has no working time to come."""


@dataclass(frozen=True, slots=True)
class BusinessHours:
    """When work is done: one span of local time on each working day.

    :param weekdays: ISO numbers, 1 is Monday
    :param days_off: days that are not worked although their weekday is (public holidays)
    :param days_worked: days that are worked whatever their weekday (made up for a bridged holiday)
    """

    opens_at: time
    closes_at: time
    weekdays: frozenset[int]
    zone: tzinfo
    days_off: Container[date] = frozenset()
    days_worked: Container[date] = frozenset()

    def is_worked(self, day: date) -> bool:
        """Return whether a day is a working day."""
        return day in self.days_worked or (day.isoweekday() in self.weekdays and day not in self.days_off)

    def span(self, day: date) -> tuple[datetime, datetime]:
        """Return the first moment of a day's working time and the first one after it, in UTC."""
        opens = datetime.combine(day, self.opens_at, self.zone).astimezone(UTC)
        closes = datetime.combine(day, self.closes_at, self.zone).astimezone(UTC)
        return opens, max(opens, closes)


def seconds_between(start: datetime, end: datetime, hours: BusinessHours) -> int:
    """Return the whole seconds of working time from one moment to a later one; 0 if it is not later.

    Additive: the way over any moment in between takes as long. On a day when clocks are put forward or back the working
    time is as long as it really was.
    """
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    worked = timedelta()
    day, last = start.astimezone(hours.zone).date(), end.astimezone(hours.zone).date()
    while day <= last:
        if hours.is_worked(day):
            opens, closes = hours.span(day)
            worked += max(timedelta(), min(closes, end) - max(opens, start))
        day += _ONE_DAY
    return int(worked.total_seconds())


def minutes_between(start: datetime, end: datetime, hours: BusinessHours) -> int:
    """Return the full minutes of working time from one moment to a later one; 0 if it is not later."""
    return seconds_between(start, end, hours) // 60


def after_minutes(start: datetime, minutes: int, hours: BusinessHours) -> datetime:
    """Return the first moment (UTC) by which so many minutes were worked: when a service time that begins now runs out.

    :raises NeverOpens: the calendar has no working time to come
    """
    left = timedelta(minutes=minutes)
    moment = start.astimezone(UTC)
    if not left:
        return moment
    day = moment.astimezone(hours.zone).date()
    idle_days = 0
    while idle_days <= LONGEST_CLOSURE_DAYS:
        opens, closes = hours.span(day)
        begins = max(opens, moment)
        if hours.is_worked(day) and begins < closes:
            if left <= closes - begins:
                return begins + left
            left -= closes - begins
            idle_days = 0
        else:
            idle_days += 1
        day += _ONE_DAY
    raise NeverOpens
