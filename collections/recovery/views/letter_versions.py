"""Letter templates and the figures of letters and legal stages, in versions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from outreach.forms import OutreachForm, ProposalForm, ReasonForm
from outreach.models.versions import Version
from outreach.operations.refusals import OutreachRefusal
from outreach.operations.version_refusals import NotDraft, VersionStale
from outreach.operations.versions import Kind, change_draft, draft_next
from outreach.queries.version_lists import compared, key_rows
from outreach.views.versions import steps_of, version_or_404
from recovery import letter_forms as forms
from recovery import letter_roles as may_do
from recovery.models import LetterPolicy
from recovery.operations.letters.versions import LETTER_POLICIES, LETTER_TEMPLATES
from recovery.queries.letters import band_lines, stage_lines
from recovery.rules.letter_text import VARIABLES, examples, paragraphs
from riskops.shared.audit import Actor
from riskops.shared.operations import VIEW_AUDIT
from riskops.shared.posting import posted_from
from riskops.shared.roles import may, requires
from riskops.shared.wording import day_text


@dataclass(frozen=True, slots=True)
class VersionPages:
    """The views of one kind, for urls.py."""

    all: Any
    one: Any
    new: Any
    draft: Any
    edit: Any
    steps: Any


def _pages(
    kind: Kind[Any],
    *,
    name: str,
    plural: str,
    folder: str,
    title: Any,
    view_operation: str,
    form: Callable[..., OutreachForm],
    new_form: Callable[..., OutreachForm],
    filled: Callable[[Any], OutreachForm],
    columns: tuple[str, ...],
    more: Callable[[Any], dict[str, Any]],
) -> VersionPages:
    """Return the views of one kind.

    :param name: url name of a version's page, without the application; `plural`: that of the list
    :param columns: what of a form's values goes into the version
    :param more: what the page of a version needs beside it
    """
    page, list_page = f"recovery:{name}", f"recovery:{plural}"

    def listed(request: HttpRequest, *, status: int = 200) -> HttpResponse:
        context = {"title": title, "rows": key_rows(kind, timezone.localdate())}
        return render(request, f"recovery/{folder}/list.html", context, status=status)

    def shown(request: HttpRequest, row: Version, *, status: int = 200, **typed: OutreachForm) -> HttpResponse:
        today = timezone.localdate()
        context = {
            "title": row.name,
            "page": compared(kind, row, today, with_audit=may(request.user, VIEW_AUDIT)),
            "is_own": request.user.pk in {row.drafted_by_id, *row.editors},
            "has_begun": row.live_from is not None and row.live_from <= today,
            "proposal": ProposalForm(initial={"live_from": today}),
            "reason": ReasonForm(),
            **more(row),
            **typed,
        }
        return render(request, f"recovery/{folder}/version.html", context, status=status)

    def editor(request: HttpRequest, row: Version | None, typed: OutreachForm, *, status: int = 200) -> HttpResponse:
        heading = _("Edit %(version)s") % {"version": row} if row else title
        context = {"title": heading, "row": row, "form": typed, "list_title": title, "name": name, "variables": VARIABLES}
        return render(request, "recovery/letters/edit.html", {**context, "list_url": list_page}, status=status)

    @never_cache
    @require_GET
    @requires(view_operation)
    def every(request: HttpRequest) -> HttpResponse:
        """Show every key with the version that holds."""
        return listed(request)

    @never_cache
    @require_GET
    @requires(view_operation)
    def one(request: HttpRequest, key: str, version: int) -> HttpResponse:
        """Show one version, and what can be done next."""
        return shown(request, version_or_404(kind, key, version))

    @never_cache
    @require_http_methods(["GET", "POST"])
    @requires(kind.draft)
    def new(request: HttpRequest) -> HttpResponse:
        """Begin a new key."""
        if request.method == "GET":
            return editor(request, None, new_form())
        typed = new_form(request.POST)
        if typed.is_valid():
            values = {column: typed.cleaned_data[column] for column in columns if column != "note"}
            about: dict[str, Any] = {
                "key": typed.cleaned_data["code"].strip(),
                "note": typed.cleaned_data["note"],
                "values": values,
            }
            try:
                made = draft_next(kind, actor=Actor.of(request.user), copy_of="", **about)
            except OutreachRefusal as refusal:
                typed.refuse(refusal)
            else:
                messages.success(request, _saved(made))
                return redirect(page, made.key, made.version)
        return editor(request, None, typed, status=422)

    @never_cache
    @requires(kind.draft)
    @posted_from(list_page, takes=())
    def draft(request: HttpRequest, key: str) -> HttpResponse:
        """Begin the next version of a key."""
        try:
            made = draft_next(kind, actor=Actor.of(request.user), copy_of=key)
        except OutreachRefusal as refusal:
            messages.error(request, str(refusal))
            return listed(request, status=refusal.status)
        return redirect(f"{page}_edit", made.key, made.version)

    @never_cache
    @require_http_methods(["GET", "POST"])
    @requires(kind.draft)
    def edit(request: HttpRequest, key: str, version: int) -> HttpResponse:
        """Change a draft."""
        row = version_or_404(kind, key, version)
        if row.status != Version.Status.DRAFT:
            messages.error(request, str(NotDraft(str(row), row.get_status_display())))
            return redirect(page, key, version)
        if request.method == "GET":
            return editor(request, row, filled(row))
        typed = form(request.POST)
        if not typed.is_valid():
            return editor(request, row, typed, status=422)
        values = {column: typed.cleaned_data[column] for column in columns}
        about: dict[str, Any] = {
            "key": key,
            "version": version,
            "revision": typed.cleaned_data["revision"] or 0,
            "values": values,
        }
        try:
            change_draft(kind, actor=Actor.of(request.user), **about)
        except OutreachRefusal as refusal:
            typed.refuse(refusal)
            return editor(request, row, typed, status=409 if isinstance(refusal, VersionStale) else 422)
        messages.success(request, _saved(row))
        return redirect(page, key, version)

    steps = steps_of(kind, page=page, show=shown, waits=_waits, holds=_holds)
    return VersionPages(every, one, new, draft, edit, steps)


def _saved(row: Version) -> str:
    return gettext("%(version)s is saved; propose it, and somebody else approves it.") % {"version": row}


def _waits(row: Version) -> str:
    return gettext("%(version)s waits for a second person.") % {"version": row}


def _holds(row: Version) -> str:
    day = day_text(row.live_from) if row.live_from else ""
    return gettext("%(version)s is approved: letters go by it from %(day)s on.") % {"version": row, "day": day}


def _sides(row: Any) -> dict[str, Any]:
    """Return a template's text in each language, with example values."""
    sides = []
    for key, language in (("en", "en"), ("zh", "zh-hans")):
        values = examples(key)
        signature = [part.lines[0] for line in getattr(row, f"signature_{key}").split("|") for part in paragraphs(line, values)]
        body = paragraphs(getattr(row, f"body_{key}"), values)
        sides.append({"language": language, "title": getattr(row, f"title_{key}"), "body": body, "signature": signature})
    return {"sides": sides}


def _figures(row: LetterPolicy) -> dict[str, Any]:
    return {"bands": band_lines(row), "stages": stage_lines(row)}


TEMPLATES = _pages(
    LETTER_TEMPLATES,
    name="letter_template",
    plural="letter_templates",
    folder="letter_templates",
    title=_("Letter templates"),
    view_operation=may_do.VIEW_LETTER_TEMPLATE,
    form=forms.LetterTemplateForm,
    new_form=forms.NewLetterTemplateForm,
    filled=lambda row: forms.LetterTemplateForm(initial={**row.said(), "revision": row.revision}),
    columns=LETTER_TEMPLATES.model.SAID,
    more=_sides,
)
POLICIES = _pages(
    LETTER_POLICIES,
    name="letter_policy",
    plural="letter_policies",
    folder="letter_policies",
    title=_("Figures of letters"),
    view_operation=may_do.VIEW_LETTER_POLICY,
    form=forms.LetterPolicyForm,
    new_form=forms.NewLetterPolicyForm,
    filled=forms.LetterPolicyForm.of,
    columns=LETTER_POLICIES.model.SAID,
    more=_figures,
)
