"""Settings → Contact policy: profiles and their versions, drafting, approval. A step is one operation, the API's too."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from outreach import forms
from outreach.models import ContactPolicy
from outreach.models.versions import Version
from outreach.operations.policies import POLICIES
from outreach.operations.refusals import OutreachRefusal
from outreach.operations.version_refusals import NotDraft, VersionStale
from outreach.operations.versions import change_draft, draft_next
from outreach.queries.policy_pages import policy_page, profiles
from outreach.roles import DRAFT_CONTACT_POLICY, VIEW_CONTACT_POLICY
from outreach.views.versions import steps_of, version_or_404
from riskops.shared.audit import Actor
from riskops.shared.operations import VIEW_AUDIT
from riskops.shared.posting import posted_from
from riskops.shared.roles import may, requires
from riskops.shared.wording import day_text

PAGE = "outreach:policy"


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
def policy(request: HttpRequest, key: str, version: int) -> HttpResponse:
    """Show one version beside the one that holds, and what can be done next."""
    return _page(request, version_or_404(POLICIES, key, version))


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
def draft(request: HttpRequest, key: str) -> HttpResponse:
    """Begin the next version of a profile."""
    try:
        made = draft_next(POLICIES, actor=Actor.of(request.user), copy_of=key)
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
            made = draft_next(POLICIES, actor=Actor.of(request.user), copy_of=values["copy_of"], key=values["profile"].strip())
        except OutreachRefusal as refusal:
            form.refuse(refusal)
        else:
            return redirect("outreach:policy_edit", made.profile, made.version)
    return _list(request, form=form, status=422)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(DRAFT_CONTACT_POLICY)
def edit(request: HttpRequest, key: str, version: int) -> HttpResponse:
    """Change a draft."""
    row = version_or_404(POLICIES, key, version)
    if row.status != ContactPolicy.Status.DRAFT:
        messages.error(request, str(NotDraft(str(row), row.get_status_display())))
        return redirect(PAGE, key, version)
    if request.method == "GET":
        return _editor(request, row, forms.PolicyForm(instance=row))
    form = forms.PolicyForm(request.POST, instance=row)
    if not form.is_valid():
        return _editor(request, row, form, status=422)
    values = {name: form.cleaned_data[name] for name in ContactPolicy.SAID}
    try:
        change_draft(
            POLICIES,
            actor=Actor.of(request.user),
            key=key,
            version=version,
            revision=form.cleaned_data["revision"],
            values=values,
        )
    except OutreachRefusal as refusal:
        form.refuse(refusal)
        return _editor(request, row, form, status=409 if isinstance(refusal, VersionStale) else 422)
    messages.success(request, gettext("%(policy)s is saved; propose it, and somebody else approves it.") % {"policy": row})
    return redirect(PAGE, key, version)


def _editor(request: HttpRequest, row: ContactPolicy, form: forms.PolicyForm, *, status: int = 200) -> HttpResponse:
    context = {"title": _("Edit %(policy)s") % {"policy": row}, "policy": row, "form": form}
    return render(request, "outreach/policy_edit.html", context, status=status)


def _waits(row: Version) -> str:
    return gettext("%(policy)s waits for a second person of compliance.") % {"policy": row}


def _holds(row: Version) -> str:
    day = day_text(row.live_from) if row.live_from else ""
    return gettext("%(policy)s is approved: contacts are judged by it from %(day)s on.") % {"policy": row, "day": day}


STEPS = steps_of(POLICIES, page=PAGE, show=_page, waits=_waits, holds=_holds)
