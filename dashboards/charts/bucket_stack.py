"""The book by bucket, month-end by month-end, as stacked bars."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from dashboards.charts.base import Figure, Table, TablePart, bucket_colour, layout
from dashboards.metrics.base import Cell, Measure
from dashboards.metrics.buckets import BUCKET_SHARES
from dashboards.queries.view import View, month_label
from dashboards.rules.states import State
from riskops.shared.wording import day_text, percent_text

#: At most this many series; what is over is drawn as one with the last.
MOST_SERIES = 7


def series_of(view: View) -> list[tuple[State, ...]]:
    """Return the buckets of each series, in the order of the stack: m1 … m7, or m0 … with the worst ones together."""
    buckets = view.scope.buckets[1:] if view.is_late_only else view.scope.buckets
    single = [(bucket,) for bucket in buckets[: MOST_SERIES - 1]]
    return [*single, tuple(buckets[MOST_SERIES - 1 :])] if len(buckets) >= MOST_SERIES else [(b,) for b in buckets]


def series_name(buckets: tuple[State, ...]) -> str:
    """Return `m2`, or `m6–m7` for buckets drawn as one."""
    return buckets[0].key if len(buckets) == 1 else f"{buckets[0].key}–{buckets[-1].key}"


def figure(view: View) -> Figure:
    """Return the stacked bars."""
    amounts = _by_day_and_bucket(view.ask(BUCKET_SHARES, measure=Measure.AMOUNT))
    heads = _by_day_and_bucket(view.ask(BUCKET_SHARES, measure=Measure.COUNT))
    data = [_trace(view, buckets, amounts, heads) for buckets in series_of(view)]
    is_share = view.measure == "share"
    y_title = {
        "share": _("share of outstanding principal, %"),
        "amount": _("outstanding principal, %(currency)s") % {"currency": view.currency},
        "count": _("accounts"),
    }[view.measure]
    y_axis: dict[str, Any] = {"rangemode": "tozero", "separatethousands": True}
    if is_share:
        y_axis["ticksuffix"] = " %"
        if not view.is_late_only:
            # All buckets together are all there is.
            y_axis["range"] = [0, 100]
    return {"data": data, "layout": layout(x_title=_("month-end"), y_title=y_title, barmode="stack", bargap=0.35, yaxis=y_axis)}


_Cells = dict[tuple[Any, str], Cell]


def _by_day_and_bucket(cells: list[Cell]) -> _Cells:
    return {(cell.as_of, cell.key_1): cell for cell in cells}


def _trace(view: View, buckets: tuple[State, ...], amounts: _Cells, heads: _Cells) -> dict[str, Any]:
    digits = view.scope.digits("")
    drawn = heads if view.by_heads else amounts
    values, texts, links, patterns = [], [], [], []
    for day in view.days:
        here = [drawn[day.as_of, bucket.key] for bucket in buckets if (day.as_of, bucket.key) in drawn]
        numerator = sum(cell.numerator for cell in here)
        denominator = here[0].denominator if here else 0
        if view.measure == "share":
            values.append(round(100 * numerator / denominator, 6) if denominator else None)
        else:
            values.append(numerator if view.by_heads else numerator / 10**digits)
        links.append(view.behind(view.selection(day.as_of, states=buckets)))
        patterns.append("/" if day.is_rebuilt else "")
        texts.append(_hover(view, day.as_of, buckets, amounts, heads))
    return {
        "type": "bar",
        "name": series_name(buckets),
        "x": [month_label(day) for day in view.days],
        "y": values,
        "customdata": links,
        "hovertext": texts,
        "hoverinfo": "text",
        "marker": {
            "color": bucket_colour(buckets[-1]),
            # No line around a slice: the worst buckets are a pixel or two high, and a line would cover them.
            "line": {"width": 0},
            "pattern": {"shape": patterns, "fgcolor": "var(--panel)", "solidity": 0.25},
        },
    }


def _hover(view: View, as_of: Any, buckets: tuple[State, ...], amounts: _Cells, heads: _Cells) -> str:
    lines = [f"<b>{series_name(buckets)} · {day_text(as_of)}</b>"]
    for cells, measure, name in ((amounts, Measure.AMOUNT, _("Outstanding")), (heads, Measure.COUNT, _("Accounts"))):
        here = [cells[as_of, bucket.key] for bucket in buckets if (as_of, bucket.key) in cells]
        if here:
            numerator, denominator = sum(cell.numerator for cell in here), here[0].denominator
            shown = view.size_text(numerator, measure=measure), view.size_text(denominator, measure=measure)
            share = percent_text(numerator, denominator, digits=2)
            lines.append(
                _("%(name)s: %(part)s of %(all)s, %(share)s") % {"name": name, "part": shown[0], "all": shown[1], "share": share}
            )
    return "<br>".join(lines)


def table(view: View) -> Table:
    """Return every bucket of every month-end; the same figures, none drawn together."""
    cells = _by_day_and_bucket(view.ask(BUCKET_SHARES))
    rows = []
    for day in reversed(view.days):
        parts = []
        for bucket in view.scope.buckets:
            cell = cells.get((day.as_of, bucket.key))
            url = view.behind(view.selection(day.as_of, states=(bucket,)))
            parts.append(TablePart(view.figure_text(cell), url) if cell else TablePart("–"))
        rows.append((_named(day.as_of, day.is_rebuilt), parts))
    return Table([bucket.key for bucket in view.scope.buckets], rows)


def _named(as_of: Any, is_rebuilt: bool) -> str:
    word = _("rebuilt")
    return f"{day_text(as_of)} ({word})" if is_rebuilt else day_text(as_of)
