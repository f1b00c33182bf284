"""Who came back from being late."""

from __future__ import annotations

from collections import Counter
from datetime import date

from django.utils.translation import gettext_lazy as _

from dashboards.metrics.base import Ask, Cell, Measure, Metric, Option
from dashboards.rules.months import shifted
from dashboards.rules.states import State

#: The states with no days past due; a written-off account is not cured whatever its days.
CURED = (State.M0, State.PAID_OFF)


def compute(ask: Ask) -> list[Cell]:
    """Return accounts in bucket k at t with DPD 0 at t+h ÷ accounts in k at t, where t+h is closed."""
    h = ask.number("h")
    pairs = [(day, shifted(day, h)) for day in ask.days if ask.is_closed(shifted(day, h))]
    started: Counter[tuple[date, str, State]] = Counter()
    cured: Counter[tuple[date, str, State]] = Counter()
    for flow in ask.tallies.flows(pairs):
        started[flow.before, flow.segment, flow.origin] += flow.accounts
        if flow.target in CURED:
            cured[flow.before, flow.segment, flow.origin] += flow.accounts
    segments = sorted({segment for _day, segment, _origin in started})
    return [
        Cell(day, segment, bucket.key, "", cured[day, segment, bucket], below)
        for day, _later in pairs
        for segment in segments
        for bucket in ask.scope.buckets[1:]
        if (below := started[day, segment, bucket]) > 0
    ]


CURE = Metric(
    name="cure",
    title=_("Cure rate"),
    definition=_("Of the accounts in a late bucket at the month-end, the share with nothing past due h months later."),
    numerator=_("of those, accounts with 0 days past due h month-ends later; written-off ones are not cured"),
    denominator=_("accounts in bucket k at the month-end"),
    as_of_rule=_("the month-end the accounts were in the bucket; drawn once the month-end h months later is closed"),
    key_1=_("bucket k, m1 and worse"),
    key_2="",
    measures=(Measure.COUNT,),
    compute=compute,
    options=(Option("h", tuple(map(str, range(1, 25))), _("months until the second look")),),
)
