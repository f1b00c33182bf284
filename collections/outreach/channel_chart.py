"""When customers are contacted, as a Plotly heat map in the colours of the sheet: weekdays across, hours down."""

from __future__ import annotations

from typing import Any, Final

from babel.dates import get_day_names
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _

from outreach.queries.channel_hours import ContactHours, Shown
from outreach.rules.channel_figures import DAY_HOURS
from riskops.shared.wording import locale_code, number_text, percent_text

HEIGHT: Final = 620
#: Up to so many contacts in an hour every number has its tick beside the colours.
FEW: Final = 8


def hour_text(hour: int) -> str:
    """Return an hour of the day: `08–09`."""
    return f"{hour:02}–{hour + 1:02}"


def hours_figure(found: ContactHours) -> dict[str, Any] | None:
    """Return the heat map; None where nothing is to be drawn. An hour without contacts is left empty, not the lightest colour."""
    if not found.count:
        return None
    hours, days = range(DAY_HOURS), range(len(WEEKDAYS))
    cells = [[found.cells.get((day, hour), (0, 0)) for day in days] for hour in hours]
    drawn = [[made if found.shown is Shown.MADE else answered for made, answered in row] for row in cells]
    most = max(number for row in drawn for number in row)
    heat = {
        "type": "heatmap",
        "x": [get_day_names("abbreviated", locale=locale_code())[day] for day in days],
        "y": [hour + 0.5 for hour in hours],
        "z": [[number or None for number in row] for row in drawn],
        "text": [[number_text(number) if number else "" for number in row] for row in drawn],
        "texttemplate": "%{text}",
        "textfont": {"size": 11},
        "hovertext": [[_hover(day, hour, *cells[hour][day]) for day in days] for hour in hours],
        "hoverinfo": "text",
        "hoverongaps": False,
        "zmin": 0,
        "zmax": most,
        "colorscale": [[0, "var(--heat-0)"], [0.5, "var(--heat-1)"], [1, "var(--heat-2)"]],
        "xgap": 2,
        "ygap": 2,
        "colorbar": {
            "thickness": 10,
            "outlinewidth": 0,
            "tickformat": ",d",
            # Left to itself the bar writes halves as whole numbers: 0, 0, 1, 1.
            **({"dtick": 1} if most <= FEW else {}),
            "title": {"text": _("answered contacts") if found.shown is Shown.ANSWERED else _("contacts"), "side": "right"},
        },
    }
    return {"data": [heat], "layout": _layout(found)}


def _hover(day: int, hour: int, made: int, answered: int) -> str:
    head = f"<b>{WEEKDAYS[day]}, {hour:02}:00–{hour + 1:02}:00</b>"
    said = _("Contacts: %(made)s, of these answered: %(answered)s (%(share)s)") % {
        "made": number_text(made),
        "answered": number_text(answered),
        "share": percent_text(answered, made, digits=1),
    }
    return f"{head}<br>{said}"


def _layout(found: ContactHours) -> dict[str, Any]:
    axis = {"linecolor": "var(--line-strong)", "fixedrange": True, "automargin": True, "showgrid": False, "zeroline": False}
    quiet = found.quiet or ()
    return {
        "xaxis": {**axis, "type": "category", "side": "top"},
        "yaxis": {
            **axis,
            "range": [DAY_HOURS, 0],
            "tickmode": "array",
            "tickvals": list(range(0, DAY_HOURS + 1, 2)),
            "ticktext": [f"{hour:02}:00" for hour in range(0, DAY_HOURS + 1, 2)],
            "title": {"text": _("the customer's time"), "standoff": 12},
        },
        # Shade and a broken line: told without colour, too. What was made within shows through.
        "shapes": [
            {
                "type": "rect", "xref": "paper", "x0": 0, "x1": 1, "y0": begin, "y1": end, "layer": "above",
                "fillcolor": "var(--ink-3)", "opacity": 0.22, "line": {"color": "var(--ink)", "width": 2, "dash": "dot"},
            }
            for begin, end in quiet
        ],
        "annotations": [
            {
                "xref": "paper", "x": 0.5, "y": (begin + end) / 2, "text": _("quiet hours"), "showarrow": False,
                "font": {"color": "var(--ink)", "size": 12}, "bgcolor": "var(--panel)", "borderpad": 2,
            }
            for begin, end in quiet
        ],
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
        "legend": {},
    }  # fmt: skip
