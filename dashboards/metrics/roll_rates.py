"""What one bucket becomes in the next month: the ratio of balances, not of persons."""

from __future__ import annotations

from collections import Counter
from datetime import date
from itertools import pairwise

from django.utils.translation import gettext_lazy as _

from dashboards.metrics.base import Ask, Cell, Measure, Metric
from dashboards.metrics.buckets import size
from dashboards.rules.months import shifted


def compute(ask: Ask) -> list[Cell]:
    """Return B(k+1,t) ÷ B(k,t−1) for the buckets k, k+1 of the scope's maps."""
    pairs = ask.monthly_pairs(ask.days)
    stood: Counter[tuple[date, str, int]] = Counter()
    for tally in ask.tallies.states(sorted({day for pair in pairs for day in pair})):
        stood[tally.as_of, tally.segment, tally.state] += size(tally, ask.measure)
    segments = sorted({segment for _day, segment, _state in stood})
    return [
        Cell(day, segment, lower.key, upper.key, stood[day, segment, upper], below)
        for _before, day in pairs
        for segment in segments
        for lower, upper in pairwise(ask.scope.buckets)
        if (below := stood[shifted(day, -1), segment, lower]) > 0
    ]


ROLL_RATES = Metric(
    name="roll_rates",
    title=_("Roll rates"),
    definition=_("Balance in the next bucket now over the balance in the bucket a month ago."),
    numerator=_("outstanding principal in bucket k+1 (count: accounts in it)"),
    denominator=_("outstanding principal in bucket k at the month-end before (count: accounts in it)"),
    as_of_rule=_("numerator at the month-end, denominator at the one before"),
    key_1=_("from: bucket k"),
    key_2=_("to: bucket k+1"),
    measures=(Measure.AMOUNT, Measure.COUNT),
    compute=compute,
    traps=(
        _("A ratio of sums: it may pass 1 and is not a probability."),
        _("A flow between months: never the ratio of two buckets of the same month-end."),
    ),
)
