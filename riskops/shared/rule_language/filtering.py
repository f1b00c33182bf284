"""A rule as a condition of the database, over the annotations that `Catalogue.annotated` gives: the whole book at once.

Every comparison is true or false, never NULL, so that a condition may stand anywhere, under a NOT as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import Case, F, IntegerField, Lookup, Q, QuerySet, Value, When
from django.db.models.functions import Left, Right, StrIndex
from django.db.models.lookups import Exact, GreaterThan, GreaterThanOrEqual, In, IsNull, LessThan, LessThanOrEqual

from riskops.shared.rule_language.facts import Catalogue, Kind, Plain
from riskops.shared.rule_language.rules import And, Comparison, Node, Operator, Rule


class NotEqual(Lookup):
    """`<>`, which Django only knows as the negation of an equality, with more SQL around it than is needed here."""

    lookup_name = "rule_ne"

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        """Return the comparison."""
        left, left_parameters = self.process_lhs(compiler, connection)
        right, right_parameters = self.process_rhs(compiler, connection)
        return f"{left} <> {right}", (*left_parameters, *right_parameters)


_LOOKUPS: dict[Operator, Any] = {
    Operator.EQUAL: Exact,
    Operator.NOT_EQUAL: NotEqual,
    Operator.LESS: LessThan,
    Operator.LESS_OR_EQUAL: LessThanOrEqual,
    Operator.GREATER: GreaterThan,
    Operator.GREATER_OR_EQUAL: GreaterThanOrEqual,
}


def condition(rule: Rule) -> Q:
    """Return the rule as a condition on a queryset that has the rule's facts annotated. See rules.py for the meaning."""
    return _of(rule.tree)


def holding(rule: Rule, catalogue: Catalogue, queryset: QuerySet[Any], as_of: date) -> QuerySet[Any]:
    """Return the rows on which a rule holds; the facts it names are annotated."""
    return catalogue.annotated(queryset, rule.names, as_of).filter(condition(rule))


def first_holding(rules: Sequence[Rule]) -> Case:
    """Return the number (from 0) of the first rule that holds, NULL if none does, over annotated rows.

    One pass over the book places every account in the first of many tiers that fits it.
    """
    whens = [When(condition(rule), then=Value(number)) for number, rule in enumerate(rules)]
    return Case(*whens, default=Value(None), output_field=IntegerField())


def compiled(queryset: QuerySet[Any]) -> tuple[str, tuple[Any, ...]]:
    """Return a queryset as SQL text and parameters, to be wrapped by a set-based statement."""
    sql, parameters = queryset.query.get_compiler(connection=connection).as_sql()
    return sql, tuple(parameters)


def _of(node: Node) -> Q:
    if isinstance(node, Comparison):
        return _comparison(node)
    parts = [_of(part) for part in node.parts]
    joined = parts[0]
    for part in parts[1:]:
        joined = joined & part if isinstance(node, And) else joined | part
    return joined


def _comparison(comparison: Comparison) -> Q:
    fact, operator, wanted = comparison.fact, comparison.operator, comparison.value
    left = F(fact.annotation)
    if isinstance(wanted, tuple):
        return _in_list(comparison, wanted)
    if wanted is None:
        return Q(IsNull(left, operator is Operator.EQUAL))
    value = _bound(fact.kind, wanted)
    lookup = _LOOKUPS[operator](left, value) if operator in _LOOKUPS else _within_text(left, operator, str(wanted))
    return _where_present(comparison, Q(lookup))


def _where_present(comparison: Comparison, test: Q) -> Q:
    """Turn the NULL of an absent value into false."""
    return Q(IsNull(F(comparison.fact.annotation), False)) & test if comparison.fact.is_nullable else test


def _in_list(comparison: Comparison, wanted: tuple[Plain, ...]) -> Q:
    fact = comparison.fact
    left = F(fact.annotation)
    values = [_bound(fact.kind, value) for value in wanted if value is not None]
    if comparison.operator is Operator.IN:
        present = _where_present(comparison, Q(In(left, values))) if values else Q()
        if None not in wanted:
            return present
        absent = Q(IsNull(left, True))
        return absent | present if values else absent
    test = Q(_NotIn(left, values)) if values else Q(IsNull(left, False))
    return _where_present(comparison, test)


class _NotIn(In):
    """`NOT IN`, for the same reason as `NotEqual`."""

    lookup_name = "rule_not_in"

    def get_rhs_op(self, connection: Any, rhs: str) -> str:
        """Return the right side with its operator."""
        return f"NOT IN {rhs}"


def _within_text(left: F, operator: Operator, wanted: str) -> Lookup[Any]:
    """Compare a part of a text as it is written: LIKE would fold the case on SQLite."""
    is_negated = operator in (Operator.NOT_CONTAINS, Operator.NOT_STARTS, Operator.NOT_ENDS)
    if operator in (Operator.CONTAINS, Operator.NOT_CONTAINS):
        place = StrIndex(left, Value(wanted))
        return Exact(place, 0) if is_negated else GreaterThan(place, 0)
    part = Left if operator in (Operator.STARTS, Operator.NOT_STARTS) else Right
    return (NotEqual if is_negated else Exact)(part(left, len(wanted)), wanted)


def _bound(kind: Kind, value: Any) -> Any:
    return date.fromisoformat(value) if kind is Kind.DATE else value
