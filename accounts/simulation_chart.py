"""What is owed in each way of a simulation, as a Plotly figure in the colours of the sheet."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext as _

from accounts.queries.simulating import Simulated
from accounts.rules.simulation import Course
from accounts.simulation_wording import way_text
from riskops.shared.wording import day_text, money_text

HEIGHT: Final = 340
#: At most seven lines, told apart by dash and mark as well as by colour; the rest stands in the table alone.
_LOOKS: Final = (
    ("var(--bad)", "solid", "circle"),
    ("var(--ok)", "dash", "square"),
    ("var(--ink-2)", "dot", "diamond"),
    ("var(--accent)", "dashdot", "triangle-up"),
    ("var(--fraud)", "longdash", "x"),
    ("var(--warn)", "solid", "star"),
    ("var(--ink)", "dash", "cross"),
)


def owed_figure(simulated: Simulated) -> dict[str, Any]:
    """Return a line a way: what is outstanding, penalty included, less credit, by day."""
    axis = {
        "gridcolor": "var(--line)",
        "linecolor": "var(--line-strong)",
        "zerolinecolor": "var(--line-strong)",
        "tickcolor": "var(--line-strong)",
        "fixedrange": True,
        "automargin": True,
    }
    font = {"size": 12}
    return {
        "data": [_line(course, simulated, number) for number, course in enumerate(simulated.courses[: len(_LOOKS)])],
        "layout": {
            "height": HEIGHT,
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "paper_bgcolor": "var(--panel)",
            "plot_bgcolor": "var(--panel)",
            "font": {"family": "var(--sans)", "size": 12, "color": "var(--ink-2)"},
            "xaxis": {
                **axis,
                "type": "category",
                "nticks": 8,
                "showgrid": False,
                "title": {"text": _("day"), "standoff": 12, "font": font},
            },
            "yaxis": {
                **axis,
                "rangemode": "tozero",
                "title": {"text": _("owed, %(currency)s") % {"currency": simulated.currency}, "standoff": 12, "font": font},
            },
            "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
            "hovermode": "closest",
            "hoverlabel": {
                "bgcolor": "var(--panel)",
                "bordercolor": "var(--line-strong)",
                "font": {"color": "var(--ink)", "family": "var(--sans)"},
                "align": "left",
            },
        },
    }


def _line(course: Course, simulated: Simulated, number: int) -> dict[str, Any]:
    colour, dash, symbol = _LOOKS[number]
    name = way_text(course)
    texts = [
        f"<b>{name}</b><br>{day_text(point.day)}: {money_text(_owed(point), simulated.currency)} · m{point.bucket}"
        for point in course.points
    ]
    return {
        "type": "scatter",
        "mode": "lines+markers" if len(course.points) <= 31 else "lines",
        "name": name,
        "x": [day_text(point.day) for point in course.points],
        # For the drawing alone; every figure that is read is the table's.
        "y": [_owed(point) / 10**simulated.minor_digits for point in course.points],
        "hovertext": texts,
        "hoverinfo": "text",
        "line": {"color": colour, "width": 2, "dash": dash},
        "marker": {"symbol": symbol, "size": 7, "color": colour},
    }


def _owed(point: Any) -> int:
    return max(0, point.total_minor - point.credit_minor)
