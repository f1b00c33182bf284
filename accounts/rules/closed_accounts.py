"""Accounts that the lender has closed: files say so by an attribute."""

from __future__ import annotations

from datetime import date
from typing import Final

#: The extra column of accounts.csv, kept as an attribute by imports, that says on which day an account was closed.
CLOSED_ON: Final = "x_closed_on"


def closed_day(said: object) -> date | None:
    """Return the day that the attribute `CLOSED_ON` of an account says; None where it says nothing, or no day."""
    try:
        return date.fromisoformat(str(said or ""))
    except ValueError:
        return None
