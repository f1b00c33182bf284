"""What the endpoints of the jobs share: reading what is sent, and refusals as answers."""

from __future__ import annotations

import re
from typing import Any, Final

from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from riskops import closes
from riskops.shared.closing import DayAlreadyClosed, DayOutOfCalendar, DayOutOfOrder

_IN_THE_WAY: Final = (
    closes.CloseStandsStill,
    closes.NothingToRestart,
    closes.NothingToOverride,
    closes.NightlyStandsAlready,
    DayAlreadyClosed,
    DayOutOfOrder,
)


class JobRefusalShape(serializers.Serializer[Any]):
    """What was not done and why; nothing changed."""

    code = serializers.CharField()
    about = serializers.CharField(allow_blank=True)
    detail = serializers.CharField()


def answers(shape: Any, status: int = 200) -> dict[int, Any]:
    """Return what the schema says an operation answers: its shape, and what `refused` answers."""
    return {
        status: shape,
        404: OpenApiResponse(JobRefusalShape, description="there is none"),
        409: OpenApiResponse(JobRefusalShape, description="it stands otherwise; nothing was done"),
        422: OpenApiResponse(JobRefusalShape, description="a value that cannot be; nothing was done"),
    }


def refused(refusal: Exception) -> Response:
    """Return 404 for what is not there, 409 for what stands otherwise, 422 for a value that cannot be."""
    is_in_the_way = isinstance(refusal, _IN_THE_WAY) and not isinstance(refusal, DayOutOfCalendar)
    status = 404 if isinstance(refusal, closes.NoSuchClose) else 409 if is_in_the_way else 422
    code = re.sub(r"(?<!^)(?=[A-Z])", "_", type(refusal).__name__).lower()
    about = refusal.field if isinstance(refusal, closes.FeedMalformed) else getattr(refusal, "about", "")
    return Response({"code": code, "about": about, "detail": str(refusal)}, status=status)


def given(shape: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """Return what was sent, read by a shape; answered with 400 and the field if it cannot be read."""
    asked = shape(data=request.data)
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)
