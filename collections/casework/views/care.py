"""Customers who are handled with care: flagged by whoever hears of it; read, reviewed and ended by trained staff."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.models import CreditAccount
from casework import work_roles as may_do
from casework.care_forms import FlagForm, ReviewForm, first_values
from casework.models import Vulnerability
from casework.operations import vulnerability as operations
from casework.operations.vulnerability import VulnerabilityRefused
from casework.queries.care import care_page
from casework.trained import TrainedStaffOnly, is_trained, may_see_vulnerability, standing_flag, takers
from casework.views.cases import account_or_404
from riskops.shared.audit import Actor
from riskops.shared.posting import posted_from
from riskops.shared.roles import may, requires
from riskops.shared.scope import scope_of


@never_cache
@require_GET
@requires(may_do.VIEW_VULNERABILITY)
def customers(request: HttpRequest) -> HttpResponse:
    """List the customers who are handled with care, those to be reviewed first; for trained staff."""
    today = timezone.localdate()
    context: dict[str, Any] = {"title": _("Handled with care")}
    # The navigation leads here by role: who is not trained is told so, and who is, and sees nobody.
    if is_trained(request.user, on=today):
        context["page"] = care_page(user=request.user, scope=scope_of(request.user), today=today)
    else:
        context["refusal"] = str(TrainedStaffOnly(takers(today)))
    return render(request, "casework/care/customers.html", context)


@never_cache
@require_GET
@requires(may_do.VIEW_CASES)
def care(request: HttpRequest, account_no: str) -> HttpResponse:
    """Show whether an account's customer is handled with care, without why; or the form that flags them."""
    return _show(request, account_or_404(account_no, request.user))


def _show(
    request: HttpRequest,
    account: CreditAccount,
    *,
    status: int = 200,
    form: FlagForm | None = None,
    read: Vulnerability | None = None,
    review: ReviewForm | None = None,
) -> HttpResponse:
    today = timezone.localdate()
    flag = read or standing_flag(account.customer_id)
    may_flag = flag is None and may(request.user, may_do.RECORD_VULNERABILITY)
    context = {
        "title": gettext("Care of the customer of %(account)s") % {"account": account.account_no},
        "account": account,
        "flag": flag,
        "takers": takers(today) if flag is not None and not is_trained(request.user) else (),
        "may_read": flag is not None and may_see_vulnerability(request.user),
        "may_review": may(request.user, may_do.REVIEW_VULNERABILITY),
        "form": (form or FlagForm(initial=first_values(today))) if may_flag else None,
        "read": read,
        "review": review,
        "today": today,
    }
    return render(request, "casework/care/care.html", context, status=status)


@never_cache
@requires(may_do.RECORD_VULNERABILITY)
@posted_from("casework:care")
def flag(request: HttpRequest, account_no: str) -> HttpResponse:
    """Flag the customer of an account."""
    account = account_or_404(account_no, request.user)
    form = FlagForm(request.POST)
    if form.is_valid():
        try:
            operations.record_vulnerability(
                actor=Actor.of(request.user), customer=account.customer, now=timezone.now(), **form.cleaned_data
            )
        except VulnerabilityRefused as refusal:
            form.refuse(getattr(refusal, "field", ""), str(refusal))
        else:
            messages.success(request, gettext("Flagged: trained staff take over. End what you have in hand, and let go."))
            return redirect("casework:care", account_no)
    return _show(request, account, status=422, form=form)


@never_cache
@requires(may_do.VIEW_VULNERABILITY)
@posted_from("casework:care")
def read(request: HttpRequest, account_no: str) -> HttpResponse:
    """Show what is noted, which the trail records."""
    account = account_or_404(account_no, request.user)
    try:
        found = operations.read_vulnerability(actor=Actor.of(request.user), customer=account.customer, now=timezone.now())
    except VulnerabilityRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("casework:care", account_no)
    initial = {"kind": found.kind, "text": found.text, **first_values(timezone.localdate())}
    return _show(request, account, read=found, review=ReviewForm(initial=initial))


def _version(request: HttpRequest) -> int:
    text = request.POST.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


@never_cache
@requires(may_do.REVIEW_VULNERABILITY)
@posted_from("casework:care")
def review(request: HttpRequest, account_no: str) -> HttpResponse:
    """Find that a flag still holds."""
    account = account_or_404(account_no, request.user)
    form = ReviewForm(request.POST)
    said: Any = None
    if form.is_valid():
        try:
            operations.review_vulnerability(
                actor=Actor.of(request.user),
                customer=account.customer,
                version=_version(request),
                now=timezone.now(),
                **form.cleaned_data,
            )
        except VulnerabilityRefused as refusal:
            said = str(refusal)
        else:
            messages.success(request, gettext("Reviewed; the flag stands."))
            return redirect("casework:care", account_no)
    # What was typed is not shown again by a page that records no reading of it.
    messages.error(request, said or gettext("A value is missing or cannot be; nothing was changed."))
    return redirect("casework:care", account_no)


@never_cache
@requires(may_do.REVIEW_VULNERABILITY)
@posted_from("casework:care")
def end(request: HttpRequest, account_no: str) -> HttpResponse:
    """End a flag."""
    account = account_or_404(account_no, request.user)
    try:
        operations.end_vulnerability(
            actor=Actor.of(request.user), customer=account.customer, version=_version(request), now=timezone.now()
        )
    except VulnerabilityRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, gettext("The flag is ended; everybody works this customer again."))
    return redirect("casework:care", account_no)
