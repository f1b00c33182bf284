"""Business calendars as the rules take them: working hours, and the public holidays that the `holidays` package knows."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import holidays

from casework.models import BusinessCalendar
from casework.rules.business_time import BusinessHours

#: ISO 3166 codes that a calendar may name.
COUNTRIES: Final = tuple(sorted(holidays.list_supported_countries(include_aliases=False)))


class _PublicHolidays:
    """The days off of a country, and the days worked instead of a bridged one; a year is worked out when it is asked for."""

    def __init__(self, country: str) -> None:
        self.country = country
        self.by_year: dict[int, tuple[frozenset[date], frozenset[date]]] = {}

    def of(self, year: int) -> tuple[frozenset[date], frozenset[date]]:
        """Return a year's days off and days made up for. Worked out apart and put in whole.

        The package fills a shared calendar in place and marks the year as known first: of two threads that ask at once, the
        second would find a year without holidays.
        """
        if year not in self.by_year:
            # With the year after it: a new year's bridge may be made up for in December.
            found = holidays.country_holidays(self.country, years=(year, year + 1), expand=False)
            off, worked = (frozenset(day for day in days if day.year == year) for days in (found, found.weekend_workdays))
            self.by_year[year] = off, worked
        return self.by_year[year]

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and day in self.of(day.year)[0]


class _MadeUpDays:
    """The days worked instead of a bridged holiday, e.g. the Saturday after China's National Day."""

    def __init__(self, public: _PublicHolidays) -> None:
        self.public = public

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and day not in self.public and day in self.public.of(day.year)[1]


@lru_cache(maxsize=32)
def _of_country(country: str) -> tuple[_PublicHolidays, _MadeUpDays]:
    public = _PublicHolidays(country)
    return public, _MadeUpDays(public)


def business_hours(calendar: BusinessCalendar) -> BusinessHours:
    """Return a calendar's working hours with its country's holidays."""
    off, worked = _of_country(calendar.country) if calendar.country else ((), ())
    return BusinessHours(
        opens_at=calendar.opens_at,
        closes_at=calendar.closes_at,
        weekdays=frozenset(map(int, calendar.weekdays)),
        zone=ZoneInfo(calendar.time_zone),
        days_off=off,
        days_worked=worked,
    )
