"""What is done for customers in trouble, counted: promises, deferrals, restructures, re-ages and waivers, each for itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final, NamedTuple

from django.utils.translation import gettext_lazy as _

from accounts.models import CreditAccount, Waiver
from casework.models import Plan, PlanEvent, Promise, ReliefTerms
from dashboards.metrics.base import Ask, Basis, Cell, Measure, Metric
from dashboards.scope import Scope, segment_joins
from riskops.shared.sql import as_day, date_literal, fetch

#: The instruments, and what is counted of each; not all of it can come of every one.
INSTRUMENTS: Final = ("promise", "deferral", "restructure", "re_age", "waiver")
_OF_PLANS: Final = ("opened", "open", "paid", "cured", "broken")
COUNTERS: Final[dict[str, tuple[str, ...]]] = {
    "promise": ("opened", "open", "kept", "partly", "broken"),
    "deferral": _OF_PLANS,
    "restructure": _OF_PLANS,
    "re_age": _OF_PLANS,
    "waiver": ("opened",),
}
#: What ends each: from that day on it is not open.
_ENDS: Final = {"kept", "partly", "broken", "cancelled", "paid"}


class Happened(NamedTuple):
    """How many instruments met an event on a day, and their amounts in minor units."""

    segment: str
    instrument: str
    event: str
    day: date
    number: int
    amount_minor: int


def happened(scope: Scope, *, until: date) -> list[Happened]:
    """Return every event of the five instruments up to a day, summed by day: one statement, as many rows as there were days.

    A plan that was paid and is in force again (a payment was undone) was not paid; else what happened stays.
    """
    cut = scope.segment(tier_of="")
    promise, plan = Promise._meta.db_table, Plan._meta.db_table
    of_plan = f"FROM {plan} p JOIN {ReliefTerms._meta.db_table} t ON t.id = p.terms_id"
    paid_on = f"(SELECT MAX(v.day) FROM {PlanEvent._meta.db_table} v WHERE v.plan_id = p.id AND v.kind = 'paid')"
    parts = (
        f"SELECT 'promise' AS instrument, account_id, 'opened' AS event, made_on AS day, total_minor AS amount FROM {promise}",
        f"SELECT 'promise', account_id, status, decided_on, total_minor FROM {promise} WHERE decided_on IS NOT NULL",
        f"SELECT t.instrument, p.account_id, 'opened', p.signed_on, p.owed_minor {of_plan} WHERE p.signed_on IS NOT NULL",
        f"SELECT t.instrument, p.account_id, 'paid', {paid_on}, p.owed_minor {of_plan} WHERE p.status IN ('paid', 'cured')",
        f"SELECT t.instrument, p.account_id, p.status, p.ended_on, p.owed_minor {of_plan} WHERE p.status IN ('cured', 'broken')",
        f"SELECT 'waiver', account_id, 'opened', value_date, amount_minor FROM {Waiver._meta.db_table}",
    )
    rows = fetch(
        f"SELECT {cut.expression}, e.instrument, e.event, e.day, COUNT(*), SUM(e.amount) FROM (SELECT e.*, o.product_id "
        f"FROM ({' UNION ALL '.join(parts)}) e JOIN {CreditAccount._meta.db_table} o ON o.id = e.account_id) e "
        f"{segment_joins(cut, of='e')} WHERE {scope.condition('e')} AND e.day <= {date_literal(until)} GROUP BY 1, 2, 3, 4",
        cut.parameters,
    )
    return [
        Happened(segment, instrument, event, as_day(day), int(n), int(amount))
        for segment, instrument, event, day, n, amount in rows
    ]


class Counted(NamedTuple):
    """A counter of an instrument at a day."""

    number: int
    amount_minor: int


def counted(found: Iterable[Happened], day: date) -> dict[tuple[str, str, str], Counted]:
    """Return by segment, instrument and counter how it stands at the close of a day; the month up to it is counted."""
    counts: Counter[tuple[str, str, str]] = Counter()
    amounts: Counter[tuple[str, str, str]] = Counter()
    first = day.replace(day=1)
    for one in found:
        if one.day > day:
            continue
        steps = [(one.event, 1)] if one.day >= first else []
        if one.event == "opened":
            steps.append(("open", 1))
        elif one.event in _ENDS:
            steps.append(("open", -1))
        for counter, sign in steps:
            counts[one.segment, one.instrument, counter] += sign * one.number
            amounts[one.segment, one.instrument, counter] += sign * one.amount_minor
    return {
        key: Counted(counts[key], amounts[key]) for key in counts if key[2] in COUNTERS[key[1]] and (counts[key] or amounts[key])
    }


def compute(ask: Ask) -> list[Cell]:
    """Return each counter of each instrument ÷ the same counter of all five."""
    found = happened(ask.scope, until=max(ask.days)) if ask.days else []
    cells = []
    for day in ask.days:
        here = _measured(counted(found, day), ask.measure)
        for segment, instrument, counter in sorted(here):
            together = sum(n for (of, _instrument, name), n in here.items() if (of, name) == (segment, counter))
            cells.append(Cell(day, segment, instrument, counter, here[segment, instrument, counter], together))
    return cells


def _measured(here: dict[tuple[str, str, str], Counted], measure: Measure) -> dict[tuple[str, str, str], int]:
    return {key: one.number if measure is Measure.COUNT else one.amount_minor for key, one in here.items()}


def kept(ask: Ask) -> list[Cell]:
    """Return promises kept ÷ promises that came to their end by what was paid."""
    found = happened(ask.scope, until=max(ask.days)) if ask.days else []
    cells = []
    for day in ask.days:
        here = _measured(counted(found, day), ask.measure)
        for segment in sorted({of for of, instrument, _counter in here if instrument == "promise"}):
            ended = {counter: here.get((segment, "promise", counter), 0) for counter in ("kept", "partly", "broken")}
            if sum(ended.values()):
                cells.append(Cell(day, segment, "", "", ended["kept"], sum(ended.values())))
    return cells


def instruments_with(counter: str) -> Sequence[str]:
    """Return the instruments that a counter can come of, in their order."""
    return [instrument for instrument in INSTRUMENTS if counter in COUNTERS[instrument]]


_MONTH: Final = _("the month up to the day; what is open, at its close. Made from the rows as they are known now")
RELIEF = Metric(
    name="relief",
    title=_("Instruments of relief"),
    definition=_(
        "Promises, deferrals, restructures, re-ages and waivers, each counted for itself: opened in the month (taken, signed,"
        " given), open at its end, kept, partly kept, paid off, cured, broken. The value is the instrument's share of all five."
    ),
    numerator=_("the instrument's counter; by amount: what was promised, what plans took over, what was waived"),
    denominator=_("the same counter of all five instruments"),
    as_of_rule=_MONTH,
    key_1=_("instrument"),
    key_2=_("counter"),
    measures=(Measure.COUNT, Measure.AMOUNT),
    compute=compute,
    basis=Basis.KNOWN,
    traps=(
        _("A plan counts from its signature; a proposal is none. Paid off, it is not open any more; cured, it was observed."),
        _("A promise that was cancelled ends without being kept or broken."),
    ),
    has_tier=False,
)
PROMISE_KEPT = Metric(
    name="promise_kept",
    title=_("Promises kept"),
    definition=_("Of the promises that came to their end in the month by what was paid or was not, the share kept in full."),
    numerator=_("of those, promises kept; by amount: what was promised in them"),
    denominator=_("promises kept, partly kept and broken in the month; open and cancelled ones are left out"),
    as_of_rule=_MONTH,
    key_1="",
    key_2="",
    measures=(Measure.COUNT, Measure.AMOUNT),
    compute=kept,
    basis=Basis.KNOWN,
    traps=(_("Tolerance and grace are those of each promise's own terms."),),
    has_tier=False,
)
