"""What the customer said: the agreement or disclosure they accepted, and whether they refuse decisions that no person takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.decision_forms import AcceptanceForm, AutomationForm, RefusableForm
from accounts.forms import CHANNELS
from accounts.operations.deciding.agreements import accept_agreement
from accounts.operations.deciding.refusing_machines import refuse_automation
from accounts.operations.refusals import LedgerRefusal
from accounts.queries.account_page import LoadedAccount
from accounts.queries.customer_wishes import customer_wishes
from accounts.queries.previews import open_day
from accounts.roles import ACCEPT_AGREEMENT, REFUSE_AUTOMATION
from accounts.views.account import load_or_404
from riskops.shared.audit import Actor
from riskops.shared.roles import requires


@never_cache
@require_http_methods(["GET", "POST"])
@requires(ACCEPT_AGREEMENT)
def accept(request: HttpRequest, account_no: str) -> HttpResponse:
    """Record the customer's acceptance of a version."""
    loaded = load_or_404(account_no, user=request.user)
    first_open = open_day(loaded.head.business_date)
    # In a book that stands still, today is a day it knows nothing of yet.
    usual = min(timezone.localdate(), first_open) if first_open else timezone.localdate()
    form = AcceptanceForm(request.POST or None, loaded=loaded, accepted_on=usual)

    def enter(values: dict[str, Any]) -> str:
        version = values["version"]
        accept_agreement(
            actor=Actor.of(request.user),
            account_id=loaded.head.account.pk,
            kind=version.kind,
            code=version.code,
            accepted_on=values["accepted_on"],
            channel=values["channel"],
            evidence=values["evidence"],
        )
        return gettext("The acceptance of version %(version)s is on record.") % {"version": version.code}

    return _serve(request, loaded, _("Record an acceptance"), form, enter)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(REFUSE_AUTOMATION)
def automation(request: HttpRequest, account_no: str) -> HttpResponse:
    """Record whether the customer refuses decisions that no person takes."""
    loaded = load_or_404(account_no, user=request.user)
    form = AutomationForm(request.POST or None)

    def enter(values: dict[str, Any]) -> str:
        refuses = values["refuses"] == "yes"
        refuse_automation(
            actor=Actor.of(request.user), account_id=loaded.head.account.pk, refuses=refuses, reason=values["reason"]
        )
        if refuses:
            return gettext("Rules now only propose for all accounts of this customer; a person decides.")
        return gettext("Rules may again decide for all accounts of this customer.")

    return _serve(request, loaded, _("Automated decisions"), form, enter)


def _serve(
    request: HttpRequest, loaded: LoadedAccount, title: Any, form: RefusableForm, enter: Callable[[dict[str, Any]], str]
) -> HttpResponse:
    """Show the form; to a POST record it and go back to the account, or show what was refused beside what was typed."""
    if form.is_valid():
        try:
            done = enter(form.cleaned_data)
        except LedgerRefusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, done)
            return redirect("accounts:account", loaded.head.account.account_no)
    context = {
        "title": title,
        "head": loaded.head,
        "form": form,
        "channels": CHANNELS,
        "wishes": customer_wishes(loaded.head.account),
    }
    return render(request, "accounts/record.html", context, status=422 if form.is_bound else 200)
