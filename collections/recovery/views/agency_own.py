"""My placements: what somebody of an agency may see and do. Nothing here shows another agency, nor anything else of the book."""

from __future__ import annotations

import secrets
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from outreach.rules.contacts import Channel, Outcome, Purpose
from outreach.wording import verdict_text
from recovery.agency_days import today
from recovery.agency_forms import FileForm, OwnCallForm, OwnOutcomeForm
from recovery.agency_roles import CONTACT_OWN, DELIVER_OWN, SEE_OWN
from recovery.agency_rows import COLUMNS, problems_from_kept
from recovery.models import Agency, AgencyAccess, AgencyFile, Placement
from recovery.operations.agencies import own
from recovery.operations.agencies.refusals import AgencyRefusal, FileUnknown, NoAgencyOfYours, NotOfAgency
from recovery.queries.own_placements import own_files, own_list, own_page
from recovery.views.agency_answers import REFUSALS, form_step
from recovery.views.agency_money import receive
from riskops.shared.posting import posted_from
from riskops.shared.roles import requires

LIST, PAGE = "agencies:own", "agencies:own_account"


def _agency(request: HttpRequest) -> Agency | None:
    try:
        return own.agency_of(request.user, today())
    except NoAgencyOfYours:
        return None


def _placement(request: HttpRequest, account_no: str) -> Placement:
    try:
        return own.placed_with_own(request.user, account_no, today())
    except NotOfAgency as refusal:
        raise Http404(str(refusal)) from None


@never_cache
@require_GET
@requires(SEE_OWN)
def own_accounts(request: HttpRequest) -> HttpResponse:
    """Show the accounts placed with the person's agency; that they were seen is recorded."""
    return _list(request)


def _list(request: HttpRequest, *, status: int = 200, **typed: Any) -> HttpResponse:
    agency, account_no, after = _agency(request), request.GET.get("account", "").strip(), request.GET.get("after", "")
    context: dict[str, Any] = {"title": _("My placements"), "agency": agency, "filters": {"account": account_no, "after": after}}
    if agency is not None:
        page = own_list(agency, request.user, after=after, account_no=account_no)
        now = timezone.now()
        own.note_access(agency, request.user, [row.account_id for row in page.rows], AgencyAccess.What.LIST, now)
        columns = [(kind, ",".join(columns)) for kind, columns in COLUMNS.items()]
        context |= {"page": page, "files": own_files(agency, request.user), "form": FileForm(), "columns": columns}
    return render(request, "recovery/agencies/own.html", {**context, **typed}, status=status)


@never_cache
@require_GET
@requires(SEE_OWN)
def own_account(request: HttpRequest, account_no: str) -> HttpResponse:
    """Show one of them; that it was seen is recorded."""
    return _account(request, _placement(request, account_no))


def _account(
    request: HttpRequest, placement: Placement, *, status: int = 200, dialled: tuple[int, str] | None = None, **typed: Any
) -> HttpResponse:
    now = timezone.now()
    own.note_access(placement.agency, request.user, [placement.account_id], AgencyAccess.What.PAGE, now)
    context = {
        "title": placement.account.account_no,
        "page": own_page(placement, request.user),
        "call": OwnCallForm(initial={"key": secrets.token_hex(8)}),
        "outcome": OwnOutcomeForm(auto_id=False),
        "dialled": dialled,
        **typed,
    }
    return render(request, "recovery/agencies/own_account.html", context, status=status)


@never_cache
@requires(CONTACT_OWN)
@posted_from(PAGE)
def own_call(request: HttpRequest, account_no: str) -> HttpResponse:
    """Ask the gate for a call or visit."""
    placement, form = _placement(request, account_no), OwnCallForm(request.POST)
    zone = placement.account.customer.time_zone
    if form.is_valid():
        values = form.cleaned_data
        try:
            answer = own.announce_contact(
                user=request.user, account_no=account_no, channel=Channel(values["channel"]),
                purpose=Purpose(values["purpose"]), key=values["key"], now=timezone.now(),
            )  # fmt: skip
        except REFUSALS as refusal:
            form.refuse(refusal)
            return _account(request, placement, status=refusal.status, call=form)
        if answer.contact is None:
            form.add_error(None, verdict_text(answer.verdict, zone=zone))
        else:
            return _account(request, placement)
    return _account(request, placement, status=422, call=form)


@never_cache
@requires(CONTACT_OWN)
@posted_from(PAGE, takes=("account_no",))
def own_number(request: HttpRequest, account_no: str, contact_id: int) -> HttpResponse:
    """Show the number of a call that was let through."""
    placement = _placement(request, account_no)
    try:
        number = own.number_of_call(user=request.user, account_no=account_no, contact_id=contact_id, now=timezone.now())
    except REFUSALS as refusal:
        form = OwnCallForm({})
        form.errors.clear()
        form.add_error(None, str(refusal))
        return _account(request, placement, status=refusal.status, call=form)
    return _account(request, placement, dialled=(contact_id, number))


@never_cache
@requires(CONTACT_OWN)
@posted_from(PAGE, takes=("account_no",))
def own_end(request: HttpRequest, account_no: str, contact_id: int) -> HttpResponse:
    """Record how a call or visit ended."""
    placement, form = _placement(request, account_no), OwnOutcomeForm(request.POST, auto_id=False)

    def act(values: dict[str, Any]) -> str:
        own.end_own_call(
            user=request.user, account_no=account_no, contact_id=contact_id, outcome=Outcome(values["outcome"]),
            note=values["note"], now=timezone.now(),
        )  # fmt: skip
        return gettext("How it ended is recorded.")

    return form_step(
        request, form, act, to=(PAGE, account_no), show=lambda status: _account(request, placement, status=status, outcome=form)
    )


@never_cache
@requires(DELIVER_OWN)
@posted_from(LIST)
def own_deliver(request: HttpRequest) -> HttpResponse:
    """Hand in a file of one's own agency."""
    form = FileForm(request.POST, request.FILES)
    try:
        found = own.agency_of(request.user, today())
    except AgencyRefusal as refusal:
        raise Http404(str(refusal)) from None
    return receive(request, found, form, page="agencies:own_file", show=lambda status: _list(request, status=status, form=form))


@never_cache
@require_GET
@requires(DELIVER_OWN)
def own_file(request: HttpRequest, agency_file_id: int) -> HttpResponse:
    """Show what became of a file that one handed in."""
    row = AgencyFile.objects.filter(pk=agency_file_id, sent_by=request.user.pk).select_related("agency").first()
    agency = _agency(request)
    if row is None or agency is None or row.agency_id != agency.pk:
        raise Http404(str(FileUnknown(agency_file_id)))
    row.result = own.result_shown(agency, request.user, row, timezone.now())
    context = {"title": row.name, "file": row, "agency": agency, "problems": problems_from_kept(row.problems)}
    return render(request, "recovery/agencies/own_file.html", context)
