"""The customer page: one person, all accounts, one timeline; and notes."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.customer_panels import PanelAsk, missing_panels
from accounts.operations.notes import write_note
from accounts.operations.refusals import LedgerRefusal
from accounts.queries.customer_page import CurvePoint, CustomerHead, NoSuchCustomer, customer_head, customer_page
from accounts.queries.timeline import read_timeline_filters, timeline
from accounts.review_forms import NoteForm, OpenReviewForm
from accounts.roles import VIEW_ACCOUNTS, WRITE_NOTE
from riskops.shared.audit import Actor
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.posting import posted_from
from riskops.shared.roles import requires
from riskops.shared.scope import scope_of

FLAG_NAMES = {
    "is_fraud_suspected": _("fraud suspected"),
    "is_disputed": _("disputed"),
    "is_in_legal": _("in legal recovery"),
    "is_on_hold": _("on hold"),
    "has_hardship_plan": _("hardship plan"),
    "has_open_promise": _("open promise"),
    "is_restricted": _("restricted"),
    "refuses_automated_decisions": _("no automated decisions"),
}
LINK_NAMES = {
    "phone": _("phone"),
    "national_id": _("identity number"),
    "email": _("e-mail"),
    "address": _("address"),
    "device": _("device"),
}


def head_or_404(customer_no: str, *, user: Any) -> CustomerHead:
    """Return a customer whom the person may see and open.

    :raises ConflictDeclared: they have a conflict with the customer
    """
    try:
        head = customer_head(customer_no, scope=scope_of(user))
    except NoSuchCustomer:
        raise Http404(gettext("There is no customer %(number)s in this book.") % {"number": customer_no}) from None
    refuse_conflict(user, head.customer.pk)
    return head


@never_cache
@require_GET
@requires(VIEW_ACCOUNTS)
def customer(request: HttpRequest, customer_no: str) -> HttpResponse:
    """Show a customer; to htmx only the timeline."""
    head = head_or_404(customer_no, user=request.user)
    return _shown(request, head)


def _shown(request: HttpRequest, head: CustomerHead, *, note_form: NoteForm | None = None, status: int = 200) -> HttpResponse:
    filters = read_timeline_filters(request.GET)
    context: dict[str, Any] = {
        "customer": head.customer,
        "timeline": timeline(customer_id=head.customer.pk, accounts=head.numbers, currencies=head.currencies, filters=filters),
        "numbers": head.numbers,
    }
    htmx: Any = getattr(request, "htmx", False)
    if htmx and not htmx.boosted and not htmx.history_restore_request:
        template = "accounts/reviews/_timeline_lines.html" if filters.after else "accounts/reviews/_timeline.html"
        return render(request, template, context)
    page = customer_page(head, scope=scope_of(request.user), user=request.user, today=timezone.localdate())
    context |= {
        "title": head.customer.customer_no,
        "page": page,
        "ask": PanelAsk(head.customer.pk, head.numbers, page.business_date or timezone.localdate(), request.user),
        "missing_panels": missing_panels(),
        "chart": _chart(page.curve),
        "peak": max((point.days_past_due for point in page.curve), default=0),
        "has_curve": any(point.accounts for point in page.curve),
        "flag_names": FLAG_NAMES,
        "link_names": LINK_NAMES,
        "note_form": note_form or NoteForm(numbers=head.numbers),
        "open_form": OpenReviewForm(auto_id="open_%s"),
    }
    return render(request, "accounts/reviews/customer.html", context, status=status)


#: The chart's drawing units: a column a month, and the height of the tallest.
_COLUMN, _HEIGHT = 26, 96


def _chart(points: tuple[CurvePoint, ...]) -> list[dict[str, object]]:
    """Return the columns of days past due; heights grow to 180 days, where m7 begins, or to the tallest if that is less."""
    tallest = max(30, min(180, max((point.days_past_due for point in points), default=0)))
    columns = []
    for number, point in enumerate(points):
        height = round(max(2, min(point.days_past_due, tallest) / tallest * _HEIGHT)) if point.accounts else 0
        columns.append({"point": point, "x": number * _COLUMN, "height": height, "y": _HEIGHT - height})
    return columns


@never_cache
@requires(WRITE_NOTE)
@posted_from("accounts:customer")
def note(request: HttpRequest, customer_no: str) -> HttpResponse:
    """Keep a note on the customer or one of their accounts."""
    head = head_or_404(customer_no, user=request.user)
    form = NoteForm(request.POST, numbers=head.numbers)
    if form.is_valid():
        account = form.cleaned_data["account"]
        try:
            write_note(
                actor=Actor.of(request.user),
                customer=head.customer,
                text=form.cleaned_data["note"],
                account_id=int(account) if account else None,
            )
        except LedgerRefusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, gettext("The note is kept; it stands on the timeline."))
            return redirect("accounts:customer", customer_no)
    return _shown(request, head, note_form=form, status=422)
