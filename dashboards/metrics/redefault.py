"""Who fell behind again after coming back."""

from __future__ import annotations

from collections import Counter
from datetime import date

from django.utils.translation import gettext_lazy as _

from accounts.models.snapshot import AccountSnapshot
from dashboards.metrics.base import Ask, Cell, Measure, Metric, Option
from dashboards.metrics.cure import CURED
from dashboards.rules.months import label, shifted
from dashboards.rules.states import BUCKETS
from dashboards.scope import Scope, segment_joins
from dashboards.state_sql import before_joins_sql, from_state_sql, state_sql
from riskops.shared.sql import date_literal, fetch


def compute(ask: Ask) -> list[Cell]:
    """Return cured accounts at 30+ at any month-end within h ÷ cured; drawn at the month-end that ends the h months."""
    h = ask.number("h")
    found = []
    for day in ask.days:
        cured_on = shifted(day, -h)
        window = [shifted(cured_on, month) for month in range(h + 1)]
        if not ask.is_closed(shifted(cured_on, -1), *window):
            continue
        cured, again = _cured(cured_on, window[1:], ask.scope)
        found += [Cell(day, name, label(cured_on), "", again[name], cured[name]) for name in sorted(cured)]
    return found


def _cured(cured_on: date, window: list[date], scope: Scope) -> tuple[Counter[str], Counter[str]]:
    """Return by segment the accounts that came back in the month, and those of them at 30+ within the window."""
    cut = scope.segment(tier_of="p")
    table = AccountSnapshot._meta.db_table
    late = ", ".join(str(int(bucket)) for bucket in BUCKETS[1:])
    rows = fetch(
        f"SELECT {cut.expression}, COUNT(*), SUM(CASE WHEN EXISTS (SELECT 1 FROM {table} f WHERE f.account_id = s.account_id "
        f"AND f.as_of IN ({', '.join(map(date_literal, window))}) AND f.days_past_due >= 30) THEN 1 ELSE 0 END) "
        f"FROM {table} s {before_joins_sql(shifted(cured_on, -1))} {segment_joins(cut, of='s')} "
        f"WHERE s.as_of = {date_literal(cured_on)} AND {from_state_sql()} IN ({late}) "
        f"AND {state_sql('s')} IN ({', '.join(str(int(state)) for state in CURED)}) AND {scope.condition('s')} GROUP BY 1",
        cut.parameters,
    )
    return Counter({row[0]: int(row[1]) for row in rows}), Counter({row[0]: int(row[2]) for row in rows})


REDEFAULT = Metric(
    name="redefault",
    title=_("Re-default rate"),
    definition=_("Of the accounts that came back in a month, the share 30 or more days past due again within h months."),
    numerator=_("of those, accounts 30 or more days past due at any of the h month-ends that follow"),
    denominator=_("accounts in a late bucket at the month-end before and with nothing past due at the month-end of the cure"),
    as_of_rule=_("the month-end that ends the h months; drawn once all of them are closed"),
    key_1=_("month of the cure"),
    key_2="",
    measures=(Measure.COUNT,),
    compute=compute,
    options=(Option("h", ("6", "12"), _("months after the cure")),),
)
