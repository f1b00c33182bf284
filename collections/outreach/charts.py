"""What a strategy would send, as a Plotly figure in the colours of the sheet."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext as _

from outreach.models.wishes import CHANNEL_NAMES
from outreach.queries.strategy_tries import StrategyTry
from outreach.rules.contacts import Channel
from riskops.shared.wording import day_text, number_text, short_day_text

HEIGHT: Final = 300
_COLOURS: Final = {
    Channel.PUSH: "var(--m1)", Channel.SMS: "var(--accent)", Channel.EMAIL: "var(--m0)", Channel.CALL: "var(--m4)"
}  # fmt: skip


def tries_figure(found: StrategyTry) -> dict[str, Any]:
    """Return messages and calls by day, stacked by channel."""
    counts: dict[tuple[Any, str], int] = {}
    for line in found.lines:
        if not line.why:
            counts[line.day, line.channel] = counts.get((line.day, line.channel), 0) + line.times
    used = {channel for _day, channel in counts}
    axis = {"gridcolor": "var(--line)", "linecolor": "var(--line-strong)", "fixedrange": True, "automargin": True}
    traces = [
        {
            "type": "bar",
            "name": str(CHANNEL_NAMES[channel]),
            "x": [short_day_text(day) for day in found.days],
            "y": [counts.get((day, str(channel)), 0) for day in found.days],
            "marker": {"color": colour},
            "hovertext": [
                f"<b>{day_text(day)}</b><br>{CHANNEL_NAMES[channel]}: {number_text(counts.get((day, str(channel)), 0))}"
                for day in found.days
            ],
            "hovertemplate": "%{hovertext}<extra></extra>",
        }
        for channel, colour in _COLOURS.items()
        if str(channel) in used
    ]
    return {
        "data": traces,
        "layout": {
            "barmode": "stack",
            "bargap": 0.25,
            "xaxis": {**axis, "type": "category", "showgrid": False},
            "yaxis": {**axis, "title": {"text": _("messages and calls"), "standoff": 12}, "rangemode": "tozero"},
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
        },
    }
