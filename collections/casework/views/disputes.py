"""The list of disputes, and one dispute: taken in, worked on, concluded, approved."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import CreditAccount
from accounts.operations.refusals import LedgerRefusal
from accounts.review_forms import FileForm
from accounts.views.reviews import download
from casework import dispute_forms as forms
from casework.dispute_roles import APPROVE_DISPUTE, ASSIGN_DISPUTE, OPEN_DISPUTE, VIEW_DISPUTES, WORK_DISPUTE
from casework.models import Dispute, DisputeFile
from casework.models.disputes import LANE_CHOICES
from casework.operations.disputes import concluding, correcting, opening, working
from casework.operations.disputes.letters import compose_letter
from casework.operations.disputes.refusals import DisputeOpenAlready, DisputeTakenInAlready
from casework.queries import disputes as queries
from casework.queries.dispute_page import dispute_page, orders_of
from casework.rules.disputes import Outcome
from riskops.shared.audit import Actor
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.posting import posted_from
from riskops.shared.roles import OPERATIONS, ROLE_NAMES, requires, roles_of
from riskops.shared.scope import scope_of

WHOSE_NAMES = {"all": _("everybody's"), "mine": _("mine"), "nobody": _("nobody's")}
PAGE = "casework:dispute"


def dispute_or_404(dispute_id: int, *, user: Any) -> Dispute:
    """Return a dispute that the person may see and open.

    :raises ConflictDeclared: they have a conflict with its customer
    """
    dispute = queries.dispute_or_none(dispute_id, scope=scope_of(user))
    if dispute is None:
        raise Http404(gettext("There is no dispute %(id)s.") % {"id": dispute_id})
    refuse_conflict(user, dispute.customer_id)
    return dispute


def account_or_404(account_no: str, *, user: Any) -> CreditAccount:
    """Return an account that the person may see and open.

    :raises ConflictDeclared: they have a conflict with its customer
    """
    seen = scope_of(user).accounts(CreditAccount.objects.select_related("product", "customer"))
    account = seen.filter(account_no=account_no).first()
    if account is None:
        raise Http404(gettext("There is no account %(number)s in this book.") % {"number": account_no})
    refuse_conflict(user, account.customer_id)
    return account


@never_cache
@require_GET
@requires(VIEW_DISPUTES)
def disputes(request: HttpRequest) -> HttpResponse:
    """Show a page of disputes with their clocks."""
    filters = queries.read_dispute_filters(request.GET)
    page = queries.disputes_page(filters, scope=scope_of(request.user), user=request.user)
    context = {
        "title": _("Disputes and complaints"),
        "page": page,
        "filters": filters,
        "whose": WHOSE_NAMES.items(),
        "lanes": LANE_CHOICES,
    }
    htmx: Any = getattr(request, "htmx", False)
    is_partial = htmx and not htmx.boosted and not htmx.history_restore_request
    return render(request, "casework/disputes/_list.html" if is_partial else "casework/disputes/list.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(OPEN_DISPUTE)
def open_one(request: HttpRequest, account_no: str) -> HttpResponse:
    """Take in a dispute about an account."""
    account = account_or_404(account_no, user=request.user)
    about: dict[str, Any] = {
        "orders": orders_of(account.pk),
        "digits": account.product.minor_digits,
        "received_on": queries.open_day() or timezone.localdate(),
    }
    form = forms.DisputeForm(request.POST if request.method == "POST" else None, **about, auto_id="dispute_%s")
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                dispute = opening.open_dispute(
                    actor=Actor.of(request.user),
                    account_id=account.pk,
                    intake=form.intake(),
                    reference=form.cleaned_data["reference"],
                    now=timezone.now(),
                )
            except (DisputeOpenAlready, DisputeTakenInAlready) as refusal:
                messages.info(request, str(refusal))
                return redirect(PAGE, refusal.dispute_id)
            except LedgerRefusal as refusal:
                form.refuse(refusal)
            else:
                messages.success(request, gettext("Dispute %(id)s is open; its clock runs.") % {"id": dispute.pk})
                return redirect(PAGE, dispute.pk)
    context = {"title": _("Take in a dispute"), "account": account, "form": form}
    htmx: Any = getattr(request, "htmx", False)
    is_drawer = htmx and not htmx.boosted and request.method == "GET"
    return render(
        request, "casework/disputes/_intake.html" if is_drawer else "casework/disputes/open.html", context, status=status
    )


@never_cache
@require_GET
@requires(VIEW_DISPUTES)
def dispute(request: HttpRequest, dispute_id: int) -> HttpResponse:
    """Show one dispute."""
    return _shown(request, dispute_or_404(dispute_id, user=request.user))


def _shown(request: HttpRequest, found: Dispute, *, status: int = 200, **typed: Any) -> HttpResponse:
    page = dispute_page(found, scope=scope_of(request.user))
    version = {"version": found.version}
    cause = f"{found.cause_kind}:{found.cause_id}" if found.cause_kind else ""
    said = {name: getattr(found, name) for name in ("outcome", "root_cause", "finding", "answer_en", "answer_zh")}
    context = {
        "title": gettext("Dispute %(id)s") % {"id": found.pk},
        "page": page,
        "dispute": found,
        "account": found.account,
        "state": getattr(found.account, "state", None),
        "may_write": working.may_work_on(request.user, found),
        "is_own": concluding.is_own_outcome(found, user_id=request.user.pk, name=request.user.get_username()),
        "may_judge": bool(roles_of(request.user) & concluding.approving_roles(found)) if found.status == "proposed" else False,
        "correction_form": forms.CorrectionForm(
            initial=version, installments=page.installments, digits=found.account.product.minor_digits, auto_id="correction_%s"
        ),
        "form": forms.ConclusionForm(initial={**version, **said, "cause": cause}, customer_id=found.customer_id),
        "assign_form": forms.DisputeAssignForm(
            initial={"assigned_to": found.assigned_to.get_username() if found.assigned_to else "", "team": found.team},
            auto_id="assign_%s",
        ),
        "file_form": FileForm(auto_id="file_%s"),
        "return_form": forms.DisputeReturnForm(initial=version, auto_id="return_%s"),
        "workers": _workers() if not found.is_closed else (),
        **typed,
    }
    return render(request, "casework/disputes/dispute.html", context, status=status)


def _workers() -> tuple[str, ...]:
    """Return the user names of people who may work on disputes, to offer."""
    roles = [role.value for role in ROLE_NAMES if role in OPERATIONS[WORK_DISPUTE].roles]
    people = get_user_model().objects.filter(is_active=True, groups__name__in=roles).order_by("username").distinct()
    return tuple(people.values_list("username", flat=True)[:200])


@never_cache
@requires(WORK_DISPUTE)
@posted_from(PAGE)
def take(request: HttpRequest, dispute_id: int) -> HttpResponse:
    """Take a dispute of nobody."""
    dispute_or_404(dispute_id, user=request.user)
    try:
        working.take_dispute(actor=Actor.of(request.user), dispute_id=dispute_id)
    except LedgerRefusal as refusal:
        messages.error(request, str(refusal))
    return redirect(PAGE, dispute_id)


@never_cache
@requires(ASSIGN_DISPUTE)
@posted_from(PAGE)
def assign(request: HttpRequest, dispute_id: int) -> HttpResponse:
    """Give a dispute to a person or team."""
    found = dispute_or_404(dispute_id, user=request.user)
    form = forms.DisputeAssignForm(request.POST, auto_id="assign_%s")
    if form.is_valid():
        team = form.cleaned_data["team"]
        try:
            working.assign_dispute(
                actor=Actor.of(request.user),
                dispute_id=dispute_id,
                username=form.cleaned_data["assigned_to"],
                team_id=team.pk if team else None,
            )
        except LedgerRefusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, gettext("Assigned."))
            return redirect(PAGE, dispute_id)
    return _shown(request, found, assign_form=form, status=422)


@never_cache
@requires(WORK_DISPUTE)
@posted_from(PAGE)
def add_file(request: HttpRequest, dispute_id: int) -> HttpResponse:
    """Keep evidence with a dispute."""
    found = dispute_or_404(dispute_id, user=request.user)
    form = FileForm(request.POST, request.FILES, auto_id="file_%s")
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            kept = working.add_evidence(
                actor=Actor.of(request.user), dispute_id=dispute_id, name=file.name, chunks=file.chunks(), size_bytes=file.size
            )
        except LedgerRefusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, gettext("File %(name)s is kept.") % {"name": kept.name})
            return redirect(reverse(PAGE, args=[dispute_id]) + "#files")
    return _shown(request, found, file_form=form, status=422)


def evidence_or_404(evidence_id: int, *, user: Any) -> DisputeFile:
    """Return evidence of a dispute that the person may open."""
    kept = DisputeFile.objects.filter(pk=evidence_id).first()
    if kept is None:
        raise Http404(gettext("There is no file %(id)s.") % {"id": evidence_id})
    dispute_or_404(kept.dispute_id, user=user)
    return kept


@never_cache
@require_GET
@requires(VIEW_DISPUTES)
def evidence(request: HttpRequest, evidence_id: int) -> HttpResponseBase:
    """Hand evidence out to somebody who may see its dispute."""
    return download(evidence_or_404(evidence_id, user=request.user))


@never_cache
@requires(WORK_DISPUTE)
@posted_from(PAGE)
def correct(request: HttpRequest, dispute_id: int) -> HttpResponse:
    """Plan a correction."""
    found = dispute_or_404(dispute_id, user=request.user)
    lines = dispute_page(found, scope=scope_of(request.user)).installments
    digits = found.account.product.minor_digits
    form = forms.CorrectionForm(request.POST, installments=lines, digits=digits, auto_id="correction_%s")
    if form.is_valid():
        try:
            correcting.plan_correction(
                actor=Actor.of(request.user),
                dispute_id=dispute_id,
                version=form.cleaned_data["version"],
                planned=form.planned(),
            )
        except LedgerRefusal as refusal:
            form.refuse(refusal)
        else:
            return redirect(reverse(PAGE, args=[dispute_id]) + "#corrections")
    return _shown(request, dispute_or_404(dispute_id, user=request.user), correction_form=form, status=422)


@never_cache
@requires(WORK_DISPUTE)
@posted_from(PAGE, takes=("dispute_id",))
def drop_correction(request: HttpRequest, dispute_id: int, correction_id: int) -> HttpResponse:
    """Take a planned correction out."""
    dispute_or_404(dispute_id, user=request.user)
    form = forms.DisputeVersionForm(request.POST)
    try:
        version = form.cleaned_data["version"] if form.is_valid() else 0
        correcting.drop_correction(
            actor=Actor.of(request.user), dispute_id=dispute_id, version=version, correction_id=correction_id
        )
    except LedgerRefusal as refusal:
        messages.error(request, str(refusal))
    return redirect(reverse(PAGE, args=[dispute_id]) + "#corrections")


@never_cache
@requires(WORK_DISPUTE)
@posted_from(PAGE)
def conclude(request: HttpRequest, dispute_id: int) -> HttpResponse:
    """Say what came of a dispute; with `preview` pressed, only show the letter as it would be sent."""
    found = dispute_or_404(dispute_id, user=request.user)
    form = forms.ConclusionForm(request.POST, customer_id=found.customer_id)
    if "preview" in request.POST:
        return _previewed(request, found, form)
    if form.is_valid():
        try:
            done = concluding.conclude_dispute(
                actor=Actor.of(request.user),
                dispute_id=dispute_id,
                version=form.cleaned_data["version"],
                conclusion=form.conclusion(),
                now=timezone.now(),
            )
        except LedgerRefusal as refusal:
            form.refuse(refusal)
        else:
            said = (
                gettext("Dispute %(id)s is closed: %(outcome)s. The letter is on its way.")
                if done.is_closed
                else gettext("The outcome of dispute %(id)s (%(outcome)s) moves money: it waits for a second person.")
            )
            messages.success(request, said % {"id": done.pk, "outcome": done.get_outcome_display()})
            return redirect(PAGE, dispute_id)
    return _shown(request, dispute_or_404(dispute_id, user=request.user), form=form, status=422)


def _previewed(request: HttpRequest, found: Dispute, form: forms.ConclusionForm) -> HttpResponse:
    """Show the letter above what was typed; nothing is written."""
    outcome, today = form.data.get("outcome", ""), queries.open_day()
    if outcome not in set(Outcome) or today is None:
        form.add_error("outcome", gettext("Choose an outcome: the letter differs by it."))
        return _shown(request, found, form=form, status=422)
    letter = compose_letter(
        found,
        outcome=Outcome(outcome),
        answers={"en": form.data.get("answer_en", "") or "…", "zh": form.data.get("answer_zh", "") or "…"},
        corrections=correcting.corrections_to_come(found, Outcome(outcome), today=today),
        dated=today,
    )
    return _shown(request, found, form=form, preview=letter)


@never_cache
@requires(APPROVE_DISPUTE)
@posted_from(PAGE)
def approve(request: HttpRequest, dispute_id: int) -> HttpResponse:
    """Approve an outcome that moves money."""
    found = dispute_or_404(dispute_id, user=request.user)
    form = forms.DisputeVersionForm(request.POST)
    if form.is_valid():
        try:
            done = concluding.approve_outcome(
                actor=Actor.of(request.user), dispute_id=dispute_id, version=form.cleaned_data["version"], now=timezone.now()
            )
        except LedgerRefusal as refusal:
            messages.error(request, str(refusal))
            return _shown(request, dispute_or_404(dispute_id, user=request.user), status=422)
        messages.success(
            request,
            gettext("Dispute %(id)s is closed: %(outcome)s. The letter is on its way.")
            % {"id": done.pk, "outcome": done.get_outcome_display()},
        )
        return redirect(PAGE, dispute_id)
    return _shown(request, found, status=422)


@never_cache
@requires(APPROVE_DISPUTE)
@posted_from(PAGE)
def send_back(request: HttpRequest, dispute_id: int) -> HttpResponse:
    """Send a proposed outcome back."""
    found = dispute_or_404(dispute_id, user=request.user)
    form = forms.DisputeReturnForm(request.POST, auto_id="return_%s")
    if form.is_valid():
        try:
            concluding.send_back_outcome(
                actor=Actor.of(request.user),
                dispute_id=dispute_id,
                version=form.cleaned_data["version"],
                reason=form.cleaned_data["reason"],
            )
        except LedgerRefusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, gettext("Sent back; nothing moved."))
            return redirect(PAGE, dispute_id)
    return _shown(request, found, return_form=form, status=422)
