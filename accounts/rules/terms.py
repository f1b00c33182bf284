"""The terms of a product, as plain values. Source: portfolio-format, "Files" and "Aging, exactly"."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class Component(IntEnum):
    """A part of an instalment that money can pay."""

    PENALTY = 1
    FEE = 2
    INTEREST = 3
    PRINCIPAL = 4


COMPONENT_BY_NAME: Final = {component.name.lower(): component for component in Component}

#: Bucket maps by name: the smallest days past due of m1, m2, … (m0 is 0 days).
BUCKET_MAPS: Final[dict[str, tuple[int, ...]]] = {
    "default": (1, 31, 61, 91, 121, 151, 181),
    "calendar-29": (1, 30, 60, 90, 120, 150),
}
#: All buckets but m0: those of accounts that are past due.
LATE_BUCKETS: Final = tuple(range(1, 1 + max(map(len, BUCKET_MAPS.values()))))


@dataclass(frozen=True, slots=True)
class Terms:
    """What a product says about lateness and money.

    :param penalty_rate_ppm: parts per million of the base per day
    :param penalty_cap_bp: hundredths of a percent of the instalment's scheduled principal; None is no cap
    """

    grace_days: int = 0
    penalty_rate_ppm: int = 0
    penalty_on_interest: bool = False
    penalty_from_grace_end: bool = False
    penalty_cap_bp: int | None = None
    allocation_order: tuple[Component, ...] = (
        Component.PENALTY,
        Component.FEE,
        Component.INTEREST,
        Component.PRINCIPAL,
    )
    holds_prepayment: bool = False
    bucket_map: str = "default"
