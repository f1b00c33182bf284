"""The customer's side: the one page that is open to everybody who holds a link. Nothing happens by opening it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.core.signing import BadSignature, dumps, loads
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET

from accounts.forms import AmountField
from accounts.models import CreditAccount
from accounts.queries.decisions import business_today
from accounts.queries.simulating import Asked, own_first_day, simulate_own
from accounts.rules.simulation import Paid
from casework.models import Plan
from casework.queries.plans import PlanShown, plan_shown
from outreach.institution import institution
from outreach.operations import customer_acts
from outreach.operations.refusals import CannotAppealHere, CannotSignHere
from outreach.queries.customer_page import agreed_plan, offered_plan, own_page
from outreach.rate_limits import is_too_often
from outreach.rules.contacts import Channel
from outreach.views.public_door import ACTS, LOOKS, PAGE, for_customer, said
from riskops.shared.posting import posted_from
from riskops.shared.wording import day_text

#: Proofs of who reads that are taken in a day, by one account: reading a plan takes one, accepting it another.
PROOFS = 8
#: For how long a proof of who reads lets them try the simulator, and how many days ahead they look.
PASS_SECONDS, LOOKED_AHEAD = 30 * 60, 366
_PASS: Final = "outreach.customer-pass"
_CHOICES: Final = [(str(channel), "") for channel in (Channel.SMS, Channel.EMAIL, Channel.PUSH)]


class OptOutChoice(forms.Form):
    """The channels the customer wants nothing more by."""

    channels = forms.MultipleChoiceField(choices=_CHOICES)


class AppealForm(forms.Form):
    """What the customer says against a decision."""

    reference = forms.CharField(max_length=64, widget=forms.HiddenInput)
    grounds = forms.CharField(max_length=2000, widget=forms.Textarea(attrs={"rows": 4}))


def _shown(request: HttpRequest, token: str, account: CreditAccount, *, status: int = 200, **more: Any) -> HttpResponse:
    """Return the page; decisions, and what helps at one's own stage, stand on it for who proved who they are (`own_pass`)."""
    is_proved = _is_passed(account, more.get("own_pass", ""))
    page = own_page(account, timezone.localdate(), business_day=_business_day(), is_proved=is_proved)
    context = {"page": page, "token": token, "institution": institution(), "language": translation.get_language(), **more}
    context["is_proved"] = is_proved
    # Said beside the decision it is about; where that is not there (any more), above.
    shown = [decision.reference for decision in page.decisions if decision.appeal is None] if is_proved else []
    is_beside = more.get("reference") in shown
    context["error"] = "" if is_beside else more.get("appeal_error", "")
    return render(request, "outreach/public/page.html", context, status=status)


@login_not_required
@never_cache
@require_GET
@for_customer(most=LOOKS)
def public(request: HttpRequest, token: str, account: CreditAccount) -> HttpResponse:
    """Show what the customer may do."""
    return _shown(request, token, account, done=request.GET.get("done", ""))


# Without a CSRF token: mail programs post here when the reader says "unsubscribe" (RFC 8058). The link is the proof.
@csrf_exempt
@login_not_required
@never_cache
@posted_from(PAGE)
@for_customer(most=ACTS)
def opt_out(request: HttpRequest, token: str, account: CreditAccount) -> HttpResponse:
    """Opt the customer out of what they ticked; by one click of a mail program, out of e-mail."""
    if request.POST.get("List-Unsubscribe") == "One-Click":
        customer_acts.opt_out_all(account, [Channel.EMAIL], now=timezone.now())
        return HttpResponse(status=204)
    form = OptOutChoice(request.POST)
    if not form.is_valid():
        return _shown(request, token, account, status=422, opt_out_error=_("Tick what you want nothing more by."))
    customer_acts.opt_out_all(account, [Channel(name) for name in form.cleaned_data["channels"]], now=timezone.now())
    return _done(request, token, "opt-out")


