"""One customer as contacts go: what is allowed when, holds and wishes, calls and how they ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.models import CreditAccount
from accounts.queries.customer_page import CustomerHead, NoSuchCustomer, customer_head
from outreach import forms
from outreach import roles as may_do
from outreach.models import ContactHold
from outreach.operations import calls, holds, wishes
from outreach.operations.refusals import OutreachRefusal
from outreach.queries.customer_contacts import customer_contacts
from outreach.rules.contacts import Channel, Hold, Outcome, Party, Purpose
from outreach.wording import verdict_text
from riskops.shared.audit import Actor
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.posting import posted_from
from riskops.shared.roles import requires
from riskops.shared.scope import scope_of

PAGE = "outreach:customer"


def head_or_404(request: HttpRequest, customer_no: str) -> CustomerHead:
    """Return a customer whom the person may see and open.

    :raises ConflictDeclared: they have a conflict with the customer
    """
    try:
        head = customer_head(customer_no, scope=scope_of(request.user))
    except NoSuchCustomer:
        raise Http404(gettext("There is no customer %(number)s in this book.") % {"number": customer_no}) from None
    refuse_conflict(request.user, head.customer.pk)
    return head


@never_cache
@require_GET
@requires(may_do.VIEW_CONTACTS)
def customer(request: HttpRequest, customer_no: str) -> HttpResponse:
    """Show when each channel may be used next, what stands in the way, and the last contacts."""
    return _shown(request, head_or_404(request, customer_no))


def _shown(
    request: HttpRequest,
    head: CustomerHead,
    *,
    status: int = 200,
    dialled: tuple[int, str] | None = None,
    **typed: forms.OutreachForm,
) -> HttpResponse:
    page = customer_contacts(head.customer, list(head.numbers), timezone.now())
    context = {
        "title": _("Contact with %(customer)s") % {"customer": head.customer.customer_no},
        "page": page,
        # A row a channel, a column an account.
        "rows": [
            {"channel": states[0].channel, "states": states}
            for states in zip(*(account.channels for account in page.accounts), strict=True)
        ],
        "call": forms.ContactForm(numbers=head.numbers, initial=_call(request, head), auto_id="call_%s"),
        "hold": forms.HoldForm(numbers=head.numbers, auto_id="hold_%s"),
        "opt_out": forms.OptOutForm(auto_id="opt_%s", initial={"channel": "sms"}),
        "hours": forms.HoursForm(auto_id="hours_%s", initial=_hours(page.hours)),
        "detail": forms.DetailForm(auto_id="detail_%s"),
        "outcome": forms.OutcomeForm(auto_id=False),
        "reason": forms.ReasonForm(auto_id=False),
        **typed,
        "typed": next(iter(typed), ""),
        "dialled": dialled,
    }
    return render(request, "outreach/customer.html", context, status=status)


def _call(request: HttpRequest, head: CustomerHead) -> dict[str, Any]:
    """Return what the form of a call begins with: about the account whose page led here."""
    account = request.GET.get("account", "")
    return {"key": forms.new_key(), **({"account": account} if account in head.numbers.values() else {})}


def _hours(agreed: Any) -> dict[str, Any]:
    return {"opens_at": agreed.opens_at, "closes_at": agreed.closes_at} if agreed else {}


def _done(
    request: HttpRequest, head: CustomerHead, name: str, form: forms.OutreachForm, act: Callable[[dict[str, Any]], str]
) -> HttpResponse:
    """Do what a form asks and go back to the page, or show what was refused beside what was typed."""
    if form.is_valid():
        try:
            said = act(form.cleaned_data)
        except OutreachRefusal as refusal:
            form.refuse(refusal)
        else:
            if said:
                messages.success(request, said)
            return redirect(PAGE, head.customer.customer_no)
    if name in ("outcome", "reason"):
        # These stand at each contact or hold: what they say is said above.
        for error in forms.refused(form):
            messages.error(request, error)
        return _shown(request, head, status=422)
    typed: dict[str, Any] = {name: form}
    return _shown(request, head, status=422, **typed)


def _account(head: CustomerHead, number: str) -> CreditAccount | None:
    account_id = next((pk for pk, known in head.numbers.items() if known == number), None)
    return CreditAccount.objects.select_related("customer").get(pk=account_id) if account_id is not None else None


@never_cache
@requires(may_do.MAKE_CONTACT)
@posted_from(PAGE)
def call(request: HttpRequest, customer_no: str) -> HttpResponse:
    """Ask the gate for a call or a visit."""
    head = head_or_404(request, customer_no)

    def act(values: dict[str, Any]) -> str:
        account = _account(head, values["account"])
        assert account is not None  # the form offers the customer's own
        answer = calls.ask_for_contact(
            actor=Actor.of(request.user),
            key=values["key"],
            account=account,
            channel=Channel(values["channel"]),
            purpose=Purpose(values["purpose"]),
            party=Party(values["party"]),
            number=values["number"],
            now=timezone.now(),
        )
        if answer.contact is None:
            messages.error(request, verdict_text(answer.verdict, zone=head.customer.time_zone))
            return ""
        return gettext("Allowed, and in the log. Call now, then record how it ended.")

    form = forms.ContactForm(request.POST, numbers=head.numbers, auto_id="call_%s")
    return _done(request, head, "call", form, act)


@never_cache
@requires(may_do.DIAL)
@posted_from(PAGE, takes=("customer_no",))
def dial(request: HttpRequest, customer_no: str, contact_id: int) -> HttpResponse:
    """Show the number of a call that was let through, once, with a link that dials it."""
    head = head_or_404(request, customer_no)
    try:
        number = calls.dial(actor=Actor.of(request.user), customer=head.customer, contact_id=contact_id, now=timezone.now())
    except OutreachRefusal as refusal:
        messages.error(request, str(refusal))
        return _shown(request, head, status=refusal.status)
    return _shown(request, head, dialled=(contact_id, number))


@never_cache
@requires(may_do.MAKE_CONTACT)
@posted_from(PAGE, takes=("customer_no",))
def end_contact(request: HttpRequest, customer_no: str, contact_id: int) -> HttpResponse:
    """Record how a call or a visit ended."""
    head = head_or_404(request, customer_no)

    def act(values: dict[str, Any]) -> str:
        calls.end_call(
            actor=Actor.of(request.user),
            customer=head.customer,
            contact_id=contact_id,
            outcome=Outcome(values["outcome"]),
            note=values["note"],
            now=timezone.now(),
        )
        return gettext("It is in the log.")

    return _done(request, head, "outcome", forms.OutcomeForm(request.POST), act)


@never_cache
@requires(may_do.PLACE_HOLD)
@posted_from(PAGE)
def hold(request: HttpRequest, customer_no: str) -> HttpResponse:
    """Hold contact back."""
    head = head_or_404(request, customer_no)

    def act(values: dict[str, Any]) -> str:
        holds.place_hold(
            actor=Actor.of(request.user),
            customer=head.customer,
            account=_account(head, values["account"]),
            kind=Hold(values["kind"]),
            reason=values["reason"],
            representative=values["representative"],
            now=timezone.now(),
        )
        return gettext("Contact is held back from now on; somebody else ends the hold.")

    form = forms.HoldForm(request.POST, numbers=head.numbers, auto_id="hold_%s")
    return _done(request, head, "hold", form, act)


@never_cache
@requires(may_do.END_HOLD)
@posted_from(PAGE, takes=("customer_no",))
def end_hold(request: HttpRequest, customer_no: str, hold_id: int) -> HttpResponse:
    """End a hold."""
    head = head_or_404(request, customer_no)

    def act(values: dict[str, Any]) -> str:
        ended: ContactHold = holds.end_hold(
            actor=Actor.of(request.user),
            customer=head.customer,
            hold_id=hold_id,
            reason=values["reason"],
            now=timezone.now(),
        )
        return gettext("The hold is ended: %(kind)s.") % {"kind": ended.get_kind_display()}

    return _done(request, head, "reason", forms.ReasonForm(request.POST), act)


@never_cache
@requires(may_do.NOTE_WISH)
@posted_from(PAGE)
def opt_out(request: HttpRequest, customer_no: str) -> HttpResponse:
    """Note an opt-out, or that it is taken back."""
    head = head_or_404(request, customer_no)
    about: dict[str, Any] = {"actor": Actor.of(request.user), "customer": head.customer, "now": timezone.now()}

    def act(values: dict[str, Any]) -> str:
        channel = Channel(values["channel"])
        if values["wish"] == "in":
            wishes.opt_in(channel=channel, evidence=values["evidence"], **about)
            return gettext("The opt-out is taken back.")
        wishes.opt_out(channel=channel, source=forms.BY_PERSON_SOURCE, note=values["evidence"], **about)
        return gettext("Nothing more goes to the customer by this channel.")

    return _done(request, head, "opt_out", forms.OptOutForm(request.POST, auto_id="opt_%s"), act)


@never_cache
@requires(may_do.NOTE_WISH)
@posted_from(PAGE)
def hours(request: HttpRequest, customer_no: str) -> HttpResponse:
    """Note the hours that the customer agreed to."""
    head = head_or_404(request, customer_no)

    def act(values: dict[str, Any]) -> str:
        agreed = wishes.agree_hours(actor=Actor.of(request.user), customer=head.customer, now=timezone.now(), **values)
        return gettext("The agreed hours hold from now on.") if agreed else gettext("The hours of the policy hold again.")

    return _done(request, head, "hours", forms.HoursForm(request.POST, auto_id="hours_%s"), act)


@never_cache
@requires(may_do.NOTE_DETAIL)
@posted_from(PAGE)
def detail(request: HttpRequest, customer_no: str) -> HttpResponse:
    """Note what became known of a number or address."""
    head = head_or_404(request, customer_no)
    about: dict[str, Any] = {"actor": Actor.of(request.user), "customer": head.customer}

    def act(values: dict[str, Any]) -> str:
        channel, evidence = Channel(values["channel"]), values["evidence"]
        if not values["state"]:
            wishes.clear_detail(channel=channel, evidence=evidence, **about)
            return gettext("It may be used again.")
        wishes.note_detail(channel=channel, state=values["state"], evidence=evidence, now=timezone.now(), **about)
        return gettext("It is tried no more.")

    return _done(request, head, "detail", forms.DetailForm(request.POST, auto_id="detail_%s"), act)
