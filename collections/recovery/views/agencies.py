"""Work → Agencies: all of them, one with what keeps it fit, who of it saw what, how it does."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from recovery import agency_roles as may_do
from recovery.agency_chart import HEIGHT, liquidation_figure
from recovery.agency_days import business_date, today
from recovery.agency_forms import AgencyForm, EvaluationForm, PersonForm, ReasonForm, StopForm, TermsForm
from recovery.models import Agency
from recovery.operations.agencies import evaluating, preparing
from recovery.operations.agencies.refusals import AgencyRefusal
from recovery.queries.agencies import accesses, agency_page, agency_rows
from recovery.queries.agency_scorecard import MONTHS_AFTER, scorecard
from recovery.views.agency_answers import agency_or_404, form_step, step
from riskops.shared.audit import Actor
from riskops.shared.money import UnknownCurrency, minor_digits
from riskops.shared.operations import VIEW_AUDIT
from riskops.shared.posting import posted_from
from riskops.shared.roles import may, requires
from riskops.shared.scope import refuse_limited_scope

PAGE = "agencies:agency"


@never_cache
@require_GET
@requires(may_do.VIEW_AGENCIES)
def agencies(request: HttpRequest) -> HttpResponse:
    """Show all agencies with their clocks; those in use are the published list."""
    rows = agency_rows(request.user, today(), business_date())
    return render(request, "recovery/agencies/list.html", {"title": _("Agencies"), "rows": rows, "today": today()})


@never_cache
@require_http_methods(["GET", "POST"])
@requires(may_do.PREPARE_AGENCY)
def new(request: HttpRequest) -> HttpResponse:
    """Enter an agency."""
    if request.method == "GET":
        return _editor(request, None, AgencyForm(is_new=True))
    form = AgencyForm(request.POST, is_new=True)
    if not form.is_valid():
        return _editor(request, None, form, status=422)
    currency = form.cleaned_data["currency"].upper()
    try:
        digits = minor_digits(currency)
        agency = preparing.prepare_agency(
            actor=Actor.of(request.user), code=form.cleaned_data["code"], currency=currency, minor_digits=digits,
            values=form.said(digits),
        )  # fmt: skip
    except UnknownCurrency as unknown:
        form.add_error("currency", str(unknown))
    except AgencyRefusal as refusal:
        form.refuse(refusal)
    else:
        return redirect(PAGE, agency.code)
    return _editor(request, None, form, status=422)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(may_do.PREPARE_AGENCY)
def edit(request: HttpRequest, code: str) -> HttpResponse:
    """Change what is said of an agency; it waits for a second person then."""
    agency = agency_or_404(code)
    if request.method == "GET":
        return _editor(request, agency, AgencyForm(is_new=False, initial=AgencyForm.initial_of(agency)))
    form = AgencyForm(request.POST, is_new=False)
    if not form.is_valid():
        return _editor(request, agency, form, status=422)
    try:
        preparing.change_agency(
            actor=Actor.of(request.user), code=code, revision=form.cleaned_data["revision"] or 0,
            values=form.said(agency.minor_digits),
        )  # fmt: skip
    except AgencyRefusal as refusal:
        form.refuse(refusal)
        return _editor(request, agency, form, status=refusal.status)
    return redirect(PAGE, code)


def _editor(request: HttpRequest, agency: Agency | None, form: AgencyForm, *, status: int = 200) -> HttpResponse:
    title = _("Change %(agency)s") % {"agency": agency.name} if agency else _("New agency")
    return render(request, "recovery/agencies/edit.html", {"title": title, "agency": agency, "form": form}, status=status)


@never_cache
@require_GET
@requires(may_do.VIEW_AGENCIES)
def agency(request: HttpRequest, code: str) -> HttpResponse:
    """Show one agency."""
    return _page(request, agency_or_404(code))


def _page(request: HttpRequest, found: Agency, *, status: int = 200, **typed: Any) -> HttpResponse:
    page = agency_page(request.user, found, today(), business_date(), with_audit=may(request.user, VIEW_AUDIT))
    context = {
        "title": found.name,
        "page": page,
        "agency": page.row.agency,
        "is_own": request.user.pk in found.editors,
        "stop": StopForm(auto_id="stop_%s"),
        "evaluation": EvaluationForm(auto_id="evaluation_%s", initial={"evaluated_on": today()}),
        "person": PersonForm(auto_id="person_%s", initial={"trained_on": today()}),
        "terms": TermsForm(auto_id="terms_%s", initial={"live_from": business_date() or today()}),
        "reason": ReasonForm(auto_id=False),
        **typed,
        "typed": next(iter(typed), ""),
    }
    return render(request, "recovery/agencies/agency.html", context, status=status)


@never_cache
@requires(may_do.APPROVE_AGENCY)
@posted_from(PAGE)
def approve(request: HttpRequest, code: str) -> HttpResponse:
    """Put an agency into use."""
    found = agency_or_404(code)

    def act() -> str:
        preparing.approve_agency(actor=Actor.of(request.user), code=code, today=today())
        return gettext("%(agency)s is in use.") % {"agency": found.name}

    return step(request, act, to=(PAGE, code), show=lambda status: _page(request, found, status=status))


@never_cache
@requires(may_do.STOP_AGENCY)
@posted_from(PAGE)
def stop(request: HttpRequest, code: str) -> HttpResponse:
    """Suspend or end an agency."""
    found, form = agency_or_404(code), StopForm(request.POST, auto_id="stop_%s")

    def act(values: dict[str, Any]) -> str:
        row = preparing.stop_agency(actor=Actor.of(request.user), code=code, **values)
        return gettext("%(agency)s: %(state)s.") % {"agency": row.name, "state": row.get_status_display()}

    return form_step(request, form, act, to=(PAGE, code), show=lambda status: _page(request, found, status=status, stop=form))


@never_cache
@requires(may_do.EVALUATE_AGENCY)
@posted_from(PAGE)
def evaluate(request: HttpRequest, code: str) -> HttpResponse:
    """Record an evaluation."""
    found, form = agency_or_404(code), EvaluationForm(request.POST, auto_id="evaluation_%s")

    def act(values: dict[str, Any]) -> str:
        evaluating.evaluate_agency(actor=Actor.of(request.user), code=code, today=today(), **values)
        return gettext("The evaluation of %(agency)s is recorded.") % {"agency": found.name}

    return form_step(
        request, form, act, to=(PAGE, code), show=lambda status: _page(request, found, status=status, evaluation=form)
    )


@never_cache
@requires(may_do.STAFF_AGENCY)
@posted_from(PAGE)
def register(request: HttpRequest, code: str) -> HttpResponse:
    """Register a person of an agency."""
    found, form = agency_or_404(code), PersonForm(request.POST, auto_id="person_%s")

    def act(values: dict[str, Any]) -> str:
        evaluating.register_person(actor=Actor.of(request.user), code=code, today=today(), **values)
        return gettext("%(person)s works for %(agency)s.") % {"person": values["username"], "agency": found.name}

    return form_step(request, form, act, to=(PAGE, code), show=lambda status: _page(request, found, status=status, person=form))


@never_cache
@requires(may_do.STAFF_AGENCY)
@posted_from(PAGE, takes=("code",))
def end_person(request: HttpRequest, code: str, username: str) -> HttpResponse:
    """End somebody's work for an agency."""
    found = agency_or_404(code)

    def act() -> str:
        evaluating.end_person(actor=Actor.of(request.user), code=code, username=username, today=today())
        return gettext("%(person)s no longer works for %(agency)s.") % {"person": username, "agency": found.name}

    return step(request, act, to=(PAGE, code), show=lambda status: _page(request, found, status=status))


