"""The authority matrix: what holds, what is proposed, and the second person's word on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.authority_forms import ApproveForm, AuthorityLineForm, EndForm, WhyForm, WithdrawForm
from accounts.decision_forms import RefusableForm
from accounts.models import AuthorityRow
from accounts.operations.deciding import matrix as operations
from accounts.operations.refusals import LedgerRefusal
from accounts.queries.authority import ChangeRow, matrix_page
from accounts.roles import APPROVE_AUTHORITY, PROPOSE_AUTHORITY, VIEW_DECISIONS
from riskops.shared.audit import Actor
from riskops.shared.posting import posted_from
from riskops.shared.roles import may, requires

#: The ids of the form that ends a line, which stands below the form that changes it.
_END_IDS = "id_end_%s"


@never_cache
@require_GET
@requires(VIEW_DECISIONS)
def matrix(request: HttpRequest) -> HttpResponse:
    """Show the changes that wait for a second person, and the matrix that holds until then."""
    return _show(request)


@dataclass(frozen=True, slots=True)
class _Act:
    """What a person may do with a change, as the page offers it."""

    name: str
    heading: Any
    url: str
    form: RefusableForm
    tone: str
    is_typed: bool


def _show(
    request: HttpRequest, *, change_id: int = 0, act: str = "", form: RefusableForm | None = None, status: int = 200
) -> HttpResponse:
    """Show the page; `form` keeps what was typed for an act on a change."""
    page = matrix_page(user_id=request.user.pk)
    typed = {(change_id, act): form} if form is not None else {}
    context = {
        "title": _("Authority matrix"),
        "page": page,
        "proposed": [(row, list(_acts(request, row, typed))) for row in page.proposed],
    }
    return render(request, "accounts/authority/matrix.html", context, status=status)


def _acts(request: HttpRequest, row: ChangeRow, typed: dict[tuple[int, str], RefusableForm]) -> Iterator[_Act]:
    """Return what the person may do with a change: judge another's, withdraw their own."""
    judges = may(request.user, APPROVE_AUTHORITY) and not row.is_mine
    offered: list[tuple[bool, str, Any, type[RefusableForm], str]] = [
        (judges and not row.is_outdated, "approve", _("Approve"), ApproveForm, "primary"),
        (judges, "reject", _("Reject"), WhyForm, "danger"),
        (row.is_mine and may(request.user, PROPOSE_AUTHORITY), "withdraw", _("Withdraw"), WithdrawForm, "danger"),
    ]
    for is_offered, name, heading, shape, tone in offered:
        if is_offered:
            url = reverse(f"accounts:authority_{name}", args=[row.change.pk])
            form = typed.get((row.change.pk, name))
            # Several forms of a kind stand on the page: each field has an id of its own.
            yield _Act(name, heading, url, form or shape(auto_id=f"id_{name}_{row.change.pk}_%s"), tone, form is not None)


def _line_or_404(row_id: int) -> AuthorityRow:
    line = AuthorityRow.objects.filter(pk=row_id).first()
    if line is None:
        raise Http404(gettext("There is no line %(id)s in the authority matrix, or not any more.") % {"id": row_id})
    return line


@never_cache
@require_http_methods(["GET", "POST"])
@requires(PROPOSE_AUTHORITY)
def propose(request: HttpRequest, row_id: int | None = None) -> HttpResponse:
    """Show the form of a new line, or of one that stands; to a POST propose it."""
    line = _line_or_404(row_id) if row_id is not None else None
    form = AuthorityLineForm(request.POST or None, line=line)
    if request.method == "POST" and form.is_valid():
        more = {"reason": form.cleaned_data["reason"], "line_id": row_id, "seen": form.cleaned_data.get("seen")}
        try:
            operations.propose_line(actor=Actor.of(request.user), values=form.line(), **more)
        except LedgerRefusal as refusal:
            form.refuse(refusal)
        else:
            return _proposed(request)
    return _show_form(request, line, form)


@requires(PROPOSE_AUTHORITY)
@posted_from("accounts:authority_change")
def end(request: HttpRequest, row_id: int) -> HttpResponse:
    """Propose to take a line out."""
    line, form = _line_or_404(row_id), EndForm(request.POST, auto_id=_END_IDS)
    if form.is_valid():
        try:
            operations.propose_end(actor=Actor.of(request.user), line_id=row_id, **form.cleaned_data)
        except LedgerRefusal as refusal:
            form.refuse(refusal)
        else:
            return _proposed(request)
    return _show_form(request, line, AuthorityLineForm(line=line), end_form=form)


def _show_form(
    request: HttpRequest, line: AuthorityRow | None, form: AuthorityLineForm, *, end_form: EndForm | None = None
) -> HttpResponse:
    is_refused = form.is_bound or end_form is not None
    if line is not None and end_form is None:
        # Below a form that was refused, too: it ends the line that this form was opened on.
        end_form = EndForm(auto_id=_END_IDS, initial={"seen": form["seen"].value()})
    context = {
        "title": _("Propose a change of a line") if line else _("Propose a line"),
        "line": line,
        "form": form,
        "end_form": end_form,
    }
    return render(request, "accounts/authority/propose.html", context, status=422 if is_refused else 200)


def _proposed(request: HttpRequest) -> HttpResponse:
    messages.success(request, gettext("Proposed: the matrix stays as it is until somebody else approves."))
    return redirect("accounts:authority")


def _judge(request: HttpRequest, change_id: int, act: str, shape: type[RefusableForm], do: Callable[..., Any]) -> HttpResponse:
    """Do one act and show what came of it, or the matrix again with what was refused and what was typed."""
    form = shape(request.POST, auto_id=f"id_{act}_{change_id}_%s")
    if form.is_valid():
        try:
            change = do(actor=Actor.of(request.user), change_id=change_id, **form.cleaned_data)
        except operations.MatrixChangeUnknown as unknown:
            raise Http404(str(unknown)) from None
        except LedgerRefusal as refusal:
            # Above the page: the change may stand among the open ones no more, and its form with it.
            messages.error(request, str(refusal))
        else:
            values = {"number": change.pk, "status": change.get_status_display()}
            messages.success(request, gettext("Change %(number)s is %(status)s; the matrix holds as below.") % values)
            return redirect("accounts:authority")
    return _show(request, change_id=change_id, act=act, form=form, status=422)


@requires(APPROVE_AUTHORITY)
@posted_from("accounts:authority", takes=())
def approve(request: HttpRequest, change_id: int) -> HttpResponse:
    """Approve a change: the line holds from now on."""
    return _judge(request, change_id, "approve", ApproveForm, operations.approve_change)


@requires(APPROVE_AUTHORITY)
@posted_from("accounts:authority", takes=())
def reject(request: HttpRequest, change_id: int) -> HttpResponse:
    """Reject a change, for a reason."""
    return _judge(request, change_id, "reject", WhyForm, operations.reject_change)


@requires(PROPOSE_AUTHORITY)
@posted_from("accounts:authority", takes=())
def withdraw(request: HttpRequest, change_id: int) -> HttpResponse:
    """Take one's own proposal back."""
    return _judge(request, change_id, "withdraw", WithdrawForm, operations.withdraw_change)
