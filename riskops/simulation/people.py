"""Invented customers: those of the sample book's inventor, moved to mainland China. Nobody exists, nothing reaches anyone.

Names, phones (North American 555-01xx) and e-mails (example domains) are as accounts/sample_book/people.py makes them. Identity
numbers have 18 characters, begin with 99, which no region has, and fail their check character.
"""

from __future__ import annotations

from random import Random
from typing import Final

from accounts.sample_book.people import People

_SEED: Final = "simulated"
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"


def identity_check(stem: str) -> str:
    """Return the check character of the first 17 digits of an identity number (GB 11643, ISO 7064 MOD 11-2)."""
    return _CHECKS[sum(int(digit) * weight for digit, weight in zip(stem, _WEIGHTS, strict=True)) % 11]


class SimulatedPeople:
    """Invents one person for each number; the same number always gives the same person."""

    def __init__(self) -> None:
        self._people = People()

    def cells(self, number: int) -> tuple[str, ...]:
        """Return the cells of customers.csv after customer_no."""
        draw = Random(f"{_SEED}:person:{number}")
        person = self._people.person(number, sex=draw.randint(1, 2))
        return tuple(
            person._replace(
                email=f"simulated.{number:05d}@{person.email.partition('@')[2]}",
                national_id=_impossible_identity(draw),
                device_ids=f"sim-{draw.getrandbits(48):012x}",
                time_zone="Asia/Shanghai",
            )
        )


def _impossible_identity(draw: Random) -> str:
    birth = f"{draw.randint(1960, 2005)}{draw.randint(1, 12):02d}{draw.randint(1, 28):02d}"
    stem = f"99{draw.randrange(10**4):04d}{birth}{draw.randrange(1_000):03d}"
    return stem + draw.choice([character for character in _CHECKS if character != identity_check(stem)])
