"""Debits: the lists, one debit, and the files both ways."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.debit_forms import ResultsForm, WhyForm
from accounts.debit_wording import refusal_text
from accounts.models import DebitInstruction, DebitResult
from accounts.operations.debiting.instructing import cancel_debit
from accounts.operations.debiting.refusals import DebitUnknown
from accounts.operations.debiting.results import SECONDS_OF_A_REQUEST, go_on, take_results
from accounts.operations.debiting.sending import debit_file_content, send_debits
from accounts.operations.refusals import LedgerRefusal
from accounts.queries import debits as queries
from accounts.queries.previews import open_day
from accounts.roles import CANCEL_DEBIT, SEND_DEBITS, TAKE_DEBIT_RESULTS, VIEW_DEBITS
from riskops.shared.audit import Actor
from riskops.shared.day import FIRST_DAY, book_shown
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.posting import posted_from
from riskops.shared.roles import requires
from riskops.shared.scope import refuse_limited_scope, scope_of


def _shown(request: HttpRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    name, before = request.GET.get("list", "open"), request.GET.get("before", "")
    name = name if name in queries.LISTS else "open"
    day = open_day(book_shown().business_date)
    is_limited = scope_of(request.user).is_limited
    context = {
        "title": _("Debits"),
        "page": queries.debit_page(
            name, user=request.user, before=int(before) if before.isdecimal() and len(before) < 19 else None
        ),
        "lists": queries.LISTS.items(),
        "open_day": day,
        "due": queries.due_to_send(day),
        # Files hold accounts of all products: nobody who sees a part of the book is shown them.
        "files": () if is_limited else queries.debit_files(),
        "results": () if is_limited else queries.result_files(),
        "is_limited": is_limited,
        "results_form": ResultsForm(),
        **more,
    }
    return render(request, "accounts/debits/list.html", context, status=status)


@never_cache
@require_GET
@requires(VIEW_DEBITS)
def debits(request: HttpRequest) -> HttpResponse:
    """Show one of the lists, and the files both ways."""
    return _shown(request)


@never_cache
@requires(SEND_DEBITS)
@posted_from("accounts:debits")
def send(request: HttpRequest) -> HttpResponse:
    """Put the open day's debits into a file."""
    refuse_limited_scope(request.user)
    # Before the first close there is no open day; the operation says so of any.
    day = open_day(book_shown().business_date)
    try:
        sent = send_debits(actor=Actor.of(request.user), day=day or FIRST_DAY)
    except LedgerRefusal as refusal:
        messages.error(request, str(refusal))
        return redirect("accounts:debits")
    counts = {"stopped": sent.stopped, "waiting": sent.waiting, "debits": sent.file.rows if sent.file else 0}
    messages.success(
        request,
        gettext("%(debits)s debits are in a new file; %(stopped)s were stopped, %(waiting)s wait for their notice.") % counts,
    )
    return redirect("accounts:debits")


@never_cache
@require_GET
@requires(SEND_DEBITS)
def debit_file(request: HttpRequest, number: int) -> HttpResponse:
    """Return a file as the provider takes it."""
    refuse_limited_scope(request.user)
    try:
        file, text = debit_file_content(actor=Actor.of(request.user), number=number)
    except LedgerRefusal as refusal:
        raise Http404(str(refusal)) from None
    answer = HttpResponse(text, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="debits-{file.day.isoformat()}-{file.pk}.csv"'
    return answer


@never_cache
@requires(TAKE_DEBIT_RESULTS)
@posted_from("accounts:debits")
def results(request: HttpRequest) -> HttpResponse:
    """Take in a file of results and go to what was made of it."""
    refuse_limited_scope(request.user)
    form = ResultsForm(request.POST, request.FILES)
    if form.is_valid():
        sent = form.cleaned_data["file"]
        try:
            file = take_results(
                actor=Actor.of(request.user), name=sent.name or "", content=sent.read(), for_seconds=SECONDS_OF_A_REQUEST
            )
        except LedgerRefusal as refusal:
            form.refuse(refusal)
        else:
            return redirect("accounts:debit_results", file.pk)
    return _shown(request, status=422, results_form=form)


@never_cache
@require_GET
@requires(VIEW_DEBITS)
def result_file(request: HttpRequest, number: int) -> HttpResponse:
    """Show a file of results: what was booked, known already, refused."""
    refuse_limited_scope(request.user)
    file = queries.result_file(number)
    if file is None:
        raise Http404(gettext("There is no file %(number)s of debit results.") % {"number": number})
    status, after = request.GET.get("status", ""), request.GET.get("after", "")
    status = status if status in DebitResult.Status.values else ""
    lines = queries.result_lines(number, status=status, after=int(after) if after.isdecimal() and len(after) < 10 else 0)
    context = {
        "title": _("Results of debits"),
        "file": file,
        "status": status,
        "statuses": DebitResult.Status.choices,
        "lines": [(line, refusal_text(line)) for line in lines],
        "next_after": lines[-1].line if len(lines) == 200 else None,
    }
    return render(request, "accounts/debits/results.html", context)


@never_cache
@requires(TAKE_DEBIT_RESULTS)
@posted_from("accounts:debit_results")
def result_go_on(request: HttpRequest, number: int) -> HttpResponse:
    """Work on with a file whose import was killed."""
    refuse_limited_scope(request.user)
    try:
        go_on(actor=Actor.of(request.user), number=number, for_seconds=SECONDS_OF_A_REQUEST)
    except LedgerRefusal as refusal:
        raise Http404(str(refusal)) from None
    return redirect("accounts:debit_results", number)


def _debit_or_404(request: HttpRequest, debit_id: int) -> DebitInstruction:
    found = queries.debit_seen(debit_id, user=request.user)
    if found is None:
        raise Http404(str(DebitUnknown(debit_id)))
    refuse_conflict(request.user, found.account.customer_id)
    return found


@never_cache
@require_GET
@requires(VIEW_DEBITS)
def debit(request: HttpRequest, debit_id: int) -> HttpResponse:
    """Show a debit: its tries, what the customer was told, how it ended."""
    found = _debit_or_404(request, debit_id)
    return render(request, "accounts/debits/debit.html", {"title": found.reference, "debit": found, "form": WhyForm()})


@never_cache
@requires(CANCEL_DEBIT)
@posted_from("accounts:debit")
def cancel(request: HttpRequest, debit_id: int) -> HttpResponse:
    """Cancel a debit that nobody has yet."""
    found = _debit_or_404(request, debit_id)
    form = WhyForm(request.POST)
    if form.is_valid():
        try:
            cancel_debit(actor=Actor.of(request.user), debit_id=debit_id, reason=form.cleaned_data["reason"])
        except LedgerRefusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(
                request, gettext("Debit %(number)s is cancelled; the customer is told.") % {"number": found.reference}
            )
            return redirect("accounts:debit", debit_id)
    context = {"title": found.reference, "debit": found, "form": form}
    return render(request, "accounts/debits/debit.html", context, status=422)
