"""Cases: the list, the desk of one, and what is done there. Each act leads back to the desk with what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.models import CreditAccount
from accounts.operations.refusals import LedgerRefusal
from casework import work_roles as may_do
from casework.case_forms import OFFERED_PARTS, PromiseTyped, read_amount, read_day, read_parts
from casework.contact_hooks import with_what_lacks
from casework.lateness import reason_label, reasons_offered
from casework.models import Case, CaseContact, CaseCost, NextAction, Promise
from casework.operations.cases import outcomes, working_on
from casework.operations.cases.refusals import ContactUnknown
from casework.operations.promises import cancel_promise, take_promise
from casework.operations.promises.refusals import PromiseUnknown
from casework.operations.work_refusals import WorkRefusal
from casework.outcomes import outcome_label, outcomes_offered
from casework.queries.cases.pages import CaseFilters, case_desk, case_page
from casework.queries.promises.lists import PromiseFilters, promise_page
from casework.queries.steps import PROMISE_STEPS, asked_step
from casework.trained import why_left_to_trained
from riskops.shared.audit import Actor
from riskops.shared.day import book_shown
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.posting import posted_from
from riskops.shared.roles import requires
from riskops.shared.scope import scope_of

PROOF_NAMES = {
    "last_four": _("last four digits of the identity number"),
    "birth_date": _("date of birth"),
    "known_purchase": _("a purchase that only they know"),
    "call_back": _("called back at the number on record"),
}
SHOW_NAMES = {
    "open": pgettext_lazy("cases", "open"),
    "mine": pgettext_lazy("cases", "mine"),
    "due": pgettext_lazy("cases", "to be done today"),
}


def account_or_404(account_no: str, user: Any) -> CreditAccount:
    """Return an account that the person may see and open, with customer and product; 404 if they may not see it.

    :raises ConflictDeclared: they have a conflict with its customer
    """
    seen = scope_of(user).accounts(CreditAccount.objects.select_related("customer", "product"))
    account = seen.filter(account_no=account_no).first()
    if account is None:
        raise Http404(gettext("There is no account %(number)s in this book.") % {"number": account_no})
    refuse_conflict(user, account.customer_id)
    return account


@never_cache
@require_GET
@requires(may_do.VIEW_CASES)
def cases(request: HttpRequest) -> HttpResponse:
    """List the open cases: all, one's own, or those with something to be done today."""
    asked = request.GET
    show = asked.get("show", "open")
    filters = CaseFilters(stage=asked.get("stage", ""), show=show if show in SHOW_NAMES else "open", after=asked.get("after", ""))
    context = {
        "title": _("Cases"),
        "page": case_page(filters, user=request.user, today=timezone.localdate()),
        "filters": filters,
        "shown": SHOW_NAMES.items(),
        "stages": [choice for choice in Case.Stage.choices if choice[0] != Case.Stage.CURED],
    }
    return render(request, "casework/cases/cases.html", context)


@never_cache
@require_GET
@requires(may_do.VIEW_CASES)
def case(request: HttpRequest, account_no: str) -> HttpResponse:
    """Show the desk of an account's case."""
    return _desk(request, account_or_404(account_no, request.user))


def _desk(request: HttpRequest, account: CreditAccount, *, status: int = 200, **more: Any) -> HttpResponse:
    desk = case_desk(account)
    context = {
        "title": gettext("Case of %(account)s") % {"account": account.account_no},
        "account": account,
        "desk": desk,
        "today": timezone.localdate(),
        "care": why_left_to_trained(request.user, account.customer_id),
        **desk_choices(),
        **more,
    }
    return render(request, "casework/cases/case.html", context, status=status)


def desk_choices() -> dict[str, Any]:
    """Return what the forms of a case offer."""
    return {
        "outcomes": outcomes_offered(),
        "reasons": reasons_offered(),
        "next_actions": NextAction.choices,
        "proofs": PROOF_NAMES.items(),
        "relations": CaseContact.Relation.choices,
        "sources": CaseContact.Source.choices,
        "consents": [choice for choice in CaseContact.Consent.choices if choice[0] != CaseContact.Consent.REFUSED],
        "cost_kinds": CaseCost.Kind.choices,
        "offered_parts": range(OFFERED_PARTS),
    }


