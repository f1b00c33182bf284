"""Who came back from being late."""

from __future__ import annotations

from collections import Counter
from datetime import date

from django.utils.translation import gettext_lazy as _

from accounts.models import ScheduleChange
from accounts.models.snapshot import AccountSnapshot
from dashboards.metrics.base import Ask, Cell, Measure, Metric, Option
from dashboards.rules.months import shifted
from dashboards.rules.states import State
from dashboards.scope import Scope, segment_joins
from dashboards.state_sql import before_joins_sql, from_state_sql, state_sql
from riskops.shared.sql import date_literal, fetch

#: The states with no days past due; a written-off account is not cured whatever its days.
CURED = (State.M0, State.PAID_OFF)


def compute(ask: Ask) -> list[Cell]:
    """Return accounts in bucket k at t with DPD 0 at t+h ÷ accounts in k at t, where t+h is closed.

    Those whose lateness a new schedule took away between t and t+h stand apart, by the kind of it.
    """
    h = ask.number("h")
    pairs = [(day, shifted(day, h)) for day in ask.days if ask.is_closed(shifted(day, h))]
    started: Counter[tuple[date, str, State]] = Counter()
    cured: Counter[tuple[date, str, State]] = Counter()
    for flow in ask.tallies.flows(pairs):
        started[flow.before, flow.segment, flow.origin] += flow.accounts
        if flow.target in CURED:
            cured[flow.before, flow.segment, flow.origin] += flow.accounts
    apart = _by_new_schedule(pairs, ask.scope)
    for day, segment, origin, _kind in apart:
        cured[day, segment, origin] -= apart[day, segment, origin, _kind]
    segments = sorted({segment for _day, segment, _origin in started})
    cells = []
    for day, _later in pairs:
        for segment in segments:
            for bucket in ask.scope.buckets[1:]:
                below = started[day, segment, bucket]
                if below > 0:
                    cells.append(Cell(day, segment, bucket.key, "", cured[day, segment, bucket], below))
                    cells += [
                        Cell(day, segment, bucket.key, kind, moved, below)
                        for kind in sorted(ScheduleChange.Kind.values)
                        if (moved := apart[day, segment, bucket, kind])
                    ]
    return cells


def _by_new_schedule(pairs: list[tuple[date, date]], scope: Scope) -> Counter[tuple[date, str, State, str]]:
    """Return the late accounts of each first day with nothing past due on the second one and a new schedule of the days between.

    Of several schedules the last one counts. They are few: snapshots are looked up for accounts that have one.
    """
    found: Counter[tuple[date, str, State, str]] = Counter()
    changes, snapshots = ScheduleChange._meta.db_table, AccountSnapshot._meta.db_table
    cut = scope.segment(tier_of="p")
    cured = ", ".join(str(int(state)) for state in CURED)
    for before, later in pairs:
        if not ScheduleChange.objects.filter(value_date__gt=before, value_date__lte=later).exists():
            continue
        rows = fetch(
            f"SELECT COALESCE({cut.expression}, ''), {from_state_sql()}, c.kind, COUNT(*) "
            f"FROM (SELECT account_id, MAX(id) AS id FROM {changes} "
            f"WHERE value_date > {date_literal(before)} AND value_date <= {date_literal(later)} "
            f"AND (ended_on IS NULL OR ended_on > {date_literal(later)}) GROUP BY account_id) l "
            f"JOIN {changes} c ON c.id = l.id "
            f"JOIN {snapshots} s ON s.account_id = l.account_id AND s.as_of = {date_literal(later)} {before_joins_sql(before)} "
            f"{segment_joins(cut, of='s')} WHERE {state_sql('s')} IN ({cured}) AND {scope.condition('s')} GROUP BY 1, 2, 3",
            cut.parameters,
        )
        for segment, origin, kind, accounts in rows:
            found[before, segment, State(origin), kind] += int(accounts)
    return found


CURE = Metric(
    name="cure",
    title=_("Cure rate"),
    definition=_("Of the accounts in a late bucket at the month-end, the share with nothing past due h months later."),
    numerator=_("of those, accounts with 0 days past due h month-ends later; written-off ones are not cured"),
    denominator=_("accounts in bucket k at the month-end"),
    as_of_rule=_("the month-end the accounts were in the bucket; drawn once the month-end h months later is closed"),
    key_1=_("bucket k, m1 and worse"),
    key_2=_("empty: by what was paid; else the new schedule of the months between that took the lateness away, counted apart"),
    measures=(Measure.COUNT,),
    compute=compute,
    options=(Option("h", tuple(map(str, range(1, 25))), _("months until the second look")),),
)
