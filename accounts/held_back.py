"""What holds decisions on an account back and only an upper room knows: an open dispute, for one. It registers when it is ready.

Asked with the account locked, so that what is begun and what holds it back see each other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Actions (accounts.rules.decisions.Action) that are held back, and why, in the words of whoever reads it."""

    actions: frozenset[str]
    why: str


#: Returns by account what holds back, for accounts that anything does; one query however many are asked about.
AskHeldBack = Callable[[Collection[int]], Mapping[int, HeldBack]]

_ASKED: Final[dict[str, AskHeldBack]] = {}


def register_held_back(name: str, ask: AskHeldBack) -> None:
    """Add what holds decisions back; one of the same name is replaced."""
    _ASKED[name] = ask


def held_back(account_ids: Collection[int]) -> dict[int, tuple[HeldBack, ...]]:
    """Return what holds decisions on these accounts back, by account."""
    found: dict[int, tuple[HeldBack, ...]] = {}
    for ask in _ASKED.values():
        for account_id, held in ask(account_ids).items():
            found[account_id] = (*found.get(account_id, ()), held)
    return found
