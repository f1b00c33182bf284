"""The portfolio page: how the book stands, how it got there, where it is going."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboards.charts import bucket_stack, matrix, rate_lines
from dashboards.charts.base import Figure, Table
from dashboards.charts.rate_lines import Line
from dashboards.metrics.base import Cell, Measure, Metric
from dashboards.metrics.buckets import BUCKET_SHARES
from dashboards.metrics.coincident import COINCIDENT
from dashboards.metrics.lagged import LAGGED, LAGS
from dashboards.metrics.transition_matrix import TRANSITION_MATRIX
from dashboards.queries.view import View, has_month_before, span_text
from dashboards.rules.months import shifted
from dashboards.rules.states import THRESHOLDS
from dashboards.scope import MonthEnd
from riskops.shared.wording import MINUS, day_text, money_text, number_text, percent_text

#: The colour of each n+ line: that of the bucket its accounts are at least in the middle of the way to.
_THRESHOLD_COLOURS = {1: "var(--m2)", 30: "var(--m3)", 60: "var(--m4)", 90: "var(--m6)"}


@dataclass(frozen=True, slots=True)
class Panel:
    """A chart with everything that belongs beside it. `figure` None: `why` says why there is none and `next_step` what to do."""

    key: str
    metric: Metric
    title: str
    subtitle: Promise
    unit: str
    maps: str
    figure: Figure | None
    table: Table | None
    csv_url: str
    rebuilt: tuple[date, ...]
    why: str = ""
    next_step: str = ""

    @property
    def height(self) -> int:
        """The height the page keeps free for the chart."""
        return int(self.figure["layout"]["height"]) if self.figure else 0

    @property
    def script_id(self) -> str:
        """The id of the element that holds the figure's JSON."""
        return f"figure-{self.key}"

    @property
    def png_name(self) -> str:
        """The name of the picture, without its ending."""
        return f"riskops-{self.metric.name}"


@dataclass(frozen=True, slots=True)
class Headline:
    """A figure above the charts: its day is the page's, its rows are behind `url`, its change is against a named day."""

    label: str
    value: str
    note: str
    url: str


@dataclass(frozen=True, slots=True)
class PortfolioPage:
    """Everything the portfolio page lays out."""

    view: View
    headlines: tuple[Headline, ...]
    panels: tuple[Panel, ...]


def portfolio_page(view: View) -> PortfolioPage:
    """Return the page of a view. A fixed number of queries, whatever the book."""
    if not view.days:
        return PortfolioPage(view, (), ())
    # One read for all panels: the month-ends shown and those the lagged rates look back to.
    shown = {day.as_of for day in view.days}
    looked_at = shown | {shifted(day, -k) for day in shown for k in LAGS}
    view.tallies.states(sorted(day.as_of for day in view.closed if day.as_of in looked_at))
    view.tallies.flows([(shifted(day.as_of, -1), day.as_of) for day in view.days if has_month_before(view, day)])
    return PortfolioPage(view, _headlines(view), (_stack(view), _coincident(view), _lagged(view), _matrix(view)))


def _unit(view: View, *, weight: str = "") -> str:
    if view.by_heads:
        return _("by accounts")
    return (weight or _("by outstanding principal, in %(currency)s")) % {"currency": view.currency}


def _rebuilt(days: tuple[MonthEnd, ...]) -> tuple[date, ...]:
    return tuple(day.as_of for day in days if day.is_rebuilt)


_STACK_SUBTITLES: Final = {
    "share": BUCKET_SHARES.definition,
    "amount": gettext_lazy("Balance in each bucket of days past due at the month-end. Written-off accounts are left out."),
    "count": gettext_lazy("Accounts in each bucket of days past due at the month-end. Written-off accounts are left out."),
}


def _stack(view: View) -> Panel:
    name = _("Late buckets by month-end") if view.is_late_only else _("Book by bucket and month-end")
    return Panel(
        key="buckets",
        metric=BUCKET_SHARES,
        title=_("%(name)s, %(days)s") % {"name": name, "days": span_text(view.days)},
        subtitle=_STACK_SUBTITLES[view.measure],
        unit=_unit(view),
        maps=view.maps,
        figure=bucket_stack.figure(view),
        table=bucket_stack.table(view),
        csv_url=view.csv_url(BUCKET_SHARES),
        rebuilt=_rebuilt(view.days),
    )


