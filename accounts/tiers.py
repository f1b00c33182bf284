"""What this room must know of warning tiers, which belong to the room above. That one fills it in when it is ready."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from accounts.queries.entries import AccountEntries
    from accounts.rules.replay import RebuiltAccount


@dataclass(frozen=True, slots=True)
class ShownTier:
    """How a tier is shown: its name in the language in use, and its tone (a colour of the sheet)."""

    code: str
    name: str
    tone: str


class Tiers(Protocol):
    """The few questions that lists and exports put to the tiers."""

    def shown(self, on: date) -> Mapping[str, ShownTier]:
        """Return the tiers of the policy live on a day by code, in order."""
        ...

    def known(self, accounts: Iterable[tuple[AccountEntries, RebuiltAccount]], *, as_of: date) -> Mapping[int, str]:
        """Return the tier of each account by the policy live on a day, on what its entries say of that day."""
        ...


class _NoTiers:
    """Stands in until a room above has tiers."""

    def shown(self, on: date) -> Mapping[str, ShownTier]:
        return {}

    def known(self, accounts: Iterable[tuple[AccountEntries, RebuiltAccount]], *, as_of: date) -> Mapping[int, str]:
        return {}


_tiers: list[Tiers] = [_NoTiers()]


def register_tiers(tiers: Tiers) -> None:
    """Name the tiers that are asked. Called once, by their app."""
    _tiers[:] = [tiers]


def tiers() -> Tiers:
    """Return the tiers."""
    return _tiers[0]
