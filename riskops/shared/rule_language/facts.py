"""What rules may speak of: named facts with a kind, a unit and a meaning, and the catalogue that holds them.

A fact is one value of one row. It is a plain value that JSON keeps unchanged, so that a row of facts can be stored with a
decision and judged again years later: whole numbers, True and False, texts, ISO days, None where the fact is absent.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final, TypeAlias

from django.db.models import QuerySet
from django.utils.functional import Promise

from riskops.shared.scope import Scope

#: A value of a fact; None: absent.
Plain: TypeAlias = int | bool | str | None
#: What a rule sees of one row: the value by the fact's name.
FactsRow: TypeAlias = dict[str, Plain]
#: The texts that there are; a function where they stand in the book, of which a person may see a part.
Choices: TypeAlias = tuple[str, ...] | Callable[[Scope], tuple[str, ...]]

#: Amounts are held in ten-thousandths of a major unit: ISO 4217 knows currencies of four decimals, none of more.
AMOUNT_DIGITS: Final = 4
#: Percentages are held in hundredths of a percent.
PERCENT_DIGITS: Final = 2
#: Annotations are named apart from the columns, whose names facts may share.
ANNOTATION_PREFIX: Final = "fact_"


class Kind(StrEnum):
    """What a fact's values are, how a rule writes them and how they are held."""

    NUMBER = "number"
    DAYS = "days"
    MONTHS = "months"
    AMOUNT = "amount"
    PERCENT = "percent"
    YES_NO = "yes_no"
    TEXT = "text"
    DATE = "date"

    @property
    def decimals(self) -> int:
        """The decimals that a rule may write; the value is held times ten to this power, whole."""
        return {Kind.AMOUNT: AMOUNT_DIGITS, Kind.PERCENT: PERCENT_DIGITS}.get(self, 0)

    @property
    def is_numeric(self) -> bool:
        """Whether its values are whole numbers (after scaling)."""
        return self not in (Kind.YES_NO, Kind.TEXT, Kind.DATE)

    @property
    def has_order(self) -> bool:
        """Whether less and greater mean anything."""
        return self.is_numeric or self is Kind.DATE


@dataclass(frozen=True, slots=True)
class Fact:
    """A named value that rules may compare.

    :param expression: the value as a database expression over the catalogue's rows, for a day (the last closed one)
    :param is_nullable: the value may be absent; an expression that can be NULL must say so
    :param choices: the values of a text that there are; a rule may name no others where they are given as a tuple
    """

    name: str
    kind: Kind
    label: Promise | str
    unit: Promise | str
    about: Promise | str
    expression: Callable[[date], Any]
    is_nullable: bool = False
    choices: Choices = ()

    @property
    def annotation(self) -> str:
        """The name under which `Catalogue.annotated` puts it."""
        return ANNOTATION_PREFIX + self.name

    def plain(self, value: Any) -> Plain:
        """Return a value that came from the database as a facts row keeps it."""
        if value is None:
            return None
        if self.kind is Kind.YES_NO:
            return bool(value)
        if self.kind is Kind.DATE:
            return value.isoformat() if isinstance(value, date) else str(value)
        return str(value) if self.kind is Kind.TEXT else int(value)

    def suggestions(self, scope: Scope) -> tuple[str, ...]:
        """Return the texts to offer while a rule is typed, to a person who may see so much."""
        return self.choices(scope) if callable(self.choices) else self.choices


class UnknownFact(KeyError):
    """No fact of that name; `near` are names that look like it."""

    def __init__(self, name: str, near: tuple[str, ...]) -> None:
        super().__init__(name)
        self.near = near


class Catalogue:
    """The facts of one kind of row, in the order in which people read them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._facts: dict[str, Fact] = {}

    def register(self, fact: Fact) -> Fact:
        """Add a fact and return it.

        :raises ValueError: the name is taken
        """
        if fact.name in self._facts:
            raise ValueError(f"the fact {fact.name} is registered twice")
        self._facts[fact.name] = fact
        return fact

    def __iter__(self) -> Iterator[Fact]:
        return iter(self._facts.values())

    def __contains__(self, name: object) -> bool:
        return name in self._facts

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all facts."""
        return tuple(self._facts)

    def fact(self, name: str) -> Fact:
        """Return a fact by its name.

        :raises UnknownFact: there is none; it carries the names that look like it
        """
        if name in self._facts:
            return self._facts[name]
        raise UnknownFact(name, self._near(name))

    def _near(self, name: str) -> tuple[str, ...]:
        asked = name.lower()
        inside = [known for known in self._facts if asked in known or known in asked] if len(asked) > 2 else []
        alike = difflib.get_close_matches(asked, self._facts, n=3, cutoff=0.6)
        return tuple(dict.fromkeys([*alike, *inside]))[:3]

    def annotated(self, queryset: QuerySet[Any], names: Iterable[str], as_of: date) -> QuerySet[Any]:
        """Return the rows with the named facts beside them, for the conditions of filtering.py."""
        facts = [self.fact(name) for name in names]
        return queryset.annotate(**{fact.annotation: fact.expression(as_of) for fact in facts})

    def rows(self, queryset: QuerySet[Any], as_of: date, names: Iterable[str] | None = None) -> Iterator[tuple[int, FactsRow]]:
        """Yield primary key and facts (all of them unless named) of each row."""
        facts = [self.fact(name) for name in (self.names if names is None else names)]
        columns = [fact.annotation for fact in facts]
        found = self.annotated(queryset, [fact.name for fact in facts], as_of).values_list("pk", *columns)
        for pk, *values in found.iterator(chunk_size=2_000):
            yield pk, {fact.name: fact.plain(value) for fact, value in zip(facts, values, strict=True)}

    def completion(self, scope: Scope) -> Mapping[str, Any]:
        """Return what DjangoQL's completion widget needs, as JSON-able values, for a person who may see so much."""
        fields = {
            fact.name: {
                "type": _WIDGET_TYPES.get(fact.kind, "int"),
                "nullable": fact.is_nullable,
                "options": list(fact.suggestions(scope)) or None,
            }
            for fact in self
        }
        return {"current_model": self.name, "models": {self.name: fields}}


_WIDGET_TYPES: Final = {
    Kind.AMOUNT: "float",
    Kind.PERCENT: "float",
    Kind.YES_NO: "bool",
    Kind.TEXT: "str",
    Kind.DATE: "date",
}
