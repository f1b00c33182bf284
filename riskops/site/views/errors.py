"""What people meet when a page cannot be served: what happened, why, what next."""

from __future__ import annotations

from typing import Any, cast

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from riskops.shared.people.refusals import PersonRefused
from riskops.shared.request_context import current_request_id


def _wants_json(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def _is_part(request: HttpRequest) -> bool:
    htmx: Any = getattr(request, "htmx", False)
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def _said_above(request: HttpRequest, why: str) -> HttpResponse:
    """403 to a part of a page that was asked for: the notice stands above what was there, which stays and can be worked on.

    A view whose part would have shown something else than what is there refuses by itself, in its place (casework's worklist).
    """
    answer = render(request, "_403_here.html", {"why": why, "is_part": True}, status=403)
    answer.headers["HX-Reswap"] = "afterbegin"
    return answer


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403: the operation is named, so that the reader knows what to ask for."""
    if isinstance(exception, PersonRefused):
        return _refused_here(request, exception)
    operation = str(exception)
    if _wants_json(request):
        return JsonResponse({"detail": _("your roles do not allow this: %s") % operation}, status=403)
    if _is_part(request):
        return _said_above(request, _("Your roles do not allow this: %s.") % operation)
    return render(request, "403.html", {"title": _("Not allowed"), "operation": operation}, status=403)


def _refused_here(request: HttpRequest, refusal: PersonRefused) -> HttpResponse:
    """403 that no further role would change: the reason, and who can take over."""
    if _wants_json(request):
        return JsonResponse({"code": refusal.code, "detail": str(refusal)}, status=403)
    if _is_part(request):
        return _said_above(request, str(refusal))
    return render(request, "403_here.html", {"title": _("Not for you"), "why": str(refusal)}, status=403)


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: a form without the token of this log-in, as one left open over a log-in in another window is.

    A view that is not for people who log in says it in its own words: it has them as `stale_form`.
    """
    match = request.resolver_match
    own = getattr(match.func, "stale_form", None) if match else None
    if match and own:
        return cast(HttpResponse, own(request, *match.args, **match.kwargs))
    if _is_part(request):
        return _said_above(request, _("This page was opened before you logged in or out: load it anew, and do it again."))
    return render(request, "stale_form.html", {"title": _("This form is out of date")}, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: with the message of the view that looked, if it gave one."""
    if _wants_json(request):
        return JsonResponse({"detail": _("nothing here: %s") % request.path}, status=404)
    said = exception.args[0] if exception.args and isinstance(exception.args[0], str) else ""
    return render(request, "404.html", {"title": _("Not found"), "said": said}, status=404)


def failed(request: HttpRequest) -> HttpResponse:
    """500: without the shell, which may be what failed; with the request's id, to find it in the log."""
    if _wants_json(request):
        return JsonResponse({"detail": _("this failed on our side"), "request_id": current_request_id()}, status=500)
    context: dict[str, Any] = {"request_id": current_request_id()}
    return HttpResponse(render_to_string("500.html", context), status=500)
