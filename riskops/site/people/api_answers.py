"""What the endpoints of people and teams share: reading what is sent, refusals as answers, memberships and portfolios."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from riskops.shared.models import Membership
from riskops.shared.operations import VIEW_PEOPLE
from riskops.shared.people import refusals
from riskops.shared.roles import MayOperate

_NOT_THERE: Final = (
    refusals.PersonUnknown,
    refusals.TeamUnknown,
    refusals.MembershipUnknown,
    refusals.AbsenceUnknown,
    refusals.ConflictOver,
)
_IN_THE_WAY: Final = (
    refusals.TeamNameTaken,
    refusals.TeamClosed,
    refusals.MemberAlready,
    refusals.AbsentAlready,
    refusals.ConflictDeclaredAlready,
    refusals.ExaminationRecordedAlready,
)


class MembershipShape(serializers.Serializer[Any]):
    """A person in a team. `until` null while it lasts."""

    id = serializers.IntegerField()
    team_id = serializers.IntegerField()
    username = serializers.CharField()
    since = serializers.DateField()
    until = serializers.DateField(allow_null=True)
    daily_capacity = serializers.IntegerField()


class PortfolioShape(serializers.Serializer[Any]):
    """Product codes; empty: no limit."""

    products = serializers.ListField(child=serializers.CharField(max_length=64), max_length=1_000)


class PeopleRefusalShape(serializers.Serializer[Any]):
    """What was not done and why; nothing changed."""

    code = serializers.CharField()
    about = serializers.CharField(allow_blank=True)
    detail = serializers.CharField()


class PeopleView(APIView):
    """What the views of people have in common."""

    permission_classes = [MayOperate]
    operation: Any = VIEW_PEOPLE


def answers(shape: Any, status: int = 200) -> dict[int, Any]:
    """Return what the schema says an operation answers: its shape, and the refusals of `done`."""
    return {
        status: shape,
        403: OpenApiResponse(PeopleRefusalShape, description="not the person's to do, by role or for this person or team"),
        404: OpenApiResponse(PeopleRefusalShape, description="there is none"),
        409: OpenApiResponse(PeopleRefusalShape, description="it stands otherwise; nothing was done"),
        422: OpenApiResponse(PeopleRefusalShape, description="a value that cannot be; nothing was done"),
    }


def done(act: Callable[[], Any]) -> Any:
    """Return what an operation returns, or its refusal as an answer: 404, 409 or 422."""
    try:
        return act()
    except refusals.PeopleRefusal as refusal:
        status = 404 if isinstance(refusal, _NOT_THERE) else 409 if isinstance(refusal, _IN_THE_WAY) else 422
        code = re.sub(r"(?<!^)(?=[A-Z])", "_", type(refusal).__name__).lower()
        return Response({"code": code, "about": refusal.about, "detail": str(refusal)}, status=status)


def given(shape: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """Return what was sent, read by a shape; answered with 400 and the field if it cannot be read."""
    asked = shape(data=request.data)
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)


def membership_out(row: Membership, username: str) -> dict[str, Any]:
    """Return a membership as its shape has it."""
    return {
        "id": row.pk,
        "team_id": row.team_id,
        "username": username,
        "since": row.since,
        "until": row.until,
        "daily_capacity": row.daily_capacity,
    }
