"""The dashboards' pages."""

from __future__ import annotations

from datetime import date
from typing import Final

from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET

from dashboards.answers import UnusableQuestion, answer
from dashboards.export import write_csv
from dashboards.queries.behind import behind_page
from dashboards.queries.portfolio import portfolio_page
from dashboards.queries.relief import read_relief_view, relief_page
from dashboards.queries.view import MEASURES, read_view
from dashboards.roles import EXPORT_METRIC, VIEW_DASHBOARDS
from dashboards.selections import UnreadableSelection
from riskops.shared import audit
from riskops.shared.roles import requires
from riskops.shared.scope import scope_of

#: Kept no longer than this, though its key says when it is out of date: the cache is shared with others.
CHARTS_KEPT_SECONDS: Final = 3_600
MEASURE_NAMES: Final = dict(zip(MEASURES, (_("share of balance"), _("balance"), _("accounts")), strict=True))


@require_GET
@requires(VIEW_DASHBOARDS)
def portfolio(request: HttpRequest) -> HttpResponse:
    """Show the portfolio page. Its charts change when a close has summed a day, and are laid out once until then."""
    view = read_view(request.GET.dict(), visible=scope_of(request.user))
    key = f"portfolio:{view.stamp}"
    charts = cache.get(key)
    if charts is None:
        charts = render_to_string("dashboards/_charts.html", {"page": portfolio_page(view)})
        cache.set(key, charts, timeout=CHARTS_KEPT_SECONDS)
    context = {"title": _("Portfolio"), "view": view, "charts": mark_safe(charts), "measures": MEASURE_NAMES.items()}
    return render(request, "dashboards/portfolio.html", context)


@require_GET
@requires(VIEW_DASHBOARDS)
def relief(request: HttpRequest) -> HttpResponse:
    """Show the five instruments of relief with their counters."""
    view = read_relief_view(request.GET.dict(), visible=scope_of(request.user))
    measures = (("count", pgettext("how many", "number")), ("amount", _("amount")))
    context = {"title": _("Relief"), "view": view, "page": relief_page(view), "measures": measures}
    return render(request, "dashboards/relief.html", context)


@require_GET
@requires(VIEW_DASHBOARDS)
def accounts_behind(request: HttpRequest) -> HttpResponse:
    """Show the accounts behind a figure of a chart."""
    try:
        visible = scope_of(request.user)
        page = behind_page(request.GET.dict(), states=request.GET.getlist("state"), visible=visible)
    except UnreadableSelection as error:
        raise Http404(str(error)) from error
    return render(request, "dashboards/accounts_behind.html", {"title": _("Accounts behind a figure"), "page": page})


@require_GET
@requires(EXPORT_METRIC)
def metric_csv(request: HttpRequest, name: str) -> HttpResponse:
    """Send a metric's cells as CSV; the parameters are those of the API."""
    given = request.GET.dict()
    try:
        answered = answer(
            name,
            first=_day(given.pop("from", "")),
            last=_day(given.pop("to", "")),
            measure=given.pop("measure", ""),
            segment=given.pop("segment", ""),
            options=given,
            visible=scope_of(request.user),
        )
    except UnusableQuestion as error:
        raise Http404(str(error)) from error
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    written = write_csv(answered, response)  # type: ignore[arg-type]
    audit.record(
        actor=audit.Actor.of(request.user),
        action="metric.export",
        subject_type="metric",
        subject_key=name,
        after={"query": request.GET.urlencode(), "rows": written},
    )
    return response


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UnusableQuestion(f"from and to are days such as 2025-03-31, not {text!r}") from error
