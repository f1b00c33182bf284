"""Kinds of disputes and reply letters over the API."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from casework.api import dispute_shapes as shapes
from casework.api.disputes import TAGS, DisputesView, answers, done, given
from casework.dispute_roles import EDIT_DISPUTE_SETTINGS
from casework.models import DisputeKind, ReplyTemplate
from casework.operations.disputes import settings
from riskops.shared.audit import Actor


def _kind_out(kind: DisputeKind) -> dict[str, Any]:
    return {"code": kind.code, **{name: getattr(kind, name) for name in settings.KIND_COLUMNS}}


class DisputeKinds(DisputesView):
    """The kinds of disputes."""

    @extend_schema(summary="List kinds of disputes", responses=shapes.DisputeKindShape(many=True), tags=TAGS)
    def get(self, request: Request) -> Response:
        """Return all kinds with their figures, those out of use too."""
        return Response([_kind_out(kind) for kind in DisputeKind.objects.order_by("code")])


class DisputeKindDetail(DisputesView):
    """One kind of dispute."""

    operation = EDIT_DISPUTE_SETTINGS

    @extend_schema(
        summary="Add or change a kind of dispute",
        request=shapes.DisputeKindRequest,
        responses=answers(shapes.DisputeKindShape),
        tags=TAGS,
    )
    def put(self, request: Request, kind_code: str) -> Response:
        """Write a kind; disputes taken in before keep their figures."""
        values = given(shapes.DisputeKindRequest, request)
        kind = done(lambda: settings.save_dispute_kind(actor=Actor.of(request.user), code=kind_code, values=values))
        return kind if isinstance(kind, Response) else Response(_kind_out(kind))


class ReplyTemplates(DisputesView):
    """Reply letters."""

    @extend_schema(summary="List reply letters", responses=shapes.ReplyTemplateShape(many=True), tags=TAGS)
    def get(self, request: Request) -> Response:
        """Return the letters by outcome."""
        return Response([_template_out(template) for template in ReplyTemplate.objects.order_by("id")])


class ReplyTemplateDetail(DisputesView):
    """One reply letter."""

    operation = EDIT_DISPUTE_SETTINGS

    @extend_schema(
        summary="Change a reply letter",
        request=shapes.ReplyTemplateRequest,
        responses=answers(shapes.ReplyTemplateShape),
        tags=TAGS,
    )
    def put(self, request: Request, outcome: str) -> Response:
        """Write both texts of an outcome."""
        values = given(shapes.ReplyTemplateRequest, request)
        made = done(lambda: settings.save_reply_template(actor=Actor.of(request.user), outcome=outcome, **values))
        return made if isinstance(made, Response) else Response(_template_out(made))


def _template_out(template: ReplyTemplate) -> dict[str, Any]:
    return {name: getattr(template, name) for name in ("outcome", "text_en", "text_zh")}
