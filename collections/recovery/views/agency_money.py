"""Work → Agencies → commission statements, and files to and from agencies."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from recovery import agency_roles as may_do
from recovery.agency_days import business_date, today
from recovery.agency_forms import FileForm, MonthForm, ReasonForm
from recovery.agency_rows import COLUMNS, problems_from_kept
from recovery.models import Agency, AgencyFile, AgencyStatement
from recovery.operations.agencies import files, sending, statements
from recovery.operations.agencies.refusals import AgencyRefusal, FileUnknown, StatementUnknown
from recovery.queries.agency_statements import statement_page, statement_rows
from recovery.views.agency_answers import agency_or_404, form_step, step
from riskops.shared.audit import Actor
from riskops.shared.money import plain_amount
from riskops.shared.posting import posted_from
from riskops.shared.roles import requires
from riskops.shared.scope import refuse_limited_scope
from riskops.shared.spreadsheets import harmless

STATEMENT, FILES, FILE = "agencies:statement", "agencies:files", "agencies:file"


# Statements -------------------------------------------------------------------------------------------------------


@never_cache
@require_GET
@requires(may_do.VIEW_STATEMENTS)
def statements_list(request: HttpRequest) -> HttpResponse:
    """Show the statements, and what is not stated yet."""
    refuse_limited_scope(request.user)
    return _statements(request)


def _statements(request: HttpRequest, *, status: int = 200, **typed: Any) -> HttpResponse:
    day = business_date()
    last_month = (day.replace(day=1) - timedelta(days=1)).replace(day=1) if day else None
    context = {
        "title": _("Commission statements"),
        "page": statement_rows(),
        "agencies": Agency.objects.order_by("code"),
        "month": MonthForm(auto_id=False, initial={"month": last_month}),
        **typed,
    }
    return render(request, "recovery/agencies/statements.html", context, status=status)


@never_cache
@requires(may_do.PREPARE_STATEMENT)
@posted_from("agencies:statements", takes=())
def prepare(request: HttpRequest, code: str) -> HttpResponse:
    """Draw up the statement of an agency for a month."""
    found = agency_or_404(code)
    refuse_limited_scope(request.user)
    form = MonthForm(request.POST, auto_id=False)
    if not form.is_valid():
        return _statements(request, status=422, month=form)
    try:
        row = statements.prepare_statement(actor=Actor.of(request.user), code=found.code, month=form.cleaned_data["month"])
    except AgencyRefusal as refusal:
        form.refuse(refusal)
        return _statements(request, status=refusal.status, month=form)
    return redirect(STATEMENT, row.pk)


@never_cache
@require_GET
@requires(may_do.VIEW_STATEMENTS)
def statement(request: HttpRequest, statement_id: int) -> HttpResponse:
    """Show a statement with its lines, or give it as CSV."""
    row = _statement_or_404(request, statement_id)
    if request.GET.get("format") == "csv":
        return _statement_csv(row)
    return _statement_page(request, row)


def _statement_or_404(request: HttpRequest, statement_id: int) -> AgencyStatement:
    row = AgencyStatement.objects.select_related("agency").filter(pk=statement_id).first()
    if row is None:
        raise Http404(str(StatementUnknown(statement_id)))
    refuse_limited_scope(request.user)
    return row


def _statement_page(request: HttpRequest, row: AgencyStatement, *, status: int = 200, **typed: Any) -> HttpResponse:
    context = {
        "title": _("Commission of %(agency)s") % {"agency": row.agency.name},
        "page": statement_page(row),
        "is_own": request.user.pk == row.prepared_by_id,
        "drop": ReasonForm(auto_id="drop_%s"),
        **typed,
    }
    return render(request, "recovery/agencies/statement.html", context, status=status)


def _statement_csv(row: AgencyStatement) -> HttpResponse:
    page, digits = statement_page(row, most=None), row.agency.minor_digits
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["account_no", "payment_no", "value_date", "paid", "rate_percent", "commission", "after_recall"])
    for line in page.lines:
        writer.writerow([
            harmless(line.payment.account.account_no), harmless(line.payment.payment_no), line.value_date.isoformat(),
            plain_amount(line.base_minor, digits=digits), plain_amount(line.rate_bp, digits=2),
            plain_amount(line.commission_minor, digits=digits), int(line.is_tail),
        ])  # fmt: skip
    answer = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    name = f"commission-{row.agency.code}-{row.month:%Y-%m}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@never_cache
@requires(may_do.ISSUE_STATEMENT)
@posted_from(STATEMENT)
def issue(request: HttpRequest, statement_id: int) -> HttpResponse:
    """Issue a statement."""
    row = _statement_or_404(request, statement_id)

    def act() -> str:
        statements.issue_statement(actor=Actor.of(request.user), statement_id=statement_id)
        return gettext("The statement is issued; its lines never change again.")

    return step(request, act, to=(STATEMENT, statement_id), show=lambda status: _statement_page(request, row, status=status))


@never_cache
@requires(may_do.ISSUE_STATEMENT)
@posted_from(STATEMENT)
def drop(request: HttpRequest, statement_id: int) -> HttpResponse:
    """Drop a statement that was not issued."""
    row, form = _statement_or_404(request, statement_id), ReasonForm(request.POST, auto_id="drop_%s")

    def act(values: dict[str, Any]) -> str:
        statements.drop_statement(actor=Actor.of(request.user), statement_id=statement_id, **values)
        return gettext("The statement is dropped; the month can be drawn up anew.")

    return form_step(
        request, form, act, to=(STATEMENT, statement_id),
        show=lambda status: _statement_page(request, row, status=status, drop=form),
    )  # fmt: skip


# Files ------------------------------------------------------------------------------------------------------------


@never_cache
@require_GET
@requires(may_do.VIEW_FILES)
def files_list(request: HttpRequest, code: str) -> HttpResponse:
    """Show what was exchanged with an agency."""
    found = agency_or_404(code)
    refuse_limited_scope(request.user)
    return _files(request, found)


def _files(request: HttpRequest, found: Agency, *, status: int = 200, **typed: Any) -> HttpResponse:
    context = {
        "title": _("Files of %(agency)s") % {"agency": found.name},
        "agency": found,
        "rows": found.files.order_by("-at", "-pk")[:50],
        "columns": [(kind, ",".join(columns)) for kind, columns in COLUMNS.items()],
        "form": FileForm(),
        **typed,
    }
    return render(request, "recovery/agencies/files.html", context, status=status)


@never_cache
@requires(may_do.SEND_FILE)
@posted_from(FILES)
def send(request: HttpRequest, code: str) -> HttpResponse:
    """Make the placement file of an agency and hand it over."""
    found = agency_or_404(code)
    refuse_limited_scope(request.user)
    row, content = sending.placement_file(actor=Actor.of(request.user), code=found.code, now=timezone.now())
    answer = HttpResponse(content, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{row.name}"'
    return answer


@never_cache
@requires(may_do.DELIVER_FILE)
@posted_from(FILES)
def deliver(request: HttpRequest, code: str) -> HttpResponse:
    """Hand in a file of an agency."""
    found = agency_or_404(code)
    refuse_limited_scope(request.user)
    form = FileForm(request.POST, request.FILES)
    return receive(request, found, form, page=FILE, show=lambda status: _files(request, found, status=status, form=form))


def receive(request: HttpRequest, found: Agency, form: FileForm, *, page: str, show: Any) -> HttpResponse:
    """Take a file in and lead to its page, whatever was found in it."""
    if not form.is_valid():
        answer: HttpResponse = show(422)
        return answer
    file = form.cleaned_data["file"]
    try:
        row = files.receive_file(
            actor=Actor.of(request.user), code=found.code, kind=form.cleaned_data["kind"], name=file.name or "",
            content=file.read(), now=timezone.now(), today=today(),
        )  # fmt: skip
    except AgencyRefusal as refusal:
        form.refuse(refusal)
        refused: HttpResponse = show(refusal.status)
        return refused
    return redirect(page, row.pk)


@never_cache
@require_GET
@requires(may_do.VIEW_FILES)
def file(request: HttpRequest, agency_file_id: int) -> HttpResponse:
    """Show a file: what was wrong with it, or what came of it."""
    return _file_page(request, _file_or_404(request, agency_file_id))


def _file_or_404(request: HttpRequest, agency_file_id: int) -> AgencyFile:
    row = AgencyFile.objects.select_related("agency").filter(pk=agency_file_id).first()
    if row is None:
        raise Http404(str(FileUnknown(agency_file_id)))
    refuse_limited_scope(request.user)
    return row


def _file_page(request: HttpRequest, row: AgencyFile, *, status: int = 200) -> HttpResponse:
    context = {
        "title": row.name,
        "file": row,
        "agency": row.agency,
        "problems": problems_from_kept(row.problems),
        "is_own": request.user.pk == row.sent_by_id,
    }
    return render(request, "recovery/agencies/file.html", context, status=status)


@never_cache
@requires(may_do.TAKE_FILE)
@posted_from(FILE)
def take(request: HttpRequest, agency_file_id: int) -> HttpResponse:
    """Post the payments of a file."""
    row = _file_or_404(request, agency_file_id)

    def act() -> str:
        files.take_payments(actor=Actor.of(request.user), file_id=agency_file_id, now=timezone.now())
        return gettext("%(rows)s payments are posted.") % {"rows": row.rows}

    return step(request, act, to=(FILE, agency_file_id), show=lambda status: _file_page(request, row, status=status))
