"""Differences of challengers from the champion with their intervals, as a Plotly figure in the colours of the sheet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.utils.translation import gettext as _

from outreach.experiment_wording import difference_text
from outreach.models.experiments import Measure
from outreach.queries.experiment_results import AMOUNTS, ArmResult, Figure, Results
from riskops.shared.money import minor_digits

#: Pixels of a line of the chart, and of what stands around the lines.
LINE_HEIGHT, FRAME_HEIGHT = 44, 110
SHARES: Final = (Measure.PAID_7, Measure.PAID_14, Measure.PAID_30, Measure.ROLLED, Measure.COMPLAINED)
_SYMBOLS: Final = ("circle", "square", "diamond")
_COLOURS: Final = ("var(--accent)", "var(--fraud)", "var(--warn)")


def interval_figure(found: Results, measures: Sequence[Measure]) -> dict[str, Any] | None:
    """Return a dot with its 95 % interval for each challenger and measure; None where nothing is measured yet."""
    scale = 10 ** -minor_digits(found.currency) if measures[0] in AMOUNTS else 100
    challengers = [row for row in found.arms if not row.is_champion]
    traces = [_trace(row, number, found, measures, scale) for number, row in enumerate(challengers)]
    if not any(trace["x"] for trace in traces):
        return None
    unit = found.currency if measures[0] in AMOUNTS else _("points of percent")
    return {"data": traces, "layout": _layout(_("difference from the champion, %(unit)s") % {"unit": unit}, measures)}


def height_of(measures: Sequence[Measure]) -> int:
    """Return the height of a chart in pixels."""
    return FRAME_HEIGHT + LINE_HEIGHT * len(measures)


def _trace(row: ArmResult, number: int, found: Results, measures: Sequence[Measure], scale: float) -> dict[str, Any]:
    figures = [figure for measure in measures if (figure := row.figure(measure)).interval is not None]
    intervals = [figure.interval for figure in figures if figure.interval is not None]
    return {
        "type": "scatter",
        "mode": "markers",
        "orientation": "h",
        "offsetgroup": row.arm.code,
        "name": row.arm.code,
        "x": [each.difference * scale for each in intervals],
        "y": [str(figure.measure.label) for figure in figures],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [(each.high - each.difference) * scale for each in intervals],
            "arrayminus": [(each.difference - each.low) * scale for each in intervals],
            "color": _COLOURS[number],
            "thickness": 2,
            "width": 5,
        },
        "marker": {"symbol": _SYMBOLS[number], "size": 10, "color": _COLOURS[number]},
        "hovertext": [_hover(row, figure, found) for figure in figures],
        "hoverinfo": "text",
    }


def _hover(row: ArmResult, figure: Figure, found: Results) -> str:
    return f"<b>{row.arm.code} · {figure.measure.label}</b><br>{difference_text(figure, found.currency)}"


def _layout(x_title: str, measures: Sequence[Measure]) -> dict[str, Any]:
    axis = {
        "gridcolor": "var(--line)",
        "linecolor": "var(--line-strong)",
        "tickcolor": "var(--line-strong)",
        "fixedrange": True,
        "automargin": True,
    }
    return {
        "xaxis": {
            **axis,
            "title": {"text": x_title, "standoff": 12, "font": {"size": 12}},
            "zeroline": True,
            "zerolinecolor": "var(--ink-2)",
            "zerolinewidth": 2,
        },
        "yaxis": {
            **axis,
            "type": "category",
            "categoryorder": "array",
            "categoryarray": [str(measure.label) for measure in reversed(measures)],
        },
        "height": height_of(measures),
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "paper_bgcolor": "var(--panel)",
        "plot_bgcolor": "var(--panel)",
        "font": {"family": "var(--sans)", "size": 12, "color": "var(--ink-2)"},
        "hoverlabel": {
            "bgcolor": "var(--panel)",
            "bordercolor": "var(--line-strong)",
            "font": {"color": "var(--ink)", "family": "var(--sans)"},
            "align": "left",
        },
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "showlegend": True,
        "hovermode": "closest",
        "scattermode": "group",
    }
