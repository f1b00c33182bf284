"""The form on which a decision about an account is proposed or taken: facts on the left, the decision on the right."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.decision_forms import ACTION_NAMES, DecisionForm
from accounts.models import Decision
from accounts.operations.deciding.proposing import preview_decision, propose_decision
from accounts.operations.deciding.refusals import DecisionAlreadyMade, role_names
from accounts.operations.refusals import LedgerRefusal
from accounts.queries.account_page import LoadedAccount
from accounts.queries.decisions import decisions_of
from accounts.queries.fact_rows import fact_rows
from accounts.roles import PROPOSE_DECISION
from accounts.rules.decisions import Action, Status
from accounts.rules.verdicts import change_of
from accounts.views.account import load_or_404
from riskops.shared.audit import Actor
from riskops.shared.own_reasons import in_words
from riskops.shared.roles import requires, roles_of
from riskops.shared.wording import day_text


@never_cache
@require_http_methods(["GET", "POST"])
@requires(PROPOSE_DECISION)
def decide(request: HttpRequest, account_no: str) -> HttpResponse:
    """Show the form of one action; to a POST preview the decision (`preview` pressed, or htmx asking) or take it."""
    loaded = load_or_404(account_no, user=request.user)
    action = request.GET.get("action", "")
    action = action if action in ACTION_NAMES else Action.SUSPEND_USE.value
    form = DecisionForm(request.POST or None, loaded=loaded, action=action)
    context = _context(request, loaded, action, form)
    if request.method == "GET":
        return render(request, "accounts/decisions/decide.html", context)
    if "preview" in request.POST or getattr(request, "htmx", False):
        if form.is_valid():
            context.update(_previewed(request, loaded, form))
        template = "_preview.html" if getattr(request, "htmx", False) else "decide.html"
        return render(request, f"accounts/decisions/{template}", context)
    if form.is_valid():
        try:
            decision = propose_decision(
                actor=Actor.of(request.user),
                roles=[role.value for role in roles_of(request.user)],
                account_id=loaded.head.account.pk,
                asked=form.asked(),
                reference=form.cleaned_data["reference"],
            )
        except DecisionAlreadyMade as repeated:
            messages.info(request, str(repeated))
            return redirect("accounts:decision", Decision.objects.get(reference=form.cleaned_data["reference"]).pk)
        except LedgerRefusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _done(decision))
            return redirect("accounts:decision", decision.pk)
    return render(request, "accounts/decisions/decide.html", context, status=422)


def _context(request: HttpRequest, loaded: LoadedAccount, action: str, form: DecisionForm) -> dict[str, Any]:
    roles = [role.value for role in roles_of(request.user)]
    return {
        "title": _("Decide"),
        "head": loaded.head,
        "action": action,
        "actions": ACTION_NAMES.items(),
        "form": form,
        "facts": fact_rows(loaded.head.account.pk, loaded.head.currency),
        "decisions": [row for row in decisions_of(loaded.head.account.pk, user_id=request.user.pk, roles=roles) if _stands(row)],
    }


def _stands(row: Any) -> bool:
    return row.decision.is_open or row.decision.is_in_force


def _previewed(request: HttpRequest, loaded: LoadedAccount, form: DecisionForm) -> dict[str, Any]:
    """Return what pressing the button would do, or why it would be refused."""
    try:
        standing, weighed = preview_decision(
            roles=[role.value for role in roles_of(request.user)], account_id=loaded.head.account.pk, asked=form.asked()
        )
    except LedgerRefusal as refusal:
        return {"refusal": str(refusal)}
    return {
        "weighed": weighed,
        "fields": weighed.fields,
        "changed": change_of(weighed.fields["inputs"]),
        "standing": standing,
        "approvers": role_names(weighed.needs_approval_by),
    }


def _done(decision: Decision) -> str:
    values = {"number": decision.reference, "day": day_text(decision.effective_on)}
    if decision.status == Status.PROPOSED:
        return gettext("%(number)s is proposed and waits for the approval of: %(roles)s.") % {
            **values,
            "roles": role_names(decision.needs_approval_by),
        }
    if decision.status == Status.SCHEDULED:
        return gettext("%(number)s is decided, the notice is queued; it takes effect on %(day)s.") % values
    if decision.status == Status.EFFECTIVE:
        return gettext("%(number)s is in force, the notice is queued.") % values
    return gettext("%(number)s came to nothing: %(why)s") % {**values, "why": in_words(decision.ended_why)}
