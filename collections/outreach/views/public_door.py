"""The door of the customer's page: who holds a good link is let in, so often a minute; all others are told what to do."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from accounts.models import CreditAccount
from outreach.customer_links import LinkExpired, LinkNotValid, account_of_token
from outreach.institution import institution
from outreach.rate_limits import address_of, is_too_often

PAGE: Final = "outreach:public"
#: Requests a minute by one link: looking, and doing. Those without a good link are counted by network address: everybody's mail
#: provider unsubscribes from a few addresses, and behind a proxy all customers come from one.
LOOKS, ACTS = 30, 10


def for_customer(*, most: int) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Let in who holds a good link, so often a minute, in the customer's language and with headers that keep the link secret.

    What others ask, with links or without, keeps no customer out.
    """

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, token: str) -> HttpResponse:
            account_id, refused = _account_of(token)
            asker = f"account {account_id}" if account_id is not None else address_of(request)
            if is_too_often(asker, f"customer-{most}", most=most):
                answer = said(request, _("Too many requests; wait a minute, then open the link again."), status=429)
                answer.headers["Retry-After"] = "60"
                return answer
            if isinstance(refused, LinkNotValid):
                return said(request, _("This link is not complete. Open it from our message again, or call us."), status=404)
            if account_id is None:
                return said(request, _("This link is no longer valid. Our next message has a new one; or call us."), status=410)
            account = CreditAccount.objects.select_related("customer", "product").filter(pk=account_id).first()
            if account is None:
                return said(request, _("This link is not complete. Open it from our message again, or call us."), status=404)
            wanted = request.GET.get("lang", "")
            language = wanted if wanted in ("en", "zh-hans") else account.customer.language
            with translation.override(language):
                return _private(view(request, token, account))

        guarded.stale_form = _stale_form  # type: ignore[attr-defined]
        return guarded

    return decorate


def _account_of(token: str) -> tuple[int | None, Exception | None]:
    """Return the account of a link, or why there is none."""
    try:
        return account_of_token(token, today=timezone.localdate()), None
    except (LinkNotValid, LinkExpired) as refused:
        return None, refused


def _private(answer: HttpResponse) -> HttpResponse:
    """Keep the link from those the page links to, and from search engines.

    Our own forms tell where they come from: under "no-referrer" a browser sends `Origin: null`, and each would be refused.
    """
    answer.headers["Referrer-Policy"] = "same-origin"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer


def said(request: HttpRequest, text: Any, *, status: int, token: str = "") -> HttpResponse:
    """Say one thing in the customer's shell; with a good link, the way back to their page."""
    context = {"text": text, "institution": institution(), "token": token, "language": translation.get_language()}
    return _private(render(request, "outreach/public/said.html", context, status=status))


def _stale_form(request: HttpRequest, token: str) -> HttpResponse:
    """Say in the page's language that a form was without its token, as one is that was kept open for long."""

    @never_cache
    @for_customer(most=ACTS)
    def stale(request: HttpRequest, token: str, account: CreditAccount) -> HttpResponse:
        text = _("This page was out of date, so nothing of it was taken. Nothing has changed: open it again, then send it.")
        return said(request, text, status=403, token=token)

    return stale(request, token)
