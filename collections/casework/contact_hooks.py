"""What upper rooms know of the contact that an outcome is of. They register it when they are ready."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from casework.outcomes import outcome_offered

#: Given an account, a person, the action of an outcome (`OutcomeCode.Action`) and a moment, what to say to them; "" for nothing.
Check = Callable[[int, int, str, datetime], str]

_CHECKS: Final[dict[str, Check]] = {}


def register_outcome_check(name: str, check: Check) -> None:
    """Add what is said when an outcome is recorded; one of the same name is replaced."""
    _CHECKS[name] = check


def what_lacks(*, account_id: int, user_id: int | None, outcome: str, now: datetime) -> str:
    """Return what lacks for a recorded outcome where a person recorded it; "" for nothing."""
    known = outcome_offered(outcome)
    if known is None or user_id is None:
        return ""
    found = [check(account_id, user_id, known.action, now) for check in _CHECKS.values()]
    return " ".join(text for text in found if text)


def with_what_lacks(said: str, *, account_id: int, user_id: int | None, outcome: str, now: datetime) -> str:
    """Return what is said of a recorded outcome, with what lacks for it."""
    lacks = what_lacks(account_id=account_id, user_id=user_id, outcome=outcome, now=now)
    return f"{said} {lacks}" if lacks else said
