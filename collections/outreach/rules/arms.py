"""Arms of experiments: which one a customer is in. A keyed hash, so that it can be told again at any time, on any machine.

The arm depends on the salt of the experiment and the customer's id, and on nothing else: no customer moves because another one
comes, and two experiments of different salts divide the book independently of each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

#: Basis points in a whole: the weights of the arms add up to it.
WHOLE_BP: Final = 10_000
FEWEST_ARMS: Final = 2
MOST_ARMS: Final = 4
#: What the hash is keyed by, at most, in bytes.
LONGEST_SALT: Final = 64
LONGEST_CODE: Final = 32


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm: its code, the strategy that its customers follow ("": no contact by any strategy), its share in basis points."""

    code: str
    strategy: str
    weight_bp: int

    @property
    def is_no_contact(self) -> bool:
        """Whether its customers are left alone but for notices required by law."""
        return not self.strategy


def arm_of(salt: str, customer_id: int, arms: Sequence[Arm]) -> Arm:
    """Return the arm of a customer: the hash as a place among the weights, laid side by side in their order.

    :param arms: whose weights add up to `WHOLE_BP`
    """
    digest = blake2b(customer_id.to_bytes(8, "big"), key=salt.encode(), digest_size=8).digest()
    # Of 2^64 values the remainder favours the first places by less than one in 10^15.
    place = int.from_bytes(digest, "big") % WHOLE_BP
    for arm in arms:
        if place < arm.weight_bp:
            return arm
        place -= arm.weight_bp
    raise ValueError(f"the weights add up to {sum(arm.weight_bp for arm in arms)}, not to {WHOLE_BP}")


def arms_from_plain(plain: Sequence[Mapping[str, Any]]) -> tuple[Arm, ...]:
    """Return the arms as they were kept."""
    return tuple(Arm(arm["code"], arm["strategy"], arm["weight_bp"]) for arm in plain)


def arms_as_plain(arms: Sequence[Arm]) -> list[dict[str, Any]]:
    """Return arms as plain JSON."""
    return [{"code": arm.code, "strategy": arm.strategy, "weight_bp": arm.weight_bp} for arm in arms]


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with arms: a name for the words, and the values in it."""

    name: str
    values: Mapping[str, Any]


def flaw_of(plain: Any, champion: str) -> Flaw | None:
    """Return the first thing wrong with arms as they were typed or sent, None if they can be.

    `shape`, `number`, `code`, `twice`, `weight`, `sum`, `champion`, `champion_silent`.
    """
    if not isinstance(plain, list) or not all(_is_arm(arm) for arm in plain):
        return Flaw("shape", {})
    arms = arms_from_plain(plain)
    if not FEWEST_ARMS <= len(arms) <= MOST_ARMS:
        return Flaw("number", {"least": FEWEST_ARMS, "most": MOST_ARMS})
    for arm in arms:
        if not _is_code(arm.code):
            return Flaw("code", {"code": arm.code, "most": LONGEST_CODE})
        if not 1 <= arm.weight_bp < WHOLE_BP:
            return Flaw("weight", {"code": arm.code})
    code, times = Counter(arm.code for arm in arms).most_common(1)[0]
    if times > 1:
        return Flaw("twice", {"code": code})
    total = sum(arm.weight_bp for arm in arms)
    if total != WHOLE_BP:
        return Flaw("sum", {"sum": total})
    leading = next((arm for arm in arms if arm.code == champion), None)
    if leading is None:
        return Flaw("champion", {"code": champion})
    return Flaw("champion_silent", {"code": champion}) if leading.is_no_contact else None


def _is_arm(plain: Any) -> bool:
    if not isinstance(plain, dict) or set(plain) != {"code", "strategy", "weight_bp"}:
        return False
    weight = plain["weight_bp"]
    return isinstance(plain["code"], str) and isinstance(plain["strategy"], str) and type(weight) is int


def _is_code(code: str) -> bool:
    is_plain = code.isascii() and code.replace("-", "").isalnum() and code.lower() == code
    return is_plain and len(code) <= LONGEST_CODE


def no_contact_bp(arms: Sequence[Arm]) -> int:
    """Return the share of customers, in basis points, that no strategy contacts."""
    return sum(arm.weight_bp for arm in arms if arm.is_no_contact)
