"""The transition matrix of one month as a heat map."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from dashboards.charts.base import Figure, Table, TablePart, layout
from dashboards.metrics.base import Cell, Measure
from dashboards.metrics.transition_matrix import TRANSITION_MATRIX
from dashboards.queries.view import View
from dashboards.rules.months import shifted
from dashboards.rules.states import State
from dashboards.scope import MonthEnd
from dashboards.selections import STATE_NAMES
from riskops.shared.wording import day_text, number_text, percent_text

_Cells = dict[tuple[str, str], Cell]


def _cells(view: View, month: MonthEnd, measure: Measure | None = None) -> _Cells:
    return {(c.key_1, c.key_2): c for c in view.ask(TRANSITION_MATRIX, measure=measure, days=(month,))}


def states(view: View) -> tuple[State, ...]:
    """Return the states of the matrix, in order."""
    return (*view.scope.buckets, State.PAID_OFF, State.WRITTEN_OFF)


def figure(view: View, month: MonthEnd) -> Figure | None:
    """Return the heat map of the moves into a month-end; None where nothing could move."""
    shown, heads = _cells(view, month), _cells(view, month, Measure.COUNT)
    targets = states(view)
    origins = [state for state in targets if any((state.key, target.key) in shown for target in targets)]
    if not origins:
        return None
    values: list[list[float | None]] = []
    texts: list[list[str]] = []
    hover: list[list[str]] = []
    links: list[list[str]] = []
    for origin in origins:
        row = [shown[origin.key, target.key] for target in targets]
        values.append([round(100 * cell.numerator / cell.denominator, 6) if cell.numerator else None for cell in row])
        texts.append([percent_text(cell.numerator, cell.denominator, digits=1) if cell.numerator else "" for cell in row])
        hover.append([_hover(view, month, origin, target, shown, heads) for target in targets])
        links.append(
            [
                view.behind(view.selection(month.as_of, move=(origin, target))) if shown[origin.key, target.key].numerator else ""
                for target in targets
            ]
        )
    heat: dict[str, Any] = {
        "type": "heatmap",
        "x": [str(STATE_NAMES[state]) for state in targets],
        "y": [str(STATE_NAMES[state]) for state in origins],
        "z": values,
        "text": texts,
        "texttemplate": "%{text}",
        "textfont": {"size": 11},
        "hovertext": hover,
        "hoverinfo": "text",
        "hoverongaps": False,
        "customdata": links,
        "zmin": 0,
        "zmax": 100,
        "colorscale": [[0, "var(--heat-0)"], [0.5, "var(--heat-1)"], [1, "var(--heat-2)"]],
        "xgap": 2,
        "ygap": 2,
        "colorbar": {"title": {"text": "%", "side": "top"}, "thickness": 10, "outlinewidth": 0, "ticksuffix": ""},
    }
    return {
        "data": [heat],
        "layout": layout(
            x_title=_("state on %(day)s") % {"day": day_text(month.as_of)},
            y_title=_("state on %(day)s") % {"day": day_text(shifted(month.as_of, -1))},
            xaxis={"side": "top"},
            yaxis={"type": "category", "autorange": "reversed", "showgrid": False},
            height=400,
        ),
    }


def _hover(view: View, month: MonthEnd, origin: State, target: State, shown: _Cells, heads: _Cells) -> str:
    cell, counted = shown[origin.key, target.key], heads[origin.key, target.key]
    lines = [f"<b>{STATE_NAMES[origin]} → {STATE_NAMES[target]} · {day_text(month.as_of)}</b>"]
    if not view.by_heads:
        lines.append(
            _("Balance before: %(part)s of %(all)s, %(share)s")
            % {
                "part": view.size_text(cell.numerator, measure=Measure.AMOUNT),
                "all": view.size_text(cell.denominator, measure=Measure.AMOUNT),
                "share": percent_text(cell.numerator, cell.denominator, digits=2),
            }
        )
    lines.append(
        _("Accounts: %(part)s of %(all)s, %(share)s")
        % {
            "part": number_text(counted.numerator),
            "all": number_text(counted.denominator),
            "share": percent_text(counted.numerator, counted.denominator, digits=2),
        }
    )
    return "<br>".join(lines)


def table(view: View, month: MonthEnd) -> Table:
    """Return the matrix as a table, with the number of accounts (or the balance) each row starts from."""
    shown = _cells(view, month)
    targets = states(view)
    rows = []
    for origin in targets:
        cells = [shown.get((origin.key, target.key)) for target in targets]
        found = [cell for cell in cells if cell is not None]
        if not found:
            continue
        measure = Measure.COUNT if view.by_heads else Measure.AMOUNT
        parts = [
            TablePart(
                percent_text(cell.numerator, cell.denominator, digits=2) if cell.numerator else "·",
                view.behind(view.selection(month.as_of, move=(origin, target))) if cell.numerator else "",
            )
            for target, cell in zip(targets, found, strict=True)
        ]
        rows.append((str(STATE_NAMES[origin]), [*parts, TablePart(view.size_text(found[0].denominator, measure=measure))]))
    return Table([*(str(STATE_NAMES[state]) for state in targets), _("before")], rows)
