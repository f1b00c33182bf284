"""The accounts list."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.queries.accounts_list import MOST_SORTED, accounts_page
from accounts.queries.accounts_list_filters import SCOPES, read_filters
from accounts.queries.finding import MOST_FOUND, hidden_search
from accounts.roles import VIEW_ACCOUNTS
from accounts.rules.aging import CLASSES
from riskops.shared.roles import requires
from riskops.shared.scope import scope_of

SCOPE_NAMES = dict(zip(SCOPES, (_("past due"), _("all accounts"), _("written off")), strict=True))
SORT_NAMES = {
    "latest": _("most days past due"),
    "earliest": _("fewest days past due"),
    "account": _("account number"),
    "overdue": _("largest overdue"),
    "outstanding": _("largest outstanding"),
}
CLASS_NAMES = dict(zip(CLASSES, (_("current"), _("short, 1–30"), _("medium, 31–90"), _("long, over 90")), strict=True))
#: The names of the query parameters, as a notice speaks of them.
PARAMETER_NAMES = {
    "scope": _("scope"),
    "sort": _("order"),
    "class": _("class"),
    "bucket": _("bucket"),
    "days_from": _("days from"),
    "days_to": _("days to"),
    "overdue_from": _("overdue from"),
    "overdue_to": _("overdue to"),
    "opened_from": _("opened from"),
    "opened_to": _("opened to"),
}


@never_cache
@require_http_methods(["GET", "POST"])
@requires(VIEW_ACCOUNTS)
def accounts_list(request: HttpRequest) -> HttpResponse:
    """Show a page of accounts; to a POST of the search box, lead to the address that holds the search encrypted.

    What is typed there may be a name or a phone number, and addresses end up in logs and histories.
    """
    if request.method == "POST":
        text = request.POST.get("q", "").strip()
        query = "?" + urlencode({"find": hidden_search(text)}) if text else ""
        return HttpResponseRedirect(reverse("accounts:list") + query)
    filters = read_filters(request.GET, buckets=request.GET.getlist("bucket"))
    page = accounts_page(filters, scope=scope_of(request.user))
    context = {
        "title": _("Accounts"),
        "page": page,
        "filters": filters,
        "scopes": SCOPE_NAMES.items(),
        "classes": CLASS_NAMES.items(),
        "sorts": [(name, SORT_NAMES[name]) for name in (filters.sorts if page.business_date else ("account",))],
        "buckets": range(8),
        "unread": [PARAMETER_NAMES[name] for name in filters.unread],
        "refused_sort": SORT_NAMES.get(page.refused_sort),
        "most_sorted": MOST_SORTED,
        "most_found": MOST_FOUND,
    }
    is_partial = getattr(request, "htmx", False) and not request.htmx.boosted and not request.htmx.history_restore_request  # type: ignore[attr-defined]
    context["is_partial"] = is_partial
    return render(request, "accounts/_list.html" if is_partial else "accounts/list.html", context)
