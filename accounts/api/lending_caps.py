"""The caps on lending: the same operation as in the admin."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.refusing import refused
from accounts.api.shapes import RefusalShape
from accounts.models import LendingCap
from accounts.operations.applications.caps import save_cap
from accounts.operations.refusals import LedgerRefusal
from accounts.roles import EDIT_CAPS, VIEW_APPLICATIONS
from riskops.shared.audit import Actor
from riskops.shared.roles import MayOperate


class LendingCapShape(serializers.ModelSerializer[LendingCap]):
    """A bound on what may be lent, with the rule it comes from. `most`: whole units of the currency, or months."""

    class Meta:
        model = LendingCap
        fields = ("code", "kind", "currency", "most", "source", "is_active")
        read_only_fields = ("code",)


class LendingCaps(APIView):
    """The caps."""

    permission_classes = [MayOperate]
    operation = VIEW_APPLICATIONS

    @extend_schema(summary="List the caps on lending", responses=LendingCapShape(many=True), tags=["applications"])
    def get(self, request: Request) -> Response:
        """Return every cap, those out of use as well."""
        return Response(LendingCapShape(LendingCap.objects.all(), many=True).data)


class LendingCapDetail(APIView):
    """One cap."""

    permission_classes = [MayOperate]
    operation = EDIT_CAPS

    @extend_schema(
        summary="Add or change a cap on lending",
        request=LendingCapShape,
        responses={200: LendingCapShape, 422: OpenApiResponse(RefusalShape, description="it contradicts itself")},
        tags=["applications"],
    )
    def put(self, request: Request, code: str) -> Response:
        """Add the cap of this code, or change it; what was granted before keeps the caps it was judged by."""
        asked = LendingCapShape(data=request.data)
        asked.is_valid(raise_exception=True)
        cap = LendingCap.objects.filter(code=code).first() or LendingCap(code=code)
        values: dict[str, Any] = dict(asked.validated_data)
        for name, value in values.items():
            setattr(cap, name, value)
        try:
            save_cap(actor=Actor.of(request.user), cap=cap)
        except LedgerRefusal as refusal:
            return refused(refusal)
        return Response(LendingCapShape(cap).data)
