"""The account page and what unfolds on it."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.forms import RevealForm
from accounts.models import Restriction
from accounts.operations.refusals import LedgerRefusal
from accounts.operations.revealing import reveal_person
from accounts.panels import panels_for
from accounts.queries import account_page as queries
from accounts.queries.customer_wishes import customer_wishes
from accounts.queries.decisions import decisions_of
from accounts.queries.scope_values import with_scope_names
from accounts.roles import REVEAL_PERSON, VIEW_ACCOUNTS
from accounts.rules.explanation import explain
from accounts.tiers import tiers
from riskops.shared.audit import Actor
from riskops.shared.day import FIRST_DAY, LAST_DAY
from riskops.shared.posting import posted_from
from riskops.shared.roles import requires, roles_of

TABS: Final = {
    "installments": _("Instalments"),
    "payments": _("Payments"),
    "aging": _("Aging history"),
    "decisions": _("Decisions"),
    "audit": _("Audit trail"),
}
PERSON_NAMES: Final = {
    "name": _("name"),
    "phone": _("phone"),
    "email": _("e-mail"),
    "national_id": _("identity number"),
    "address": _("address"),
    "device_ids": _("devices"),
}


def asked_day(text: str) -> date | None:
    """Return the day of a query parameter; None where there is none that can be read."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST_DAY <= day <= LAST_DAY else None


def load_or_404(account_no: str, *, user: Any, as_of: date | None = None) -> queries.LoadedAccount:
    """Return an account that the person may see and open; answer 404 with its number if they may not see it.

    :raises ConflictDeclared: they have a conflict with its customer; the page that says so is `views/errors.py`'s
    """
    try:
        return queries.load_account(account_no, user=user, as_of=as_of, today=timezone.localdate())
    except queries.NoSuchAccount:
        raise Http404(gettext("There is no account %(number)s in this book.") % {"number": account_no}) from None


@never_cache
@require_GET
@requires(VIEW_ACCOUNTS)
def account(request: HttpRequest, account_no: str) -> HttpResponse:
    """Show the account as known on a day: `as_of` in the query, by default the day the book has reached."""
    asked = request.GET.get("as_of", "")
    day = asked_day(asked)
    loaded = load_or_404(account_no, user=request.user, as_of=day)
    tab = request.GET.get("tab", "installments")
    tab = tab if tab in TABS else "installments"
    months = queries.known_month_ends(loaded)
    context: dict[str, Any] = {
        "title": loaded.head.account.account_no,
        "head": loaded.head,
        "tab": tab,
        "tabs": TABS.items(),
        "unread_day": asked if asked and day is None else "",
        "chart": _chart(months),
        "worst": max((point.days_past_due for point in months), default=0),
        "has_history": any(point.exists for point in months),
        "panels": panels_for(loaded, request.user),
        "tiers": tiers().shown(loaded.head.as_of) if loaded.head.tier else {},
        "reveal_form": RevealForm(),
        "restrictions": with_scope_names(Restriction.objects.filter(account_id=loaded.head.account.pk)).order_by("since"),
        "wishes": customer_wishes(loaded.head.account),
        "first_day": FIRST_DAY,
        "last_day": LAST_DAY,
    }
    if tab == "installments":
        rows = context["installments"] = queries.installment_rows(loaded)
        context["has_interest"] = any(row.entry.interest_minor for row in rows)
        context["has_fee"] = any(row.entry.fee_minor for row in rows)
    elif tab == "payments":
        context["payments"] = queries.payment_rows(loaded)
        context["waivers"] = queries.waivers_of(loaded)
        context["refunds"] = loaded.refunds[::-1]
        context["names"] = {entry.key: entry for entry in loaded.entries.installments}
    elif tab == "aging":
        context["aging"] = queries.aging_rows(loaded, months)
    elif tab == "decisions":
        roles = [role.value for role in roles_of(request.user)]
        context["decisions"] = decisions_of(loaded.head.account.pk, user_id=request.user.pk, roles=roles)
    elif tab == "audit":
        context["entries"] = queries.audit_rows(loaded.head.account.pk)
    return render(request, "accounts/account.html", context)


#: The chart's drawing units: a column a month, and the height of the tallest.
_COLUMN, _HEIGHT = 14, 48


def _chart(points: tuple[queries.MonthPoint, ...]) -> list[dict[str, object]]:
    """Return the columns of days past due; heights grow to 180 days, where m7 begins, or to the tallest if that is less."""
    tallest = max(30, min(180, max((point.days_past_due for point in points), default=0)))
    return [
        {
            "point": point,
            "x": number * _COLUMN,
            "height": round(max(2, min(point.days_past_due, tallest) / tallest * _HEIGHT)) if point.exists else 0,
            "y": _HEIGHT - (round(max(2, min(point.days_past_due, tallest) / tallest * _HEIGHT)) if point.exists else 0),
        }
        for number, point in enumerate(points)
    ]


@never_cache
@require_GET
@requires(VIEW_ACCOUNTS)
def penalty(request: HttpRequest, account_no: str, installment_id: int) -> HttpResponse:
    """Show how the penalty of one instalment came about, day by day."""
    loaded = load_or_404(account_no, user=request.user, as_of=asked_day(request.GET.get("as_of", "")))
    installment = next((i for i in loaded.rebuilt.installments if i.entry.key == installment_id), None)
    if installment is None:
        raise Http404(gettext("Account %(number)s has no such instalment on that day.") % {"number": account_no})
    context = {
        "head": loaded.head,
        "installment": installment,
        "clock": installment.clock,
        "terms": loaded.entries.terms,
        "explanation": explain(loaded.rebuilt, installment),
        "opened_span": request.GET.get("span", ""),
    }
    template = "accounts/_penalty.html" if getattr(request, "htmx", False) else "accounts/penalty.html"
    return render(request, template, {**context, "title": _("Penalty day by day")})


@never_cache
@requires(REVEAL_PERSON)
@posted_from("accounts:account")
def reveal(request: HttpRequest, account_no: str) -> HttpResponse:
    """Show the customer's personal data in clear, once, after a reason."""
    loaded = load_or_404(account_no, user=request.user)
    form = RevealForm(request.POST)
    context = {"head": loaded.head, "reveal_form": form, "title": loaded.head.account.account_no}
    if form.is_valid():
        try:
            person = reveal_person(
                actor=Actor.of(request.user), account_id=loaded.head.account.pk, reason=form.cleaned_data["reason"]
            )
            context["person"] = [(PERSON_NAMES[name], value) for name, value in person.items() if value]
        except LedgerRefusal as refusal:
            form.add_error("reason", str(refusal))
    template = "accounts/_person.html" if getattr(request, "htmx", False) else "accounts/person.html"
    return render(request, template, context, status=422 if form.errors else 200)
