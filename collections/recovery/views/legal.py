"""Work → Legal: the board of legal cases, one case, proposing one, the limitation clock."""

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
from django.views.decorators.http import require_GET, require_http_methods

from accounts.forms import no_amount
from accounts.models import CreditAccount
from accounts.views.account import load_or_404
from outreach.forms import OutreachForm, ReasonForm
from outreach.operations.refusals import OutreachRefusal
from recovery import letter_forms as forms
from recovery import letter_roles as may_do
from recovery.models import LegalCase, LimitationFact
from recovery.models.legal import STAGE_NAMES
from recovery.operations.legal import cases, limitation
from recovery.operations.legal.cases import StageAsked, stage_benefit
from recovery.operations.legal.refusals import CaseUnknown
from recovery.operations.letters import keeping
from recovery.operations.letters.refusals import NoLetterPolicy
from recovery.queries import legal as queries
from recovery.queries.letter_standing import rate_text
from recovery.queries.limitation import clock_day, clock_of, running_out
from recovery.rules.benefit import FIRST_STAGES
from riskops.shared.audit import Actor
from riskops.shared.money import MalformedAmount
from riskops.shared.operations import VIEW_AUDIT
from riskops.shared.posting import posted_from
from riskops.shared.roles import may, requires
from riskops.shared.scope import scope_of

PAGE = "recovery:legal_case"
#: The longest span that a list of the limitation clock looks ahead.
MOST_DAYS = 3_650


@never_cache
@require_GET
@requires(may_do.VIEW_LEGAL_CASE)
def board(request: HttpRequest) -> HttpResponse:
    """Show the board: a column a stage."""
    today = timezone.localdate()
    context = {
        "title": _("Legal"),
        "columns": queries.board(request.user, today),
        "closed": queries.closed_cards(request.user, today),
    }
    return render(request, "recovery/legal/board.html", context)


def case_or_404(request: HttpRequest, case_id: int) -> LegalCase:
    """Return a case that the person may open.

    :raises ConflictDeclared: they have a conflict with the customer
    """
    try:
        return cases.case_in_sight(Actor.of(request.user), case_id)
    except CaseUnknown as refusal:
        raise Http404(str(refusal)) from None


@never_cache
@require_GET
@requires(may_do.VIEW_LEGAL_CASE)
def case(request: HttpRequest, case_id: int) -> HttpResponse:
    """Show one case."""
    return shown(request, case_or_404(request, case_id))


def shown(request: HttpRequest, found: LegalCase, *, status: int = 200, **typed: OutreachForm) -> HttpResponse:
    """Return the page of a case, with forms as they were typed."""
    today = timezone.localdate()
    page = queries.case_page(found, as_of=clock_day(today), today=today, with_audit=may(request.user, VIEW_AUDIT))
    about: dict[str, Any] = {"version": found.version, "on": today}
    present = {"body": page.present.body, "docket_no": page.present.docket_no} if page.present else {}
    context = {
        "title": _("Legal case %(case)s") % {"case": found.reference},
        "page": page,
        "is_own": found.proposed_by_id == request.user.pk,
        "approval": forms.ApproveCaseForm(initial=about, auto_id="approve_%s"),
        "rejection": forms.RejectCaseForm(initial=about, auto_id="reject_%s"),
        "moving": forms.MoveCaseForm(initial=about, auto_id="move_%s", following=page.following),
        "stage": forms.StageForm(initial={**about, **present}, auto_id="stage_%s"),
        "closing": forms.CloseCaseForm(initial=about, auto_id="close_%s"),
        "evidence": forms.EvidenceForm(auto_id="file_%s"),
        **typed,
    }
    return render(request, "recovery/legal/case.html", context, status=status)


Act = Callable[[Actor, dict[str, Any]], str]


def _step(request: HttpRequest, found: LegalCase, name: str, form: OutreachForm, act: Act) -> HttpResponse:
    """Do one step and go back to the case; what was refused is said beside its field, and nothing is changed."""
    if form.is_valid():
        try:
            said = act(Actor.of(request.user), form.cleaned_data)
        except OutreachRefusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, said)
            return redirect(PAGE, found.pk)
    for error in form.non_field_errors():
        messages.error(request, str(error))
    return shown(request, found, status=422, **{name: form})


