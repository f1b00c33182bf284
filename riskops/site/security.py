"""The log-in before every page, and the Content-Security-Policy: all from our own origin, no inline script on our own pages.

And no NUL in an address: PostgreSQL keeps none, and would fail at whatever is looked up by it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django_htmx.http import HttpResponseClientRefresh

# Plotly and htmx set style attributes; images are also data: (chart export) and blob:.
_COMMON: Final = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'; "
)
_OWN: Final = _COMMON + "script-src 'self'"
# Alpine, which the change lists of the admin use, builds functions from attributes.
_ADMIN: Final = _COMMON + "script-src 'self' 'unsafe-inline' 'unsafe-eval'"


class NoNulMiddleware:
    """Answer 400 to an address whose query holds a NUL."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "%00" in request.META.get("QUERY_STRING", ""):
            raise SuspiciousOperation("the query of the address holds a NUL")
        return self.get_response(request)


class LogInMiddleware(LoginRequiredMiddleware):
    """Lead to the log-in who is not logged in."""

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> HttpResponse:  # type: ignore[override]
        """Have a page whose session has ended loaded anew: the log-in as a part of it would stand inside its frame."""
        if getattr(request, "htmx", False):
            return HttpResponseClientRefresh()
        return super().handle_no_permission(request, view_func)


class ContentSecurityPolicyMiddleware:
    """Set the policy on every answer that has none of its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_admin = request.path.startswith("/admin/") and not request.path.startswith("/admin/login")
        response.headers.setdefault("Content-Security-Policy", _ADMIN if is_admin else _OWN)
        return response
