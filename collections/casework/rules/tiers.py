"""Which tier an account is in: the first of the ordered rules that holds. Plain values; no Django, no database.

Also what a policy as a whole must look like, and what its approver is warned of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

#: The tier of an account on which no rule holds.
NO_TIER: Final = ""

AnyRule = TypeVar("AnyRule")


def place(rules: Sequence[tuple[str, AnyRule]], holds: Callable[[AnyRule], bool]) -> str:
    """Return the code of the first tier whose rule holds, `NO_TIER` if none does.

    :param rules: code and rule of each tier, in the policy's order
    """
    return next((code for code, rule in rules if holds(rule)), NO_TIER)


@dataclass(frozen=True, slots=True)
class Crowded:
    """One tier (`code`) or no tier at all (`NO_TIER`) would hold every account: most likely a slip in a rule."""

    code: str
    accounts: int


def crowding(accounts_by_tier: Mapping[str, int]) -> Crowded | None:
    """Return what the approver must be warned of: every account in one tier, or every one in none."""
    there = {code: count for code, count in accounts_by_tier.items() if count}
    if len(there) != 1:
        return None
    ((code, accounts),) = there.items()
    return Crowded(code, accounts)
