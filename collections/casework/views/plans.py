"""Relief and plans: the list, a plan for an account, and every step of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.operations.refusals import LedgerRefusal
from accounts.views.account import load_or_404
from casework import plan_roles as may_do
from casework.models import Plan, ReliefTerms
from casework.operations.plans.deciding import approve_plan, reject_plan, withdraw_plan
from casework.operations.plans.following import break_plan
from casework.operations.plans.proposing import PlanAsked, fill_affordability, propose_plan
from casework.operations.plans.signing import sign_plan
from casework.operations.plans.standing import hold_account
from casework.operations.work_refusals import WorkRefusal
from casework.plan_forms import AffordabilityFields, PlanFields
from casework.plan_hooks import offer_shown
from casework.queries.plans import GROUPS, Offers, offers, plan_shown, plans_in, plans_page
from casework.queries.steps import PLAN_STEPS, asked_step
from riskops.shared.audit import Actor
from riskops.shared.day import book_shown
from riskops.shared.money import plain_amount
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.posting import posted_from
from riskops.shared.roles import may, requires, roles_of
from riskops.shared.scope import scope_of

GROUP_NAMES = {
    "open": pgettext_lazy("plans", "not signed yet"),
    "active": pgettext_lazy("plans", "in force"),
    "missed": pgettext_lazy("plans", "missed"),
    "observed": pgettext_lazy("plans", "paid, observed"),
    "over": pgettext_lazy("plans", "over"),
}
COVERS = (("late", _("what is late, with its penalty")), ("open", _("everything unpaid")))
_Refusal = (WorkRefusal, LedgerRefusal)


def plan_or_404(reference: str, user: Any) -> Plan:
    """Return a plan that the person may see.

    :raises ConflictDeclared: they have a conflict with its customer
    """
    plan = plans_in(scope_of(user)).filter(reference=reference).first()
    if plan is None:
        raise Http404(gettext("There is no plan %(number)s.") % {"number": reference})
    refuse_conflict(user, plan.customer_id)
    return plan


@never_cache
@require_GET
@requires(may_do.VIEW_PLANS)
def plans(request: HttpRequest) -> HttpResponse:
    """Show a group of plans."""
    chosen = request.GET.get("of", "open")
    instrument = request.GET.get("instrument", "")
    instrument = instrument if instrument in ReliefTerms.Instrument.values else ""
    step, left_out = asked_step(request.GET, PLAN_STEPS)
    page = plans_page(chosen if chosen in GROUPS else "open", scope=scope_of(request.user), instrument=instrument, step=step)
    groups = [(group, name, page.counts[group]) for group, name in GROUP_NAMES.items()]
    context = {"title": _("Plans"), "page": page, "groups": groups, "instruments": ReliefTerms.Instrument.choices}
    context["left_out"] = left_out
    return render(request, "casework/plans/plans.html", context)


@never_cache
@require_GET
@requires(may_do.VIEW_PLANS)
def plan(request: HttpRequest, reference: str) -> HttpResponse:
    """Show a plan."""
    return _show(request, plan_or_404(reference, request.user))


def _show(request: HttpRequest, found: Plan, *, status: int = 200, **more: Any) -> HttpResponse:
    shown = plan_shown(found, as_of=book_shown().business_date)
    user = request.user
    is_own = user.pk is not None and user.pk == found.proposed_by_id
    waits_for_another = found.status == Plan.Status.CONFIRMING and user.pk != found.signed_by_id
    context = {
        "title": found.reference,
        "shown": shown,
        "plan": found,
        "currency": found.account.product.currency,
        "may_decide": may(user, may_do.DECIDE_PLAN) and found.status == Plan.Status.PROPOSED and not is_own,
        "is_own": is_own and found.status == Plan.Status.PROPOSED,
        "may_sign": may(user, may_do.SIGN_PLAN) and found.status == Plan.Status.OFFERED,
        "may_read": may(user, may_do.READ_AGREEMENT),
        "paper": found.file,
        "offer": offer_shown(found),
        "may_confirm": may(user, may_do.CONFIRM_PLAN) and waits_for_another,
        "may_send_back": may(user, may_do.SEND_BACK_PAPER) and waits_for_another,
        "may_withdraw": may(user, may_do.WITHDRAW_PLAN) and found.status in ("proposed", "offered", "confirming"),
        "may_break": may(user, may_do.BREAK_PLAN) and found.status == Plan.Status.ACTIVE,
        **more,
    }
    return render(request, "casework/plans/plan.html", context, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(may_do.PROPOSE_PLAN)
def new_plan(request: HttpRequest, account_no: str) -> HttpResponse:
    """Suggest plans for an account, and propose one."""
    loaded = load_or_404(account_no, user=request.user)
    account_id, digits = loaded.head.account.pk, loaded.head.minor_digits
    asked = request.POST if request.method == "POST" else request.GET
    instrument = asked.get("instrument", "")
    instrument = instrument if instrument in ReliefTerms.Instrument.values else ReliefTerms.Instrument.RESTRUCTURE.value
    covers = "open" if asked.get("covers") == "open" else "late"
    actor = Actor.of(request.user)
    try:
        with transaction.atomic():
            found = offers(hold_account(account_id, actor), instrument=instrument, covers=covers)
    except LedgerRefusal as refusal:
        messages.error(request, str(refusal))
        return redirect("accounts:account", account_no)
    initial = {"instrument": instrument, "covers": covers, **_picked(request, found, digits)}
    form = PlanFields(request.POST if "propose" in request.POST else None, digits=digits, initial=initial)
    means = AffordabilityFields(request.POST if "means" in request.POST else None, digits=digits, initial=_means(found, digits))
    status = 200
    if request.method == "POST" and "means" in request.POST:
        if means.is_valid():
            values = means.cleaned_data
            fill_affordability(
                actor=actor,
                account_id=account_id,
                income_minor=values["income"],
                essentials_minor=values["essentials"],
                other_debts_minor=values["other_debts"],
                note=values["note"],
            )
            answer = redirect("casework:plan_new", account_no)
            answer.headers["Location"] += f"?instrument={instrument}&covers={covers}"
            return answer
        status = 422
    elif request.method == "POST":
        if form.is_valid():
            made = _propose(form, actor, account_id, found)
            if made is not None:
                messages.success(
                    request, gettext("Plan %(number)s waits for somebody else's approval.") % {"number": made.reference}
                )
                return redirect("casework:plan", made.reference)
        status = 422
    context = {
        "title": _("A plan for the account"),
        "head": loaded.head,
        "offers": found,
        "form": form,
        "means": means,
        "covers_choices": COVERS,
        "is_deferral": found.chosen.terms.instrument == ReliefTerms.Instrument.DEFERRAL,
        "currency": loaded.head.currency,
    }
    return render(request, "casework/plans/new.html", context, status=status)


def _picked(request: HttpRequest, found: Offers, digits: int) -> dict[str, Any]:
    """Return what the form begins with: the plan that was picked from the suggestions, else the best of them."""
    number = request.GET.get("number", "")
    if number.isdecimal() and len(number) < 3:
        return {"number": int(number)}
    return {"number": found.suggestions[0].number} if found.suggestions else {}


def _means(found: Offers, digits: int) -> dict[str, Any]:
    form = found.form
    if form is None:
        return {}
    return {
        "income": plain_amount(form.income_minor, digits=digits),
        "essentials": plain_amount(form.essentials_minor, digits=digits),
        "other_debts": plain_amount(form.other_debts_minor, digits=digits),
        "note": form.note,
    }


def _propose(form: PlanFields, actor: Actor, account_id: int, found: Offers) -> Plan | None:
    values = form.cleaned_data
    try:
        return propose_plan(
            actor=actor,
            account_id=account_id,
            asked=PlanAsked(
                values["instrument"], values["covers"], values["number"], values.get("amount"), values.get("first_due")
            ),
            reason=values["reason"],
            affordability_id=found.form.pk if found.form else None,
        )
    except _Refusal as refusal:
        form.refuse(refusal.about, str(refusal))
        return None


def step(request: HttpRequest, reference: str, take: Callable[[], Plan], done: Callable[[Plan], str]) -> HttpResponse:
    """Take a step of a plan and show it again, with what was done or why not."""
    found = plan_or_404(reference, request.user)
    try:
        moved = take()
    except _Refusal as refusal:
        return _show(request, found, status=422, refusal=str(refusal), typed=request.POST)
    messages.success(request, done(moved))
    return redirect("casework:plan", reference)


@never_cache
@requires(may_do.DECIDE_PLAN)
@posted_from("casework:plan")
def approve(request: HttpRequest, reference: str) -> HttpResponse:
    """Approve a plan."""
    roles = [role.value for role in roles_of(request.user)]
    return step(
        request,
        reference,
        lambda: approve_plan(
            actor=Actor.of(request.user),
            roles=roles,
            reference=reference,
            comment=request.POST.get("reason", ""),
            now=timezone.now(),
        ),
        lambda made: gettext("Plan %(number)s is offered and can be signed.") % {"number": made.reference},
    )


@never_cache
@requires(may_do.DECIDE_PLAN)
@posted_from("casework:plan")
def reject(request: HttpRequest, reference: str) -> HttpResponse:
    """Reject a plan."""
    roles = [role.value for role in roles_of(request.user)]
    return step(
        request,
        reference,
        lambda: reject_plan(
            actor=Actor.of(request.user), roles=roles, reference=reference, reason=request.POST.get("reason", "")
        ),
        lambda made: gettext("Plan %(number)s is rejected.") % {"number": made.reference},
    )


@never_cache
@requires(may_do.WITHDRAW_PLAN)
@posted_from("casework:plan")
def withdraw(request: HttpRequest, reference: str) -> HttpResponse:
    """Take a plan back before it is signed."""
    return step(
        request,
        reference,
        lambda: withdraw_plan(actor=Actor.of(request.user), reference=reference, reason=request.POST.get("reason", "")),
        lambda made: gettext("Plan %(number)s is withdrawn.") % {"number": made.reference},
    )


@never_cache
@requires(may_do.SIGN_PLAN)
@posted_from("casework:plan")
def sign(request: HttpRequest, reference: str) -> HttpResponse:
    """Take a consent that was given on the telephone and recorded."""
    return step(
        request,
        reference,
        lambda: sign_plan(
            actor=Actor.of(request.user),
            reference=reference,
            way=Plan.Way.ORAL,
            recording=request.POST.get("recording", "")[:200],
            kept_until=_day(request.POST.get("kept_until", "")),
        ),
        lambda made: gettext("Plan %(number)s is in force; collection stops while it is kept.") % {"number": made.reference},
    )


@never_cache
@requires(may_do.BREAK_PLAN)
@posted_from("casework:plan")
def end(request: HttpRequest, reference: str) -> HttpResponse:
    """End a plan in force before its time."""
    return step(
        request,
        reference,
        lambda: break_plan(actor=Actor.of(request.user), reference=reference, reason=request.POST.get("reason", "")),
        lambda made: gettext("Plan %(number)s is ended; what is left is owed again.") % {"number": made.reference},
    )


def _day(text: str) -> Any:
    try:
        return parse_date(text)
    except ValueError:
        return None
