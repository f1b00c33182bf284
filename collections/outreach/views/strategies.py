"""Collection strategies: the versions, one of them with its ladder and its results, drafting, dry run, approval."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from casework.policies import tiers_shown
from outreach import forms
from outreach.contact_names import PURPOSE_NAMES
from outreach.ladder_wording import ACT_NAMES, ANCHOR_NAMES
from outreach.models import MessageTemplate, Strategy
from outreach.models.versions import Version
from outreach.models.wishes import CHANNEL_NAMES
from outreach.operations.refusals import OutreachRefusal
from outreach.operations.strategies import STRATEGIES, try_strategy
from outreach.operations.strategy_refusals import LadderMalformed, LadderProblem
from outreach.operations.version_refusals import NotDraft, VersionStale
from outreach.operations.versions import change_draft, draft_next
from outreach.queries.ladder_drawing import drawing_of
from outreach.queries.strategy_pages import strategy_page, strategy_rows
from outreach.roles import DRAFT_STRATEGY, VIEW_STRATEGY
from outreach.rules.contacts import ELECTRONIC
from outreach.rules.ladders import PRIORITIES
from outreach.strategies import ladder_of
from outreach.strategy_forms import HeadForm, StrategyForm, read_steps, rearranged, typed_steps
from outreach.views.versions import steps_of, version_or_404
from riskops.shared.audit import Actor
from riskops.shared.operations import VIEW_AUDIT
from riskops.shared.posting import posted_from
from riskops.shared.roles import may, requires
from riskops.shared.wording import day_text, duration_text, number_text

PAGE = "outreach:strategy"


@never_cache
@require_GET
@requires(VIEW_STRATEGY)
def strategies(request: HttpRequest) -> HttpResponse:
    """Show every strategy with its versions."""
    return _list(request)


def _list(request: HttpRequest, *, form: StrategyForm | None = None, status: int = 200) -> HttpResponse:
    found = strategy_rows(timezone.localdate())
    context = {
        "title": _("Collection strategy"),
        "strategies": found,
        "form": form or StrategyForm(codes=[row.code for row in found if row.live is not None]),
        "is_typed": form is not None,
    }
    return render(request, "outreach/strategies.html", context, status=status)


@never_cache
@require_GET
@requires(VIEW_STRATEGY)
def strategy(request: HttpRequest, key: str, version: int) -> HttpResponse:
    """Show one version: its ladder, what came of it, its dry run, and what can be done next."""
    return _page(request, version_or_404(STRATEGIES, key, version))


def _page(request: HttpRequest, row: Strategy, *, status: int = 200, **typed: forms.OutreachForm) -> HttpResponse:
    today = timezone.localdate()
    context = {
        "title": _("Strategy %(strategy)s") % {"strategy": row},
        "page": strategy_page(row, today, with_audit=may(request.user, VIEW_AUDIT)),
        "is_own": request.user.pk in {row.drafted_by_id, *row.editors},
        "has_begun": row.live_from is not None and row.live_from <= today,
        "proposal": forms.ProposalForm(initial={"live_from": today + timedelta(days=1)}),
        "reason": forms.ReasonForm(),
        **typed,
    }
    return render(request, "outreach/strategy.html", context, status=status)


@never_cache
@requires(DRAFT_STRATEGY)
@posted_from("outreach:strategies", takes=())
def draft(request: HttpRequest, key: str) -> HttpResponse:
    """Begin the next version of a strategy."""
    try:
        made = draft_next(STRATEGIES, actor=Actor.of(request.user), copy_of=key)
    except OutreachRefusal as refusal:
        messages.error(request, str(refusal))
        return _list(request, status=refusal.status)
    return redirect("outreach:strategy_edit", made.code, made.version)


@never_cache
@requires(DRAFT_STRATEGY)
@posted_from("outreach:strategies")
def new_strategy(request: HttpRequest) -> HttpResponse:
    """Begin a strategy as a copy of another one."""
    codes = [row.code for row in strategy_rows(timezone.localdate()) if row.live is not None]
    form = StrategyForm(request.POST, codes=codes)
    if form.is_valid():
        values = form.cleaned_data
        try:
            made = draft_next(STRATEGIES, actor=Actor.of(request.user), copy_of=values["copy_of"], key=values["code"].strip())
        except OutreachRefusal as refusal:
            form.refuse(refusal)
        else:
            return redirect("outreach:strategy_edit", made.code, made.version)
    return _list(request, form=form, status=422)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(DRAFT_STRATEGY)
def edit(request: HttpRequest, key: str, version: int) -> HttpResponse:
    """Change a draft. Buttons beside a step change the list and write nothing; Save writes all of it."""
    row: Strategy = version_or_404(STRATEGIES, key, version)
    if row.status != Strategy.Status.DRAFT:
        messages.error(request, str(NotDraft(str(row), row.get_status_display())))
        return redirect(PAGE, key, version)
    if request.method == "GET":
        return _editor(request, row, HeadForm.of(row), row.steps)
    steps, head = read_steps(request.POST), HeadForm(request.POST)
    moved = rearranged(steps, request.POST.get("press", ""))
    if moved is not None:
        return _editor(request, row, HeadForm(initial=request.POST.dict()), moved)
    if not head.is_valid():
        return _editor(request, row, head, steps, status=422)
    values = {**head.cleaned_data, "steps": steps}
    revision = values.pop("revision")
    about: dict[str, Any] = {"key": key, "version": version, "revision": revision, "values": values}
    try:
        change_draft(STRATEGIES, actor=Actor.of(request.user), **about)
    except LadderMalformed as malformed:
        for problem in malformed.problems:
            if problem.step is None:
                head.add_error(None, problem.message)
        return _editor(request, row, head, steps, problems=malformed.problems, status=422)
    except OutreachRefusal as refusal:
        head.refuse(refusal)
        return _editor(request, row, head, steps, status=409 if isinstance(refusal, VersionStale) else 422)
    messages.success(request, gettext("%(strategy)s is saved; run it dry to see what it would send.") % {"strategy": row})
    return redirect(PAGE, key, version)


def _editor(
    request: HttpRequest,
    row: Strategy,
    head: HeadForm,
    steps: list[dict[str, Any]],
    *,
    problems: tuple[LadderProblem, ...] = (),
    status: int = 200,
) -> HttpResponse:
    templates = MessageTemplate.objects.filter(status=Version.Status.APPROVED).order_by("channel", "code", "version")
    known = {f"{channel}:{code}": code for channel, code in templates.values_list("channel", "code")}
    # What a draft names stays in its lists, though it is not approved: it is refused by name when it is saved.
    named = {f"{way['channel']}:{way['template']}": way["template"] for step in steps for way in step["ways"]}
    ways = sorted({**named, **known}.items())
    context = {
        "title": _("Edit %(strategy)s") % {"strategy": row},
        "strategy": row,
        "head": head,
        "steps": typed_steps(steps, problems),
        "has_problems": bool(problems),
        "drawing": drawing_of(ladder_of(row).steps, {}, timezone.localdate()),
        "anchors": [(str(anchor), name) for anchor, name in ANCHOR_NAMES.items()],
        "acts": [(str(act), name) for act, name in ACT_NAMES.items()],
        "purposes": [(str(purpose), PURPOSE_NAMES[purpose]) for purpose in PRIORITIES],
        "channels": [
            (CHANNEL_NAMES[channel], [(value, code) for value, code in ways if value.startswith(f"{channel}:")])
            for channel in sorted(ELECTRONIC)
        ],
        "tiers": tiers_shown(timezone.localdate()),
    }
    return render(request, "outreach/strategy_edit.html", context, status=status)


@never_cache
@requires(DRAFT_STRATEGY)
@posted_from(PAGE)
def dry_run(request: HttpRequest, key: str, version: int) -> HttpResponse:
    """Try a version on the book of the last closed day."""
    row = version_or_404(STRATEGIES, key, version)
    try:
        found = try_strategy(actor=Actor.of(request.user), key=key, version=version, now=timezone.now())
    except OutreachRefusal as refusal:
        messages.error(request, str(refusal))
        return _page(request, row, status=refusal.status)
    messages.success(
        request,
        gettext("Tried on the book of %(day)s in %(time)s: %(messages)s messages in 30 days.")
        % {
            "day": day_text(found.as_of),
            "time": duration_text(found.took_ms / 1_000),
            "messages": number_text(found.messages),
        },
    )
    return redirect(PAGE, key, version)


def _waits(row: Version) -> str:
    return gettext("%(strategy)s waits for the approval of compliance or of another manager.") % {"strategy": row}


def _holds(row: Version) -> str:
    day = day_text(row.live_from) if row.live_from else ""
    return gettext("%(strategy)s is approved: messages are planned by it from %(day)s on.") % {"strategy": row, "day": day}


STEPS = steps_of(STRATEGIES, page=PAGE, show=_page, waits=_waits, holds=_holds)
