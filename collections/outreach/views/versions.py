"""The steps of a version on its page, the same for every kind: propose, approve, send back, withdraw. A step is one operation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache

from outreach import forms
from outreach.models.versions import Version
from outreach.operations import versions
from outreach.operations.refusals import OutreachRefusal
from outreach.operations.version_refusals import VersionUnknown
from outreach.operations.versions import Kind
from riskops.shared.audit import Actor
from riskops.shared.posting import posted_from
from riskops.shared.roles import requires

Act = Callable[[Actor, dict[str, Any]], str]


@dataclass(frozen=True, slots=True)
class Steps:
    """The views of the steps of one kind, for urls.py; each takes the key and the version."""

    propose: Any
    approve: Any
    send_back: Any
    drop: Any
    withdraw: Any


def version_or_404(kind: Kind[Any], key: str, version: int) -> Any:
    """Return a version, or say that there is none."""
    row = kind.of(key).filter(version=version).first()
    if row is None:
        raise Http404(str(VersionUnknown(key, version)))
    return row


def steps_of(
    kind: Kind[Any],
    *,
    page: str,
    show: Callable[..., HttpResponse],
    waits: Callable[[Version], str],
    holds: Callable[[Version], str],
) -> Steps:
    """Return the views of the steps of one kind.

    :param page: the url name of a version's page
    :param show: shows it: request, row, status, and forms as typed (`proposal`, `reason`)
    :param waits: what is said after a proposal
    :param holds: what is said after an approval
    """

    def step(request: HttpRequest, key: str, version: int, name: str, form: forms.OutreachForm, act: Act) -> HttpResponse:
        """Do one step and go back to the version; what was refused is said above it, and nothing is changed."""
        row = version_or_404(kind, key, version)
        if form.is_valid():
            try:
                said = act(Actor.of(request.user), form.cleaned_data)
            except OutreachRefusal as refusal:
                form.refuse(refusal)
            else:
                messages.success(request, said)
                return redirect(page, key, version)
        for error in forms.refused(form):
            messages.error(request, error)
        return show(request, row, status=422, **({name: form} if name else {}))

    @never_cache
    @requires(kind.draft)
    @posted_from(page)
    def propose(request: HttpRequest, key: str, version: int) -> HttpResponse:
        """Ask for approval."""

        def act(actor: Actor, values: dict[str, Any]) -> str:
            day = values["live_from"]
            return waits(versions.propose(kind, actor=actor, key=key, version=version, live_from=day, today=timezone.localdate()))

        return step(request, key, version, "proposal", forms.ProposalForm(request.POST), act)

    @never_cache
    @requires(kind.approve)
    @posted_from(page)
    def approve(request: HttpRequest, key: str, version: int) -> HttpResponse:
        """Approve what somebody else proposed."""

        def act(actor: Actor, _values: dict[str, Any]) -> str:
            return holds(versions.approve(kind, actor=actor, key=key, version=version, today=timezone.localdate()))

        return step(request, key, version, "", forms.OutreachForm(request.POST), act)

    @never_cache
    @requires(kind.approve)
    @posted_from(page)
    def send_back(request: HttpRequest, key: str, version: int) -> HttpResponse:
        """Send a proposal back to its author."""

        def act(actor: Actor, values: dict[str, Any]) -> str:
            row = versions.send_back(kind, actor=actor, key=key, version=version, reason=values["reason"])
            return gettext("%(version)s is a draft again.") % {"version": row}

        return step(request, key, version, "reason", forms.ReasonForm(request.POST), act)

    @never_cache
    @requires(kind.draft)
    @posted_from(page)
    def drop(request: HttpRequest, key: str, version: int) -> HttpResponse:
        """Drop a draft: whoever may write one may."""
        return end(request, key, version)

    @never_cache
    @requires(kind.approve)
    @posted_from(page)
    def withdraw(request: HttpRequest, key: str, version: int) -> HttpResponse:
        """Withdraw an approved version before its day, or drop a draft."""
        return end(request, key, version)

    def end(request: HttpRequest, key: str, version: int) -> HttpResponse:
        def act(actor: Actor, values: dict[str, Any]) -> str:
            about = {"reason": values["reason"], "today": timezone.localdate()}
            row = versions.withdraw(kind, actor=actor, key=key, version=version, **about)
            return gettext("%(version)s is withdrawn; what held before goes on to hold.") % {"version": row}

        return step(request, key, version, "reason", forms.ReasonForm(request.POST), act)

    return Steps(propose, approve, send_back, drop, withdraw)
