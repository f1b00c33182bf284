"""The months of a simulated book."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import NamedTuple


class Window(NamedTuple):
    """Whole months in a row; months are numbered from 0, and later or earlier numbers are good for dates too."""

    first_month: int
    """Month 0, as months since year 0."""
    months: int

    def day(self, month: int, day_of_month: int) -> date:
        """Return a day of a month, the month's last one if it is shorter."""
        year, index = divmod(self.first_month + month, 12)
        return date(year, index + 1, min(day_of_month, monthrange(year, index + 1)[1]))

    def month_end(self, month: int) -> date:
        """Return the last day of a month."""
        return self.day(month, 31)

    def month_of(self, day: date) -> int:
        """Return the number of a day's month."""
        return day.year * 12 + day.month - 1 - self.first_month

    def days(self, month: int) -> list[date]:
        """Return the days of a month."""
        first, last = self.day(month, 1), self.month_end(month)
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]

    def label(self, month: int) -> str:
        """Return the month as `202605`."""
        return f"{self.day(month, 1):%Y%m}"

    @property
    def first_day(self) -> date:
        """The first day of all."""
        return self.day(0, 1)

    @property
    def last_day(self) -> date:
        """The last month-end."""
        return self.month_end(self.months - 1)


def window_before(today: date, *, months: int) -> Window:
    """Return the window whose last month-end is the latest one before today (today itself does not count)."""
    return Window(today.year * 12 + today.month - 1 - months, months)
