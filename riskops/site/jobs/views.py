"""The jobs pages: doors only; what they do is in riskops/closes.py, what they show in queries.py."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from riskops import closes
from riskops.shared.audit import Actor
from riskops.shared.closing import DayAlreadyClosed, DayOutOfOrder
from riskops.shared.models import CloseRun
from riskops.shared.operations import OVERRIDE_FEED, PAUSE_CLOSE, RUN_CLOSE, VIEW_JOBS
from riskops.shared.posting import posted_from
from riskops.shared.roles import may, requires
from riskops.shared.wording import day_text
from riskops.site.jobs import queries
from riskops.site.jobs.forms import CloseForm, ReasonForm, RefusableForm, RestartForm


@never_cache
@requires(VIEW_JOBS)
def jobs(request: HttpRequest) -> HttpResponse:
    """Show the closes of business; asked by htmx, only what changes while one runs."""
    return _jobs(request)


def _jobs(request: HttpRequest, *, close_form: CloseForm | None = None, pause_form: ReasonForm | None = None) -> HttpResponse:
    now = timezone.now()
    before = _day_or_none(request.GET.get("before", ""))
    page = queries.jobs_page(now=now, before=before)
    context: dict[str, Any] = {
        "page": page,
        "standing": page.standing,
        "before": before,
        "may_run": may(request.user, RUN_CLOSE),
    }
    if getattr(request, "htmx", False):
        return _live(request, "riskops_site/jobs/_live.html", context, page.standing.open_run)
    context |= {
        "title": _("Jobs"),
        "close_form": close_form or CloseForm(next_day=page.standing.next_day),
        "pause_form": pause_form or ReasonForm(),
        "feeds": queries.feed_rows(page.standing.next_day, now=now),
        "may_pause": may(request.user, PAUSE_CLOSE),
    }
    refused = any(form is not None for form in (close_form, pause_form))
    return render(request, "riskops_site/jobs/jobs.html", context, status=422 if refused else 200)


def _live(request: HttpRequest, template: str, context: dict[str, Any], run: CloseRun | None) -> HttpResponse:
    """Show what moves. Where a run stands otherwise than the page was told, what can be done changes too: load it anew."""
    response = render(request, template, context)
    stands_still = "yes" if run is not None and run.stands_still else "no"
    if request.headers.get("X-Stands-Still") not in (None, stands_still):
        response["HX-Refresh"] = "true"
    return response


@never_cache
@requires(VIEW_JOBS)
def close(request: HttpRequest, day: date) -> HttpResponse:
    """Show one close: its steps and shards, and what can be done about it."""
    return _close(request, day)


def _close(request: HttpRequest, day: date, *, form: RefusableForm | None = None) -> HttpResponse:
    run = CloseRun.objects.filter(business_date=day).first()
    if run is None:
        raise Http404(_("There is no close of %(day)s.") % {"day": day.isoformat()})
    after = request.GET.get("after", "")
    page = queries.run_page(
        run, now=timezone.now(), step=request.GET.get("step", ""), after=int(after) if after.isdecimal() and len(after) < 9 else 0
    )
    context: dict[str, Any] = {"page": page, "row": page.row, "standing": page.standing}
    if getattr(request, "htmx", False):
        return _live(request, "riskops_site/jobs/_close.html", context, run)
    context |= {
        "title": _("Close of %(day)s") % {"day": day_text(day)},
        "form": form or (RestartForm() if run.status == CloseRun.Status.FAILED else ReasonForm()),
        "may_run": may(request.user, RUN_CLOSE),
        "may_override": may(request.user, OVERRIDE_FEED),
    }
    return render(request, "riskops_site/jobs/close.html", context, status=422 if form else 200)


@requires(RUN_CLOSE)
@posted_from("jobs")
def start(request: HttpRequest) -> HttpResponse:
    """Close the next day, or every day through the one asked for."""
    form = CloseForm(request.POST, next_day=queries.standing(now=timezone.now()).next_day)
    if not form.is_valid():
        return _jobs(request, close_form=form)
    days = form.cleaned_data
    try:
        run = closes.close_days(
            actor=Actor.of(request.user), through=days["through"], first=days.get("first"), today=timezone.localdate()
        )
    except closes.CloseRefusal as refusal:
        form.refuse(refusal)
        return _jobs(request, close_form=form)
    except (DayAlreadyClosed, DayOutOfOrder) as late:
        # Somebody else closed the day between the look and the click.
        form.add_error(None, str(late))
        return _jobs(request, close_form=form)
    if run.status == CloseRun.Status.WAITING:
        messages.warning(
            request,
            _("The close of %(day)s waits for %(feeds)s.")
            % {"day": day_text(run.business_date), "feeds": ", ".join(run.waiting_for)},
        )
    else:
        messages.success(request, _("The close of %(day)s has started.") % {"day": day_text(run.business_date)})
    return redirect("jobs")


def _acted(request: HttpRequest, day: date, form: RefusableForm, act: Callable[[str], CloseRun], told: str) -> HttpResponse:
    """Do something about a close and show it again, with what was refused beside its field."""
    if not form.is_valid():
        return _close(request, day, form=form)
    try:
        act(form.cleaned_data["reason"])
    except closes.NoSuchClose as refusal:
        raise Http404(str(refusal)) from refusal
    except closes.CloseRefusal as refusal:
        form.refuse(refusal)
        return _close(request, day, form=form)
    messages.success(request, told)
    return redirect("close", day)


@requires(RUN_CLOSE)
@posted_from("close")
def restart(request: HttpRequest, day: date) -> HttpResponse:
    """Have the failed shards of a close tried again."""
    actor = Actor.of(request.user)
    return _acted(
        request,
        day,
        RestartForm(request.POST),
        lambda reason: closes.restart_close(actor=actor, business_date=day, reason=reason),
        _("The close goes on from where it stopped."),
    )


@requires(OVERRIDE_FEED)
@posted_from("close")
def override(request: HttpRequest, day: date) -> HttpResponse:
    """Let a close go on without the feeds it waits for."""
    actor = Actor.of(request.user)
    return _acted(
        request,
        day,
        ReasonForm(request.POST),
        lambda reason: closes.override_feed(actor=actor, business_date=day, reason=reason, now=timezone.now()),
        _("The close goes on without the feed; the day is provisional."),
    )


@requires(PAUSE_CLOSE)
@posted_from("jobs")
def pause(request: HttpRequest) -> HttpResponse:
    """Pause or resume the nightly close, as the form's `paused` says."""
    form = ReasonForm(request.POST)
    is_paused = request.POST.get("paused") == "yes"
    if not form.is_valid():
        return _jobs(request, pause_form=form)
    try:
        closes.set_nightly_pause(actor=Actor.of(request.user), paused=is_paused, reason=form.cleaned_data["reason"])
    except closes.CloseRefusal as refusal:
        form.refuse(refusal)
        return _jobs(request, pause_form=form)
    messages.success(request, _("The nightly close is paused.") if is_paused else _("The nightly close runs again."))
    return redirect("jobs")


@requires(VIEW_JOBS)
def arrivals(request: HttpRequest) -> HttpResponse:
    """Show which feeds came, the newest first."""
    context = {
        "title": _("Feeds that came"),
        "arrivals": queries.arrival_rows(request.GET.get("feed", "")),
        "feed": request.GET.get("feed", ""),
    }
    return render(request, "riskops_site/jobs/arrivals.html", context)


def _day_or_none(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