@login_not_required
@never_cache
@posted_from(PAGE)
@for_customer(most=ACTS)
def appeal(request: HttpRequest, token: str, account: CreditAccount) -> HttpResponse:
    """Take the customer's objection to a decision."""
    form, own_pass = AppealForm(request.POST), request.POST.get("own_pass", "")
    if not form.is_valid():
        why = _("Write what you object to, at most 2,000 characters.")
        typed = {"reference": request.POST.get("reference", ""), "own_pass": own_pass}
        return _shown(request, token, account, status=422, appeal_error=why, **typed)
    try:
        customer_acts.appeal(account, **form.cleaned_data, today=_business_day())
    except CannotAppealHere as refusal:
        # Why not would tell who has not proved who they are of a decision whose number they guessed.
        said_why = str(refusal if _is_passed(account, own_pass) else CannotAppealHere(""))
        return _shown(request, token, account, status=422, appeal_error=said_why, own_pass=own_pass, **form.cleaned_data)
    return _done(request, token, "appeal")


@login_not_required
@never_cache
@posted_from(PAGE)
@for_customer(most=ACTS)
def decisions(request: HttpRequest, token: str, account: CreditAccount) -> HttpResponse:
    """Show the decisions that may be objected to, to who knows what only the customer knows."""
    if is_too_often(f"account {account.pk}", "proof", most=PROOFS, minutes=24 * 60):
        return said(request, _("Too many tries today. Call us, and we go through it together."), status=429, token=token)
    if not customer_acts.is_proof(account, request.POST.get("proof", "")):
        why = _("These are not the last four characters that we have. Try again, or call us.")
        return _shown(request, token, account, status=422, decisions_error=why)
    return _shown(request, token, account, own_pass=dumps(account.pk, salt=_PASS))


class SimulationAsk(forms.Form):
    """Until when a customer looks ahead, and what they would pay now; a pass stands in for the proof for a while."""

    until = forms.DateField()
    amount = AmountField(required=False)
    proof = forms.CharField(max_length=8, required=False)
    own_pass = forms.CharField(max_length=200, required=False)

    def __init__(self, data: Any, *, digits: int, start: date) -> None:
        super().__init__(data)
        amount, self.start = self.fields["amount"], start
        assert isinstance(amount, AmountField)
        amount.digits = digits

    def clean_until(self) -> date:
        """Refuse a day that is past, or further ahead than a year."""
        day: date = self.cleaned_data["until"]
        if not self.start < day <= self.start + timedelta(days=LOOKED_AHEAD):
            raise forms.ValidationError(
                gettext("Choose a day after %(first)s, and at most %(days)s days ahead.")
                % {"first": day_text(self.start), "days": LOOKED_AHEAD}
            )
        return day


@login_not_required
@never_cache
@posted_from(PAGE)
@for_customer(most=ACTS)
def simulate(request: HttpRequest, token: str, account: CreditAccount) -> HttpResponse:
    """Show what would be owed on a day, by ways of paying, to who knows what only the customer knows. Nothing is kept."""
    start = own_first_day(account, today=timezone.localdate())
    form = SimulationAsk(request.POST, digits=account.product.minor_digits, start=start)
    typed: dict[str, Any] = {"asked": request.POST}
    if not form.is_valid():
        why = next(iter(form.errors.values()))[0]
        return _shown(request, token, account, status=422, simulation_error=why, **typed)
    values = form.cleaned_data
    if not _is_passed(account, values["own_pass"]):
        if is_too_often(f"account {account.pk}", "proof", most=PROOFS, minutes=24 * 60):
            return said(request, _("Too many tries today. Call us, and we go through it together."), status=429, token=token)
        if not customer_acts.is_proof(account, values["proof"]):
            why = _("These are not the last four characters that we have. Try again, or call us.")
            return _shown(request, token, account, status=422, simulation_error=why, **typed)
    amount = values["amount"]
    asked = Asked(days=(values["until"] - start).days, once=Paid(start, amount) if amount else None)
    simulated = simulate_own(account, asked, start=start)
    return _shown(request, token, account, simulated=simulated, own_pass=dumps(account.pk, salt=_PASS), **typed)