def _act(
    request: HttpRequest, account_no: str, do: Callable[[CreditAccount, Actor], Any], done: Callable[[], str]
) -> HttpResponse:
    account = account_or_404(account_no, request.user)
    try:
        do(account, Actor.of(request.user))
    except (WorkRefusal, LedgerRefusal) as refusal:
        # What was typed for a promise is no cost's amount.
        is_promise = "due_on" in request.POST
        typed = {"typed_promise": PromiseTyped.of(request.POST, refusal)} if is_promise else {"typed": request.POST}
        return _desk(request, account, status=422, refusal=str(refusal), **typed)
    messages.success(request, done())
    return _back(request, account.account_no)


def _back(request: HttpRequest, account_no: str) -> HttpResponse:
    """Lead back to where the form stood: the case, or the page that asked for it."""
    there = request.POST.get("next", "")
    if there and url_has_allowed_host_and_scheme(there, allowed_hosts={request.get_host()}):
        return redirect(there)
    return redirect("case", account_no)


@never_cache
@requires(may_do.RECORD_CASE_OUTCOME)
@posted_from("case")
def outcome(request: HttpRequest, account_no: str) -> HttpResponse:
    """Record an outcome."""
    code = request.POST.get("outcome", "")
    return _act(
        request,
        account_no,
        lambda account, actor: outcomes.record_case_outcome(
            actor=actor,
            account_id=account.pk,
            code=code,
            today=timezone.localdate(),
            remark=request.POST.get("remark", ""),
            lateness_reason=request.POST.get("lateness_reason", ""),
        ),
        lambda: with_what_lacks(
            gettext("%(account)s: %(outcome)s.") % {"account": account_no, "outcome": outcome_label(code)},
            account_id=account_or_404(account_no, request.user).pk,
            user_id=request.user.pk,
            outcome=code,
            now=timezone.now(),
        ),
    )


@never_cache
@requires(may_do.SET_NEXT_ACTION)
@posted_from("case")
def next_action(request: HttpRequest, account_no: str) -> HttpResponse:
    """Set what is to be done next."""
    return _act(
        request,
        account_no,
        lambda account, actor: working_on.set_next_action(
            actor=actor,
            account_id=account.pk,
            action=request.POST.get("action", ""),
            on=read_day(request.POST.get("on", "")),
            today=timezone.localdate(),
        ),
        lambda: gettext("The next action is set."),
    )


@never_cache
@requires(may_do.OWN_CASE)
@posted_from("case")
def owner(request: HttpRequest, account_no: str) -> HttpResponse:
    """Give the case an owner."""
    return _act(
        request,
        account_no,
        lambda account, actor: working_on.own_case(
            actor=actor, account_id=account.pk, username=request.POST.get("username", "").strip(), today=timezone.localdate()
        ),
        lambda: gettext("The owner is set."),
    )


@never_cache
@requires(may_do.CONFIRM_RIGHT_PARTY)
@posted_from("case")
def right_party(request: HttpRequest, account_no: str) -> HttpResponse:
    """Note that it was the customer."""
    return _act(
        request,
        account_no,
        lambda account, actor: working_on.confirm_right_party(
            actor=actor,
            account_id=account.pk,
            proof=request.POST.get("proof", ""),
            lateness_reason=request.POST.get("lateness_reason", ""),
        ),
        lambda: gettext("It is noted that you spoke to the customer."),
    )


@never_cache
@requires(may_do.RECORD_LATENESS_REASON)
@posted_from("case")
def reason(request: HttpRequest, account_no: str) -> HttpResponse:
    """Record why the customer is late."""
    code = request.POST.get("lateness_reason", "")
    return _act(
        request,
        account_no,
        lambda account, actor: working_on.record_reason(actor=actor, account_id=account.pk, code=code),
        lambda: gettext("Recorded: %(reason)s.") % {"reason": reason_label(code)},
    )


