"""An applicant's personal data in clear, on purpose and for a reason that is kept."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import shapes
from accounts.api.refusing import refused
from accounts.operations.applications.revealing import reveal_applicant
from accounts.operations.refusals import LedgerRefusal
from accounts.queries.applications import seen_applications
from accounts.roles import REVEAL_PERSON
from riskops.shared.audit import Actor
from riskops.shared.roles import MayOperate
from riskops.shared.scope import scope_of


class RevealApplicant(APIView):
    """Personal data in clear, for a reason."""

    permission_classes = [MayOperate]
    operation = REVEAL_PERSON

    @extend_schema(
        summary="Reveal an applicant's personal data",
        request=shapes.RevealRequest,
        responses=shapes.PersonShape,
        tags=["applications"],
    )
    def post(self, request: Request, application_id: int) -> Response:
        """Return the applicant in clear and record who asked and why."""
        asked = shapes.RevealRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        if not seen_applications(scope_of(request.user)).filter(pk=application_id).exists():
            raise NotFound(f"there is no application {application_id} in this book")
        try:
            person = reveal_applicant(
                actor=Actor.of(request.user), application_id=application_id, reason=asked.validated_data["reason"]
            )
        except LedgerRefusal as refusal:
            return refused(refusal)
        return Response(person, headers={"Cache-Control": "no-store"})