def _coincident(view: View) -> Panel:
    lines = [
        Line(
            str(n),
            _("%(n)s+ days") % {"n": n},
            _THRESHOLD_COLOURS[n],
            lambda as_of, n=n: view.selection(as_of, days_from=n),  # type: ignore[misc]
        )
        for n in THRESHOLDS
    ]
    return Panel(
        key="coincident",
        metric=COINCIDENT,
        title=_("Coincident rates, %(days)s") % {"days": span_text(view.days)},
        subtitle=COINCIDENT.definition,
        unit=_unit(view),
        maps="",
        figure=rate_lines.figure(view, COINCIDENT, lines),
        table=rate_lines.table(view, COINCIDENT, lines),
        csv_url=view.csv_url(COINCIDENT),
        rebuilt=_rebuilt(view.days),
    )


def _lagged(view: View) -> Panel:
    lines = [
        Line(
            f"m{k}",
            _("m%(k)s+, lag %(k)s") % {"k": k},
            f"var(--m{k})",
            lambda as_of, k=k: view.selection(as_of, lag=k),  # type: ignore[misc]
        )
        for k in LAGS
        if k < len(view.scope.buckets)
    ]
    is_drawn = any(has_month_before(view, day) for day in view.days)
    looked_at = {shifted(day.as_of, -k) for day in view.days for k in (0, *LAGS)}
    return Panel(
        key="lagged",
        metric=LAGGED,
        title=_("Lagged rates, %(days)s") % {"days": span_text(view.days)},
        subtitle=LAGGED.definition,
        unit=_unit(view),
        maps=view.maps,
        figure=rate_lines.figure(view, LAGGED, lines) if is_drawn else None,
        table=rate_lines.table(view, LAGGED, lines) if is_drawn else None,
        csv_url=view.csv_url(LAGGED),
        rebuilt=_rebuilt(tuple(day for day in view.closed if day.as_of in looked_at)),
        why=_("A lagged rate needs the month-end before, and there is none yet."),
        next_step=_("Close the next month-end, or fill in past ones with rebuild_snapshots."),
    )


def _matrix(view: View) -> Panel:
    month = view.month or view.days[-1]
    drawn = matrix.figure(view, month) if has_month_before(view, month) else None
    if has_month_before(view, month):
        why = _("Nothing stood in a bucket on %(day)s that could have moved.") % {"day": day_text(shifted(month.as_of, -1))}
        next_step = _("Choose another month.")
    else:
        why = _("The month-end before %(day)s has no snapshots, so nothing is known to have moved.") % {
            "day": day_text(month.as_of)
        }
        next_step = _("Choose a later month, or fill in past ones with rebuild_snapshots.")
    return Panel(
        key="matrix",
        metric=TRANSITION_MATRIX,
        title=_("Transition matrix, %(before)s to %(day)s")
        % {"before": day_text(shifted(month.as_of, -1)), "day": day_text(month.as_of)},
        subtitle=TRANSITION_MATRIX.definition,
        unit=_unit(view, weight=_("weighted by the balance before, in %(currency)s")),
        maps=view.maps,
        figure=drawn,
        table=matrix.table(view, month) if drawn else None,
        csv_url=view.csv_url(TRANSITION_MATRIX, days=(month,)),
        rebuilt=tuple(d.as_of for d in view.closed if d.is_rebuilt and d.as_of in (month.as_of, shifted(month.as_of, -1))),
        why=why,
        next_step=next_step,
    )


def _headlines(view: View) -> tuple[Headline, ...]:
    last, before = view.days[-1], view.days[-2] if len(view.days) > 1 else None
    as_of = last.as_of
    rates = view.ask(COINCIDENT)
    book = next((c for c in view.ask(BUCKET_SHARES, measure=Measure.AMOUNT, days=(last,))), None)
    heads = next((c for c in view.ask(BUCKET_SHARES, measure=Measure.COUNT, days=(last,))), None)
    everyone = view.behind(view.selection(as_of))
    found = [
        Headline(_("Outstanding principal"), money_text(book.denominator if book else 0, view.currency), "", everyone),
        Headline(_("Accounts in a bucket"), number_text(heads.denominator if heads else 0), "", everyone),
    ]
    for n in THRESHOLDS:
        now, then = _rate(rates, as_of, n), _rate(rates, before.as_of, n) if before else None
        note = ""
        if now and then and before:
            change = 100 * (now.value - then.value)
            note = _("%(change)s points since %(day)s") % {
                "change": f"{change:+.2f}".replace("-", MINUS),
                "day": day_text(before.as_of),
            }
        value = percent_text(now.numerator, now.denominator, digits=2) if now else "–"
        found.append(Headline(_("%(n)s+ days") % {"n": n}, value, note, view.behind(view.selection(as_of, days_from=n))))
    return tuple(found)


def _rate(cells: list[Cell], as_of: date, n: int) -> Cell | None:
    return next((cell for cell in cells if cell.as_of == as_of and cell.key_1 == str(n)), None)
