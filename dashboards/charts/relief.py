"""Instruments of relief by month, as stacked bars and as lines, each told by its name, its colour and its pattern or mark."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from dashboards.charts.base import Figure, Table, TablePart, layout
from dashboards.metrics.base import Measure
from dashboards.metrics.relief import COUNTERS, PROMISE_KEPT, RELIEF, instruments_with
from dashboards.queries.view import View, month_label
from riskops.shared.wording import day_text, percent_text

NAMES: Final = {
    "promise": gettext_lazy("promise"),
    "deferral": gettext_lazy("deferral"),
    "restructure": gettext_lazy("restructure"),
    "re_age": gettext_lazy("re-age"),
    "waiver": gettext_lazy("waiver"),
}
COUNTER_NAMES: Final = {
    "opened": pgettext_lazy("relief", "opened"),
    "open": pgettext_lazy("relief", "open"),
    "kept": pgettext_lazy("promise", "kept"),
    "partly": pgettext_lazy("promise", "partly kept"),
    "paid": pgettext_lazy("relief", "paid off"),
    "cured": pgettext_lazy("plan", "cured"),
    "broken": pgettext_lazy("promise", "broken"),
}
_COLOURS: Final = dict(zip(NAMES, ("var(--accent)", "var(--m1)", "var(--m3)", "var(--m6)", "var(--paid)"), strict=True))
_PATTERNS: Final = dict(zip(NAMES, ("", "/", ".", "x", "-"), strict=True))
_SYMBOLS: Final = dict(zip(NAMES, ("circle", "square", "diamond", "triangle-up", "cross"), strict=True))
_DASHES: Final = dict(zip(NAMES, ("solid", "dash", "dot", "dashdot", "longdash"), strict=True))

_Cells = Mapping[tuple[date, str, str], int]


def cells_of(view: View) -> _Cells:
    """Return the counters of the view's month-ends: (day, instrument, counter) → number or amount."""
    return {(cell.as_of, cell.key_1, cell.key_2): cell.numerator for cell in view.ask(RELIEF)}


def figure(view: View, cells: _Cells, counter: str) -> Figure:
    """Return one counter of the instruments over the month-ends: bars for what happened, lines for what stands."""
    scale = 1 if view.by_heads else 10 ** view.scope.digits("")
    title = pgettext("how many", "number") if view.by_heads else _("amount, %(currency)s") % {"currency": view.currency}
    data = []
    for instrument in instruments_with(counter):
        numbers = [cells.get((day.as_of, instrument, counter), 0) for day in view.days]
        name = str(NAMES[instrument])
        trace: dict[str, Any] = {
            "name": name,
            "x": [month_label(day) for day in view.days],
            "y": [number / scale if scale > 1 else number for number in numbers],
            "hovertext": [
                f"<b>{name} · {day_text(day.as_of)}</b><br>{COUNTER_NAMES[counter]}: {_size(view, number)}"
                for day, number in zip(view.days, numbers, strict=True)
            ],
            "customdata": [""] * len(numbers),
            "hoverinfo": "text",
        }
        colour = _COLOURS[instrument]
        if counter == "open":
            trace |= {
                "type": "scatter",
                "mode": "lines+markers",
                "line": {"color": colour, "width": 2, "dash": _DASHES[instrument]},
                "marker": {
                    "symbol": _SYMBOLS[instrument], "size": 9, "color": colour, "line": {"color": "var(--ink-2)", "width": 1},
                },
            }  # fmt: skip
        else:
            shape = _PATTERNS[instrument]
            pattern = {"shape": shape, "fgcolor": "var(--ink-2)", "fgopacity": 0.5, "size": 6} if shape else {}
            trace |= {"type": "bar", "marker": {"color": colour, "line": {"width": 0}, "pattern": pattern}}
        data.append(trace)
    more = {} if counter == "open" else {"barmode": "stack", "bargap": 0.35}
    axis = {"rangemode": "tozero", "separatethousands": True}
    return {"data": data, "layout": layout(x_title=_("month-end"), y_title=title, yaxis=axis, **more)}


def table(view: View, cells: _Cells) -> Table:
    """Return every counter of every instrument, the newest month-end first."""
    columns = [(instrument, counter) for instrument, counters in COUNTERS.items() for counter in counters]
    head = [f"{NAMES[instrument]}: {COUNTER_NAMES[counter]}" for instrument, counter in columns]
    rows = [
        (day_text(day.as_of), [TablePart(_size(view, cells.get((day.as_of, *column), 0))) for column in columns])
        for day in reversed(view.days)
    ]
    return Table(head, rows)


def kept_figure(view: View) -> Figure:
    """Return the share of promises kept, month by month; a month in which none came to its end is a gap."""
    cells = {cell.as_of: cell for cell in view.ask(PROMISE_KEPT)}
    values, texts = [], []
    for day in view.days:
        cell = cells.get(day.as_of)
        values.append(round(100 * cell.numerator / cell.denominator, 6) if cell else None)
        said = {"day": day_text(day.as_of)}
        if cell:
            said |= {
                "part": _size(view, cell.numerator),
                "all": _size(view, cell.denominator),
                "share": percent_text(cell.numerator, cell.denominator, digits=1),
            }
        texts.append(_("<b>%(day)s</b><br>%(part)s of %(all)s, %(share)s") % said if cell else "")
    trace = {
        "type": "scatter",
        "mode": "lines+markers",
        "name": str(PROMISE_KEPT.title),
        "x": [month_label(day) for day in view.days],
        "y": values,
        "hovertext": texts,
        "hoverinfo": "text",
        "customdata": [""] * len(values),
        "line": {"color": "var(--accent)", "width": 2},
        "marker": {"size": 9, "color": "var(--accent)", "line": {"color": "var(--ink-2)", "width": 1}},
    }
    axis = {"range": [0, 100], "ticksuffix": " %"}
    return {"data": [trace], "layout": layout(x_title=_("month-end"), y_title=_("share of promises, %"), yaxis=axis)}


def kept_table(view: View) -> Table:
    """Return the same shares, the newest month-end first."""
    cells = {cell.as_of: cell for cell in view.ask(PROMISE_KEPT)}
    rows = []
    for day in reversed(view.days):
        cell = cells.get(day.as_of)
        shown = (
            [_size(view, cell.numerator), _size(view, cell.denominator), percent_text(cell.numerator, cell.denominator, digits=1)]
            if cell
            else ["–", "–", "–"]
        )
        rows.append((day_text(day.as_of), [TablePart(text) for text in shown]))
    return Table([_("kept in full"), _("came to their end"), _("share")], rows)


def _size(view: View, number: int) -> str:
    return view.size_text(number, measure=Measure.COUNT if view.by_heads else Measure.AMOUNT)
