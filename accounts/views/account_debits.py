"""Mandates and debits of one account: recorded, revoked, ordered."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.debit_forms import DebitForm, MandateForm, WhyForm
from accounts.models import DebitMandate
from accounts.operations.debiting.instructing import instruct_debit
from accounts.operations.debiting.mandates import record_mandate, revoke_mandate
from accounts.operations.debiting.refusals import DebitOrderedAlready, MandateRecordedAlready, MandateUnknown
from accounts.operations.refusals import LedgerRefusal
from accounts.queries.account_page import LoadedAccount
from accounts.queries.debits import account_debits, mandate_seen
from accounts.roles import INSTRUCT_DEBIT, RECORD_MANDATE, REVOKE_MANDATE, VIEW_DEBITS
from accounts.views.account import load_or_404
from riskops.shared.audit import Actor
from riskops.shared.money import plain_amount
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.posting import posted_from
from riskops.shared.roles import requires


def _shown(request: HttpRequest, loaded: LoadedAccount, **refused: Any) -> HttpResponse:
    """Show the page; a form that was refused stands in it as it was typed."""
    shown = account_debits(loaded)
    context = {"title": _("Debits"), "head": loaded.head, "shown": shown, **_forms(loaded, shown), **refused}
    return render(request, "accounts/debits/account.html", context, status=422 if refused else 200)


def _forms(loaded: LoadedAccount, shown: Any, *, mandate: Any = None, debit: Any = None) -> dict[str, Any]:
    digits, currency = loaded.head.minor_digits, loaded.head.currency
    # The form opens with what would be taken: by the mandate that stands first in it, never more than that lets.
    takeable = min([shown.standing.takeable_minor, *(mandate.most_minor for mandate in shown.usable[:1])])
    return {
        "mandate_form": MandateForm(mandate, digits=digits, today=shown.today),
        "debit_form": DebitForm(
            debit,
            mandates=shown.usable,
            digits=digits,
            currency=currency,
            earliest=shown.earliest,
            amount=plain_amount(takeable, digits=digits) if takeable else "",
        ),
    }


@never_cache
@require_GET
@requires(VIEW_DEBITS)
def debits_of(request: HttpRequest, account_no: str) -> HttpResponse:
    """Show the mandates and debits of an account, and what may be taken."""
    return _shown(request, load_or_404(account_no, user=request.user))


@never_cache
@requires(RECORD_MANDATE)
@posted_from("accounts:account_debits")
def record_one(request: HttpRequest, account_no: str) -> HttpResponse:
    """Record a mandate."""
    loaded = load_or_404(account_no, user=request.user)
    form = _forms(loaded, account_debits(loaded), mandate=request.POST)["mandate_form"]
    if form.is_valid():
        values = form.cleaned_data
        try:
            mandate = record_mandate(
                actor=Actor.of(request.user),
                account_id=loaded.head.account.pk,
                reference=values["reference"],
                instrument=values["instrument"],
                holder=values["holder"],
                valid_from=values["valid_from"],
                valid_until=values["valid_until"],
                most_minor=values["most"],
                evidence=values["evidence"],
            )
        except MandateRecordedAlready as repeated:
            messages.info(request, str(repeated))
            return redirect("accounts:account_debits", account_no)
        except LedgerRefusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, gettext("Mandate %(number)s is on record.") % {"number": mandate.reference})
            return redirect("accounts:account_debits", account_no)
    return _shown(request, loaded, mandate_form=form)


@never_cache
@requires(INSTRUCT_DEBIT)
@posted_from("accounts:account_debits")
def order(request: HttpRequest, account_no: str) -> HttpResponse:
    """Order a debit."""
    loaded = load_or_404(account_no, user=request.user)
    form = _forms(loaded, account_debits(loaded), debit=request.POST)["debit_form"]
    if form.is_valid():
        values = form.cleaned_data
        try:
            debit = instruct_debit(
                actor=Actor.of(request.user),
                mandate_id=int(values["mandate"]),
                amount_minor=values["amount"],
                debit_on=values["debit_on"],
                reference=values["reference"],
                reason=values["reason"],
            )
        except DebitOrderedAlready as repeated:
            messages.info(request, str(repeated))
            return redirect("accounts:account_debits", account_no)
        except LedgerRefusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(
                request, gettext("Debit %(number)s is ordered; the customer is told first.") % {"number": debit.reference}
            )
            return redirect("accounts:account_debits", account_no)
    return _shown(request, loaded, debit_form=form)


def _mandate_or_404(request: HttpRequest, mandate_id: int) -> DebitMandate:
    mandate = mandate_seen(mandate_id, user=request.user)
    if mandate is None:
        raise Http404(str(MandateUnknown(mandate_id)))
    refuse_conflict(request.user, mandate.account.customer_id)
    return mandate


@never_cache
@require_http_methods(["GET", "POST"])
@requires(REVOKE_MANDATE)
def revoke(request: HttpRequest, mandate_id: int) -> HttpResponse:
    """Revoke a mandate, with the reason."""
    mandate = _mandate_or_404(request, mandate_id)
    form = WhyForm(request.POST or None)
    if form.is_valid():
        try:
            revoke_mandate(actor=Actor.of(request.user), mandate_id=mandate_id, reason=form.cleaned_data["reason"])
        except LedgerRefusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(
                request,
                gettext("Mandate %(number)s is revoked; what was ordered by it is stopped.") % {"number": mandate.reference},
            )
            return redirect("accounts:account_debits", mandate.account.account_no)
    context = {"title": _("Revoke a debit mandate"), "mandate": mandate, "form": form}
    return render(request, "accounts/debits/revoke.html", context, status=422 if form.errors else 200)
