"""Counts and balances of states at month-ends and of the moves between them: what most metrics are made from.

They come from the aggregates that closes wrote where those have every day asked for and the cut is by product at most, and
from the snapshots otherwise; both give the same figures (a test holds it).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from django.db.models import CharField, ExpressionWrapper, F, Sum, Value
from django.db.models.expressions import Combinable

from accounts.models.snapshot import AccountSnapshot
from dashboards.models import DailyAggregate, FlowAggregate
from dashboards.rules.months import shifted
from dashboards.rules.states import State
from dashboards.scope import Scope, segment_joins
from dashboards.state_sql import (
    HAS_STATE,
    before_joins_sql,
    days_from_sql,
    from_state_sql,
    moved_sums_sql,
    state_sql,
    write_off_join_sql,
)
from riskops.shared.sql import as_day, date_literal, fetch


class StateTally(NamedTuple):
    """Accounts of a segment in one state that have reached one threshold of days past due, at a month-end."""

    as_of: date
    segment: str
    state: State
    days_from: int
    accounts: int
    principal_minor: int


class FlowTally(NamedTuple):
    """Accounts of a segment that were in one state at `before` and are in another at `as_of` (`MonthMoves`)."""

    before: date
    as_of: date
    segment: str
    origin: State
    target: State
    accounts: int
    principal_before_minor: int
    principal_after_minor: int
    written_off_minor: int


class Tallies:
    """The tallies of one scope, each month-end read once however many metrics ask for it."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self._states: dict[date, list[StateTally]] = {}
        self._flows: dict[tuple[date, date], list[FlowTally]] = {}

    def states(self, days: Iterable[date]) -> list[StateTally]:
        """Return `state_tallies` of the days."""
        wanted = list(dict.fromkeys(days))
        missing = [day for day in wanted if day not in self._states]
        self._states.update((day, []) for day in missing)
        for tally in state_tallies(missing, self.scope):
            self._states[tally.as_of].append(tally)
        return [tally for day in wanted for tally in self._states[day]]

    def flows(self, pairs: Iterable[tuple[date, date]]) -> list[FlowTally]:
        """Return `flow_tallies` of the pairs (before, as of)."""
        wanted = list(dict.fromkeys(pairs))
        missing = [pair for pair in wanted if pair not in self._flows]
        self._flows.update((pair, []) for pair in missing)
        for tally in flow_tallies(missing, self.scope):
            self._flows[tally.before, tally.as_of].append(tally)
        return [tally for pair in wanted for tally in self._flows[pair]]


#: How the aggregates name the segments they can answer.
_AGGREGATED: Final[dict[str, Combinable]] = {
    "": ExpressionWrapper(Value(""), output_field=CharField()),
    "product": ExpressionWrapper(F("product__product_code"), output_field=CharField()),
    "currency": ExpressionWrapper(F("product__currency"), output_field=CharField()),
}


def state_tallies(days: Sequence[date], scope: Scope) -> list[StateTally]:
    """Return the states at the month-ends; accounts whose line was never used are left out."""
    if not days:
        return []
    summed = _aggregated_days(days, scope)
    rows: list[tuple[Any, ...]] = []
    if summed:
        rows += (
            DailyAggregate.objects.filter(as_of__in=summed, product_id__in=scope.product_ids)
            .exclude(state=State.NEVER_USED)
            .values_list("as_of", _AGGREGATED[scope.segment_name], "state", "days_from")
            .annotate(Sum("accounts"), Sum("outstanding_principal_minor"))
            .order_by()
        )
    if left := [day for day in days if day not in summed]:
        rows += _states_of_snapshots(left, scope)
    return [StateTally(as_day(r[0]), str(r[1]), State(r[2]), *map(int, r[3:])) for r in rows]


def flow_tallies(pairs: Sequence[tuple[date, date]], scope: Scope) -> list[FlowTally]:
    """Return the moves between pairs of month-ends (before, as of). Both must have snapshots.

    An account that has no state now, or was not in the later snapshot, is in no move.
    """
    monthly = [as_of for before, as_of in pairs if before == shifted(as_of, -1)]
    summed = _aggregated_days(monthly, scope)
    found: list[FlowTally] = []
    if summed:
        rows = (
            FlowAggregate.objects.filter(as_of__in=summed, product_id__in=scope.product_ids)
            .values_list("as_of", _AGGREGATED[scope.segment_name], "from_state", "to_state")
            .annotate(Sum("accounts"), Sum("principal_before_minor"), Sum("principal_after_minor"), Sum("written_off_minor"))
            .order_by()
        )
        found += [FlowTally(shifted(r[0], -1), r[0], str(r[1]), State(r[2]), State(r[3]), *map(int, r[4:])) for r in rows]
    for before, as_of in pairs:
        if as_of not in summed or before != shifted(as_of, -1):
            found += _flows_of_snapshots(before, as_of, scope)
    return found


def _aggregated_days(days: Sequence[date], scope: Scope) -> set[date]:
    """Return the days whose aggregates can answer for the scope."""
    if not days or scope.segment_name not in _AGGREGATED:
        return set()
    return set(DailyAggregate.objects.filter(as_of__in=days).values_list("as_of", flat=True).distinct().order_by())


def _states_of_snapshots(days: Sequence[date], scope: Scope) -> list[tuple[Any, ...]]:
    cut = scope.segment()
    return fetch(
        f"SELECT s.as_of, {cut.expression}, {state_sql('s')}, {days_from_sql('s')}, COUNT(*), "
        f"CAST(SUM(s.outstanding_principal_minor) AS bigint) FROM {AccountSnapshot._meta.db_table} s "
        f"{segment_joins(cut, of='s')} WHERE s.as_of IN ({', '.join(map(date_literal, days))}) "
        f"AND {HAS_STATE} AND {scope.condition('s')} GROUP BY 1, 2, 3, 4",
        cut.parameters,
    )


def _flows_of_snapshots(before: date, as_of: date, scope: Scope) -> list[FlowTally]:
    # The tier that counts is the one before the move; an account that had none then stands under "".
    cut = scope.segment(tier_of="p")
    rows = fetch(
        f"SELECT COALESCE({cut.expression}, ''), {from_state_sql()}, {state_sql('s')}, COUNT(*), {moved_sums_sql()} "
        f"FROM {AccountSnapshot._meta.db_table} s {before_joins_sql(before)} {write_off_join_sql()} "
        f"{segment_joins(cut, of='s')} WHERE s.as_of = {date_literal(as_of)} AND {HAS_STATE} AND {scope.condition('s')} "
        f"GROUP BY 1, 2, 3",
        cut.parameters,
    )
    return [FlowTally(before, as_of, r[0], State(r[1]), State(r[2]), *map(int, r[3:])) for r in rows]
