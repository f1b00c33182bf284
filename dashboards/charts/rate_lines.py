"""Rates over month-ends as lines: coincident n+ rates, lagged rates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.utils.translation import gettext as _

from dashboards.charts.base import Figure, Table, TablePart, layout
from dashboards.metrics.base import Cell, Measure, Metric
from dashboards.queries.view import View, month_label
from dashboards.selections import Selection
from riskops.shared.wording import day_text, percent_text

_SYMBOLS: Final = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross")
_DASHES: Final = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: the key of its cells, its name, its colour, and the accounts behind a point of it."""

    key: str
    name: str
    colour: str
    behind: Callable[[date], Selection]


def figure(view: View, metric: Metric, lines: Sequence[Line]) -> Figure:
    """Return the lines over the view's month-ends; a month-end without a cell is a gap."""
    main = _by_day_and_key(view.ask(metric))
    heads = _by_day_and_key(view.ask(metric, measure=Measure.COUNT))
    data = [_trace(view, line, number, main, heads) for number, line in enumerate(lines)]
    y_title = _("share of accounts, %") if view.by_heads else _("share of outstanding principal, %")
    axis = {"rangemode": "tozero", "ticksuffix": " %"}
    return {"data": data, "layout": layout(x_title=_("month-end"), y_title=y_title, yaxis=axis)}


_Cells = dict[tuple[date, str], Cell]


def _by_day_and_key(cells: list[Cell]) -> _Cells:
    return {(cell.as_of, cell.key_1): cell for cell in cells}


def _trace(view: View, line: Line, number: int, main: _Cells, heads: _Cells) -> dict[str, Any]:
    values: list[float | None] = []
    texts, links = [], []
    for day in view.days:
        cell = main.get((day.as_of, line.key))
        values.append(round(100 * cell.numerator / cell.denominator, 6) if cell else None)
        texts.append(_hover(view, line, day.as_of, main, heads) if cell else "")
        links.append(view.behind(line.behind(day.as_of)) if cell else "")
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": line.name,
        "x": [month_label(day) for day in view.days],
        "y": values,
        "customdata": links,
        "hovertext": texts,
        "hoverinfo": "text",
        "line": {"color": line.colour, "width": 2, "dash": _DASHES[number]},
        "marker": {
            "symbol": _SYMBOLS[number],
            "size": 9,
            "color": line.colour,
            "line": {"color": "var(--ink-2)", "width": 1},
        },
    }


def _hover(view: View, line: Line, as_of: date, main: _Cells, heads: _Cells) -> str:
    lines = [f"<b>{line.name} · {day_text(as_of)}</b>"]
    shown = [(heads, Measure.COUNT, _("Accounts"))]
    if not view.by_heads:
        shown.insert(0, (main, Measure.AMOUNT, _("Outstanding")))
    for cells, kind, name in shown:
        cell = cells.get((as_of, line.key))
        if cell is None:
            continue
        lines.append(
            _("%(name)s: %(part)s of %(all)s, %(share)s")
            % {
                "name": name,
                "part": view.size_text(cell.numerator, measure=kind),
                "all": view.size_text(cell.denominator, measure=kind),
                "share": percent_text(cell.numerator, cell.denominator, digits=2),
            }
        )
    return "<br>".join(lines)


def table(view: View, metric: Metric, lines: Sequence[Line]) -> Table:
    """Return the same rates, newest month-end first."""
    cells = _by_day_and_key(view.ask(metric))
    rows = []
    for day in reversed(view.days):
        parts = []
        for line in lines:
            cell = cells.get((day.as_of, line.key))
            shown = percent_text(cell.numerator, cell.denominator, digits=2) if cell else "–"
            parts.append(TablePart(shown, view.behind(line.behind(day.as_of)) if cell else ""))
        word = _("rebuilt")
        rows.append((f"{day_text(day.as_of)} ({word})" if day.is_rebuilt else day_text(day.as_of), parts))
    return Table([line.name for line in lines], rows)
