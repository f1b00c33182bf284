"""The audit trail over the API: the same lines and filters as its page."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.shapes import AuditShape
from riskops.shared.operations import VIEW_AUDIT
from riskops.shared.roles import MayOperate
from riskops.site.views.audit import audit_page


class AuditLineShape(AuditShape):
    """One line of the audit trail, with the request or the close that wrote it."""

    request_id = serializers.CharField(allow_blank=True)
    run_id = serializers.IntegerField(allow_null=True)


class AuditPageShape(serializers.Serializer[Any]):
    """A page of the trail, the newest line first. `next` is the `before` of the next page."""

    results = AuditLineShape(many=True)
    next = serializers.IntegerField(allow_null=True)


class AuditList(APIView):
    """The audit trail."""

    permission_classes = [MayOperate]
    operation = VIEW_AUDIT

    @extend_schema(
        operation_id="audit_list",
        summary="List the audit trail",
        parameters=[
            OpenApiParameter("action", str, description="only this operation, e.g. `payment.post`"),
            OpenApiParameter("actor", str, description="only this user name"),
            OpenApiParameter("subject", str, description="only this payment, import, schedule …, by its key"),
            OpenApiParameter("run", int, description="only what this close wrote"),
            OpenApiParameter("before", int, description="`next` of the page before"),
        ],
        responses=AuditPageShape,
        tags=["audit"],
    )
    def get(self, request: Request) -> Response:
        """Return a page of lines."""
        for name in ("run", "before"):
            text = request.query_params.get(name, "")
            if text and not (text.isascii() and text.isdigit() and len(text) < 19):
                raise ValidationError({name: f"{text} is no whole number"})
        page = audit_page(request.query_params, user=request.user)
        return Response({"results": AuditLineShape(page.rows, many=True).data, "next": page.next_before})
