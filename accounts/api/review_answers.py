"""What the endpoints around reviews share: reading what is sent, and refusals as answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.review_shapes import ReviewRefusalShape
from accounts.operations.refusals import AccountUnknown, LedgerRefusal
from accounts.operations.review_refusals import IN_THE_WAY, NOT_THERE, ReviewChanged

TAGS: Final = ["reviews"]


def answers(shape: Any, status: int = 200) -> dict[int, Any]:
    """Return what the schema says an operation answers: its shape, and the refusals of `done`."""
    return {
        status: shape,
        404: OpenApiResponse(ReviewRefusalShape, description="there is none, or none in sight"),
        409: OpenApiResponse(ReviewRefusalShape, description="it stands otherwise; nothing was done"),
        422: OpenApiResponse(ReviewRefusalShape, description="a value that cannot be; nothing was done"),
    }


def done(act: Callable[[], Any]) -> Any:
    """Return what an operation returns, or its refusal as an answer: 404, 409 or 422."""
    try:
        return act()
    except LedgerRefusal as refusal:
        there = isinstance(refusal, (*NOT_THERE, AccountUnknown))
        status = 404 if there else 409 if isinstance(refusal, IN_THE_WAY) else 422
        code = re.sub(r"(?<!^)(?=[A-Z])", "_", type(refusal).__name__).lower()
        body: dict[str, Any] = {"code": code, "about": refusal.about, "detail": str(refusal)}
        if isinstance(refusal, ReviewChanged):
            pairs = {name: {"yours": mine, "theirs": theirs} for name, (mine, theirs) in refusal.differences.items()}
            body |= {"version": refusal.version, "differences": pairs}
        return Response(body, status=status)


def given(shape: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """Return what was sent, read by a shape; answered with 400 and the field if it cannot be read."""
    asked = shape(data=request.data)
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)
