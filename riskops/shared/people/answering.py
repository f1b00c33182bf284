"""Refusals that concern the person who asks, as answers of the API."""

from __future__ import annotations

from typing import Any

from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

from riskops.shared.people.refusals import PersonRefused


def answer_api_error(exception: Exception, context: dict[str, Any]) -> Response | None:
    """Answer 403 with code and reason where the role table would have allowed it; all else as the framework does."""
    if isinstance(exception, PersonRefused):
        set_rollback()
        return Response({"code": exception.code, "detail": str(exception)}, status=403, headers={"Cache-Control": "no-store"})
    return exception_handler(exception, context)
