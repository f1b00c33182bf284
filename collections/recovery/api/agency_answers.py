"""What the endpoints of agencies share: reading what is sent, refusals as answers, an agency or 404."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from outreach.operations.refusals import OutreachRefusal
from recovery.models import Agency
from recovery.operations.agencies.refusals import AgencyRefusal
from riskops.shared.roles import MayOperate

TAG = ["agencies"]


class AgencyRefusalShape(serializers.Serializer[Any]):
    """Why something was refused; nothing changed."""

    code = serializers.CharField()
    about = serializers.CharField(allow_blank=True)
    detail = serializers.CharField()


class AgencyView(APIView):
    """Answers refusals with their code, what they are about, and the reason."""

    permission_classes = [MayOperate]
    operation: ClassVar[str | Mapping[str, str]]

    def handle_exception(self, exc: Exception) -> Response:
        """Answer what an operation refused; all else as everywhere."""
        if isinstance(exc, AgencyRefusal | OutreachRefusal):
            return Response({"code": exc.code, "about": exc.about, "detail": str(exc)}, status=exc.status)
        return super().handle_exception(exc)


def answers(shape: Any, *, status: int = 200) -> dict[int, Any]:
    """Return what the schema says an endpoint answers: its shape, and the refusals."""
    refusals = {
        403: "somebody else must do it",
        404: "it is not there",
        409: "what is there stands in the way",
        422: "a value that is not taken; nothing was done",
    }
    said = {code: OpenApiResponse(AgencyRefusalShape, description=text) for code, text in refusals.items()}
    return {status: shape, **said}


def read(shape: type[Any], request: Request) -> dict[str, Any]:
    """Return what was sent, read by a shape; answered with 400 and the field if it cannot be read."""
    asked = shape(data=request.data)
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)


def agency_of(code: str) -> Agency:
    """Return an agency; answered with 404."""
    found = Agency.objects.filter(code=code).first()
    if found is None:
        raise NotFound(f"there is no agency {code}")
    return found
