"""The lists of applications, one application and what may be done with it, and the form of a new one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.application_forms import AnswerForm, ApplicationAppealForm, ApplicationForm, DecideForm
from accounts.decision_forms import ActForm, ReasonForm, RefusableForm, RemarkForm
from accounts.forms import CHANNELS, RevealForm
from accounts.models import Application
from accounts.operations.applications import deciding
from accounts.operations.applications.receiving import open_day_or_none, receive_application
from accounts.operations.applications.refusals import ApplicationReceivedAlready
from accounts.operations.applications.revealing import reveal_applicant
from accounts.operations.applications.weighing import DecisionWeighed
from accounts.operations.deciding.refusals import role_names
from accounts.operations.refusals import LedgerRefusal
from accounts.queries.applications import LISTS, ApplicationPage, applications_page, load_application
from accounts.roles import (
    APPROVE_APPLICATION,
    DECIDE_APPLICATION,
    DECIDE_APPLICATION_APPEAL,
    RECEIVE_APPLICATION,
    RECORD_APPLICATION_APPEAL,
    REVEAL_PERSON,
    VIEW_APPLICATIONS,
    WITHDRAW_APPLICATION,
)
from accounts.rules.applications import DECIDABLE_STATUSES, ApplicationStatus
from accounts.views.account import PERSON_NAMES
from riskops.shared.audit import Actor
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.posting import posted_from
from riskops.shared.roles import may, requires, roles_of
from riskops.shared.scope import scope_of


def _roles(request: HttpRequest) -> list[str]:
    return [role.value for role in roles_of(request.user)]


@never_cache
@require_http_methods(["GET", "POST"])
@requires(VIEW_APPLICATIONS)
def applications(request: HttpRequest) -> HttpResponse:
    """Show one of the lists: what waits for a decision first. A search comes by POST: no name or number stands in an address."""
    name = request.GET.get("list", "open")
    before = request.GET.get("before", "")
    search = request.POST.get("q", "").strip()[:200]
    page = applications_page(
        name if name in LISTS else "open",
        scope=scope_of(request.user),
        search=search,
        before=int(before) if before.isdecimal() else None,
        user=request.user,
        roles=_roles(request),
        today=open_day_or_none(),
    )
    context = {"title": _("Applications"), "page": page, "lists": LISTS.items(), "search": search}
    context["waits"] = page.name in ("open", "to_approve")
    return render(request, "accounts/applications/list.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(RECEIVE_APPLICATION)
def new_application(request: HttpRequest) -> HttpResponse:
    """Take in an application typed on the site."""
    form = ApplicationForm(request.POST or None, scope=scope_of(request.user), today=open_day_or_none())
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            applied = form.applied()
            try:
                application = receive_application(actor=Actor.of(request.user), applied=applied)
            except ApplicationReceivedAlready:
                return redirect("accounts:application", Application.objects.get(application_no=applied.application_no).pk)
            except LedgerRefusal as refusal:
                form.refuse(refusal)
            else:
                messages.success(request, gettext("%(number)s is received.") % {"number": application.application_no})
                return redirect("accounts:application", application.pk)
    context = {"title": _("New application"), "form": form, "channels": CHANNELS}
    return render(request, "accounts/applications/new.html", context, status=status)


def page_or_404(request: HttpRequest, application_id: int) -> ApplicationPage:
    """Return an application that the person may see and open.

    :raises ConflictDeclared: they have a conflict with the applicant; `views/errors.py` says so
    """
    page = load_application(
        application_id,
        scope=scope_of(request.user),
        user_id=request.user.pk,
        roles=_roles(request),
        today=open_day_or_none(),
    )
    if page is None:
        raise Http404(gettext("There is no application %(id)s.") % {"id": application_id})
    if page.application.customer_id is not None:
        refuse_conflict(request.user, page.application.customer_id)
    return page


@never_cache
@require_GET
@requires(VIEW_APPLICATIONS)
def application(request: HttpRequest, application_id: int) -> HttpResponse:
    """Show an application: left its facts and rules, right the proposal and the decision."""
    return _show(request, page_or_404(request, application_id))


def _show(
    request: HttpRequest,
    page: ApplicationPage,
    *,
    act: str = "",
    form: RefusableForm | None = None,
    preview: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    acts = _acts(request, page)
    if form is not None:
        acts[act] = form
    context = {
        "title": page.application.application_no,
        "page": page,
        "row": page.row,
        "application": page.application,
        "acts": acts,
        "decide_form": acts.get("answer") or acts.get("decide"),
        "has_part_in_refusal": page.appeal is not None and page.appeal.is_open and page.appeal.has_part(request.user.pk),
        "reveal_form": RevealForm(),
        **(preview or {}),
    }
    return render(request, "accounts/applications/application.html", context, status=status)


def _acts(request: HttpRequest, page: ApplicationPage) -> dict[str, RefusableForm]:
    """Return what the person may do with the application as it stands, each with its form."""
    found = page.application
    seen = {"version": found.version}
    acts: dict[str, RefusableForm] = {}
    if found.status in DECIDABLE_STATUSES and may(request.user, DECIDE_APPLICATION):
        acts["decide"] = DecideForm(application=found)
        acts["again"] = ActForm(initial=seen)
    if page.row.is_mine_to_approve and may(request.user, APPROVE_APPLICATION):
        acts["approve"] = RemarkForm(initial=seen)
        acts["back"] = ReasonForm(initial=seen)
    if found.status == ApplicationStatus.REFUSED:
        appeal = page.appeal
        has_part = appeal is not None and appeal.has_part(request.user.pk)
        if appeal is None and may(request.user, RECORD_APPLICATION_APPEAL):
            acts["appeal"] = ApplicationAppealForm(initial={**seen, "received_on": open_day_or_none()})
        elif appeal is not None and appeal.is_open and may(request.user, DECIDE_APPLICATION_APPEAL) and not has_part:
            acts["answer"] = AnswerForm(application=found)
    if found.is_open and may(request.user, WITHDRAW_APPLICATION):
        acts["withdraw"] = ReasonForm(initial=seen)
    return acts


@never_cache
@requires(DECIDE_APPLICATION)
@posted_from("accounts:application")
def decide_application(request: HttpRequest, application_id: int) -> HttpResponse:
    """Preview a decision (`preview` pressed, or htmx asking), or take it."""
    page = page_or_404(request, application_id)
    form = DecideForm(request.POST, application=page.application)
    is_htmx = bool(getattr(request, "htmx", False))
    if "preview" in request.POST or is_htmx:
        preview = _previewed(request, page, form, deciding.preview_application) if form.is_valid() else {}
        if is_htmx:
            return render(request, "accounts/applications/_preview.html", {"row": page.row, "page": page, **preview})
        return _show(request, page, act="decide", form=form, preview=preview)
    return _act(
        request,
        page,
        "decide",
        form,
        lambda values: deciding.decide_application(
            actor=Actor.of(request.user),
            roles=_roles(request),
            application_id=application_id,
            version=values["version"],
            asked=form.asked(),
        ),
    )


def _previewed(
    request: HttpRequest, page: ApplicationPage, form: DecideForm, weigh: Callable[..., DecisionWeighed]
) -> dict[str, Any]:
    try:
        weighed = weigh(
            actor=Actor.of(request.user),
            roles=_roles(request),
            application_id=page.application.pk,
            asked=form.asked(),
        )
    except LedgerRefusal as refusal:
        return {"refusal": str(refusal)}
    return {"weighed": weighed, "approvers": role_names(weighed.needs_approval_by)}


def _act(
    request: HttpRequest,
    page: ApplicationPage,
    name: str,
    form: RefusableForm,
    do: Callable[[dict[str, Any]], Application],
    said: Callable[[Application], str] | None = None,
) -> HttpResponse:
    """Do one act with a form, or show the application again with what was refused; nothing typed is lost."""
    if form.is_valid():
        try:
            made = do(form.cleaned_data)
        except LedgerRefusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, (said or _done)(made))
            return redirect("accounts:application", made.pk)
    now = page_or_404(request, page.application.pk)
    data = form.data.copy() if isinstance(form.data, QueryDict) else dict(form.data)
    data["version"] = str(now.application.version)
    form.data = data
    return _show(request, now, act=name, form=form, status=422)


def _done(found: Application) -> str:
    values = {"number": found.application_no}
    if found.status == ApplicationStatus.GRANTED:
        assert found.account is not None
        return gettext("%(number)s is granted: account %(account)s; the notice is queued.") % {
            **values,
            "account": found.account.account_no,
        }
    if found.status == ApplicationStatus.REFUSED:
        return gettext("%(number)s is refused; the notice with the reason is queued.") % values
    if found.status == ApplicationStatus.IN_APPROVAL:
        return gettext("%(number)s waits for the approval of: %(roles)s.") % {
            **values,
            "roles": role_names(found.needs_approval_by),
        }
    return gettext("Done: the application stands as below.")


@requires(APPROVE_APPLICATION)
@posted_from("accounts:application")
def approve_application(request: HttpRequest, application_id: int) -> HttpResponse:
    """Agree to a decision."""
    return _act(
        request,
        page_or_404(request, application_id),
        "approve",
        RemarkForm(request.POST),
        lambda values: deciding.approve_application(
            actor=Actor.of(request.user),
            roles=_roles(request),
            application_id=application_id,
            version=values["version"],
            remark=values["remark"],
        ),
    )


@requires(APPROVE_APPLICATION)
@posted_from("accounts:application")
def send_back_application(request: HttpRequest, application_id: int) -> HttpResponse:
    """Send a decision back to the analysts."""
    return _act(
        request,
        page_or_404(request, application_id),
        "back",
        ReasonForm(request.POST),
        lambda values: deciding.send_back_application(
            actor=Actor.of(request.user),
            roles=_roles(request),
            application_id=application_id,
            version=values["version"],
            remark=values["reason"],
        ),
    )


@requires(WITHDRAW_APPLICATION)
@posted_from("accounts:application")
def withdraw_application(request: HttpRequest, application_id: int) -> HttpResponse:
    """Record that the applicant withdrew."""
    return _act(
        request,
        page_or_404(request, application_id),
        "withdraw",
        ReasonForm(request.POST),
        lambda values: deciding.withdraw_application(
            actor=Actor.of(request.user), application_id=application_id, version=values["version"], reason=values["reason"]
        ),
    )


@requires(DECIDE_APPLICATION)
@posted_from("accounts:application")
def propose_again(request: HttpRequest, application_id: int) -> HttpResponse:
    """Ask the rules of today with the facts of today."""
    return _act(
        request,
        page_or_404(request, application_id),
        "again",
        ActForm(request.POST),
        lambda values: deciding.propose_again(
            actor=Actor.of(request.user), application_id=application_id, version=values["version"]
        ),
    )


@never_cache
@requires(REVEAL_PERSON)
@posted_from("accounts:application")
def reveal_application(request: HttpRequest, application_id: int) -> HttpResponse:
    """Show the applicant's personal data in clear, once, after a reason."""
    page = page_or_404(request, application_id)
    form = RevealForm(request.POST)
    context: dict[str, Any] = {
        "page": page,
        "application": page.application,
        "reveal_form": form,
        "title": page.application.application_no,
    }
    if form.is_valid():
        try:
            person = reveal_applicant(
                actor=Actor.of(request.user), application_id=application_id, reason=form.cleaned_data["reason"]
            )
            context["person"] = [(PERSON_NAMES[name], value) for name, value in person.items() if value]
        except LedgerRefusal as refusal:
            form.add_error("reason", str(refusal))
    template = "accounts/applications/_person.html" if getattr(request, "htmx", False) else "accounts/applications/person.html"
    return render(request, template, context, status=422 if form.errors else 200)
