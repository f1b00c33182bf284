"""A rule on one row of facts, in plain Python: for explanations, for one account, and for replay of stored rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from riskops.shared.rule_language.facts import Fact, Plain
from riskops.shared.rule_language.rules import And, Comparison, Node, Operator, Rule


def holds(rule: Rule, row: Mapping[str, Plain]) -> bool:
    """Return whether a rule holds on a row of facts; one that the row lacks is absent. See rules.py for the meaning."""
    return _node_holds(rule.tree, row)


def _node_holds(node: Node, row: Mapping[str, Plain]) -> bool:
    if isinstance(node, Comparison):
        return comparison_holds(node, row.get(node.fact.name))
    joined = all if isinstance(node, And) else any
    return joined(_node_holds(part, row) for part in node.parts)


def comparison_holds(comparison: Comparison, found: Any) -> bool:
    """Return whether a comparison holds for the value found; None: absent."""
    wanted: Any = comparison.value
    operator = comparison.operator
    if operator in (Operator.IN, Operator.NOT_IN):
        if found is None:
            return operator is Operator.IN and None in wanted
        return (found in wanted) == (operator is Operator.IN)
    if wanted is None:
        return (found is None) == (operator is Operator.EQUAL)
    return found is not None and _compares(operator, found, wanted)


def _compares(operator: Operator, found: Any, wanted: Any) -> bool:
    match operator:
        case Operator.EQUAL:
            result = found == wanted
        case Operator.NOT_EQUAL:
            result = found != wanted
        case Operator.LESS:
            result = found < wanted
        case Operator.LESS_OR_EQUAL:
            result = found <= wanted
        case Operator.GREATER:
            result = found > wanted
        case Operator.GREATER_OR_EQUAL:
            result = found >= wanted
        case Operator.CONTAINS:
            result = wanted in found
        case Operator.NOT_CONTAINS:
            result = wanted not in found
        case Operator.STARTS:
            result = found.startswith(wanted)
        case Operator.NOT_STARTS:
            result = not found.startswith(wanted)
        case Operator.ENDS:
            result = found.endswith(wanted)
        case Operator.NOT_ENDS:
            result = not found.endswith(wanted)
        case _:
            raise AssertionError(operator)
    return bool(result)


@dataclass(frozen=True, slots=True)
class Compared:
    """One comparison of a rule on one row: what the rule asks for, what was found (None: absent), whether it holds."""

    fact: Fact
    operator: Operator
    wanted: Plain | tuple[Plain, ...]
    found: Plain
    holds: bool


@dataclass(frozen=True, slots=True)
class Joined:
    """Comparisons joined by `and` or by `or`, each judged."""

    is_and: bool
    parts: tuple[Explained, ...]
    holds: bool


Explained = Compared | Joined


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a rule holds on a row, or does not: every comparison with both values, also those that decided nothing."""

    rule: Rule
    tree: Explained

    @property
    def holds(self) -> bool:
        """Whether the rule holds."""
        return self.tree.holds

    @property
    def comparisons(self) -> Iterator[Compared]:
        """Every comparison, in the order of the rule's text."""
        waiting: list[Explained] = [self.tree]
        while waiting:
            node = waiting.pop()
            if isinstance(node, Compared):
                yield node
            else:
                waiting.extend(reversed(node.parts))

    def as_json(self) -> dict[str, Any]:
        """Return the explanation as JSON-able values."""
        return {"rule": self.rule.text, "holds": self.holds, "why": _as_json(self.tree)}


def explain(rule: Rule, row: Mapping[str, Plain]) -> Explanation:
    """Return each comparison of a rule with the row's value beside the rule's."""
    return Explanation(rule, _explained(rule.tree, row))


def _explained(node: Node, row: Mapping[str, Plain]) -> Explained:
    if isinstance(node, Comparison):
        found = row.get(node.fact.name)
        return Compared(node.fact, node.operator, node.value, found, comparison_holds(node, found))
    parts = tuple(_explained(part, row) for part in node.parts)
    is_and = isinstance(node, And)
    return Joined(is_and, parts, (all if is_and else any)(part.holds for part in parts))


def _as_json(node: Explained) -> dict[str, Any]:
    if isinstance(node, Compared):
        wanted = list(node.wanted) if isinstance(node.wanted, tuple) else node.wanted
        return {
            "fact": node.fact.name,
            "operator": node.operator.value,
            "wanted": wanted,
            "found": node.found,
            "holds": node.holds,
        }
    return {"join": "and" if node.is_and else "or", "holds": node.holds, "parts": [_as_json(part) for part in node.parts]}
