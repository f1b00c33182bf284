"""How much of an earlier book is late now: the coincident rate without the flattery of growth."""

from __future__ import annotations

from collections import Counter
from datetime import date

from django.utils.translation import gettext_lazy as _

from dashboards.metrics.base import Ask, Cell, Measure, Metric
from dashboards.metrics.buckets import size
from dashboards.rules.months import shifted
from dashboards.rules.states import BUCKETS, State

LAGS = range(1, 7)


def compute(ask: Ask) -> list[Cell]:
    """Return, for k = 1…6, Σ B over bucket ≥ mk at t (k ≥ 2: + written off during t's month) ÷ AR(t − k).

    A cell needs the snapshots of t − k, and for k ≥ 2 those of t − 1 too, which tell what was written off in the month.
    """
    wanted = [(day, k) for day in ask.days for k in LAGS if ask.is_closed(shifted(day, -k), shifted(day, -1))]
    days = sorted({day for day, _k in wanted} | {shifted(day, -k) for day, k in wanted})
    late: Counter[tuple[date, str, int]] = Counter()
    total: Counter[tuple[date, str]] = Counter()
    for tally in ask.tallies.states(days):
        if tally.state in BUCKETS:
            total[tally.as_of, tally.segment] += size(tally, ask.measure)
            for k in LAGS:
                if tally.state >= k:
                    late[tally.as_of, tally.segment, k] += size(tally, ask.measure)
    lost: Counter[tuple[date, str]] = Counter()
    for flow in ask.tallies.flows(ask.monthly_pairs(sorted({day for day, _k in wanted}))):
        if flow.target is State.WRITTEN_OFF and flow.origin is not State.WRITTEN_OFF:
            lost[flow.as_of, flow.segment] += flow.accounts if ask.measure is Measure.COUNT else flow.written_off_minor
    segments = sorted({segment for _day, segment in total})
    return [
        Cell(day, segment, f"m{k}", "", late[day, segment, k] + (lost[day, segment] if k >= 2 else 0), below)
        for day in ask.days
        for segment in segments
        for k in LAGS
        if (day, k) in wanted and k < len(ask.scope.buckets)
        if (below := total[shifted(day, -k), segment]) > 0
    ]


LAGGED = Metric(
    name="lagged",
    title=_("Lagged rate"),
    definition=_("What is in bucket mk or worse now, over the book of k months ago: the book it came from."),
    numerator=_(
        "outstanding principal in bucket mk or worse, and for k of 2 and more the principal written off in the month"
        " (count: those accounts)"
    ),
    denominator=_("all outstanding principal k month-ends earlier, written-off excluded (count: accounts in any bucket then)"),
    as_of_rule=_(
        "numerator at the month-end, denominator k month-ends before; written off in the month: at this one, not before"
    ),
    key_1=_("bucket mk; k is the lag in months, 1 to 6"),
    key_2="",
    measures=(Measure.AMOUNT, Measure.COUNT),
    compute=compute,
    traps=(_("Shown beside the coincident rate, which a growing book flatters."),),
)
