"""How much of today's book is late today."""

from __future__ import annotations

from collections import Counter

from django.utils.translation import gettext_lazy as _

from dashboards.metrics.base import Ask, Cell, Measure, Metric, Option
from dashboards.metrics.buckets import size
from dashboards.rules.states import BUCKETS, THRESHOLDS

ALL = "all"


def compute(ask: Ask) -> list[Cell]:
    """Return Σ B over DPD ≥ n at t ÷ AR(t)."""
    thresholds = THRESHOLDS if ask.options["n"] == ALL else (ask.number("n"),)
    late: Counter[tuple[object, str, int]] = Counter()
    total: Counter[tuple[object, str]] = Counter()
    for tally in ask.tallies.states(ask.days):
        if tally.state not in BUCKETS:
            continue
        total[tally.as_of, tally.segment] += size(tally, ask.measure)
        for n in thresholds:
            if tally.days_from >= n:
                late[tally.as_of, tally.segment, n] += size(tally, ask.measure)
    segments = sorted({segment for _day, segment in total})
    return [
        Cell(day, segment, str(n), "", late[day, segment, n], total[day, segment])
        for day in ask.days
        for segment in segments
        if total[day, segment] > 0
        for n in thresholds
    ]


COINCIDENT = Metric(
    name="coincident",
    title=_("Coincident rate"),
    definition=_("Share of the book that is n or more days past due at the same month-end. From the days, not the bucket."),
    numerator=_("outstanding principal of accounts n or more days past due, written-off excluded (count: those accounts)"),
    denominator=_("all outstanding principal at the same month-end, written-off excluded (count: accounts in any bucket)"),
    as_of_rule=_("both at the month-end, as its close reported them"),
    key_1=_("n, the days past due from which an account counts"),
    key_2="",
    measures=(Measure.AMOUNT, Measure.COUNT),
    compute=compute,
    options=(Option("n", (ALL, *map(str, THRESHOLDS)), _("days past due from which an account counts")),),
    traps=(_("A growing book flatters it: read it beside the lagged rate."),),
)
