"""Objections to refused applications by API; the same operations as the pages."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import application_shapes as shapes
from accounts.api.applications import _REFUSED, _Act, _decision, _page, _roles
from accounts.api.refusing import refused
from accounts.operations.applications.appealing import Objection, decide_appeal, preview_appeal, record_appeal
from accounts.operations.refusals import LedgerRefusal
from accounts.queries.applications import ApplicationPage
from accounts.roles import DECIDE_APPLICATION_APPEAL, RECORD_APPLICATION_APPEAL
from riskops.shared.audit import Actor
from riskops.shared.roles import MayOperate


class AppealApplication(_Act):
    """The applicant's objection."""

    operation = RECORD_APPLICATION_APPEAL

    @extend_schema(
        summary="Record an appeal against a refused application",
        request=shapes.AppealApplicationRequest,
        responses={200: shapes.ApplicationDetailShape, **_REFUSED},
        tags=["applications"],
    )
    def post(self, request: Request, application_id: int) -> Response:
        """Take in an objection; the rules speak again on the facts of today."""

        def call(_seen: ApplicationPage, values: dict[str, Any]) -> Any:
            said = Objection(**{name: values.pop(name) for name in ("received_on", "channel", "said_by", "grounds")})
            return record_appeal(objection=said, **values)

        return self._do(request, application_id, shapes.AppealApplicationRequest, call)


class AnswerAppeal(_Act):
    """The second look."""

    operation = DECIDE_APPLICATION_APPEAL

    @extend_schema(
        summary="Decide an appeal against a refused application",
        request=shapes.DecideApplicationRequest,
        responses={200: shapes.ApplicationDetailShape, **_REFUSED},
        tags=["applications"],
    )
    def post(self, request: Request, application_id: int) -> Response:
        """Grant, which opens the line, or uphold the refusal; never by somebody who had a part in it."""
        return self._do(
            request,
            application_id,
            shapes.DecideApplicationRequest,
            lambda page, values: decide_appeal(
                actor=values["actor"],
                roles=_roles(request),
                application_id=application_id,
                version=values["version"],
                asked=_decision(page, values),
            ),
        )


class AnswerPreview(APIView):
    """What the second look would come to."""

    permission_classes = [MayOperate]
    operation = DECIDE_APPLICATION_APPEAL

    @extend_schema(
        summary="Preview the outcome of an appeal against a refused application",
        request=shapes.DecideApplicationRequest,
        responses={200: shapes.ApplicationPreviewShape, **_REFUSED},
        tags=["applications"],
    )
    def post(self, request: Request, application_id: int) -> Response:
        """Return who would have to agree and what the applicant would read, or the refusal; nothing is written."""
        asked = shapes.DecideApplicationRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        page = _page(request, application_id)
        try:
            weighed = preview_appeal(
                actor=Actor.of(request.user),
                roles=_roles(request),
                application_id=application_id,
                asked=_decision(page, asked.validated_data),
            )
        except LedgerRefusal as refusal:
            return refused(refusal)
        return Response({name: getattr(weighed, name) for name in ("acts_alone", "needs_approval_by", "text_en", "text_zh")})