@never_cache
@requires(may_do.PROPOSE_TERMS)
@posted_from(PAGE)
def propose_terms(request: HttpRequest, code: str) -> HttpResponse:
    """Propose what an agency is paid."""
    found, form = agency_or_404(code), TermsForm(request.POST, auto_id="terms_%s")

    def act(values: dict[str, Any]) -> str:
        row = evaluating.propose_terms(
            actor=Actor.of(request.user), code=code, live_from=values["live_from"], bands=form.bands(),
            tail_days=values["tail_days"], today=business_date() or today(),
        )  # fmt: skip
        return gettext("Version %(version)s of the terms waits for a second person.") % {"version": row.version}

    return form_step(request, form, act, to=(PAGE, code), show=lambda status: _page(request, found, status=status, terms=form))


def _decide_terms(request: HttpRequest, code: str, version: int, *, approves: bool) -> HttpResponse:
    found = agency_or_404(code)

    def act() -> str:
        row = evaluating.decide_terms(
            actor=Actor.of(request.user), code=code, version=version, approves=approves, reason=request.POST.get("reason", "")
        )
        return gettext("Version %(version)s of the terms: %(state)s.") % {
            "version": row.version,
            "state": row.get_status_display(),
        }

    return step(request, act, to=(PAGE, code), show=lambda status: _page(request, found, status=status))


@never_cache
@requires(may_do.APPROVE_TERMS)
@posted_from(PAGE, takes=("code",))
def approve_terms(request: HttpRequest, code: str, version: int) -> HttpResponse:
    """Approve what an agency is paid."""
    return _decide_terms(request, code, version, approves=True)


@never_cache
@requires(may_do.APPROVE_TERMS)
@posted_from(PAGE, takes=("code",))
def refuse_terms(request: HttpRequest, code: str, version: int) -> HttpResponse:
    """Send back what an agency was to be paid."""
    return _decide_terms(request, code, version, approves=False)


@never_cache
@require_GET
@requires(may_do.VIEW_ACCESS)
def access(request: HttpRequest, code: str) -> HttpResponse:
    """Show who of an agency saw which account when."""
    found = agency_or_404(code)
    refuse_limited_scope(request.user)
    account_no, after = request.GET.get("account", "").strip()[:64], request.GET.get("after", "")
    context = {
        "title": _("What %(agency)s saw") % {"agency": found.name},
        "agency": found,
        "page": accesses(found, account_no=account_no, after=after),
        "filters": {"account": account_no, "after": after},
    }
    return render(request, "recovery/agencies/access.html", context)


@never_cache
@require_GET
@requires(may_do.VIEW_AGENCIES)
def score(request: HttpRequest, code: str) -> HttpResponse:
    """Show how an agency does."""
    found = agency_or_404(code)
    refuse_limited_scope(request.user)
    day = business_date()
    card = scorecard(found, business_date=day, today=today()) if day else None
    drawn = card is not None and any(cohort.placed_minor for cohort in card.cohorts)
    context = {
        "title": _("Scorecard of %(agency)s") % {"agency": found.name},
        "agency": found,
        "card": card,
        "figure": liquidation_figure(card) if card is not None and drawn else None,
        "height": HEIGHT,
        "business_date": day,
        "months": range(MONTHS_AFTER + 1),
    }
    return render(request, "recovery/agencies/scorecard.html", context)
