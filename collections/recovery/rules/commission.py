"""What an agency is paid of a payment: whole minor units, rounded half up once a payment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any, Final

#: Hundredths of a percent in a whole.
WHOLE_BP: Final = 10_000
LAST_BUCKET: Final = 7
MOST_BANDS: Final = 20


@dataclass(frozen=True, slots=True)
class Band:
    """A percentage for the buckets of placement and the days since it; the first band that fits counts.

    :param days_to: the last day after placement that it holds for; None: all of them
    :param rate_bp: hundredths of a percent
    """

    bucket_from: int
    bucket_to: int
    days_to: int | None
    rate_bp: int

    def fits(self, bucket: int, age_days: int) -> bool:
        """Return whether it holds for an account placed in a bucket so many days ago."""
        return self.bucket_from <= bucket <= self.bucket_to and (self.days_to is None or age_days <= self.days_to)

    @property
    def is_sound(self) -> bool:
        """Whether it can be."""
        is_ordered = 0 <= self.bucket_from <= self.bucket_to <= LAST_BUCKET
        return is_ordered and 0 <= self.rate_bp <= WHOLE_BP and (self.days_to is None or self.days_to >= 1)


@dataclass(frozen=True, slots=True)
class Placed:
    """When an account was with an agency. `ends_on`: the last day whose payments count, the tail included; None: still open."""

    placed_on: date
    ends_on: date | None
    recalled_on: date | None
    bucket: int


def bands_from_plain(rows: Iterable[Mapping[str, Any]]) -> tuple[Band, ...]:
    """Return bands as they are kept in a column of JSON."""
    return tuple(Band(**{name: row[name] for name in ("bucket_from", "bucket_to", "days_to", "rate_bp")}) for row in rows)


def bands_as_plain(bands: Iterable[Band]) -> list[dict[str, Any]]:
    """Return bands as a column of JSON keeps them."""
    return [asdict(band) for band in bands]


def rate_bp(bands: Sequence[Band], *, bucket: int, age_days: int) -> int:
    """Return the percentage (hundredths) that holds; 0 where no band fits."""
    return next((band.rate_bp for band in bands if band.fits(bucket, age_days)), 0)


def commission_minor(base_minor: int, rate: int) -> int:
    """Return the commission of a payment, rounded half up to whole minor units.

    :param base_minor: what was paid, not below 0
    :param rate: hundredths of a percent
    """
    return (base_minor * rate + WHOLE_BP // 2) // WHOLE_BP


def tail_ends_on(recalled_on: date, tail_days: int) -> date:
    """Return the last day whose payments still count for the agency after a recall."""
    return recalled_on + timedelta(days=tail_days)


def counts_for(placements: Sequence[Placed], paid_on: date) -> int | None:
    """Return the place of the placement that a payment counts for, None where it counts for none.

    The latest one before the payment decides alone: what was placed anew with somebody else ends the tail of who had it before.
    What is paid on the day of placement was paid before it.

    :param placements: of one account, in order of their days
    """
    for place in range(len(placements) - 1, -1, -1):
        placed = placements[place]
        if placed.placed_on < paid_on:
            return place if placed.ends_on is None or paid_on <= placed.ends_on else None
    return None
