"""The lists of decisions, one decision, and what may be done with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.decision_forms import (
    ActForm,
    AppealForm,
    AppealOutcomeForm,
    KeepForm,
    LiftForm,
    ReasonForm,
    RefusableForm,
    RemarkForm,
)
from accounts.models import Decision
from accounts.operations.deciding import appealing, judging
from accounts.operations.deciding.proposing import lift_decision
from accounts.operations.deciding.weighing import control
from accounts.operations.refusals import LedgerRefusal
from accounts.queries.decisions import LISTS, DecisionPage, decisions_page, load_decision
from accounts.queries.fact_rows import in_words
from accounts.roles import (
    APPROVE_DECISION,
    CANCEL_DECISION,
    DECIDE_APPEAL,
    PROPOSE_DECISION,
    RECORD_APPEAL,
    REVIEW_DECISION,
    VIEW_DECISIONS,
)
from accounts.rules.decisions import LIFTABLE_ACTIONS, Status
from riskops.shared.audit import Actor
from riskops.shared.day import book_shown
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.posting import posted_from
from riskops.shared.roles import may, requires, roles_of
from riskops.shared.scope import scope_of


def _roles(request: HttpRequest) -> list[str]:
    return [role.value for role in roles_of(request.user)]


@never_cache
@require_GET
@requires(VIEW_DECISIONS)
def decisions(request: HttpRequest) -> HttpResponse:
    """Show one of the lists: what waits for approval first."""
    name = request.GET.get("list", "to_approve")
    before = request.GET.get("before", "")
    page = decisions_page(
        name if name in LISTS else "to_approve",
        user=request.user,
        before=int(before) if before.isdecimal() else None,
        roles=_roles(request),
    )
    context = {"title": _("Decisions"), "page": page, "lists": LISTS.items(), "control": control()}
    return render(request, "accounts/decisions/list.html", context)


@never_cache
@require_GET
@requires(VIEW_DECISIONS)
def decision(request: HttpRequest, decision_id: int) -> HttpResponse:
    """Show a decision."""
    return _show(request, decision_id)


def _show(
    request: HttpRequest, decision_id: int, *, act: str = "", form: RefusableForm | None = None, status: int = 200
) -> HttpResponse:
    page = load_decision(decision_id, user=request.user, roles=_roles(request))
    if page is None:
        raise Http404(gettext("There is no decision %(id)s.") % {"id": decision_id})
    forms = {name: make(page) for name, make in _acts(request, page)}
    if form is not None:
        forms[act] = form
    context = {
        "title": page.row.decision.reference,
        "page": page,
        "row": page.row,
        "decision": page.row.decision,
        "forms": forms,
        "is_frozen": book_shown().nightly_paused,
        "facts": in_words(page.row.decision.facts, page.row.currency),
    }
    return render(request, "accounts/decisions/decision.html", context, status=status)


def _acts(request: HttpRequest, page: DecisionPage) -> list[tuple[str, Callable[[DecisionPage], RefusableForm]]]:
    """Return what the person may do with the decision as it stands, each with its form."""
    decision, user = page.row.decision, request.user
    seen = {"version": decision.version}
    acts: list[tuple[str, Callable[[DecisionPage], RefusableForm]]] = []

    def add(name: str, operation: str, is_possible: bool, form: type[ActForm], **initial: Any) -> None:
        if is_possible and may(user, operation):
            acts.append((name, lambda _page: form(initial={**seen, **initial})))

    is_appealable = (
        page.appeal is None and decision.action in LIFTABLE_ACTIONS and decision.status in (Status.SCHEDULED, Status.EFFECTIVE)
    )
    add("approve", APPROVE_DECISION, page.may_approve, RemarkForm)
    add("reject", APPROVE_DECISION, page.row.is_mine_to_approve, ReasonForm)
    add("answer", DECIDE_APPEAL, page.appeal is not None and page.appeal.outcome == "open", AppealOutcomeForm)
    add("lift", PROPOSE_DECISION, decision.is_in_force and decision.action in LIFTABLE_ACTIONS, LiftForm)
    add("keep", REVIEW_DECISION, decision.is_in_force, KeepForm)
    add("appeal", RECORD_APPEAL, is_appealable, AppealForm, received_on=page.today)
    add("cancel", CANCEL_DECISION, page.is_mine_to_cancel, ReasonForm)
    return acts


def _act(request: HttpRequest, decision_id: int, name: str, form: ActForm, do: Callable[[dict[str, Any]], Any]) -> HttpResponse:
    """Do one act with a form, go to what came of it, or show the decision again with what was refused."""
    _refuse_hidden(request, decision_id)
    if form.is_valid():
        try:
            made = do(form.cleaned_data)
        except LedgerRefusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, gettext("Done: the decision stands as below."))
            return redirect("accounts:decision", made.pk if isinstance(made, Decision) else decision_id)
    return _show(request, decision_id, act=name, form=_with_present_version(form, decision_id), status=422)


def _refuse_hidden(request: HttpRequest, decision_id: int) -> None:
    """Answer 404 where the person may not see the account decided on.

    :raises ConflictDeclared: they may not open it
    """
    seen = scope_of(request.user).accounts(Decision.objects.filter(pk=decision_id), product="account__product")
    customer_id = seen.values_list("account__customer_id", flat=True).first()
    if customer_id is None:
        raise Http404(gettext("There is no decision %(id)s.") % {"id": decision_id})
    refuse_conflict(request.user, customer_id)


def _with_present_version(form: ActForm, decision_id: int) -> ActForm:
    """Return the form with what was typed, made for the decision as it stands now: nothing typed is lost."""
    data = form.data.copy() if isinstance(form.data, QueryDict) else dict(form.data)
    data["version"] = str(Decision.objects.values_list("version", flat=True).get(pk=decision_id))
    form.data = data
    return form


@requires(APPROVE_DECISION)
@posted_from("accounts:decision")
def approve(request: HttpRequest, decision_id: int) -> HttpResponse:
    """Approve a proposal."""
    return _act(
        request,
        decision_id,
        "approve",
        RemarkForm(request.POST),
        lambda values: judging.approve_decision(
            actor=Actor.of(request.user),
            roles=_roles(request),
            decision_id=decision_id,
            version=values["version"],
            remark=values["remark"],
        ),
    )


@requires(APPROVE_DECISION)
@posted_from("accounts:decision")
def reject(request: HttpRequest, decision_id: int) -> HttpResponse:
    """Reject a proposal."""
    return _act(
        request,
        decision_id,
        "reject",
        ReasonForm(request.POST),
        lambda values: judging.reject_decision(
            actor=Actor.of(request.user),
            roles=_roles(request),
            decision_id=decision_id,
            version=values["version"],
            remark=values["reason"],
        ),
    )


@requires(CANCEL_DECISION)
@posted_from("accounts:decision")
def cancel(request: HttpRequest, decision_id: int) -> HttpResponse:
    """Take a decision back before it takes effect."""
    return _act(
        request,
        decision_id,
        "cancel",
        ReasonForm(request.POST),
        lambda values: judging.cancel_decision(
            actor=Actor.of(request.user),
            roles=_roles(request),
            decision_id=decision_id,
            version=values["version"],
            reason=values["reason"],
        ),
    )


@requires(PROPOSE_DECISION)
@posted_from("accounts:decision")
def lift(request: HttpRequest, decision_id: int) -> HttpResponse:
    """Lift a decision, or propose to."""
    return _act(
        request,
        decision_id,
        "lift",
        LiftForm(request.POST),
        lambda values: lift_decision(
            actor=Actor.of(request.user),
            roles=_roles(request),
            decision_id=decision_id,
            version=values["version"],
            reason_code=values["reason_code"],
            note=values["note"],
            reference=values["reference"],
        ),
    )


@requires(REVIEW_DECISION)
@posted_from("accounts:decision")
def keep(request: HttpRequest, decision_id: int) -> HttpResponse:
    """Keep a decision in force after its review."""
    return _act(
        request,
        decision_id,
        "keep",
        KeepForm(request.POST),
        lambda values: judging.keep_decision(
            actor=Actor.of(request.user),
            decision_id=decision_id,
            version=values["version"],
            review_on=values["review_on"],
            reason=values["reason"],
        ),
    )


@requires(RECORD_APPEAL)
@posted_from("accounts:decision")
def appeal(request: HttpRequest, decision_id: int) -> HttpResponse:
    """Record a customer's appeal."""
    return _act(
        request,
        decision_id,
        "appeal",
        AppealForm(request.POST),
        lambda values: appealing.record_appeal(actor=Actor.of(request.user), decision_id=decision_id, **values),
    )


@requires(DECIDE_APPEAL)
@posted_from("accounts:decision")
def answer(request: HttpRequest, decision_id: int) -> HttpResponse:
    """Judge an appeal."""
    return _act(
        request,
        decision_id,
        "answer",
        AppealOutcomeForm(request.POST),
        lambda values: appealing.decide_appeal(
            actor=Actor.of(request.user),
            decision_id=decision_id,
            version=values["version"],
            is_granted=values["outcome"] == "granted",
            answer_en=values["answer_en"],
            answer_zh=values["answer_zh"],
        ),
    )
