"""What a metric is: its words, its options and the function that computes its cells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple

from django.utils.functional import Promise

from dashboards.rules.months import shifted
from dashboards.scope import Scope
from dashboards.tallies import Tallies

#: Decimals of a value, rounded half up: exact enough to tell apart any two ratios of a book of 100,000 accounts.
VALUE_DECIMALS: Final = 10


class Measure(StrEnum):
    """What is summed: money (outstanding principal, unless the metric says otherwise) or heads."""

    AMOUNT = "amount"
    COUNT = "count"


class Basis(StrEnum):
    """Which truth a metric is made from (portfolio-format, rule 7)."""

    REPORTED = "reported"
    KNOWN = "known"


class Cell(NamedTuple):
    """One cell of a metric: a ratio of two whole numbers (minor units or heads)."""

    as_of: date
    segment: str
    key_1: str
    key_2: str
    numerator: int
    denominator: int

    @property
    def value(self) -> Decimal:
        """The ratio, rounded half up to `VALUE_DECIMALS`."""
        # In whole numbers, so that nothing is rounded twice: one digit more than is kept, then half away from zero.
        digits = abs(self.numerator) * 10 ** (VALUE_DECIMALS + 1) // self.denominator
        rounded = Decimal((digits + 5) // 10).scaleb(-VALUE_DECIMALS)
        return -rounded if self.numerator < 0 else rounded


@dataclass(frozen=True, slots=True)
class Option:
    """A choice a metric offers: its values, and the one it takes unless told (`default`, else the first)."""

    name: str
    choices: tuple[str, ...]
    label: Promise
    default: str = ""

    @property
    def value(self) -> str:
        """The value it takes unless told."""
        return self.default or self.choices[0]

    @property
    def values(self) -> str:
        """The values in words: `1 to 24`, or a list."""
        numbers = [int(choice) for choice in self.choices if choice.isdecimal()]
        if len(numbers) == len(self.choices) > 2 and numbers == list(range(numbers[0], numbers[-1] + 1)):
            return f"{numbers[0]} to {numbers[-1]}"
        return ", ".join(self.choices)


@dataclass(frozen=True, slots=True)
class Ask:
    """A question to a metric: which month-ends, which measure, which part of the book, which options.

    `days` are the month-ends to draw; `closed` all month-ends there are (figures may look back, or ahead, to those), and
    `looked_at` those that the figures did look back, or ahead, to.
    """

    days: tuple[date, ...]
    closed: tuple[date, ...]
    measure: Measure
    scope: Scope
    tallies: Tallies
    options: Mapping[str, str] = field(default_factory=dict)
    looked_at: set[date] = field(default_factory=set)

    def number(self, option: str) -> int:
        """Return an option that is a whole number."""
        return int(self.options[option])

    def is_closed(self, *days: date) -> bool:
        """Return whether all the days are month-ends with snapshots; a metric that asks looks at them if they are."""
        are_closed = all(day in self.closed for day in days)
        if are_closed:
            self.looked_at.update(days)
        return are_closed

    def monthly_pairs(self, days: Iterable[date]) -> list[tuple[date, date]]:
        """Return (the month-end before, the day) for each of the days that has one with snapshots."""
        return [(shifted(day, -1), day) for day in days if self.is_closed(shifted(day, -1))]


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of the registry: one definition, read by pages, exports, API and docs alike.

    :param name: what exports call it
    :param key_1: what the first key of a cell is; the same for `key_2`, "" if there is none
    :param measures: the ones it has, first the one it takes unless told
    :param has_tier: whether it can be cut by tier (it is made from snapshots)
    """

    name: str
    title: Promise
    definition: Promise
    numerator: Promise
    denominator: Promise
    as_of_rule: Promise
    key_1: Promise | str
    key_2: Promise | str
    measures: tuple[Measure, ...]
    compute: Callable[[Ask], list[Cell]]
    basis: Basis = Basis.REPORTED
    options: tuple[Option, ...] = ()
    traps: tuple[Promise, ...] = ()
    has_tier: bool = True
    known_with: tuple[str, str] | None = None

    def basis_with(self, options: Mapping[str, str]) -> Basis:
        """Return the truth the metric is made from with some options: `known_with` names the one that needs the entries."""
        if self.known_with is not None and options.get(self.known_with[0]) == self.known_with[1]:
            return Basis.KNOWN
        return self.basis
