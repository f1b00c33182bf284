"""Outreach → Templates: message templates and their versions, drafting with a preview, approval. A step is one operation."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import CreditAccount
from accounts.roles import REVEAL_PERSON
from outreach import forms, template_forms
from outreach.models import MessageTemplate
from outreach.models.versions import Version
from outreach.operations.refusals import OutreachRefusal
from outreach.operations.template_refusals import PreviewAccountUnknown
from outreach.operations.templates import TEMPLATES, preview_with_account
from outreach.operations.version_refusals import NotDraft, VersionStale
from outreach.operations.versions import change_draft, draft_next
from outreach.queries.template_pages import LANGUAGES, preview_of, template_list, template_page, variable_rows
from outreach.roles import DRAFT_MESSAGE_TEMPLATE, VIEW_MESSAGE_TEMPLATE
from outreach.views.versions import steps_of, version_or_404
from riskops.shared.audit import Actor
from riskops.shared.operations import VIEW_AUDIT
from riskops.shared.posting import posted_from
from riskops.shared.roles import may, requires
from riskops.shared.scope import scope_of
from riskops.shared.wording import day_text

PAGE = "outreach:template"
#: The columns that the editor sends to be looked at while they are typed.
_TYPED = ("channel", "purpose", "subject_en", "subject_zh", "body_en", "body_zh")


@never_cache
@require_GET
@requires(VIEW_MESSAGE_TEMPLATE)
def templates(request: HttpRequest) -> HttpResponse:
    """Show every template with its versions."""
    return _list(request)


def _list(request: HttpRequest, *, form: template_forms.CopyForm | None = None, status: int = 200) -> HttpResponse:
    found = template_list(timezone.localdate())
    context = {
        "title": _("Templates"),
        "templates": found,
        "form": form or template_forms.CopyForm(codes=_codes()),
        "is_typed": form is not None,
    }
    return render(request, "outreach/templates.html", context, status=status)


def _codes() -> list[str]:
    """Return the codes that there is an approved version of."""
    approved = MessageTemplate.objects.filter(status=MessageTemplate.Status.APPROVED)
    return list(approved.order_by("code").values_list("code", flat=True).distinct())


@never_cache
@require_GET
@requires(VIEW_MESSAGE_TEMPLATE)
def template(request: HttpRequest, key: str, version: int) -> HttpResponse:
    """Show one version as customers read it, beside the one that holds, and what can be done next."""
    return _page(request, version_or_404(TEMPLATES, key, version))


def _page(request: HttpRequest, row: MessageTemplate, *, status: int = 200, **more: Any) -> HttpResponse:
    today = timezone.localdate()
    context = {
        "title": _("Template %(template)s") % {"template": row},
        "page": template_page(row, today, with_audit=may(request.user, VIEW_AUDIT)),
        "is_own": request.user.pk in {row.drafted_by_id, *row.editors},
        "has_begun": row.live_from is not None and row.live_from <= today,
        "proposal": forms.ProposalForm(initial={"live_from": today}),
        "reason": forms.ReasonForm(),
        "account": template_forms.PreviewAccountForm(),
        **more,
    }
    return render(request, "outreach/template.html", context, status=status)


@never_cache
@requires(VIEW_MESSAGE_TEMPLATE)
@posted_from(PAGE)
def with_account(request: HttpRequest, key: str, version: int) -> HttpResponse:
    """Show what the customer of an account would read now; a name that is shown is recorded."""
    row = version_or_404(TEMPLATES, key, version)
    form = template_forms.PreviewAccountForm(request.POST)
    if form.is_valid():
        try:
            account = account_to_preview(request, form.cleaned_data["account_no"])
            shown = preview_with_account(
                actor=Actor.of(request.user), template=row, account=account, may_reveal=may(request.user, REVEAL_PERSON)
            )
        except OutreachRefusal as refusal:
            form.add_error("account_no", str(refusal))
        else:
            return _page(request, row, account=form, shown=shown, shown_account=account)
    return _page(request, row, status=422, account=form)


def account_to_preview(request: HttpRequest, account_no: str) -> CreditAccount:
    """Return an account that the person may see, with what a message is written from.

    :raises PreviewAccountUnknown: there is none
    """
    rows = CreditAccount.objects.select_related("customer", "product", "state").filter(account_no=account_no.strip())
    found = scope_of(request.user).accounts(rows).first()
    if found is None:
        raise PreviewAccountUnknown(account_no)
    return found


@never_cache
@requires(DRAFT_MESSAGE_TEMPLATE)
@posted_from("outreach:templates", takes=())
def draft(request: HttpRequest, key: str) -> HttpResponse:
    """Begin the next version of a template."""
    try:
        made = draft_next(TEMPLATES, actor=Actor.of(request.user), copy_of=key)
    except OutreachRefusal as refusal:
        messages.error(request, str(refusal))
        return _list(request, status=refusal.status)
    return redirect("outreach:template_edit", made.code, made.version)


@never_cache
@requires(DRAFT_MESSAGE_TEMPLATE)
@posted_from("outreach:templates")
def copy(request: HttpRequest) -> HttpResponse:
    """Begin a template as a copy of another one."""
    form = template_forms.CopyForm(request.POST, codes=_codes())
    if form.is_valid():
        values = form.cleaned_data
        try:
            made = draft_next(TEMPLATES, actor=Actor.of(request.user), copy_of=values["copy_of"], key=values["code"].strip())
        except OutreachRefusal as refusal:
            form.refuse(refusal)
        else:
            return redirect("outreach:template_edit", made.code, made.version)
    return _list(request, form=form, status=422)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(DRAFT_MESSAGE_TEMPLATE)
def new(request: HttpRequest) -> HttpResponse:
    """Draft a template from nothing."""
    if request.method == "GET":
        return _editor(request, None, template_forms.NewTemplateForm(initial={"channel": "sms"}))
    form = template_forms.NewTemplateForm(request.POST)
    if not form.is_valid():
        return _editor(request, None, form, status=422)
    values = {name: form.cleaned_data[name] for name in MessageTemplate.SAID if name != "note"}
    code, note = form.cleaned_data["code"].strip(), form.cleaned_data["note"]
    try:
        if TEMPLATES.of(code).exists():
            form.add_error("code", gettext("There is a template of this code; draft its next version."))
            return _editor(request, None, form, status=409)
        made = draft_next(TEMPLATES, actor=Actor.of(request.user), copy_of="", key=code, note=note, values=values)
    except OutreachRefusal as refusal:
        form.refuse(refusal)
        return _editor(request, None, form, status=422)
    messages.success(request, gettext("%(template)s is saved; propose it, and somebody else approves it.") % {"template": made})
    return redirect(PAGE, made.code, made.version)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(DRAFT_MESSAGE_TEMPLATE)
def edit(request: HttpRequest, key: str, version: int) -> HttpResponse:
    """Change a draft."""
    row = version_or_404(TEMPLATES, key, version)
    if row.status != MessageTemplate.Status.DRAFT:
        messages.error(request, str(NotDraft(str(row), row.get_status_display())))
        return redirect(PAGE, key, version)
    if request.method == "GET":
        return _editor(request, row, template_forms.TemplateForm(instance=row))
    form = template_forms.TemplateForm(request.POST, instance=row)
    if not form.is_valid():
        return _editor(request, row, form, status=422)
    values = {name: form.cleaned_data[name] for name in MessageTemplate.SAID}
    about: dict[str, Any] = {"key": key, "version": version, "revision": form.cleaned_data["revision"], "values": values}
    try:
        change_draft(TEMPLATES, actor=Actor.of(request.user), **about)
    except OutreachRefusal as refusal:
        form.refuse(refusal)
        return _editor(request, row, form, status=409 if isinstance(refusal, VersionStale) else 422)
    messages.success(request, gettext("%(template)s is saved; propose it, and somebody else approves it.") % {"template": row})
    return redirect(PAGE, key, version)


def _editor(
    request: HttpRequest, row: MessageTemplate | None, form: template_forms.TemplateForm, *, status: int = 200
) -> HttpResponse:
    typed = _as_typed(request.POST) if form.is_bound else row
    channel = typed.channel if typed is not None and typed.channel else "sms"
    context = {
        "title": _("Edit %(template)s") % {"template": row} if row is not None else _("A new template"),
        "template": row,
        "form": form,
        "texts": [(name, form[f"subject_{key}"], form[f"body_{key}"]) for key, name in LANGUAGES.items()],
        "preview": preview_of(typed) if typed is not None else None,
        "variables": variable_rows(channel),
    }
    return render(request, "outreach/template_edit.html", context, status=status)


def _as_typed(posted: QueryDict) -> MessageTemplate:
    """Return what is typed as a template that is not saved."""
    return MessageTemplate(**{name: posted.get(name, "").replace("\r\n", "\n") for name in _TYPED})


@never_cache
@requires(DRAFT_MESSAGE_TEMPLATE)
@posted_from("outreach:templates")
def preview(request: HttpRequest) -> HttpResponse:
    """Show what is typed as customers would read it, how long it is, and what is wrong with it. Nothing is saved."""
    return render(request, "outreach/_template_preview.html", {"preview": preview_of(_as_typed(request.POST))})


def _waits(row: Version) -> str:
    return gettext("%(template)s waits for somebody else of compliance, or a manager.") % {"template": row}


def _holds(row: Version) -> str:
    day = day_text(row.live_from) if row.live_from else ""
    return gettext("%(template)s is approved: messages are written from it from %(day)s on.") % {"template": row, "day": day}


STEPS = steps_of(TEMPLATES, page=PAGE, show=_page, waits=_waits, holds=_holds)
