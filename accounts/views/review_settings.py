"""Sweeps, the quality of reviews, and the explanation of a decision."""

from __future__ import annotations

import secrets
from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import Decision, ReviewSweep
from accounts.operations.explaining import decision_explanation, explain_decision
from accounts.operations.refusals import LedgerRefusal
from accounts.operations.review_sampling import draw_sample, grade_review
from accounts.operations.review_sweeps import SweepSettings, measured, run_sweep, save_sweep
from accounts.operations.reviewing import business_day
from accounts.queries.review_quality import quality_page
from accounts.review_forms import GradeForm, RefusingForm, SampleForm, SweepForm
from accounts.roles import DRAW_SAMPLE, EDIT_SWEEP, EXPLAIN_DECISION, GRADE_REVIEW, VIEW_DECISIONS, VIEW_REVIEWS
from accounts.views.account import asked_day, load_or_404
from accounts.views.reviews import review_or_404, review_shown
from riskops.shared.audit import Actor
from riskops.shared.posting import posted_from
from riskops.shared.roles import requires
from riskops.shared.scope import scope_of

#: Days of closed reviews that the quality page shows unless told.
QUALITY_DAYS = 90


# Sweeps -----------------------------------------------------------------------------------------------------------


@never_cache
@require_GET
@requires(VIEW_REVIEWS)
def sweeps(request: HttpRequest) -> HttpResponse:
    """Show the sweeps."""
    seen = scope_of(request.user)
    # What a run opened is of all that it looks through.
    found = [(sweep, seen.covers(sweep.scope)) for sweep in ReviewSweep.objects.order_by("code")]
    context = {"title": _("Review sweeps"), "sweeps": found}
    return render(request, "accounts/reviews/sweeps.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(EDIT_SWEEP)
def sweep(request: HttpRequest, sweep_id: int = 0) -> HttpResponse:
    """Set up a sweep, or change one; `preview` measures the rule on the present book and changes nothing."""
    found = ReviewSweep.objects.filter(pk=sweep_id).first() if sweep_id else None
    if sweep_id and found is None:
        raise Http404(gettext("There is no sweep %(id)s.") % {"id": sweep_id})
    if request.method == "GET":
        return _sweep_shown(request, found, SweepForm.of(found) if found else SweepForm())
    data = request.POST.copy()
    if found:
        data["code"] = found.code
    form = SweepForm(data)
    if not form.is_valid():
        return _sweep_shown(request, found, form, status=422)
    values = dict(form.cleaned_data)
    version = values.pop("version")
    settings = SweepSettings(**values)
    try:
        if "preview" in request.POST:
            seen = scope_of(request.user)
            scope = found.scope if found and seen.covers(found.scope) else seen
            return _sweep_shown(request, found, form, cost=measured(settings.rule, day=business_day(), scope=scope))
        saved = save_sweep(actor=Actor.of(request.user), settings=settings, sweep_id=found.pk if found else None, version=version)
    except LedgerRefusal as refusal:
        form.refuse(refusal)
        return _sweep_shown(request, found, form, status=422)
    messages.success(request, gettext("Sweep %(name)s is saved.") % {"name": saved.name})
    return redirect("accounts:review_sweeps")


def _sweep_shown(
    request: HttpRequest, found: ReviewSweep | None, form: SweepForm, *, status: int = 200, **more: Any
) -> HttpResponse:
    context = {
        "title": found.name if found else _("New sweep"),
        "sweep": found,
        "products": found.products if found else scope_of(request.user).as_kept(),
        "form": form,
        **more,
    }
    return render(request, "accounts/reviews/sweep.html", context, status=status)


@never_cache
@requires(EDIT_SWEEP)
@posted_from("accounts:review_sweeps", takes=())
def sweep_run(request: HttpRequest, sweep_id: int) -> HttpResponse:
    """Run an active sweep now, as of the last closed day."""
    try:
        opened = run_sweep(actor=Actor.of(request.user), sweep_id=sweep_id, day=business_day())
    except LedgerRefusal as refusal:
        messages.error(request, str(refusal))
    else:
        said = ngettext("%(n)s review was opened.", "%(n)s reviews were opened.", opened) % {"n": opened}
        messages.success(request, said)
    return redirect("accounts:review_sweeps")


# Quality ----------------------------------------------------------------------------------------------------------


@never_cache
@require_GET
@requires(VIEW_REVIEWS)
def quality(request: HttpRequest) -> HttpResponse:
    """Show the quality of closed reviews by reviewer: `from` and `to` in the query, by default the last ninety days."""
    return _quality_shown(request)


def _quality_shown(request: HttpRequest, *, form: SampleForm | None = None, status: int = 200) -> HttpResponse:
    last = asked_day(request.GET.get("to", "")) or business_day()
    first = asked_day(request.GET.get("from", "")) or last - timedelta(days=QUALITY_DAYS)
    page = quality_page(scope=scope_of(request.user), user=request.user, closed_from=min(first, last), closed_to=last)
    month_start = last.replace(day=1)
    initial = {"closed_from": month_start, "closed_to": last, "percent": 10, "seed": secrets.token_hex(4)}
    context = {"title": _("Quality of reviews"), "page": page, "form": form or SampleForm(initial=initial)}
    return render(request, "accounts/reviews/quality.html", context, status=status)


def read_shares(text: str) -> dict[str, int]:
    """Return percent by user name of `lin=20, wang=50`.

    :raises ValueError: a part that cannot be read
    """
    shares = {}
    for part in filter(None, (piece.strip() for piece in text.replace("，", ",").split(","))):
        name, equals, percent = part.partition("=")
        if not equals:
            raise ValueError(part)
        shares[name.strip()] = int(percent)
    return shares


@never_cache
@requires(DRAW_SAMPLE)
@posted_from("accounts:review_quality", takes=())
def draw(request: HttpRequest) -> HttpResponse:
    """Draw a sample."""
    form = SampleForm(request.POST)
    if form.is_valid():
        values = dict(form.cleaned_data)
        try:
            values["shares"] = read_shares(values["shares"])
            sample = draw_sample(actor=Actor.of(request.user), **values)
        except ValueError as unread:
            form.add_error("shares", gettext("“%(part)s” is not a user name=percent.") % {"part": unread})
        except LedgerRefusal as refusal:
            form.refuse(refusal)
        else:
            taken = sample.grades.count()
            said = ngettext("%(n)s review is to be graded.", "%(n)s reviews are to be graded.", taken) % {"n": taken}
            messages.success(request, said)
            return redirect("accounts:review_quality")
    return _quality_shown(request, form=form, status=422)


@never_cache
@requires(GRADE_REVIEW)
@posted_from("accounts:review")
def grade(request: HttpRequest, review_id: int) -> HttpResponse:
    """Grade a sampled review."""
    found = review_or_404(review_id, user=request.user)
    form = GradeForm(request.POST)
    if form.is_valid():
        try:
            grade_review(actor=Actor.of(request.user), review_id=review_id, **form.cleaned_data)
        except LedgerRefusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, gettext("Review %(id)s is graded.") % {"id": review_id})
            return redirect("accounts:review_quality")
    return review_shown(request, found, grade_form=form, status=422)


