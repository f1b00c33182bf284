"""The sample book's days: which month-ends, and the days inside a month that the source does not have."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from accounts.sample_book.reconstruct import MONTHS

#: September 2005, the source's last month, as months since year 0.
_LAST_SOURCE_MONTH: Final = 2005 * 12 + 8
#: Days of the month on which an account's instalments fall due, one for each account. From the 4th to the 25th any day keeps
#: m1 … m7 true at every month-end: a due date 3 to 27 days before its month's end is 30(k − 1) + 1 to 30k days past due k − 1
#: month-ends later, whichever months lie between, February included.
DUE_DAYS: Final = (10, 13, 16, 19, 22, 25)
#: Accounts are opened at most so many months before the window, and leave the calendar's ends of 1990 and 2099 alone.
EARLIEST_TODAY: Final = date(1995, 1, 1)
LATEST_TODAY: Final = date(2099, 6, 30)


class DayOutOfRange(ValueError):
    """The sample book cannot be laid before this day."""


@lru_cache(maxsize=4_096)
def _day(month: int, day_of_month: int) -> date:
    """Return a day of a month given as months since year 0; made once, asked for a million times."""
    year, index = divmod(month, 12)
    return date(year, index + 1, day_of_month)


class SampleCalendar(NamedTuple):
    """The window of six month-ends, in whole months after the source's."""

    first_month: int
    """Month 0, April 2005 in the source, as months since year 0."""

    @property
    def shift_months(self) -> int:
        """How many months later than in the source everything happens."""
        return self.first_month + MONTHS - 1 - _LAST_SOURCE_MONTH

    def day(self, month: int, day_of_month: int) -> date:
        """Return a day of a month numbered from the window's first; days 1 to 28 only."""
        return _day(self.first_month + month, day_of_month)

    def month_end(self, month: int) -> date:
        """Return the last day of the month."""
        return self.day(month + 1, 1) - timedelta(days=1)

    def label(self, month: int) -> str:
        """Return the month as `2026-05`."""
        return self.day(month, 1).isoformat()[:7]


def calendar_before(today: date) -> SampleCalendar:
    """Return the calendar whose last month-end is the latest one before today (today itself does not count).

    :raises DayOutOfRange: before 1995 or after June 2099, where the files' calendar ends
    """
    if not EARLIEST_TODAY <= today <= LATEST_TODAY:
        raise DayOutOfRange(f"today is {today}; the sample book fits days from {EARLIEST_TODAY} to {LATEST_TODAY}")
    return SampleCalendar(first_month=today.year * 12 + today.month - 1 - MONTHS)
