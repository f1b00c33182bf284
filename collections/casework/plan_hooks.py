"""What plans need of upper rooms, which register it when they are ready: whether a plan that is not ours holds contact back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

#: Whether somebody noted by hand that the account has a hardship plan (one agreed elsewhere): (account id).
AskNoted = Callable[[int], bool]

_NOTED: Final[dict[str, AskNoted]] = {}


def register_noted_plans(name: str, ask: AskNoted) -> None:
    """Add who knows of plans that are not ours; one of the same name is replaced."""
    _NOTED[name] = ask


def is_noted_elsewhere(account_id: int) -> bool:
    """Return whether an account has a plan that is not one of ours."""
    return any(ask(account_id) for ask in _NOTED.values())
