"""Calendar months: ends, distances, labels."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date


def month_end(year: int, month: int) -> date:
    """Return the last day of a month; the month may run past 12 or below 1 (13 is January of the next year)."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return date(year, month, monthrange(year, month)[1])


def is_month_end(day: date) -> bool:
    """Return whether the day is the last one of its month."""
    return day.day == monthrange(day.year, day.month)[1]


def end_of_month(day: date) -> date:
    """Return the last day of the day's month."""
    return month_end(day.year, day.month)


def shifted(day: date, months: int) -> date:
    """Return the month-end that lies so many months after the day's month (before, if negative)."""
    return month_end(day.year, day.month + months)


def months_between(first: date, last: date) -> int:
    """Return the calendar months from the month of `first` to that of `last`: 0 in the same month."""
    return (last.year - first.year) * 12 + last.month - first.month


def label(day: date) -> str:
    """Return the month as exports write it: `2025-03`."""
    return f"{day.year:04d}-{day.month:02d}"


def month_ends_between(first: date, last: date) -> Iterator[date]:
    """Yield the month-ends in [first, last], in order."""
    day = end_of_month(first)
    while day <= last:
        yield day
        day = shifted(day, 1)
