"""How the book is spread over the buckets at a month-end."""

from __future__ import annotations

from collections import Counter

from django.utils.translation import gettext_lazy as _

from dashboards.metrics.base import Ask, Cell, Measure, Metric
from dashboards.rules.states import BUCKETS
from dashboards.tallies import StateTally


def size(tally: StateTally, measure: Measure) -> int:
    """Return the tally's accounts or their outstanding principal."""
    return tally.accounts if measure is Measure.COUNT else tally.principal_minor


def compute(ask: Ask) -> list[Cell]:
    """Return B(k,t) ÷ AR(t), or N(k,t) ÷ accounts in any bucket, for every bucket of the scope's maps."""
    in_bucket: Counter[tuple[object, str, int]] = Counter()
    total: Counter[tuple[object, str]] = Counter()
    for tally in ask.tallies.states(ask.days):
        if tally.state in BUCKETS:
            in_bucket[tally.as_of, tally.segment, tally.state] += size(tally, ask.measure)
            total[tally.as_of, tally.segment] += size(tally, ask.measure)
    segments = sorted({segment for _day, segment in total})
    return [
        Cell(day, segment, bucket.key, "", in_bucket[day, segment, bucket], total[day, segment])
        for day in ask.days
        for segment in segments
        if total[day, segment] > 0
        for bucket in ask.scope.buckets
    ]


BUCKET_SHARES = Metric(
    name="buckets",
    title=_("Buckets"),
    definition=_("Share of the book in each bucket of days past due at the month-end. Written-off accounts are left out."),
    numerator=_("outstanding principal of the accounts in the bucket (count: accounts in the bucket)"),
    denominator=_("all outstanding principal, written-off excluded (count: accounts in any bucket)"),
    as_of_rule=_("both at the month-end, as its close reported them"),
    key_1=_("bucket"),
    key_2="",
    measures=(Measure.AMOUNT, Measure.COUNT),
    compute=compute,
    traps=(_("The days a bucket starts at are its product's bucket map; the map is named on the chart."),),
)
