"""Recoveries: written-off accounts and what came in since; one of them; the switch of resale and what was sold."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.models import CreditAccount
from accounts.views.account import load_or_404
from outreach.operations.refusals import OutreachRefusal
from recovery import write_off_forms as forms
from recovery import write_off_roles as may_do
from recovery.models import ResaleChange
from recovery.operations.write_offs import resale as selling
from recovery.queries import write_off_recoveries as queries
from recovery.write_off_chart import HEIGHT, curve_figure
from riskops.shared.audit import Actor
from riskops.shared.day import book_shown
from riskops.shared.posting import posted_from
from riskops.shared.roles import requires
from riskops.shared.scope import scope_of

ACCOUNT, RESALE = "recovery:recovery_account", "recovery:resale"


@never_cache
@require_GET
@requires(may_do.VIEW_RECOVERY)
def recoveries(request: HttpRequest) -> HttpResponse:
    """Show what was written off and recovered: in all, by month of write-off, account by account."""
    scope = scope_of(request.user)
    known = queries.currencies(scope)
    asked = request.GET.get("currency", "")
    currency = asked if asked in known else (known[0] if known else "")
    day = book_shown().business_date
    months = queries.by_month(scope, currency, business_date=day) if currency and day else None
    context = {
        "title": _("Recoveries"),
        "page": queries.recoveries_page(scope, currency=currency, after=request.GET.get("after", "")[:20]),
        "currencies": known,
        "currency": currency,
        "months": months,
        "figure": curve_figure(months) if months is not None else None,
        "height": HEIGHT,
        "day": day,
    }
    return render(request, "recovery/write_offs/recoveries.html", context)


@never_cache
@require_GET
@requires(may_do.VIEW_RECOVERY)
def account(request: HttpRequest, account_no: str) -> HttpResponse:
    """Show one written-off account."""
    return _account(request, load_or_404(account_no, user=request.user).head.account)


def _account(request: HttpRequest, found: CreditAccount, *, status: int = 200, form: Any = None) -> HttpResponse:
    day = book_shown().business_date
    context = {
        "title": _("Recovery of account %(account)s") % {"account": found.account_no},
        "account": found,
        "currency": found.product.currency,
        "shown": queries.recovery_account(found, scope_of(request.user)),
        "is_resale_on": selling.is_resale_on(),
        "form": form or forms.SellForm(initial={"sold_on": day}),
        "components": queries.COMPONENTS,
    }
    return render(request, "recovery/write_offs/account.html", context, status=status)


@never_cache
@requires(may_do.SELL_DEBT)
@posted_from(ACCOUNT)
def sell(request: HttpRequest, account_no: str) -> HttpResponse:
    """Record that the account was sold."""
    found = load_or_404(account_no, user=request.user).head.account
    form = forms.SellForm(request.POST)
    price_minor = form.price_minor(found.product.currency) if form.is_valid() else None
    if price_minor is None:
        # With the switch off nothing is asked about a price.
        try:
            selling.refuse_resale_off()
        except OutreachRefusal as refusal:
            form.refuse(refusal)
        return _account(request, found, status=422, form=form)
    said = {name: form.cleaned_data[name] for name in ("sold_on", "buyer", "licence", "note")}
    try:
        selling.sell_debt(actor=Actor.of(request.user), account_id=found.pk, price_minor=price_minor, now=timezone.now(), **said)
    except OutreachRefusal as refusal:
        form.refuse(refusal)
        return _account(request, found, status=422, form=form)
    messages.success(request, gettext("The sale is recorded: contact and work stop; what comes in from now on is the buyer's."))
    return redirect(ACCOUNT, account_no)


@never_cache
@require_GET
@requires(may_do.VIEW_RECOVERY)
def resale(request: HttpRequest) -> HttpResponse:
    """Show the switch of resale and what was sold."""
    return _resale(request)


def _resale(request: HttpRequest, *, status: int = 200, **typed: Any) -> HttpResponse:
    now = selling.resale_now()
    context = {
        "title": _("Resale of written-off accounts"),
        "now": now,
        "is_on": now is not None and now.is_on,
        "off_since": selling.off_since(now),
        "changes": ResaleChange.objects.all()[:30],
        "asked": ResaleChange.objects.filter(status=ResaleChange.Status.ASKED).first(),
        "sold": queries.sold_rows(scope_of(request.user)),
        "basis": forms.BasisForm(),
        "off": forms.OffForm(auto_id="off_%s"),
        **typed,
    }
    return render(request, "recovery/write_offs/resale.html", context, status=status)


@never_cache
@requires(may_do.ASK_RESALE)
@posted_from(RESALE)
def ask(request: HttpRequest) -> HttpResponse:
    """Ask that resale is switched on."""
    form = forms.BasisForm(request.POST)
    if form.is_valid():
        try:
            selling.ask_resale(actor=Actor.of(request.user), now=timezone.now(), **form.cleaned_data)
        except OutreachRefusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, gettext("It is asked for; somebody else approves it."))
            return redirect(RESALE)
    return _resale(request, status=422, basis=form)


@never_cache
@requires(may_do.ASK_RESALE)
@posted_from(RESALE)
def off(request: HttpRequest) -> HttpResponse:
    """Switch resale off."""
    form = forms.OffForm(request.POST, auto_id="off_%s")
    if form.is_valid():
        try:
            selling.switch_resale_off(actor=Actor.of(request.user), now=timezone.now(), **form.cleaned_data)
        except OutreachRefusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, gettext("Resale is off."))
            return redirect(RESALE)
    return _resale(request, status=422, off=form)


@never_cache
@requires(may_do.JUDGE_RESALE)
@posted_from(RESALE, takes=())
def judge(request: HttpRequest, change_id: int) -> HttpResponse:
    """Approve or refuse that resale is switched on."""
    is_approved = request.POST.get("act") == "approve"
    try:
        selling.judge_resale(actor=Actor.of(request.user), change_id=change_id, is_approved=is_approved, now=timezone.now())
    except OutreachRefusal as refusal:
        messages.error(request, str(refusal))
        return _resale(request, status=refusal.status)
    messages.success(request, gettext("Resale is on.") if is_approved else gettext("It is refused; resale stays off."))
    return redirect(RESALE)
