"""The page of relief: the five instruments, each with its own counters, on the last closed day and at month-ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from casework.queries.steps import StepFilter
from dashboards.charts import relief as charts
from dashboards.metrics.relief import COUNTERS, INSTRUMENTS, PROMISE_KEPT, RELIEF, Counted, counted, happened
from dashboards.queries.portfolio import Panel
from dashboards.queries.view import View, read_view, span_text
from riskops.shared.day import book_state
from riskops.shared.scope import Scope as PersonScope

#: The columns of the table of a day, and the counters that stand in each.
COLUMNS: Final = (("opened",), ("open",), ("kept", "paid"), ("partly",), ("cured",), ("broken",))


@dataclass(frozen=True, slots=True)
class Line:
    """An instrument on a day: a counter a column, None where it has no such counter; where it and each column is listed."""

    name: Promise
    url: str
    cells: tuple[Counted | None, ...]
    urls: tuple[str, ...]

    @property
    def linked(self) -> tuple[tuple[Counted | None, str], ...]:
        """Each counter with where its rows are listed."""
        return tuple(zip(self.cells, self.urls, strict=True))


@dataclass(frozen=True, slots=True)
class ReliefPage:
    """Everything the page lays out. `as_of` None: no day is closed yet."""

    view: View
    as_of: date | None
    lines: tuple[Line, ...]
    panels: tuple[Panel, ...]


def read_relief_view(parameters: Mapping[str, str], *, visible: PersonScope) -> View:
    """Return the view that query parameters ask for: by number unless by amount is asked."""
    view = read_view({**parameters, "measure": parameters.get("measure") or "count"}, visible=visible)
    return view if view.measure != "share" else replace(view, measure="count")


def on_day(view: View, day: date) -> dict[tuple[str, str], Counted]:
    """Return the counters of a day by instrument and counter; every one there is, also those of nothing."""
    found = counted(happened(view.scope, until=day), day)
    none = Counted(0, 0)
    return {(name, counter): found.get(("", name, counter), none) for name in INSTRUMENTS for counter in COUNTERS[name]}


def relief_page(view: View) -> ReliefPage:
    """Return the page of a view, in a fixed number of queries."""
    as_of = book_state().business_date
    lines = _lines(view, as_of) if as_of else ()
    return ReliefPage(view, as_of, lines, _panels(view) if view.days else ())


def _lines(view: View, as_of: date) -> tuple[Line, ...]:
    here, lines = on_day(view, as_of), []
    for name in INSTRUMENTS:
        found = [next((one for one in column if (name, one) in here), "") for column in COLUMNS]
        cells = tuple(here[name, one] if one else None for one in found)
        urls = tuple(_listed(view, as_of, name, one) for one in found)
        lines.append(Line(charts.NAMES[name], _listed(view, as_of, name, "open"), cells, urls))
    return tuple(lines)


def _listed(view: View, as_of: date, instrument: str, counter: str) -> str:
    """Return where exactly what a counter counts is listed; "" for waivers, which have no list."""
    if instrument == "waiver" or not counter:
        return ""
    # The month up to the day; what is open has no beginning.
    since = None if counter == "open" else as_of.replace(day=1)
    query = StepFilter(counter, as_of, since, view.currency, view.product).query
    if instrument == "promise":
        return f"{reverse('promises')}?{query}"
    return f"{reverse('casework:plans')}?{query}&instrument={instrument}"


def _panels(view: View) -> tuple[Panel, ...]:
    cells = charts.cells_of(view)
    unit = _("by number") if view.by_heads else _("by amount, in %(currency)s") % {"currency": view.currency}
    days = {"days": span_text(view.days)}
    table = charts.table(view, cells)
    common = {"unit": unit, "maps": "", "rebuilt": ()}
    return (
        Panel(
            key="opened",
            metric=RELIEF,
            title=_("Relief opened by month, %(days)s") % days,
            subtitle=RELIEF.definition,
            figure=charts.figure(view, cells, "opened"),
            table=table,
            csv_url=view.csv_url(RELIEF),
            **common,  # type: ignore[arg-type]
        ),
        Panel(
            key="open",
            metric=RELIEF,
            title=_("Relief open at month-ends, %(days)s") % days,
            subtitle=RELIEF.numerator,
            figure=charts.figure(view, cells, "open"),
            table=table,
            csv_url=view.csv_url(RELIEF),
            **common,  # type: ignore[arg-type]
        ),
        Panel(
            key="kept",
            metric=PROMISE_KEPT,
            title=_("Promises kept, %(days)s") % days,
            subtitle=PROMISE_KEPT.definition,
            figure=charts.kept_figure(view),
            table=charts.kept_table(view),
            csv_url=view.csv_url(PROMISE_KEPT),
            **common,  # type: ignore[arg-type]
        ),
    )
