"""What debits need of whoever sends messages, which registers it when it is ready: since when a customer knows of one."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date
from typing import Final

from accounts.models import DebitNotice

#: On which day notices were handed to a provider of messages, by their id; one that was not, or did not arrive, is left out.
AskTold = Callable[[Collection[DebitNotice]], dict[int, date]]

_TOLD: Final[dict[str, AskTold]] = {}


def register_told(name: str, ask: AskTold) -> None:
    """Add who knows what became of notices; one of the same name is replaced."""
    _TOLD[name] = ask


def told_on(notices: Collection[DebitNotice]) -> dict[int, date]:
    """Return the first day on which each notice was out, by its id; without anybody who knows, none was."""
    first: dict[int, date] = {}
    for ask in _TOLD.values():
        for notice_id, day in ask(notices).items():
            first[notice_id] = min(day, first.get(notice_id, day))
    return first
