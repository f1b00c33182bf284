"""The request being served: its id for the audit trail and the log lines, its line in the log, and what it asks only once."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Hashable
from contextvars import ContextVar
from typing import Any, TypeVar

import structlog
from django.http import HttpRequest, HttpResponse

log = structlog.get_logger(__name__)

Answer = TypeVar("Answer")

_request_id: ContextVar[str] = ContextVar("request_id", default="")
#: What a request that only reads has asked so far; None outside of one.
_asked: ContextVar[dict[Hashable, Any] | None] = ContextVar("asked", default=None)


def current_request_id() -> str:
    """Return the id of the request being served, or "" outside of one."""
    return _request_id.get()


def once_a_request(question: Hashable, ask: Callable[[], Answer]) -> Answer:
    """Return the answer to a question, asked once in a request that only reads (GET, HEAD) and each time everywhere else.

    Several parts of a page that need the same then show the same. Nothing is kept from one request to the next.
    """
    asked = _asked.get()
    if asked is None:
        return ask()
    if question not in asked:
        asked[question] = ask()
    answer: Answer = asked[question]
    return answer


class RequestContextMiddleware:
    """Give each request an id, answer it in `X-Request-ID`, and bind it to the log lines."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = uuid.uuid4().hex
        token = _request_id.set(request_id)
        asked = _asked.set({} if request.method in ("GET", "HEAD") else None)
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = time.perf_counter()
        try:
            response = self.get_response(request)
            _log_request(request, response, seconds=time.perf_counter() - started)
        finally:
            structlog.contextvars.unbind_contextvars("request_id")
            _asked.reset(asked)
            _request_id.reset(token)
        response["X-Request-ID"] = request_id
        return response


def _log_request(request: HttpRequest, response: HttpResponse, *, seconds: float) -> None:
    """Write who asked for what. The path only: what stands behind `?` is what people search for, names included."""
    # Who asks is known where a page had to know it; asking here would cost /healthz a look into the database.
    user = getattr(request, "_cached_user", None)
    write = log.debug if request.path in ("/healthz", "/readyz") else log.info
    write(
        "request",
        method=request.method,
        path=request.path,
        status=response.status_code,
        ms=round(seconds * 1000),
        user_id=getattr(user, "pk", None),
    )
