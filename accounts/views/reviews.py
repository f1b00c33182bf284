"""The review queue, and one review: taken, written on, handed over, closed."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.models import Review, ReviewFile, ReviewReason
from accounts.operations import attachments
from accounts.operations.refusals import LedgerRefusal
from accounts.operations.review_refusals import NoReviewWaits, ReviewChanged, ReviewOpenAlready
from accounts.operations.reviewing import (
    Findings,
    assign_review,
    may_write_on,
    open_review,
    save_review,
    take_next_review,
    take_review,
)
from accounts.queries import reviews as queries
from accounts.review_forms import AssignForm, FileForm, FindingsForm, GradeForm, OpenReviewForm
from accounts.roles import ASSIGN_REVIEW, OPEN_REVIEW, VIEW_REVIEWS, WORK_REVIEW
from accounts.views.account import load_or_404
from riskops.shared.audit import Actor
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.posting import posted_from
from riskops.shared.roles import OPERATIONS, ROLE_NAMES, requires
from riskops.shared.scope import scope_of

WHOSE_NAMES = {"all": _("everybody's"), "mine": _("mine"), "nobody": _("nobody's")}
FIELD_NAMES = {"outcome": _("Outcome"), "reasons": _("Reason codes"), "note": _("Note")}


def review_or_404(review_id: int, *, user: Any) -> Review:
    """Return a review that the person may see and open.

    :raises ConflictDeclared: they have a conflict with its customer
    """
    review = queries.review_or_none(review_id, scope=scope_of(user))
    if review is None:
        raise Http404(gettext("There is no review %(id)s.") % {"id": review_id})
    refuse_conflict(user, review.customer_id)
    return review


@never_cache
@require_GET
@requires(VIEW_REVIEWS)
def queue(request: HttpRequest) -> HttpResponse:
    """Show a page of reviews."""
    filters = queries.read_queue_filters(request.GET)
    page = queries.queue_page(filters, scope=scope_of(request.user), user=request.user, today=timezone.localdate())
    context = {
        "title": _("Reviews"),
        "page": page,
        "filters": filters,
        "whose": WHOSE_NAMES.items(),
        "sources": Review.Source.choices,
        "outcomes": Review.Outcome.choices,
    }
    htmx: Any = getattr(request, "htmx", False)
    is_partial = htmx and not htmx.boosted and not htmx.history_restore_request
    return render(request, "accounts/reviews/_queue.html" if is_partial else "accounts/reviews/queue.html", context)


@never_cache
@requires(WORK_REVIEW)
@posted_from("accounts:reviews")
def take_next(request: HttpRequest) -> HttpResponse:
    """Take the oldest review that waits for anybody, and open it."""
    try:
        review = take_next_review(actor=Actor.of(request.user), scope=scope_of(request.user))
    except NoReviewWaits as refusal:
        messages.info(request, str(refusal))
        return redirect("accounts:reviews")
    return redirect("accounts:review", review.pk)


@never_cache
@requires(OPEN_REVIEW)
@posted_from("accounts:account")
def open_one(request: HttpRequest, account_no: str) -> HttpResponse:
    """Open a review of an account by hand."""
    loaded = load_or_404(account_no, user=request.user)
    form = OpenReviewForm(request.POST)
    if form.is_valid():
        try:
            review = open_review(
                actor=Actor.of(request.user), account_id=loaded.head.account.pk, purpose=form.cleaned_data["note"]
            )
        except ReviewOpenAlready as refusal:
            messages.info(request, str(refusal))
            return redirect("accounts:review", refusal.review_id)
        except LedgerRefusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, gettext("Review %(id)s is open.") % {"id": review.pk})
            return redirect("accounts:review", review.pk)
    context = {"title": _("Open a review"), "head": loaded.head, "form": form}
    return render(request, "accounts/reviews/open.html", context, status=422)


@never_cache
@require_GET
@requires(VIEW_REVIEWS)
def review(request: HttpRequest, review_id: int) -> HttpResponse:
    """Show one review."""
    return review_shown(request, review_or_404(review_id, user=request.user))


def review_shown(request: HttpRequest, found: Review, *, status: int = 200, **forms: Any) -> HttpResponse:
    page = queries.review_page(found, today=timezone.localdate())
    initial = {"version": found.version, "outcome": found.outcome, "reasons": found.reasons, "note": found.note}
    context = {
        "title": gettext("Review %(id)s") % {"id": found.pk},
        "page": page,
        "review": found,
        "account": found.account,
        "state": getattr(found.account, "state", None),
        "may_write": may_write_on(request.user, found),
        "form": FindingsForm(initial=initial, reasons=page.reasons),
        "assign_form": AssignForm(initial={"assigned_to": found.assigned_to.get_username() if found.assigned_to else ""}),
        "file_form": FileForm(),
        "grade_form": GradeForm(),
        "reviewers": _reviewers() if found.is_open else (),
        **forms,
    }
    return render(request, "accounts/reviews/review.html", context, status=status)


def _reviewers() -> tuple[str, ...]:
    """Return the user names of people who may work on reviews, to offer."""
    roles = [role.value for role in ROLE_NAMES if role in OPERATIONS[WORK_REVIEW].roles]
    people = get_user_model().objects.filter(is_active=True, groups__name__in=roles).order_by("username").distinct()
    return tuple(people.values_list("username", flat=True)[:200])


@never_cache
@requires(WORK_REVIEW)
@posted_from("accounts:review")
def save(request: HttpRequest, review_id: int) -> HttpResponse:
    """Write on a review; with `close` pressed, close it. A stale form comes back with the difference, nothing of it lost."""
    found = review_or_404(review_id, user=request.user)
    reasons = tuple(ReviewReason.objects.order_by("code"))
    form = FindingsForm(request.POST, reasons=reasons)
    closes = "close" in request.POST
    if not form.is_valid():
        return review_shown(request, found, form=form, status=422)
    try:
        saved = save_review(
            actor=Actor.of(request.user),
            review_id=review_id,
            version=form.cleaned_data["version"],
            findings=form.findings(),
            closes=closes,
        )
    except ReviewChanged as refusal:
        return _stale(request, review_or_404(review_id, user=request.user), form.findings(), refusal)
    except LedgerRefusal as refusal:
        form.refuse(refusal)
        return review_shown(request, review_or_404(review_id, user=request.user), form=form, status=422)
    if closes:
        messages.success(
            request,
            gettext("Review %(id)s is closed: %(outcome)s.") % {"id": review_id, "outcome": saved.get_outcome_display()},
        )
        return redirect("accounts:reviews")
    messages.success(request, gettext("Saved."))
    return redirect("accounts:review", review_id)


def _stale(request: HttpRequest, found: Review, yours: Findings, refusal: ReviewChanged) -> HttpResponse:
    """Show yours in the form, made for the present version, with theirs beside it."""
    page_reasons = tuple(ReviewReason.objects.order_by("code"))
    names = {reason.code: str(reason) for reason in page_reasons}

    def words(name: str, value: Any) -> str:
        if name == "reasons":
            return ", ".join(names.get(code, code) for code in value)
        return str(dict(Review.Outcome.choices).get(value, value)) if name == "outcome" else value

    initial = {"version": found.version, "outcome": yours.outcome, "reasons": list(yours.reasons), "note": yours.note}
    difference = [
        (FIELD_NAMES[name], words(name, mine), words(name, theirs)) for name, (mine, theirs) in refusal.differences.items()
    ]
    form = FindingsForm(initial=initial, reasons=page_reasons)
    return review_shown(request, found, form=form, stale=str(refusal), difference=difference, status=409)


@never_cache
@requires(WORK_REVIEW)
@posted_from("accounts:review")
def take(request: HttpRequest, review_id: int) -> HttpResponse:
    """Take a review of nobody."""
    review_or_404(review_id, user=request.user)
    try:
        take_review(actor=Actor.of(request.user), review_id=review_id)
    except LedgerRefusal as refusal:
        messages.error(request, str(refusal))
    return redirect("accounts:review", review_id)


@never_cache
@requires(ASSIGN_REVIEW)
@posted_from("accounts:review")
def assign(request: HttpRequest, review_id: int) -> HttpResponse:
    """Hand a review to somebody."""
    found = review_or_404(review_id, user=request.user)
    form = AssignForm(request.POST)
    if form.is_valid():
        username = form.cleaned_data["assigned_to"].strip()
        try:
            assign_review(actor=Actor.of(request.user), review_id=review_id, username=username)
        except LedgerRefusal as refusal:
            form.refuse(refusal)
        else:
            said = gettext("Assigned to %(who)s.") % {"who": username} if username else gettext("Put back for anybody to take.")
            messages.success(request, said)
            return redirect("accounts:review", review_id)
    return review_shown(request, found, assign_form=form, status=422)


@never_cache
@requires(WORK_REVIEW)
@posted_from("accounts:review")
def add_file(request: HttpRequest, review_id: int) -> HttpResponse:
    """Keep a file with a review."""
    found = review_or_404(review_id, user=request.user)
    form = FileForm(request.POST, request.FILES)
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            kept = attachments.add_file(
                actor=Actor.of(request.user), review_id=review_id, name=file.name, chunks=file.chunks(), size_bytes=file.size
            )
        except LedgerRefusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, gettext("File %(name)s is kept.") % {"name": kept.name})
            return redirect(reverse("accounts:review", args=[review_id]) + "#files")
    return review_shown(request, found, file_form=form, status=422)


def file_or_404(file_id: int, *, user: Any) -> ReviewFile:
    """Return a file of a review that the person may open."""
    kept = ReviewFile.objects.filter(pk=file_id).first()
    if kept is None:
        raise Http404(gettext("There is no file %(id)s.") % {"id": file_id})
    review_or_404(kept.review_id, user=user)
    return kept


def download(kept: Any) -> HttpResponseBase:
    """Return a kept file (a row with `stored_as`, `name`, `content_type`) as a download that runs nowhere: not guessed at, not
    framed, not kept.
    """
    try:
        handle = attachments.open_file(kept)
    except FileNotFoundError:
        raise Http404(
            gettext("The bytes of file %(id)s are not under var/; restore them from the backup.") % {"id": kept.pk}
        ) from None
    answer = FileResponse(handle, as_attachment=True, filename=kept.name, content_type=kept.content_type)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox; frame-ancestors 'none'"
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    answer.headers["Cache-Control"] = "no-store, private"
    return answer


@never_cache
@require_GET
@requires(VIEW_REVIEWS)
def file(request: HttpRequest, file_id: int) -> HttpResponseBase:
    """Hand a file out to somebody who may see its review."""
    return download(file_or_404(file_id, user=request.user))
