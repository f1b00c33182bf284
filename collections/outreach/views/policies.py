"""Settings → Contact policy: profiles and their versions, drafting, approval. A step is one operation, the API's too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from outreach import forms
from outreach.models import ContactPolicy
from outreach.operations import policies as operations
from outreach.operations.refusals import OutreachRefusal, PolicyNotDraft, PolicyStale, PolicyUnknown
from outreach.queries.policy_pages import policy_page, profiles
from outreach.roles import APPROVE_CONTACT_POLICY, DRAFT_CONTACT_POLICY, VIEW_CONTACT_POLICY
from riskops.shared.audit import Actor
from riskops.shared.operations import VIEW_AUDIT
from riskops.shared.posting import posted_from
from riskops.shared.roles import may, requires
from riskops.shared.wording import day_text

PAGE = "outreach:policy"


def _policy_or_404(profile: str, version: int) -> ContactPolicy:
    policy = ContactPolicy.objects.filter(profile=profile, version=version).first()
    if policy is None:
        raise Http404(str(PolicyUnknown(profile, version)))
    return policy


@never_cache
@require_GET
@requires(VIEW_CONTACT_POLICY)
def policies(request: HttpRequest) -> HttpResponse:
    """Show every profile with its versions."""
    return _list(request)


def _list(request: HttpRequest, *, form: forms.ProfileForm | None = None, status: int = 200) -> HttpResponse:
    found = profiles(timezone.localdate())
    approved = [row.profile for row in found if row.live is not None]
    context = {
        "title": _("Contact policy"),
        "profiles": found,
        "form": form or forms.ProfileForm(profiles=approved),
        "is_typed": form is not None,
    }
    return render(request, "outreach/policies.html", context, status=status)


@never_cache
@require_GET
@requires(VIEW_CONTACT_POLICY)
def policy(request: HttpRequest, profile: str, version: int) -> HttpResponse:
    """Show one version beside the one that holds, and what can be done next."""
    return _page(request, _policy_or_404(profile, version))


def _page(request: HttpRequest, row: ContactPolicy, *, status: int = 200, **typed: forms.OutreachForm) -> HttpResponse:
    today = timezone.localdate()
    context = {
        "title": _("Contact policy %(policy)s") % {"policy": row},
        "page": policy_page(row, today, with_audit=may(request.user, VIEW_AUDIT)),
        "is_own": request.user.pk in {row.drafted_by_id, *row.editors},
        "has_begun": row.live_from is not None and row.live_from <= today,
        "proposal": forms.ProposalForm(initial={"live_from": today + timedelta(days=1)}),
        "reason": forms.ReasonForm(),
        **typed,
    }
    return render(request, "outreach/policy.html", context, status=status)


@never_cache
@requires(DRAFT_CONTACT_POLICY)
@posted_from("outreach:policies", takes=())
def draft(request: HttpRequest, profile: str) -> HttpResponse:
    """Begin the next version of a profile."""
    try:
        made = operations.draft_policy(actor=Actor.of(request.user), copy_of=profile)
    except OutreachRefusal as refusal:
        messages.error(request, str(refusal))
        return _list(request, status=refusal.status)
    return redirect("outreach:policy_edit", made.profile, made.version)


@never_cache
@requires(DRAFT_CONTACT_POLICY)
@posted_from("outreach:policies")
def new_profile(request: HttpRequest) -> HttpResponse:
    """Begin a profile as a copy of another one."""
    approved = [row.profile for row in profiles(timezone.localdate()) if row.live is not None]
    form = forms.ProfileForm(request.POST, profiles=approved)
    if form.is_valid():
        values = form.cleaned_data
        try:
            made = operations.draft_policy(
                actor=Actor.of(request.user), copy_of=values["copy_of"], profile=values["profile"].strip()
            )
        except OutreachRefusal as refusal:
            form.refuse(refusal)
        else:
            return redirect("outreach:policy_edit", made.profile, made.version)
    return _list(request, form=form, status=422)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(DRAFT_CONTACT_POLICY)
def edit(request: HttpRequest, profile: str, version: int) -> HttpResponse:
    """Change a draft."""
    row = _policy_or_404(profile, version)
    if row.status != ContactPolicy.Status.DRAFT:
        messages.error(request, str(PolicyNotDraft(str(row), row.get_status_display())))
        return redirect(PAGE, profile, version)
    if request.method == "GET":
        return _editor(request, row, forms.PolicyForm(instance=row))
    form = forms.PolicyForm(request.POST, instance=row)
    if not form.is_valid():
        return _editor(request, row, form, status=422)
    values = {name: form.cleaned_data[name] for name in ContactPolicy.SAID}
    try:
        operations.change_policy(
            actor=Actor.of(request.user),
            profile=profile,
            version=version,
            revision=form.cleaned_data["revision"],
            values=values,
        )
    except OutreachRefusal as refusal:
        form.refuse(refusal)
        return _editor(request, row, form, status=409 if isinstance(refusal, PolicyStale) else 422)
    messages.success(request, gettext("%(policy)s is saved; propose it, and somebody else approves it.") % {"policy": row})
    return redirect(PAGE, profile, version)


def _editor(request: HttpRequest, row: ContactPolicy, form: forms.PolicyForm, *, status: int = 200) -> HttpResponse:
    context = {"title": _("Edit %(policy)s") % {"policy": row}, "policy": row, "form": form}
    return render(request, "outreach/policy_edit.html", context, status=status)


@never_cache
@requires(DRAFT_CONTACT_POLICY)
@posted_from(PAGE)
def propose(request: HttpRequest, profile: str, version: int) -> HttpResponse:
    """Ask for approval."""

    def act(actor: Actor, values: dict[str, Any]) -> str:
        row = operations.propose_policy(
            actor=actor, profile=profile, version=version, live_from=values["live_from"], today=timezone.localdate()
        )
        return gettext("%(policy)s waits for a second person of compliance.") % {"policy": row}

    return _step(request, profile, version, "proposal", forms.ProposalForm(request.POST), act)


@never_cache
@requires(APPROVE_CONTACT_POLICY)
@posted_from(PAGE)
def approve(request: HttpRequest, profile: str, version: int) -> HttpResponse:
    """Approve what somebody else proposed."""

    def act(actor: Actor, _values: dict[str, Any]) -> str:
        row = operations.approve_policy(actor=actor, profile=profile, version=version, today=timezone.localdate())
        day = day_text(row.live_from) if row.live_from else ""
        return gettext("%(policy)s is approved: contacts are judged by it from %(day)s on.") % {"policy": row, "day": day}

    return _step(request, profile, version, "", forms.OutreachForm(request.POST), act)


@never_cache
@requires(APPROVE_CONTACT_POLICY)
@posted_from(PAGE)
def send_back(request: HttpRequest, profile: str, version: int) -> HttpResponse:
    """Send a proposal back to its author."""

    def act(actor: Actor, values: dict[str, Any]) -> str:
        row = operations.return_policy(actor=actor, profile=profile, version=version, reason=values["reason"])
        return gettext("%(policy)s is a draft again.") % {"policy": row}

    return _step(request, profile, version, "reason", forms.ReasonForm(request.POST), act)


@never_cache
@requires(APPROVE_CONTACT_POLICY)
@posted_from(PAGE)
def withdraw(request: HttpRequest, profile: str, version: int) -> HttpResponse:
    """Drop a draft, or withdraw an approved version before its day."""

    def act(actor: Actor, values: dict[str, Any]) -> str:
        row = operations.withdraw_policy(
            actor=actor, profile=profile, version=version, reason=values["reason"], today=timezone.localdate()
        )
        return gettext("%(policy)s is withdrawn; what held before goes on to hold.") % {"policy": row}

    return _step(request, profile, version, "reason", forms.ReasonForm(request.POST), act)


def _step(
    request: HttpRequest,
    profile: str,
    version: int,
    name: str,
    form: forms.OutreachForm,
    act: Callable[[Actor, dict[str, Any]], str],
) -> HttpResponse:
    """Do one step and go back to the version; what was refused is said above it, and nothing is changed."""
    row = _policy_or_404(profile, version)
    if form.is_valid():
        try:
            said = act(Actor.of(request.user), form.cleaned_data)
        except OutreachRefusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, said)
            return redirect(PAGE, profile, version)
    for error in forms.refused(form):
        messages.error(request, error)
    return _page(request, row, status=422, **({name: form} if name else {}))