# Explanation of a decision ----------------------------------------------------------------------------------------


class ExplainedForm(RefusingForm):
    """That it was explained, and how."""

    requested_on = forms.DateField(label=_("Asked on"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    reason = forms.CharField(
        label=_("How it was explained"),
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("by phone, letter, app; what the customer said"),
    )


def decision_or_404(account_no: str, reference: str, *, user: Any) -> Decision:
    """Return a decision on an account that the person may open."""
    loaded = load_or_404(account_no, user=user)
    rows = Decision.objects.select_related("account__product", "account__customer", "reason")
    found = rows.filter(account_id=loaded.head.account.pk, reference=reference).first()
    if found is None:
        raise Http404(gettext("Account %(account)s has no decision %(number)s.") % {"account": account_no, "number": reference})
    return found


def _explanation_shown(
    request: HttpRequest, decision: Decision, *, form: ExplainedForm | None = None, status: int = 200
) -> HttpResponse:
    today: date = timezone.localdate()
    context = {
        "title": _("Decision explained"),
        "explanation": decision_explanation(decision),
        "decision": decision,
        "form": form or ExplainedForm(initial={"requested_on": today}),
    }
    return render(request, "accounts/reviews/explanation.html", context, status=status)


@never_cache
@require_GET
@requires(VIEW_DECISIONS)
def explanation(request: HttpRequest, account_no: str, decision_no: str) -> HttpResponse:
    """Show what the customer may be told of a decision."""
    return _explanation_shown(request, decision_or_404(account_no, decision_no, user=request.user))


@never_cache
@requires(EXPLAIN_DECISION)
@posted_from("accounts:decision_explanation")
def explained(request: HttpRequest, account_no: str, decision_no: str) -> HttpResponse:
    """Record that the decision was explained to the customer."""
    decision = decision_or_404(account_no, decision_no, user=request.user)
    form = ExplainedForm(request.POST)
    if form.is_valid():
        try:
            explain_decision(
                actor=Actor.of(request.user),
                decision=decision,
                requested_on=form.cleaned_data["requested_on"],
                how=form.cleaned_data["reason"],
            )
        except LedgerRefusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, gettext("Recorded: the decision was explained."))
            return redirect("accounts:decision_explanation", account_no, decision_no)
    return _explanation_shown(request, decision, form=form, status=422)