@never_cache
@requires(may_do.ADD_CASE_CONTACT)
@posted_from("case")
def contact(request: HttpRequest, account_no: str) -> HttpResponse:
    """Add a contact person."""
    names = ("relation", "name", "phone", "source", "consent")
    typed = working_on.TypedContact(**{name: request.POST.get(name, "") for name in names})
    return _act(
        request,
        account_no,
        lambda account, actor: working_on.add_contact(actor=actor, account_id=account.pk, typed=typed, now=timezone.now()),
        lambda: gettext("The contact person is kept. Whether they may be contacted the contact policy says."),
    )


@never_cache
@requires(may_do.REFUSE_CASE_CONTACT)
@posted_from("case", takes=("account_no",))
def refuse_contact(request: HttpRequest, account_no: str, contact_id: int) -> HttpResponse:
    """Note that a contact person wants to hear no more."""

    def refuse(account: CreditAccount, actor: Actor) -> None:
        if not CaseContact.objects.filter(pk=contact_id, case__account=account).exists():
            raise ContactUnknown(contact_id)
        working_on.refuse_contact(actor=actor, contact_id=contact_id, now=timezone.now())

    return _act(request, account_no, refuse, lambda: gettext("It is noted: they are not to be contacted again."))


@never_cache
@requires(may_do.BOOK_CASE_COST)
@posted_from("case")
def cost(request: HttpRequest, account_no: str) -> HttpResponse:
    """Book a cost."""
    return _act(
        request,
        account_no,
        lambda account, actor: working_on.book_cost(
            actor=actor,
            account_id=account.pk,
            kind=request.POST.get("kind", ""),
            amount_minor=read_amount(request.POST.get("amount", ""), digits=account.product.minor_digits),
            incurred_on=read_day(request.POST.get("incurred_on", "")) or timezone.localdate(),
            note=request.POST.get("note", ""),
            now=timezone.now(),
        ),
        lambda: gettext("The cost is booked."),
    )


@never_cache
@requires(may_do.TAKE_PROMISE)
@posted_from("case")
def promise(request: HttpRequest, account_no: str) -> HttpResponse:
    """Take a promise."""
    return _act(
        request,
        account_no,
        lambda account, actor: take_promise(
            actor=actor,
            account_id=account.pk,
            parts=read_parts(request.POST, digits=account.product.minor_digits),
            said=request.POST.get("said", ""),
            override_reason=request.POST.get("override_reason", ""),
        ),
        lambda: gettext("The promise is taken; treatment pauses until it is kept or broken."),
    )


@never_cache
@requires(may_do.CANCEL_PROMISE)
@posted_from("case", takes=("account_no",))
def cancel(request: HttpRequest, account_no: str, promise_id: int) -> HttpResponse:
    """Cancel an open promise."""

    def give_up(account: CreditAccount, actor: Actor) -> None:
        if not Promise.objects.filter(pk=promise_id, account=account).exists():
            raise PromiseUnknown(promise_id)
        cancel_promise(actor=actor, promise_id=promise_id, reason=request.POST.get("reason", ""))

    return _act(request, account_no, give_up, lambda: gettext("The promise is cancelled; treatment goes on."))


@never_cache
@require_GET
@requires(may_do.VIEW_PROMISES)
def promises(request: HttpRequest) -> HttpResponse:
    """List promises by what became of them."""
    status = request.GET.get("status", Promise.Status.OPEN)
    step, left_out = asked_step(request.GET, PROMISE_STEPS)
    filters = PromiseFilters(
        status=status if status in Promise.Status.values else Promise.Status.OPEN, after=request.GET.get("after", ""), step=step
    )
    as_of = book_shown().business_date
    context = {
        "title": _("Promises"),
        "page": promise_page(filters, user=request.user, as_of=as_of),
        "filters": filters,
        "statuses": Promise.Status.choices,
        "as_of": as_of,
        "left_out": left_out,
    }
    return render(request, "casework/promises/promises.html", context)