@never_cache
@requires(may_do.DECIDE_LEGAL_CASE)
@posted_from(PAGE)
def approve(request: HttpRequest, case_id: int) -> HttpResponse:
    """Approve a case: its first stage begins."""

    def act(actor: Actor, values: dict[str, Any]) -> str:
        made = cases.approve_case(actor=actor, case_id=case_id, today=timezone.localdate(), **values)
        return gettext("Legal case %(case)s is open; the account is in legal recovery.") % {"case": made}

    found = case_or_404(request, case_id)
    return _step(request, found, "approval", forms.ApproveCaseForm(request.POST, auto_id="approve_%s"), act)


@never_cache
@requires(may_do.DECIDE_LEGAL_CASE)
@posted_from(PAGE)
def reject(request: HttpRequest, case_id: int) -> HttpResponse:
    """Not approve a case."""

    def act(actor: Actor, values: dict[str, Any]) -> str:
        made = cases.reject_case(actor=actor, case_id=case_id, **values)
        return gettext("Legal case %(case)s is not approved.") % {"case": made}

    found = case_or_404(request, case_id)
    return _step(request, found, "rejection", forms.RejectCaseForm(request.POST, auto_id="reject_%s"), act)


@never_cache
@requires(may_do.WORK_LEGAL_CASE)
@posted_from(PAGE)
def move(request: HttpRequest, case_id: int) -> HttpResponse:
    """Begin the next stage."""
    found = case_or_404(request, case_id)
    following = queries.following(found)

    def act(actor: Actor, values: dict[str, Any]) -> str:
        asked = StageAsked(values["stage"], values["on"], values["body"], values["docket_no"])
        about = {"version": values["version"], "result": values["result"], "today": timezone.localdate()}
        made = cases.move_case(actor=actor, case_id=case_id, asked=asked, **about)
        return gettext("Legal case %(case)s: %(stage)s.") % {"case": made, "stage": made.get_stage_display()}

    form = forms.MoveCaseForm(request.POST, auto_id="move_%s", following=following)
    return _step(request, found, "moving", form, act)


@never_cache
@requires(may_do.WORK_LEGAL_CASE)
@posted_from(PAGE)
def note_stage(request: HttpRequest, case_id: int) -> HttpResponse:
    """Write on the present stage, and book a cost."""
    found = case_or_404(request, case_id)
    form = forms.StageForm(request.POST, auto_id="stage_%s")

    def act(actor: Actor, values: dict[str, Any]) -> str:
        about = {"version": values["version"], "body": values["body"], "docket_no": values["docket_no"]}
        cases.note_stage(actor=actor, case_id=case_id, cost_minor=form.cost_minor(found.currency), **about)
        return gettext("The stage is saved.")

    if form.is_valid():
        try:
            form.cost_minor(found.currency)
        except MalformedAmount as malformed:
            form.add_error("cost", no_amount(form.cleaned_data["cost"].strip(), malformed))
    return _step(request, found, "stage", form, act)


@never_cache
@requires(may_do.WORK_LEGAL_CASE)
@posted_from(PAGE)
def close(request: HttpRequest, case_id: int) -> HttpResponse:
    """Close a case with its outcome."""

    def act(actor: Actor, values: dict[str, Any]) -> str:
        made = cases.close_case(actor=actor, case_id=case_id, today=timezone.localdate(), **values)
        return gettext("Legal case %(case)s is closed: %(outcome)s.") % {"case": made, "outcome": made.get_outcome_display()}

    found = case_or_404(request, case_id)
    return _step(request, found, "closing", forms.CloseCaseForm(request.POST, auto_id="close_%s"), act)


@never_cache
@requires(may_do.WORK_LEGAL_CASE)
@posted_from(PAGE)
def add_file(request: HttpRequest, case_id: int) -> HttpResponse:
    """Keep a document with a case."""
    found = case_or_404(request, case_id)

    def act(actor: Actor, values: dict[str, Any]) -> str:
        file = values["file"]
        kept = keeping.add_case_file(actor=actor, case=found, name=file.name, chunks=file.chunks(), size_bytes=file.size)
        return gettext("File %(name)s is kept.") % {"name": kept.name}

    return _step(request, found, "evidence", forms.EvidenceForm(request.POST, request.FILES, auto_id="file_%s"), act)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(may_do.OPEN_LEGAL_CASE)