def _is_passed(account: CreditAccount, own_pass: str) -> bool:
    """Return whether the customer proved who they are a short while ago, on this account."""
    try:
        return bool(loads(own_pass, salt=_PASS, max_age=PASS_SECONDS) == account.pk)
    except BadSignature:
        return False


class PlanProof(forms.Form):
    """Which plan, and what only the customer knows."""

    reference = forms.CharField(max_length=64)
    proof = forms.CharField(max_length=8)
    is_read = forms.BooleanField(required=False)


@login_not_required
@never_cache
@posted_from(PAGE)
@for_customer(most=ACTS)
def plan(request: HttpRequest, token: str, account: CreditAccount) -> HttpResponse:
    """Show the offered plan, with its amounts, to who knows what only the customer knows."""
    return _with_plan(request, token, account, lambda form, offered: None)


@login_not_required
@never_cache
@posted_from(PAGE)
@for_customer(most=ACTS)
def accept(request: HttpRequest, token: str, account: CreditAccount) -> HttpResponse:
    """Take the customer's consent to the offered plan."""

    def sign(form: PlanProof, offered: Plan) -> HttpResponse | None:
        if not form.cleaned_data["is_read"]:
            why = _("Tick that you have read it and agree.")
            return _shown(request, token, account, status=422, offered=_offer(offered), proof=form.data["proof"], plan_error=why)
        try:
            customer_acts.accept_plan(account, reference=offered.reference)
        except CannotSignHere as refusal:
            return _shown(request, token, account, status=422, plan_error=str(refusal))
        return _done(request, token, "plan")

    return _with_plan(request, token, account, sign)


@login_not_required
@never_cache
@posted_from(PAGE)
@for_customer(most=ACTS)
def plan_agreement(request: HttpRequest, token: str, account: CreditAccount) -> HttpResponse:
    """Hand out the agreement of the plan that is offered, or of the one in force, to who knows what only the customer knows."""

    def hand_out(form: PlanProof, plan: Plan) -> HttpResponse:
        try:
            handle = customer_acts.read_agreement(account, reference=plan.reference)
        except FileNotFoundError:
            handle = None
        if handle is None:
            return _shown(request, token, account, status=404, plan_error=_("We cannot show the agreement now. Call us."))
        answer = HttpResponse(handle.read(), content_type="application/pdf")
        answer.headers["Content-Disposition"] = f'attachment; filename="{plan.reference}.pdf"'
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer

    return _with_plan(request, token, account, hand_out, plan=offered_plan(account) or agreed_plan(account))


def _with_plan(
    request: HttpRequest,
    token: str,
    account: CreditAccount,
    act: Callable[[PlanProof, Plan], HttpResponse | None],
    *,
    plan: Plan | None = None,
) -> HttpResponse:
    form, offered = PlanProof(request.POST), plan or offered_plan(account)
    if offered is None or not form.is_valid() or form.cleaned_data["reference"] != offered.reference:
        why = _("This offer is no longer open, or something is missing. Try again, or call us.")
        return _shown(request, token, account, status=422, plan_error=why)
    # Right ones count too: what is refused must not tell which of them it was.
    if is_too_often(f"account {account.pk}", "proof", most=PROOFS, minutes=24 * 60):
        return said(request, _("Too many tries today. Call us, and we go through the plan together."), status=429, token=token)
    if not customer_acts.is_proof(account, form.cleaned_data["proof"]):
        why = _("These are not the last four characters that we have. Try again, or call us.")
        return _shown(request, token, account, status=422, plan_error=why)
    answer = act(form, offered)
    return answer or _shown(request, token, account, offered=_offer(offered), proof=form.cleaned_data["proof"])


def _offer(offered: Plan) -> PlanShown:
    return plan_shown(offered, as_of=None)


def _business_day() -> date:
    """Return the day that decisions are dated by; a book that stands still takes an objection on its own day."""
    today = timezone.localdate()
    return min(today, business_today() or today)


def _done(request: HttpRequest, token: str, what: str) -> HttpResponse:
    language = request.GET.get("lang", "")
    answer = redirect(PAGE, token)
    answer.headers["Location"] += f"?done={what}" + (f"&lang={language}" if language in ("en", "zh-hans") else "")
    return answer
