"""The figures of conduct: the same operation as in the admin."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.refusing import refused
from accounts.api.shapes import RefusalShape
from accounts.models import ConductFigure
from accounts.operations.conduct_figures import save_conduct_figure
from accounts.operations.refusals import LedgerRefusal
from accounts.roles import EDIT_CONDUCT_FIGURES, VIEW_PRODUCTS
from riskops.shared.audit import Actor
from riskops.shared.roles import MayOperate


class ConductFigureShape(serializers.ModelSerializer[ConductFigure]):
    """A figure, in the unit its code ends in, with the rule it comes from."""

    class Meta:
        model = ConductFigure
        fields = ("code", "value", "source")
        read_only_fields = ("code",)


class ConductFigures(APIView):
    """The figures."""

    permission_classes = [MayOperate]
    operation = VIEW_PRODUCTS

    @extend_schema(summary="List the figures of conduct", responses=ConductFigureShape(many=True), tags=["products"])
    def get(self, request: Request) -> Response:
        """Return every figure."""
        return Response(ConductFigureShape(ConductFigure.objects.all(), many=True).data)


class ConductFigureDetail(APIView):
    """One figure."""

    permission_classes = [MayOperate]
    operation = EDIT_CONDUCT_FIGURES

    @extend_schema(
        summary="Change a figure of conduct",
        request=ConductFigureShape,
        responses={
            200: ConductFigureShape,
            422: OpenApiResponse(RefusalShape, description="no such figure, or out of its range"),
        },
        tags=["products"],
    )
    def put(self, request: Request, code: str) -> Response:
        """Change the figure of this code; what was done before stays."""
        asked = ConductFigureShape(data=request.data)
        asked.is_valid(raise_exception=True)
        try:
            figure = save_conduct_figure(actor=Actor.of(request.user), code=code, **asked.validated_data)
        except LedgerRefusal as refusal:
            return refused(refusal)
        return Response(ConductFigureShape(figure).data)
