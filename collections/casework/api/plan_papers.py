"""Agreements of plans over the API: the file that was kept, and one on paper handed in, confirmed or sent back."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from casework import plan_roles as may_do
from casework.api import plan_shapes as shapes
from casework.api.plans import TAG, PlanView
from casework.api.worklist_answers import answers, read
from casework.models import PlanAgreement
from casework.operations.plans.signing import confirm_agreement, hand_in_agreement, send_back_agreement
from casework.views.agreements import pdf_of
from casework.views.plan_papers import paper_of
from riskops.shared.audit import Actor


class PlanAgreements(PlanView):
    """The agreement: the file that was kept, and handing in one that was signed on paper."""

    operation = {"GET": may_do.READ_AGREEMENT, "POST": may_do.SIGN_PLAN}
    parser_classes = [MultiPartParser, JSONParser]

    @extend_schema(
        summary="Download the agreement of a plan",
        parameters=[
            OpenApiParameter("stage", str, enum=PlanAgreement.Stage.values, description="the latest one where none is named")
        ],
        responses={(200, "application/pdf"): OpenApiTypes.BINARY},
        tags=TAG,
    )
    def get(self, request: Request, reference: str) -> Any:
        """Return the PDF as it was kept when the plan was offered, or with its signature; the reading is recorded."""
        try:
            return pdf_of(self.plan(reference), request.query_params.get("stage", ""), Actor.of(request.user))
        except Http404 as gone:
            raise NotFound(str(gone)) from None

    @extend_schema(
        summary="Hand in a signed agreement",
        request={"multipart/form-data": shapes.PaperAgreement},
        responses=answers(shapes.PlanDetailShape),
        tags=TAG,
    )
    def post(self, request: Request, reference: str) -> Response:
        """Keep the file; the plan counts once somebody else has confirmed it."""
        sent = read(shapes.PaperAgreement, request)["file"]
        return self.step(
            request,
            reference,
            lambda actor: hand_in_agreement(
                actor=actor, reference=reference, name=sent.name or "", chunks=sent.chunks(), size_bytes=sent.size or 0
            ),
        )


class PlanPaper(PlanView):
    """An agreement as it was signed on paper."""

    operation = may_do.READ_AGREEMENT

    @extend_schema(
        summary="Download a paper of a plan",
        responses={(200, kind): OpenApiTypes.BINARY for kind in ("application/pdf", "image/png", "image/jpeg")},
        tags=TAG,
    )
    def get(self, request: Request, reference: str, paper: int) -> Any:
        """Return the file as it was handed in, one that was sent back too (`papers` of the plan); the reading is recorded."""
        try:
            return paper_of(self.plan(reference), paper, Actor.of(request.user))
        except Http404 as gone:
            raise NotFound(str(gone)) from None


class PlanConfirmation(PlanView):
    """Confirming an agreement on paper."""

    operation = may_do.CONFIRM_PLAN

    @extend_schema(summary="Confirm a signed agreement", request=None, responses=answers(shapes.PlanDetailShape), tags=TAG)
    def post(self, request: Request, reference: str) -> Response:
        """Confirm what somebody else handed in; the plan's schedule goes into the ledger."""
        return self.step(request, reference, lambda actor: confirm_agreement(actor=actor, reference=reference))


class PlanPaperSentBack(PlanView):
    """Sending back an agreement on paper."""

    operation = may_do.SEND_BACK_PAPER

    @extend_schema(
        summary="Send back a signed agreement",
        request=shapes.PlanReason,
        responses=answers(shapes.PlanDetailShape),
        tags=TAG,
    )
    def post(self, request: Request, reference: str) -> Response:
        """Send back what somebody else handed in, with the reason; the plan is offered again, if need be for longer."""
        values, now = read(shapes.PlanReason, request), timezone.now()
        return self.step(
            request, reference, lambda actor: send_back_agreement(actor=actor, reference=reference, now=now, **values)
        )
