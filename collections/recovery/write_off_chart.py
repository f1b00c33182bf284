"""Recovery curves by month of write-off, as a Plotly figure in the colours of the sheet."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext as _

from recovery.queries.write_off_recoveries import ByMonth, Cohort
from riskops.shared.wording import amount_text, month_text, percent_text

HEIGHT: Final = 320
#: As many lines as can be told apart; the table below holds the rest.
_DRAWN: Final = 7
#: The newest month is the accent. No two are near each other, and each has its own dash, so that colour is not alone.
COLOURS: Final = ("var(--accent)", "var(--m4)", "var(--ok)", "var(--m7)", "var(--warn)", "var(--m0)", "var(--m1)")
_DASHES: Final = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "solid")


def curve_figure(found: ByMonth) -> dict[str, Any] | None:
    """Return a line for each month of write-off: what came in of what was written off, by months after; None with nothing."""
    drawn = [cohort for cohort in found.cohorts if cohort.written_off_minor][-_DRAWN:]
    if not drawn:
        return None
    axis = {"gridcolor": "var(--line)", "linecolor": "var(--line-strong)", "fixedrange": True, "automargin": True}
    last = max(len(cohort.recovered_minor) for cohort in drawn) - 1
    return {
        "data": [_line(found.currency, cohort, place) for place, cohort in enumerate(reversed(drawn))],
        "layout": {
            "xaxis": {
                **axis,
                "title": {"text": _("months after the month of write-off"), "standoff": 8},
                "dtick": 1,
                "zeroline": False,
                "range": [-0.2, max(last, 1) + 0.2],
            },
            "yaxis": {
                **axis,
                "title": {"text": _("recovered of what was written off"), "standoff": 12},
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
            "showlegend": True,
            "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
        },
    }


def _line(currency: str, cohort: Cohort, place: int) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": month_text(cohort.month),
        "x": list(range(len(cohort.recovered_minor))),
        "y": [recovered / cohort.written_off_minor for recovered in cohort.recovered_minor],
        "line": {"color": COLOURS[place], "dash": _DASHES[place], "width": 2},
        "marker": {"size": 6},
        "hovertext": [
            f"<b>{month_text(cohort.month)}</b><br>"
            f"{amount_text(recovered, currency)} / {amount_text(cohort.written_off_minor, currency)} {currency}<br>"
            f"{percent_text(recovered, cohort.written_off_minor, digits=1)}"
            for recovered in cohort.recovered_minor
        ],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }
