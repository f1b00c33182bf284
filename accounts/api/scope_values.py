"""The channels and categories of goods that a suspension may stop alone: the same operation as in the admin."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.refusing import refused
from accounts.api.shapes import RefusalShape
from accounts.models import ScopeValue
from accounts.operations.deciding.settings import save_scope_value
from accounts.operations.refusals import LedgerRefusal
from accounts.roles import EDIT_SCOPE_VALUES, VIEW_DECISIONS
from riskops.shared.audit import Actor
from riskops.shared.roles import MayOperate

_REFUSED = {422: OpenApiResponse(RefusalShape, description="it contradicts itself or what is there; nothing was changed")}


class ScopeValueShape(serializers.ModelSerializer[ScopeValue]):
    """A channel or a category of goods. `code`: what the payment platform knows it by, and decisions name."""

    kind = serializers.CharField(max_length=10, help_text=", ".join(ScopeValue.Kind.values))

    class Meta:
        model = ScopeValue
        fields = ("kind", "code", "name_en", "name_zh", "is_active")
        # The operation refuses doubles, with the words that the pages use.
        validators: list[Any] = []


class ScopeValues(APIView):
    """The channels and categories."""

    permission_classes = [MayOperate]
    operation = {"GET": VIEW_DECISIONS, "POST": EDIT_SCOPE_VALUES}

    @extend_schema(
        summary="List channels and categories of goods", responses=ScopeValueShape(many=True), tags=["decision settings"]
    )
    def get(self, request: Request) -> Response:
        """Return every value, those out of use as well."""
        return Response(ScopeValueShape(ScopeValue.objects.all(), many=True).data)

    @extend_schema(
        summary="Add a channel or a category of goods",
        request=ScopeValueShape,
        responses={201: ScopeValueShape, **_REFUSED},
        tags=["decision settings"],
    )
    def post(self, request: Request) -> Response:
        """Add a value."""
        asked = ScopeValueShape(data=request.data)
        asked.is_valid(raise_exception=True)
        return _saved(request, ScopeValue(**asked.validated_data), asked.validated_data, status=201)


class ScopeValueDetail(APIView):
    """One of them."""

    permission_classes = [MayOperate]
    operation = EDIT_SCOPE_VALUES

    @extend_schema(
        summary="Change a channel or a category of goods",
        request=ScopeValueShape,
        responses={200: ScopeValueShape, **_REFUSED},
        tags=["decision settings"],
    )
    def patch(self, request: Request, kind: str, code: str) -> Response:
        """Change its names, or take it out of use; what is decided keeps it."""
        value = ScopeValue.objects.filter(kind=kind, code=code).first()
        if value is None:
            raise NotFound(f"there is no {kind} {code}")
        asked = ScopeValueShape(value, data=request.data, partial=True)
        asked.is_valid(raise_exception=True)
        for name, said in asked.validated_data.items():
            setattr(value, name, said)
        return _saved(request, value, asked.validated_data, status=200)


def _saved(request: Request, value: ScopeValue, said: Collection[str], *, status: int) -> Response:
    try:
        save_scope_value(actor=Actor.of(request.user), value=value, said=said)
    except LedgerRefusal as refusal:
        return refused(refusal)
    return Response(ScopeValueShape(value).data, status=status)
