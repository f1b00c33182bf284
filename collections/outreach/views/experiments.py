"""Outreach → Experiments: all of them, one with its results, drafting, approval, its end. A step is one operation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from outreach import forms
from outreach.experiment_forms import CalculatorForm, ConcludeForm, ExperimentForm, PromoteForm
from outreach.models import Experiment
from outreach.models.versions import Version
from outreach.operations.concluding import promote_arm, stop_experiment
from outreach.operations.experiments import EXPERIMENTS, try_experiment
from outreach.operations.refusals import OutreachRefusal
from outreach.operations.version_refusals import NotDraft, VersionStale
from outreach.operations.versions import change_draft, draft_next
from outreach.queries.calculator import calculate
from outreach.queries.experiment_pages import experiment_page, experiment_rows, is_in_sight, strategy_codes
from outreach.roles import CONCLUDE_EXPERIMENT, DRAFT_EXPERIMENT, VIEW_EXPERIMENT
from outreach.views.versions import steps_of, version_or_404
from riskops.shared.audit import Actor
from riskops.shared.day import book_shown
from riskops.shared.operations import VIEW_AUDIT
from riskops.shared.posting import posted_from
from riskops.shared.roles import may, requires
from riskops.shared.scope import scope_of
from riskops.shared.wording import day_text

PAGE = "outreach:experiment"
View = Callable[..., HttpResponse]


def of_products_in_sight(view: Any) -> Any:
    """Let a view take experiments only on products that the person may see; of all others there is none."""

    @wraps(view)
    def guarded(request: HttpRequest, key: str, version: int) -> HttpResponse:
        row = EXPERIMENTS.of(key).filter(version=version).first()
        # Whoever may not do it at all is told so by the view.
        if row is not None and may(request.user, view.operation) and not is_in_sight(row, scope_of(request.user)):
            raise Http404
        return view(request, key=key, version=version)

    return guarded


@never_cache
@require_GET
@requires(VIEW_EXPERIMENT)
def experiments(request: HttpRequest) -> HttpResponse:
    """Show every experiment in sight."""
    return _list(request)


def _list(request: HttpRequest, *, status: int = 200) -> HttpResponse:
    rows = experiment_rows(scope_of(request.user), timezone.localdate())
    return render(request, "outreach/experiments.html", {"title": _("Experiments"), "rows": rows}, status=status)


@of_products_in_sight
@never_cache
@require_GET
@requires(VIEW_EXPERIMENT)
def experiment(request: HttpRequest, key: str, version: int) -> HttpResponse:
    """Show one experiment: its arms, its results, and what can be done next."""
    return _page(request, version_or_404(EXPERIMENTS, key, version))


def _page(request: HttpRequest, row: Experiment, *, status: int = 200, **typed: Any) -> HttpResponse:
    today = timezone.localdate()
    context = {
        "title": _("Experiment %(experiment)s") % {"experiment": row},
        "page": experiment_page(row, as_of=book_shown().business_date, today=today, with_audit=may(request.user, VIEW_AUDIT)),
        "is_own": request.user.pk in {row.drafted_by_id, *row.editors},
        "proposal": forms.ProposalForm(initial={"live_from": today + timedelta(days=1)}),
        "reason": forms.ReasonForm(),
        "conclude": ConcludeForm(),
        **typed,
    }
    return render(request, "outreach/experiment.html", context, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(DRAFT_EXPERIMENT)
def new(request: HttpRequest) -> HttpResponse:
    """Draft an experiment."""
    about: dict[str, Any] = {"is_new": True, "strategies": strategy_codes()}
    if request.method == "GET":
        # The champion is what is done now: the site's own strategy, unless somebody says otherwise.
        initial = {
            "measure": "paid_14",
            "duration_days": 30,
            "arm_strategy_0": settings.COLLECTION_STRATEGY,
            "arm_percent_0": "50",
            "arm_percent_1": "50",
        }
        return _editor(request, None, ExperimentForm(initial=initial, **about))
    form = ExperimentForm(request.POST, **about)
    if form.is_valid():
        code = form.cleaned_data["code"].strip()
        try:
            row = draft_next(EXPERIMENTS, actor=Actor.of(request.user), copy_of="", key=code, values=form.said())
        except OutreachRefusal as refusal:
            form.refuse(refusal)
        else:
            return redirect(PAGE, row.code, row.version)
    return _editor(request, None, form, status=422)


@never_cache
@requires(DRAFT_EXPERIMENT)
@posted_from("outreach:experiments", takes=())
def draft(request: HttpRequest, key: str) -> HttpResponse:
    """Begin another run of an experiment."""
    try:
        row = draft_next(EXPERIMENTS, actor=Actor.of(request.user), copy_of=key)
    except OutreachRefusal as refusal:
        messages.error(request, str(refusal))
        return _list(request, status=refusal.status)
    return redirect("outreach:experiment_edit", row.code, row.version)


@of_products_in_sight
@never_cache
@require_http_methods(["GET", "POST"])
@requires(DRAFT_EXPERIMENT)
def edit(request: HttpRequest, key: str, version: int) -> HttpResponse:
    """Change a draft."""
    row = version_or_404(EXPERIMENTS, key, version)
    if row.status != Experiment.Status.DRAFT:
        messages.error(request, str(NotDraft(str(row), row.get_status_display())))
        return redirect(PAGE, key, version)
    about: dict[str, Any] = {"is_new": False, "strategies": strategy_codes()}
    if request.method == "GET":
        return _editor(request, row, ExperimentForm(initial=ExperimentForm.initial_of(row), **about))
    form = ExperimentForm(request.POST, **about)
    if not form.is_valid():
        return _editor(request, row, form, status=422)
    revision = form.cleaned_data["revision"] or 0
    to: dict[str, Any] = {"key": key, "version": version, "revision": revision, "values": form.said()}
    try:
        change_draft(EXPERIMENTS, actor=Actor.of(request.user), **to)
    except OutreachRefusal as refusal:
        form.refuse(refusal)
        return _editor(request, row, form, status=409 if isinstance(refusal, VersionStale) else 422)
    messages.success(request, gettext("%(experiment)s is saved; run it dry, then propose it.") % {"experiment": row})
    return redirect(PAGE, key, version)


def _editor(request: HttpRequest, row: Experiment | None, form: ExperimentForm, *, status: int = 200) -> HttpResponse:
    title = _("Edit %(policy)s") % {"policy": row} if row else _("New experiment")
    context = {
        "title": title,
        "experiment": row,
        "form": form,
        "calculator": CalculatorForm(),
        "most_silent": settings.EXPERIMENT_CONTROL_MAX_PERCENT,
    }
    return render(request, "outreach/experiment_edit.html", context, status=status)


@never_cache
@require_GET
@requires(VIEW_EXPERIMENT)
def calculator(request: HttpRequest) -> HttpResponse:
    """Answer beside the editor how many customers an experiment takes, and on how many days; no page of its own."""
    if not getattr(request, "htmx", False):
        return redirect("outreach:experiments")
    form = CalculatorForm(request.GET)
    answer = None
    if form.is_valid():
        values = form.cleaned_data
        answer = calculate(form.question(), at_once=values["at_once"], a_day=values["a_day"], size=values["size"])
    return render(request, "outreach/_calculator.html", {"answer": answer, "problems": forms.refused(form)})


def _step(request: HttpRequest, key: str, version: int, act: Callable[[Experiment], str]) -> HttpResponse:
    """Do one thing and go back to the experiment; what was refused is said above it, and nothing is changed."""
    row = version_or_404(EXPERIMENTS, key, version)
    try:
        messages.success(request, act(row))
    except OutreachRefusal as refusal:
        messages.error(request, str(refusal))
        return _page(request, row, status=refusal.status)
    return redirect(PAGE, key, version)


@of_products_in_sight
@never_cache
@requires(DRAFT_EXPERIMENT)
@posted_from(PAGE)
def try_draft(request: HttpRequest, key: str, version: int) -> HttpResponse:
    """Count on the present book who would take part."""

    def act(row: Experiment) -> str:
        try_experiment(actor=Actor.of(request.user), key=key, version=version, revision=row.revision)
        return gettext("%(experiment)s was tried on the book.") % {"experiment": row}

    return _step(request, key, version, act)


@of_products_in_sight
@never_cache
@requires(CONCLUDE_EXPERIMENT)
@posted_from(PAGE)
def promote(request: HttpRequest, key: str, version: int) -> HttpResponse:
    """Stop an experiment in favour of a challenger."""
    form = PromoteForm(request.POST)

    def act(row: Experiment) -> str:
        arm = form["arm"].value() or ""
        about: dict[str, Any] = {"key": key, "version": version, "arm": arm, "reason": form["reason"].value() or ""}
        promote_arm(actor=Actor.of(request.user), today=timezone.localdate(), **about)
        return gettext("%(experiment)s is stopped and %(arm)s promoted: the drafts of its strategies wait to be proposed.") % {
            "experiment": row,
            "arm": arm,
        }

    return _step(request, key, version, act)


@of_products_in_sight
@never_cache
@requires(CONCLUDE_EXPERIMENT)
@posted_from(PAGE)
def stop(request: HttpRequest, key: str, version: int) -> HttpResponse:
    """Stop an experiment; all stays as it was."""
    form = ConcludeForm(request.POST)

    def act(row: Experiment) -> str:
        reason = form["reason"].value() or ""
        stop_experiment(actor=Actor.of(request.user), key=key, version=version, reason=reason, today=timezone.localdate())
        return gettext("%(experiment)s is stopped.") % {"experiment": row}

    return _step(request, key, version, act)


def _waits(row: Version) -> str:
    return gettext("%(experiment)s waits for approval by compliance or another manager.") % {"experiment": row}


def _holds(row: Version) -> str:
    day = day_text(row.live_from) if row.live_from else ""
    return gettext("%(experiment)s is approved: the close of %(day)s takes the first customers in.") % {
        "experiment": row,
        "day": day,
    }


_STEPS = steps_of(EXPERIMENTS, page=PAGE, show=_page, waits=_waits, holds=_holds)
propose = of_products_in_sight(_STEPS.propose)
approve = of_products_in_sight(_STEPS.approve)
send_back = of_products_in_sight(_STEPS.send_back)
drop = of_products_in_sight(_STEPS.drop)
withdraw = of_products_in_sight(_STEPS.withdraw)
