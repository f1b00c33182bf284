"""Outreach → Education: what customers read on their own page, in versions."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from outreach import forms
from outreach.education_forms import ArticleForm, NewArticleForm
from outreach.models import EducationArticle
from outreach.models.versions import Version
from outreach.operations.education import ARTICLES
from outreach.operations.refusals import OutreachRefusal
from outreach.operations.version_refusals import NotDraft, VersionStale
from outreach.operations.versions import change_draft, draft_next
from outreach.queries.version_lists import compared, key_rows
from outreach.roles import DRAFT_EDUCATION, VIEW_EDUCATION
from outreach.views.versions import steps_of, version_or_404
from riskops.shared.audit import Actor
from riskops.shared.operations import VIEW_AUDIT
from riskops.shared.posting import posted_from
from riskops.shared.roles import may, requires
from riskops.shared.wording import day_text

PAGE = "outreach:article"


@never_cache
@require_GET
@requires(VIEW_EDUCATION)
def articles(request: HttpRequest) -> HttpResponse:
    """Show every article."""
    return _list(request)


def _list(request: HttpRequest, *, status: int = 200) -> HttpResponse:
    context = {"title": _("Education"), "rows": key_rows(ARTICLES, timezone.localdate())}
    return render(request, "outreach/education/articles.html", context, status=status)


@never_cache
@require_GET
@requires(VIEW_EDUCATION)
def article(request: HttpRequest, key: str, version: int) -> HttpResponse:
    """Show one version beside the one that holds, and what can be done next."""
    return _page(request, version_or_404(ARTICLES, key, version))


def _page(request: HttpRequest, row: EducationArticle, *, status: int = 200, **typed: forms.OutreachForm) -> HttpResponse:
    today = timezone.localdate()
    context = {
        "title": row.name,
        "page": compared(ARTICLES, row, today, with_audit=may(request.user, VIEW_AUDIT)),
        "is_own": request.user.pk in {row.drafted_by_id, *row.editors},
        "has_begun": row.live_from is not None and row.live_from <= today,
        "proposal": forms.ProposalForm(initial={"live_from": today}),
        "reason": forms.ReasonForm(),
        **typed,
    }
    return render(request, "outreach/education/article.html", context, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(DRAFT_EDUCATION)
def new(request: HttpRequest) -> HttpResponse:
    """Begin an article."""
    if request.method == "GET":
        return _editor(request, None, NewArticleForm())
    form = NewArticleForm(request.POST)
    if form.is_valid():
        values = {name: form.cleaned_data[name] for name in EducationArticle.SAID if name != "note"}
        about: dict[str, Any] = {"key": form.cleaned_data["code"].strip(), "note": form.cleaned_data["note"], "values": values}
        try:
            made = draft_next(ARTICLES, actor=Actor.of(request.user), copy_of="", **about)
        except OutreachRefusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(
                request, gettext("%(version)s is saved; propose it, and somebody else approves it.") % {"version": made}
            )
            return redirect(PAGE, made.key, made.version)
    return _editor(request, None, form, status=422)


@never_cache
@requires(DRAFT_EDUCATION)
@posted_from("outreach:articles", takes=())
def draft(request: HttpRequest, key: str) -> HttpResponse:
    """Begin the next version of an article."""
    try:
        made = draft_next(ARTICLES, actor=Actor.of(request.user), copy_of=key)
    except OutreachRefusal as refusal:
        messages.error(request, str(refusal))
        return _list(request, status=refusal.status)
    return redirect("outreach:article_edit", made.key, made.version)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(DRAFT_EDUCATION)
def edit(request: HttpRequest, key: str, version: int) -> HttpResponse:
    """Change a draft."""
    row = version_or_404(ARTICLES, key, version)
    if row.status != Version.Status.DRAFT:
        messages.error(request, str(NotDraft(str(row), row.get_status_display())))
        return redirect(PAGE, key, version)
    if request.method == "GET":
        return _editor(request, row, ArticleForm(initial={**row.said(), "revision": row.revision}))
    form = ArticleForm(request.POST)
    if not form.is_valid():
        return _editor(request, row, form, status=422)
    values = {name: form.cleaned_data[name] for name in EducationArticle.SAID}
    about: dict[str, Any] = {"key": key, "version": version, "revision": form.cleaned_data["revision"] or 0, "values": values}
    try:
        change_draft(ARTICLES, actor=Actor.of(request.user), **about)
    except OutreachRefusal as refusal:
        form.refuse(refusal)
        return _editor(request, row, form, status=409 if isinstance(refusal, VersionStale) else 422)
    messages.success(request, gettext("%(version)s is saved; propose it, and somebody else approves it.") % {"version": row})
    return redirect(PAGE, key, version)


def _editor(request: HttpRequest, row: EducationArticle | None, form: ArticleForm, *, status: int = 200) -> HttpResponse:
    title = _("Edit %(version)s") % {"version": row} if row else _("New article")
    return render(request, "outreach/education/edit.html", {"title": title, "row": row, "form": form}, status=status)


def _waits(row: Version) -> str:
    return gettext("%(version)s waits for a second person.") % {"version": row}


def _holds(row: Version) -> str:
    day = day_text(row.live_from) if row.live_from else ""
    return gettext("%(version)s is approved: customers read it from %(day)s on.") % {"version": row, "day": day}


STEPS = steps_of(ARTICLES, page=PAGE, show=_page, waits=_waits, holds=_holds)