def propose(request: HttpRequest, account_no: str) -> HttpResponse:
    """Weigh the stages that a case may begin with, and propose one."""
    account = load_or_404(account_no, user=request.user).head.account
    today = timezone.localdate()
    form = forms.ProposeCaseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = cases.propose_case(actor=Actor.of(request.user), account_id=account.pk, today=today, **form.cleaned_data)
        except OutreachRefusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, gettext("Legal case %(case)s is proposed; a second person approves it.") % {"case": made})
            return redirect(PAGE, made.pk)
    context = {
        "title": _("Legal case about account %(account)s") % {"account": account_no},
        "account": account,
        "form": form,
        "lines": _lines(account, today),
    }
    return render(request, "recovery/legal/propose.html", context, status=422 if request.method == "POST" else 200)


def _lines(account: CreditAccount, today: Any) -> list[tuple[Any, Any, str]]:
    """Return the cost-benefit line of each first stage; empty where no figures hold."""
    try:
        lines = [(stage, stage_benefit(account.pk, account.product.currency, stage, today=today)) for stage in FIRST_STAGES]
    except NoLetterPolicy:
        return []
    return [(STAGE_NAMES[stage], line, rate_text(line.rate_bp)) for stage, line in lines]


@never_cache
@require_GET
@requires(may_do.VIEW_LEGAL_CASE)
def limitation_list(request: HttpRequest) -> HttpResponse:
    """Show whose limitation runs out within days, or on the other tab whose has run out, the earliest first."""
    typed = request.GET.get("days", "")
    days = min(int(typed), MOST_DAYS) if typed.isascii() and typed.isdecimal() and len(typed) < 6 else None
    today = timezone.localdate()
    as_of = clock_day(today)
    found = running_out(scope=scope_of(request.user), as_of=as_of, today=today, within_days=days)
    is_over = request.GET.get("tab") == "over"
    rows = found.ran_out if is_over else found.running
    context = {"title": _("Limitation"), "found": found, "rows": rows, "is_over": is_over, "days": days, "as_of": as_of}
    return render(request, "recovery/legal/limitation.html", context)


@never_cache
@require_GET
@requires(may_do.VIEW_LEGAL_CASE)
def limitation_clock(request: HttpRequest, account_no: str) -> HttpResponse:
    """Show the clock of one account with what restarted it."""
    account = load_or_404(account_no, user=request.user).head.account
    return _clock(request, account)


def _clock(request: HttpRequest, account: CreditAccount, *, status: int = 200, **typed: OutreachForm) -> HttpResponse:
    today = timezone.localdate()
    context = {
        "title": _("Limitation of account %(account)s") % {"account": account.account_no},
        "account": account,
        "clock": clock_of(account, as_of=clock_day(today), today=today),
        "facts": LimitationFact.objects.filter(account=account).order_by("-on", "-pk"),
        "form": forms.LimitationForm(initial={"on": today}),
        "reason": ReasonForm(auto_id="withdraw_%s"),
        **typed,
    }
    return render(request, "recovery/legal/clock.html", context, status=status)


@never_cache
@requires(may_do.NOTE_LIMITATION)
@posted_from("recovery:limitation")
def limitation_note(request: HttpRequest, account_no: str) -> HttpResponse:
    """Note what restarts the clock."""
    account = load_or_404(account_no, user=request.user).head.account
    form = forms.LimitationForm(request.POST)
    if form.is_valid():
        try:
            limitation.note_fact(actor=Actor.of(request.user), account=account, today=timezone.localdate(), **form.cleaned_data)
        except OutreachRefusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, gettext("It is noted; the clock counts it."))
            return redirect("recovery:limitation", account_no)
    return _clock(request, account, status=422, form=form)


@never_cache
@requires(may_do.NOTE_LIMITATION)
@posted_from("recovery:limitation", takes=("account_no",))
def limitation_withdraw(request: HttpRequest, account_no: str, fact_id: int) -> HttpResponse:
    """Take a noted fact back."""
    account = load_or_404(account_no, user=request.user).head.account
    form = ReasonForm(request.POST, auto_id="withdraw_%s")
    if form.is_valid():
        about: dict[str, Any] = {"fact_id": fact_id, "reason": form.cleaned_data["reason"], "now": timezone.now()}
        try:
            limitation.withdraw_fact(actor=Actor.of(request.user), account=account, **about)
        except OutreachRefusal as refusal:
            messages.error(request, str(refusal))
            return _clock(request, account, status=refusal.status)
        messages.success(request, gettext("It is taken back; the clock does not count it any more."))
        return redirect("recovery:limitation", account_no)
    return _clock(request, account, status=422, reason=form)
