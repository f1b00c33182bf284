"""Outreach → Channels: what becomes of messages and calls, and when customers are contacted."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import pgettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from outreach import forms
from outreach.channel_chart import HEIGHT, hour_text, hours_figure
from outreach.models.wishes import CHANNELS
from outreach.operations.channel_refusals import ChannelPeriodMalformed
from outreach.queries.channel_hours import ContactHours, Shown, contact_hours
from outreach.queries.channels import MOST_STEPS, Period, channel_figures, live_hours
from outreach.roles import VIEW_CHANNELS
from outreach.rules.channel_figures import DAY_HOURS
from riskops.shared.roles import requires

SHOWN_NAMES = {Shown.MADE: pgettext_lazy("contacts", "made"), Shown.ANSWERED: pgettext_lazy("contacts", "answered")}


@never_cache
@require_GET
@requires(VIEW_CHANNELS)
def channels(request: HttpRequest) -> HttpResponse:
    """Show how channels performed over some days; days that cannot be counted are answered with those shown unless told."""
    period, form = _period(request)
    channel, shown = request.GET.get("channel", ""), request.GET.get("show", "")
    hours = live_hours()
    found = contact_hours(
        request.user,
        period,
        hours,
        channel=channel if channel in dict(CHANNELS) else "",
        shown=Shown(shown) if shown in list(Shown) else Shown.MADE,
    )
    context: dict[str, Any] = {
        "title": pgettext_lazy("outreach", "Channels"),
        "page": channel_figures(request.user, period, hours),
        "period": period,
        "form": form,
        "hours": found,
        "figure": hours_figure(found),
        "height": HEIGHT,
        "weekdays": [WEEKDAYS[day] for day in range(len(WEEKDAYS))],
        "rows": _rows(found),
        "most_steps": MOST_STEPS,
        "channels": CHANNELS,
        "kinds": [(str(kind), name) for kind, name in SHOWN_NAMES.items()],
    }
    return render(request, "outreach/channels.html", context, status=422 if form.errors else 200)


def _period(request: HttpRequest) -> tuple[Period, forms.PeriodForm]:
    """Return the days asked for and their form; where they cannot be counted, the usual days and the form that says why."""
    usual = Period.until(timezone.localdate())
    if not request.GET.keys() & {"first", "last"}:
        return usual, forms.PeriodForm(initial={"first": usual.first, "last": usual.last})
    form = forms.PeriodForm(request.GET)
    if form.is_valid():
        try:
            return Period.checked(form.cleaned_data["first"], form.cleaned_data["last"]), form
        except ChannelPeriodMalformed as refusal:
            form.refuse(refusal)
    return usual, form


def _rows(found: ContactHours) -> list[tuple[str, bool, list[tuple[int, int]]]]:
    """Return the heat map as a table: the hour, whether it is quiet, contacts made and answered by weekday."""
    days = range(len(WEEKDAYS))
    return [
        (hour_text(hour), found.is_quiet(hour), [found.cells.get((day, hour), (0, 0)) for day in days])
        for hour in range(DAY_HOURS)
    ]
