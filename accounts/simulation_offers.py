"""Plans that upper rooms have drawn for an account, compared with the other ways to pay. They register when they are ready."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from accounts.rules.replay import RebuiltAccount
from accounts.rules.simulation import Offer

#: Returns what is offered to an account as it stands on the first day of a simulation: a schedule of all that is owed then.
AskOffers = Callable[[int, RebuiltAccount], tuple[Offer, ...]]

_ASKED: Final[dict[str, AskOffers]] = {}


def register_offers(name: str, ask: AskOffers) -> None:
    """Add who offers plans; one of the same name is replaced."""
    _ASKED[name] = ask


def offers_to(account_id: int, rebuilt: RebuiltAccount) -> tuple[Offer, ...]:
    """Return every plan that is offered to an account."""
    return tuple(offer for ask in _ASKED.values() for offer in ask(account_id, rebuilt))
