"""What all figures share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from dashboards.rules.states import BUCKETS, State

#: A figure as Plotly's JSON: {"data": […], "layout": {…}}.
Figure = dict[str, Any]

#: Height of a chart in pixels; the page keeps it free while the chart loads.
HEIGHT: Final = 340


@dataclass(frozen=True, slots=True)
class TablePart:
    """One cell of the table beside a chart: its text, and the address of the accounts behind it ("" if none)."""

    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """The figures of a chart as a table."""

    head: Sequence[str]
    rows: Sequence[tuple[str, Sequence[TablePart]]]


def bucket_colour(state: State) -> str:
    """Return a bucket's colour of the ramp, as a variable of the sheet."""
    return f"var(--{state.key})" if state in BUCKETS else "var(--paid)" if state is State.PAID_OFF else "var(--ink-3)"


def _axis_title(text: str) -> dict[str, Any]:
    return {"text": text, "standoff": 12, "font": {"size": 12}}


def layout(*, x_title: str, y_title: str, **more: Any) -> dict[str, Any]:
    """Return the layout common to figures with two axes."""
    axis = {
        "gridcolor": "var(--line)",
        "linecolor": "var(--line-strong)",
        "zerolinecolor": "var(--line-strong)",
        "tickcolor": "var(--line-strong)",
        "fixedrange": True,
        "automargin": True,
    }
    x_axis = {
        **axis,
        "title": {"text": x_title, "standoff": 12, "font": {"size": 12}},
        "type": "category",
        "showgrid": False,
        **more.pop("xaxis", {}),
    }
    y_axis = {**axis, "title": {"text": y_title, "standoff": 12, "font": {"size": 12}}, **more.pop("yaxis", {})}
    return {
        "xaxis": x_axis,
        "yaxis": y_axis,
        "height": HEIGHT,
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
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
        "hovermode": "closest",
        **more,
    }
