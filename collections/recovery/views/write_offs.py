"""Work → Write-offs: what is proposed, what waits for approval, what came of it; one proposal; proposing by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.views.account import load_or_404
from outreach.forms import RejectionForm
from outreach.operations.refusals import OutreachRefusal
from recovery import write_off_forms as forms
from recovery import write_off_roles as may_do
from recovery.models import WriteOffProposal
from recovery.operations.write_offs import deciding, proposing, refusals
from recovery.queries import write_offs as queries
from riskops.shared.audit import Actor
from riskops.shared.operations import VIEW_AUDIT
from riskops.shared.posting import posted_from
from riskops.shared.roles import may, requires, roles_of

LIST, PAGE = "recovery:write_offs", "recovery:write_off"


def _roles(request: HttpRequest) -> list[str]:
    return [role.value for role in roles_of(request.user)]


def filters_of(values: Any) -> queries.Filters:
    """Return what the list is narrowed to, as it was asked."""
    return queries.Filters(**{name: values.get(name, "")[:64].strip() for name in ("rule", "currency", "source", "account")})


@never_cache
@require_GET
@requires(may_do.VIEW_WRITE_OFF)
def write_offs(request: HttpRequest) -> HttpResponse:
    """Show one tab of the list."""
    return _list(request, request.GET.get("tab", ""))


def _list(request: HttpRequest, tab: str, *, status: int = 200, **typed: Any) -> HttpResponse:
    context = {
        "title": _("Write-offs"),
        "page": queries.write_offs_page(request.user, tab, request.GET.get("after", "")[:40], filters_of(request.GET)),
        "sources": WriteOffProposal.Source.choices,
        "sending": forms.SendWriteOffForm(auto_id="send_%s"),
        "reason": RejectionForm(auto_id="reject_%s"),
        "chosen": _chosen(request),
        **typed,
    }
    return render(request, "recovery/write_offs/list.html", context, status=status)


def _chosen(request: HttpRequest) -> set[int]:
    return {int(text) for text in request.POST.getlist("write_offs") if text.isascii() and text.isdecimal() and len(text) < 19}


def _done(request: HttpRequest, tab: str, said: Callable[[int], str], act: Callable[[], deciding.DoneOf]) -> HttpResponse:
    """Do one step with what is chosen and go back to the list, or to the one page it was done from."""
    try:
        found = act()
    except OutreachRefusal as refusal:
        messages.error(request, str(refusal))
        return _list(request, tab, status=refusal.status)
    if found.done:
        messages.success(request, said(len(found.done)))
    for why in list(found.refused.values())[:5]:
        messages.error(request, why)
    if len(found.refused) > 5:
        more = ngettext("%(count)s more stays as it is.", "%(count)s more stay as they are.", len(found.refused) - 5)
        messages.error(request, more % {"count": len(found.refused) - 5})
    one = request.POST.get("one", "")
    if one.isascii() and one.isdecimal() and len(one) < 19:
        return redirect(PAGE, int(one))
    return redirect(LIST)


@never_cache
@requires(may_do.SEND_WRITE_OFF)
@posted_from(LIST)
def send(request: HttpRequest) -> HttpResponse:
    """Send the chosen proposals to approval."""
    form = forms.SendWriteOffForm(request.POST, auto_id="send_%s")
    if not form.is_valid():
        return _list(request, "proposed", status=422, sending=form)

    def said(number: int) -> str:
        text = ngettext("%(count)s account is sent to approval.", "%(count)s accounts are sent to approval.", number)
        return text % {"count": number}

    about: dict[str, Any] = {"actor": Actor.of(request.user), "roles": _roles(request), **form.cleaned_data}
    return _done(request, "proposed", said, lambda: deciding.send_write_offs(write_off_ids=sorted(_chosen(request)), **about))


@never_cache
@requires(may_do.APPROVE_WRITE_OFF)
@posted_from(LIST)
def approve(request: HttpRequest) -> HttpResponse:
    """Approve the chosen proposals."""

    def said(number: int) -> str:
        return ngettext("%(count)s account is written off.", "%(count)s accounts are written off.", number) % {"count": number}

    about: dict[str, Any] = {"actor": Actor.of(request.user), "roles": _roles(request)}
    return _done(request, "sent", said, lambda: deciding.approve_write_offs(write_off_ids=sorted(_chosen(request)), **about))


@never_cache
@requires(may_do.REJECT_WRITE_OFF)
@posted_from(LIST)
def reject(request: HttpRequest) -> HttpResponse:
    """Reject the chosen proposals, with one reason."""
    tab = "sent" if request.POST.get("tab") == "sent" else "proposed"
    form = RejectionForm(request.POST, auto_id="reject_%s")
    if not form.is_valid():
        return _list(request, tab, status=422, reason=form)

    def said(number: int) -> str:
        return ngettext("%(count)s account is rejected.", "%(count)s accounts are rejected.", number) % {"count": number}

    about: dict[str, Any] = {
        "actor": Actor.of(request.user), "roles": _roles(request), "reason": form.cleaned_data["reason"],
    }  # fmt: skip
    return _done(request, tab, said, lambda: deciding.reject_write_offs(write_off_ids=sorted(_chosen(request)), **about))


@never_cache
@require_GET
@requires(may_do.VIEW_WRITE_OFF)
def write_off(request: HttpRequest, write_off_id: int) -> HttpResponse:
    """Show one proposal."""
    found = queries.write_off_in_sight(Actor.of(request.user), write_off_id)
    if found is None:
        raise Http404(str(refusals.WriteOffUnknown(write_off_id)))
    context = {
        "title": _("Write-off %(reference)s") % {"reference": found.reference},
        "row": queries.row_of(found),
        "sending": forms.SendWriteOffForm(auto_id="send_%s"),
        "reason": RejectionForm(auto_id="reject_%s"),
        "is_own": found.decision is not None and found.decision.proposed_by_id == request.user.pk,
        "audit": queries.trail_of(found) if may(request.user, VIEW_AUDIT) else (),
    }
    return render(request, "recovery/write_offs/one.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(may_do.PROPOSE_WRITE_OFF)
def propose(request: HttpRequest, account_no: str) -> HttpResponse:
    """Propose an account for write-off by hand."""
    head = load_or_404(account_no, user=request.user).head
    form = forms.ProposeWriteOffForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = proposing.propose_write_off(
                actor=Actor.of(request.user),
                account_id=head.account.pk,
                note=form.cleaned_data["note"],
                today=timezone.localdate(),
            )
        except OutreachRefusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, gettext("%(reference)s is proposed for write-off.") % {"reference": made.reference})
            return redirect(PAGE, made.pk)
    context = {
        "title": _("Propose account %(account)s for write-off") % {"account": account_no},
        "account": head.account,
        "state": head.state,
        "form": form,
    }
    return render(request, "recovery/write_offs/propose.html", context, status=422 if request.method == "POST" else 200)
