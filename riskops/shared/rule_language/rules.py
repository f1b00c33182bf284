"""A parsed rule: comparisons of facts with values, joined by and / or. Frozen, and free of DjangoQL's own types.

The meaning of a rule, which both evaluators keep (evaluating.py on a stored row, filtering.py in the database):

- A comparison holds or does not hold; there is no third answer. `and` binds before `or`; there is no general `not`.
- A fact may be absent (a score that was never computed). An absent value compares false with every value, whatever the
  operator: `score < 600` does not hold, nor does `score != 600`, nor `score not in (600)`.
- Only None asks for absence: `score = None` holds where it is absent, `score != None` where it is not; in a list None
  stands for the absent value: `score in (None, 600)` holds where it is absent or 600, `score not in (None, 600)` where it is
  there and not 600.
- Texts compare as they are written, upper and lower case apart; they have no order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from riskops.shared.rule_language.facts import Fact, Plain


class Operator(StrEnum):
    """The comparisons, as they are written."""

    EQUAL = "="
    NOT_EQUAL = "!="
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="
    CONTAINS = "~"
    NOT_CONTAINS = "!~"
    STARTS = "startswith"
    NOT_STARTS = "not startswith"
    ENDS = "endswith"
    NOT_ENDS = "not endswith"
    IN = "in"
    NOT_IN = "not in"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A fact beside a value; `value` is a tuple with `in` and `not in`, held as the fact's kind holds its values."""

    fact: Fact
    operator: Operator
    value: Plain | tuple[Plain, ...]


@dataclass(frozen=True, slots=True)
class And:
    """Holds where every part does; at least two parts, none of them an And."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Holds where any part does; at least two parts, none of them an Or."""

    parts: tuple[Node, ...]


Node = Comparison | And | Or


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that parses and names known facts only. `text` is what the person wrote, line ends as \\n."""

    text: str
    tree: Node

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the facts it compares, sorted, each once."""
        return tuple(sorted({comparison.fact.name for comparison in self.comparisons}))

    @property
    def comparisons(self) -> Iterator[Comparison]:
        """The comparisons, in the order of the text."""
        waiting: list[Node] = [self.tree]
        while waiting:
            node = waiting.pop()
            if isinstance(node, Comparison):
                yield node
            else:
                waiting.extend(reversed(node.parts))

    def __str__(self) -> str:
        return self.text
