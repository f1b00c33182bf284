"""Liquidation by the month of placement, as a Plotly figure in the colours of the sheet."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext as _

from recovery.queries.agency_scorecard import Cohort, Scorecard
from riskops.shared.wording import amount_text, month_text, percent_text

HEIGHT: Final = 320
#: The newest cohort is the accent, older ones grow paler; each has its own dash, so that colour is not alone.
_COLOURS: Final = ("var(--accent)", "var(--m4)", "var(--m3)", "var(--m6)", "var(--m2)", "var(--m0)", "var(--m7)")
_DASHES: Final = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "solid")


def liquidation_figure(found: Scorecard) -> dict[str, Any]:
    """Return a line for each month of placement: what was collected of what was placed, by months after."""
    axis = {"gridcolor": "var(--line)", "linecolor": "var(--line-strong)", "fixedrange": True, "automargin": True}
    newest_first = list(reversed(found.cohorts))
    last = max((len(cohort.collected_minor) for cohort in found.cohorts), default=1) - 1
    return {
        "data": [_line(found, cohort, place) for place, cohort in enumerate(newest_first) if cohort.placed_minor],
        "layout": {
            "xaxis": {
                **axis,
                "title": {"text": _("months after the month of placement"), "standoff": 8},
                "dtick": 1,
                "zeroline": False,
                "range": [-0.2, max(last, 1) + 0.2],
            },
            "yaxis": {
                **axis,
                "title": {"text": _("collected of what was placed"), "standoff": 12},
                "tickformat": ".1%",
                "rangemode": "tozero",
            },
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


def _line(found: Scorecard, cohort: Cohort, place: int) -> dict[str, Any]:
    currency = found.agency.currency
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": month_text(cohort.month),
        "x": list(range(len(cohort.collected_minor))),
        "y": [collected / cohort.placed_minor for collected in cohort.collected_minor],
        "line": {"color": _COLOURS[place % len(_COLOURS)], "dash": _DASHES[place % len(_DASHES)], "width": 2},
        "marker": {"size": 6},
        "hovertext": [
            f"<b>{month_text(cohort.month)}</b><br>"
            f"{amount_text(collected, currency)} / {amount_text(cohort.placed_minor, currency)} {currency}<br>"
            f"{percent_text(collected, cohort.placed_minor, digits=1)}"
            for collected in cohort.collected_minor
        ],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }
