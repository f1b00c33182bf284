"""Arguments of commands, read with an error that says what would be right."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import date

from riskops.shared.day import FIRST_DAY, LAST_DAY


def iso_day(text: str) -> date:
    """Return the day that an argument names.

    :raises ArgumentTypeError: it is no date written as YYYY-MM-DD, or none a book may hold; the command ends with exit status 2
    """
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a date; write it as 2025-03-31") from error
    if day.isoformat() != text:
        raise ArgumentTypeError(f"{text!r} is not written as YYYY-MM-DD; write {day.isoformat()}")
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ArgumentTypeError(f"{text} is not a day of any book; name one from {FIRST_DAY} to {LAST_DAY}")
    return day
