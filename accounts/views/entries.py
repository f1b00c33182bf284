"""Forms that make an entry of the ledger: payment, reversal, waiver, cancellation, refund, write-off. Each previews first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.forms import (
    CHANNELS,
    CancellationForm,
    EntryForm,
    PaymentForm,
    RefundForm,
    ReversalForm,
    WaiverForm,
    WriteOffForm,
)
from accounts.models import Payment
from accounts.operations.cancelling import cancel_installment, refund_credit
from accounts.operations.deciding.writing_off import may_write_off_alone, write_off_alone
from accounts.operations.payments import post_payment, reverse_payment
from accounts.operations.refusals import LedgerRefusal, PaymentAlreadyPosted, WaiverAlreadyMade
from accounts.operations.schedule_refusals import RefundAlreadyMade
from accounts.operations.waivers import waive
from accounts.queries.account_page import LoadedAccount
from accounts.queries.previews import (
    Preview,
    open_day,
    preview_cancellation,
    preview_payment,
    preview_refund,
    preview_reversal,
    preview_waiver,
)
from accounts.roles import CANCEL_INSTALLMENT, POST_PAYMENT, REFUND_CREDIT, REVERSE_PAYMENT, WAIVE, WRITE_OFF
from accounts.views.account import load_or_404
from riskops.shared.audit import Actor
from riskops.shared.models import AuditEntry
from riskops.shared.roles import requires, roles_of
from riskops.shared.wording import day_text, money_text


@dataclass(frozen=True, slots=True)
class _Page:
    """What one kind of entry needs: its words, its form, how it previews and how it is made."""

    title: Promise | str
    verb: Promise
    form: EntryForm
    preview: Callable[[dict[str, Any]], Preview | None]
    enter: Callable[[dict[str, Any]], Any]
    done: Callable[[dict[str, Any]], str]
    about: str = ""
    is_grave: bool = False


def _serve(request: HttpRequest, loaded: LoadedAccount, page: _Page) -> HttpResponse:
    """Show the form; to a POST preview the entry (`preview` pressed, or htmx asking) or make it and go to the account."""
    context: dict[str, Any] = {
        "title": page.title,
        "head": loaded.head,
        "page": page,
        "form": page.form,
        "channels": CHANNELS,
        "names": {entry.key: entry for entry in loaded.entries.installments},
        "open_day": open_day(loaded.head.business_date),
    }
    if request.method == "GET":
        return render(request, "accounts/entry.html", context)
    is_preview = "preview" in request.POST or getattr(request, "htmx", False)
    if is_preview:
        if page.form.is_valid():
            try:
                context["preview"] = page.preview(page.form.cleaned_data)
            except LedgerRefusal as refusal:
                page.form.refuse(refusal)
        template = "accounts/_preview.html" if getattr(request, "htmx", False) else "accounts/entry.html"
        return render(request, template, context)
    if page.form.is_valid():
        try:
            page.enter(page.form.cleaned_data)
        except (PaymentAlreadyPosted, WaiverAlreadyMade, RefundAlreadyMade) as repeated:
            messages.info(request, str(repeated))
            return redirect("accounts:account", loaded.head.account.account_no)
        except LedgerRefusal as refusal:
            page.form.refuse(refusal)
        else:
            messages.success(request, page.done(page.form.cleaned_data) + " " + _effect(loaded))
            return redirect("accounts:account", loaded.head.account.account_no)
    return render(request, "accounts/entry.html", context, status=422)


def _effect(loaded: LoadedAccount) -> str:
    """Return what the entry just made did to its account, as its audit line keeps it."""
    entry = AuditEntry.objects.filter(account_id=loaded.head.account.pk).order_by("-id").first()
    before, after = (entry.before or {}, entry.after or {}) if entry else ({}, {})
    if "overdue_total_minor" not in before:
        return gettext("It counts from the close of its day.")
    currency = loaded.head.currency
    return gettext(
        "Overdue %(was)s → %(now)s, days past due %(days_was)s → %(days_now)s, bucket %(bucket_was)s → %(bucket_now)s."
    ) % {
        "was": money_text(before["overdue_total_minor"], currency),
        "now": money_text(after["overdue_total_minor"], currency),
        "days_was": before["days_past_due"],
        "days_now": after["days_past_due"],
        "bucket_was": before["bucket"],
        "bucket_now": after["bucket"],
    }


def _usual_day(loaded: LoadedAccount) -> date:
    """Return the day an entry is usually dated: today, but never after the open day."""
    today, first_open = timezone.localdate(), open_day(loaded.head.business_date)
    return min(today, first_open) if first_open else today


@never_cache
@require_http_methods(["GET", "POST"])
@requires(POST_PAYMENT)
def pay(request: HttpRequest, account_no: str) -> HttpResponse:
    """Post a payment."""
    loaded = load_or_404(account_no, user=request.user)
    form = PaymentForm(request.POST or None, loaded=loaded, value_date=_usual_day(loaded))

    def enter(values: dict[str, Any]) -> Payment:
        named = form.named_installment()
        return post_payment(
            actor=Actor.of(request.user),
            account_id=loaded.head.account.pk,
            amount_minor=values["amount"],
            value_date=values["value_date"],
            reference=values["reference"],
            channel=values["channel"],
            directed_to=named[1] if named else None,
            reason=values["reason"],
        )

    def preview(values: dict[str, Any]) -> Preview:
        named = form.named_installment()
        return preview_payment(
            loaded,
            amount_minor=values["amount"],
            value_date=values["value_date"],
            payment_no=values["reference"],
            directed_to=named[0] if named else None,
        )

    def done(values: dict[str, Any]) -> str:
        amount = money_text(values["amount"], loaded.head.currency)
        return gettext("Payment %(number)s of %(amount)s is in the book for %(day)s.") % {
            "number": values["reference"],
            "amount": amount,
            "day": day_text(values["value_date"]),
        }

    return _serve(request, loaded, _Page(_("Post a payment"), _("Post the payment"), form, preview, enter, done))


@never_cache
@require_http_methods(["GET", "POST"])
@requires(REVERSE_PAYMENT)
def reverse_one(request: HttpRequest, account_no: str, payment_no: str) -> HttpResponse:
    """Reverse a payment of the account."""
    loaded = load_or_404(account_no, user=request.user)
    payment = Payment.objects.filter(payment_no=payment_no, account_id=loaded.head.account.pk).first()
    if payment is None:
        raise Http404(gettext("Account %(account)s has no payment %(number)s.") % {"account": account_no, "number": payment_no})
    day = max(payment.paid_on, _usual_day(loaded))
    form = ReversalForm(request.POST or None, loaded=loaded, value_date=day)

    def enter(values: dict[str, Any]) -> Payment:
        return reverse_payment(
            actor=Actor.of(request.user),
            payment_no=payment_no,
            value_date=values["value_date"],
            reference=values["reference"],
            reason=values["reason"],
        )

    def preview(values: dict[str, Any]) -> Preview:
        return preview_reversal(loaded, payment_no=payment_no, value_date=values["value_date"])

    def done(values: dict[str, Any]) -> str:
        return gettext("Payment %(number)s is reversed from %(day)s on.") % {
            "number": payment_no,
            "day": day_text(values["value_date"]),
        }

    about = gettext("Payment %(number)s: %(amount)s, paid on %(day)s") % {
        "number": payment_no,
        "amount": money_text(payment.amount_minor, loaded.head.currency),
        "day": day_text(payment.paid_on),
    }
    page = _Page(_("Reverse a payment"), _("Reverse the payment"), form, preview, enter, done, about, is_grave=True)
    return _serve(request, loaded, page)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(WAIVE)
def waive_one(request: HttpRequest, account_no: str, installment_id: int) -> HttpResponse:
    """Waive an amount on one instalment of the account."""
    loaded = load_or_404(account_no, user=request.user)
    entry = next((e for e in loaded.entries.installments if e.key == installment_id), None)
    if entry is None:
        raise Http404(gettext("Account %(number)s has no such instalment.") % {"number": account_no})
    form = WaiverForm(request.POST or None, loaded=loaded, value_date=_usual_day(loaded))

    def enter(values: dict[str, Any]) -> Any:
        return waive(
            actor=Actor.of(request.user),
            account_id=loaded.head.account.pk,
            order_no=entry.order_no,
            sequence=entry.sequence,
            component=values["component"],
            amount_minor=values["amount"],
            value_date=values["value_date"],
            reference=values["reference"],
            reason=values["reason"],
        )

    def preview(values: dict[str, Any]) -> Preview:
        return preview_waiver(
            loaded,
            installment_id=installment_id,
            component=values["component"],
            amount_minor=values["amount"],
            value_date=values["value_date"],
        )

    def done(values: dict[str, Any]) -> str:
        return gettext("%(amount)s is waived on instalment %(installment)s from %(day)s on.") % {
            "amount": money_text(values["amount"], loaded.head.currency),
            "installment": f"{entry.order_no}/{entry.sequence}",
            "day": day_text(values["value_date"]),
        }

    state = next((i for i in loaded.rebuilt.installments if i.entry.key == installment_id), None)
    about = gettext("Instalment %(installment)s, due %(day)s: penalty due %(penalty)s") % {
        "installment": f"{entry.order_no}/{entry.sequence}",
        "day": day_text(entry.due_date),
        "penalty": money_text(state.penalty_due_minor(loaded.rebuilt.as_of) if state else 0, loaded.head.currency),
    }
    return _serve(request, loaded, _Page(_("Waive an amount"), _("Waive it"), form, preview, enter, done, about))


@never_cache
@require_http_methods(["GET", "POST"])
@requires(CANCEL_INSTALLMENT)
def cancel_one(request: HttpRequest, account_no: str, installment_id: int) -> HttpResponse:
    """Take back one instalment of the account, as if it had never been."""
    loaded = load_or_404(account_no, user=request.user)
    entry = next((e for e in loaded.entries.installments if e.key == installment_id), None)
    if entry is None:
        raise Http404(gettext("Account %(number)s has no such instalment.") % {"number": account_no})
    form = CancellationForm(request.POST or None, loaded=loaded, value_date=_usual_day(loaded))
    name = f"{entry.order_no}/{entry.sequence}"

    def enter(values: dict[str, Any]) -> Any:
        return cancel_installment(
            actor=Actor.of(request.user),
            account_id=loaded.head.account.pk,
            order_no=entry.order_no,
            sequence=entry.sequence,
            value_date=values["value_date"],
            reference=values["reference"],
            reason=values["reason"],
        )

    def preview(values: dict[str, Any]) -> Preview:
        return preview_cancellation(loaded, installment_id=installment_id, value_date=values["value_date"])

    def done(values: dict[str, Any]) -> str:
        return gettext("Instalment %(installment)s is cancelled from %(day)s on; what was paid on it is free again.") % {
            "installment": name,
            "day": day_text(values["value_date"]),
        }

    about = gettext("Instalment %(installment)s, due %(day)s: %(amount)s agreed") % {
        "installment": name,
        "day": day_text(entry.due_date),
        "amount": money_text(entry.principal_minor + entry.interest_minor + entry.fee_minor, loaded.head.currency),
    }
    page = _Page(_("Cancel an instalment"), _("Cancel the instalment"), form, preview, enter, done, about, is_grave=True)
    return _serve(request, loaded, page)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(REFUND_CREDIT)
def refund(request: HttpRequest, account_no: str) -> HttpResponse:
    """Pay money back to the customer out of the credit balance."""
    loaded = load_or_404(account_no, user=request.user)
    form = RefundForm(request.POST or None, loaded=loaded, value_date=open_day(loaded.head.business_date) or _usual_day(loaded))

    def enter(values: dict[str, Any]) -> Any:
        return refund_credit(
            actor=Actor.of(request.user),
            account_id=loaded.head.account.pk,
            amount_minor=values["amount"],
            value_date=values["value_date"],
            reference=values["reference"],
            reason=values["reason"],
        )

    def preview(values: dict[str, Any]) -> Preview:
        return preview_refund(loaded, amount_minor=values["amount"], value_date=values["value_date"])

    def done(values: dict[str, Any]) -> str:
        return gettext("%(amount)s of the credit balance is paid back on %(day)s.") % {
            "amount": money_text(values["amount"], loaded.head.currency),
            "day": day_text(values["value_date"]),
        }

    about = gettext("Credit balance: %(amount)s") % {
        "amount": money_text(loaded.head.state.credit_balance_minor, loaded.head.currency)
    }
    page = _Page(_("Pay back a credit balance"), _("Pay it back"), form, preview, enter, done, about, is_grave=True)
    return _serve(request, loaded, page)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(WRITE_OFF)
def write_off_one(request: HttpRequest, account_no: str) -> HttpResponse:
    """Write the account off; to whom the matrix does not let do it alone, say so and lead on to the decision form."""
    loaded = load_or_404(account_no, user=request.user)
    roles = [role.value for role in roles_of(request.user)]
    form = WriteOffForm(request.POST or None, loaded=loaded, value_date=_usual_day(loaded))

    def enter(values: dict[str, Any]) -> Any:
        return write_off_alone(
            actor=Actor.of(request.user),
            roles=roles,
            account_id=loaded.head.account.pk,
            value_date=values["value_date"],
            reference=values["reference"],
            reason=values["reason"],
        )

    def done(values: dict[str, Any]) -> str:
        return gettext("Account %(number)s is written off from %(day)s on; it keeps aging, and what is paid is recovery.") % {
            "number": account_no,
            "day": day_text(values["value_date"]),
        }

    about = gettext("Principal outstanding: %(amount)s") % {
        "amount": money_text(loaded.head.state.outstanding_principal_minor, loaded.head.currency)
    }
    page = _Page(_("Write off the account"), _("Write it off"), form, lambda _values: None, enter, done, about, is_grave=True)
    if request.method == "GET" and not loaded.head.write_off and not may_write_off_alone(loaded.head.account.pk, roles=roles):
        return render(request, "accounts/hand_over.html", {"title": page.title, "head": loaded.head, "page": page})
    return _serve(request, loaded, page)
