"""Where the accounts of each state went in a month."""

from __future__ import annotations

from collections import Counter
from datetime import date

from django.utils.translation import gettext_lazy as _

from dashboards.metrics.base import Ask, Cell, Measure, Metric, Option
from dashboards.rules.months import shifted
from dashboards.rules.states import BUCKETS, State
from dashboards.tallies import FlowTally


def weight(flow: FlowTally, measure: Measure) -> int:
    """Return the flow's accounts, or their outstanding principal before it. B is of buckets: other rows weigh nothing."""
    if measure is Measure.COUNT:
        return flow.accounts
    return flow.principal_before_minor if flow.origin in BUCKETS else 0


def compute(ask: Ask) -> list[Cell]:
    """Return N(i at t−1, j at t) ÷ N(i at t−1), or the same weighted by B at t−1; over months, sums over sums.

    A row is drawn whole, its empty cells too, where anything started from it; `new` has none.
    """
    months = ask.number("months")
    wanted = {
        day: [(shifted(day, -back - 1), shifted(day, -back)) for back in range(months)]
        for day in ask.days
        if ask.is_closed(*(shifted(day, -back) for back in range(months + 1)))
    }
    moved: Counter[tuple[date, str, State, State]] = Counter()
    for flow in ask.tallies.flows(sorted({pair for pairs in wanted.values() for pair in pairs})):
        moved[flow.as_of, flow.segment, flow.origin, flow.target] += weight(flow, ask.measure)
    # NEW is none of them: an account without a state before is in no row.
    states = (*ask.scope.buckets, State.PAID_OFF, State.WRITTEN_OFF)
    segments = sorted({segment for _day, segment, _origin, _target in moved})
    found = []
    for day, pairs in wanted.items():
        for segment in segments:
            for origin in states:
                row = [sum(moved[at, segment, origin, target] for _before, at in pairs) for target in states]
                found += [
                    Cell(day, segment, origin.key, target.key, count, sum(row))
                    for target, count in zip(states, row, strict=True)
                    if sum(row) > 0
                ]
    return found


TRANSITION_MATRIX = Metric(
    name="transition_matrix",
    title=_("Transition matrix"),
    definition=_("Of the accounts in a state at the month-end before, the share now in each state. Every row adds up to 1."),
    numerator=_("accounts in the first state at the month-end before and in the second now (amount: their balance before)"),
    denominator=_("accounts in the first state at the month-end before (amount: their outstanding principal then)"),
    as_of_rule=_("from one month-end to the next, as their closes reported them; over several months, sums over sums"),
    key_1=_("from: a bucket, paid_off or written_off"),
    key_2=_("to: a bucket, paid_off or written_off"),
    measures=(Measure.COUNT, Measure.AMOUNT),
    compute=compute,
    options=(Option("months", tuple(map(str, range(1, 25))), _("months summed up to the month-end")),),
    traps=(
        _("Over several months the numerators are summed and divided by the summed denominators; rates are never averaged."),
        _("An account without a state before is new: it is in no row. A line never used is in no state."),
    ),
)
