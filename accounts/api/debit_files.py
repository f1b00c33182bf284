"""Files of debits to the provider and of its results. For whoever sees the whole book: they hold accounts of all products."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import debit_shapes as shapes
from accounts.api.imports import whole_number
from accounts.api.refusing import not_there, refused
from accounts.api.shapes import RefusalShape
from accounts.models import DebitResult
from accounts.operations.debiting.refusals import DebitFileUnknown
from accounts.operations.debiting.results import MOST_BYTES, SECONDS_OF_A_REQUEST, go_on, take_results
from accounts.operations.debiting.sending import debit_file_content, send_debits
from accounts.operations.refusals import LedgerRefusal
from accounts.queries import debits as queries
from accounts.roles import SEND_DEBITS, TAKE_DEBIT_RESULTS, VIEW_DEBITS
from riskops.shared.audit import Actor
from riskops.shared.roles import MayOperate
from riskops.shared.scope import refuse_limited_scope

_TAGS = ["debits"]


def _file_out(number: int) -> Any:
    """Return a file of results as it stands; 404 where there is none."""
    file = queries.result_file(number)
    if file is None:
        unknown = DebitFileUnknown(number)
        raise not_there("debit_file_unknown", unknown.about, str(unknown))
    return shapes.ResultFileShape(file).data


class DebitFiles(APIView):
    """Files to the provider."""

    permission_classes = [MayOperate]
    operation = {"GET": VIEW_DEBITS, "POST": SEND_DEBITS}

    @extend_schema(summary="List the files of debits", responses=shapes.DebitFileShape(many=True), tags=_TAGS)
    def get(self, request: Request) -> Response:
        """Return the latest fifty, newest first."""
        refuse_limited_scope(request.user)
        return Response(shapes.DebitFileShape(queries.debit_files(), many=True).data)

    @extend_schema(
        summary="Hand the open day's debits over",
        request=shapes.SendRequest,
        responses={
            201: shapes.SentShape,
            422: OpenApiResponse(RefusalShape, description="not the open day, or nothing to hand over"),
        },
        tags=_TAGS,
    )
    def post(self, request: Request) -> Response:
        """Put every debit to be tried by the day into a file; what may not be taken any more is stopped."""
        asked = shapes.SendRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        refuse_limited_scope(request.user)
        try:
            sent = send_debits(actor=Actor.of(request.user), day=asked.validated_data["day"])
        except LedgerRefusal as refusal:
            return refused(refusal)
        return Response(shapes.SentShape(sent).data, status=201)


class DebitFileContent(APIView):
    """A file as the provider takes it."""

    permission_classes = [MayOperate]
    operation = SEND_DEBITS

    @extend_schema(
        summary="Download a file of debits, instruments in clear", responses={(200, "text/csv"): OpenApiTypes.BINARY}, tags=_TAGS
    )
    def get(self, request: Request, number: int) -> HttpResponse:
        """Return the CSV; each time the same, and each time noted in the audit trail."""
        refuse_limited_scope(request.user)
        try:
            file, text = debit_file_content(actor=Actor.of(request.user), number=number)
        except LedgerRefusal as refusal:
            return refused(refusal)
        name = f"debits-{file.day.isoformat()}-{file.pk}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return HttpResponse(text, content_type="text/csv; charset=utf-8", headers=headers)


class DebitResults(APIView):
    """Files of results."""

    permission_classes = [MayOperate]
    operation = {"GET": VIEW_DEBITS, "POST": TAKE_DEBIT_RESULTS}
    parser_classes = [MultiPartParser]

    @extend_schema(summary="List the files of debit results", responses=shapes.ResultFileShape(many=True), tags=_TAGS)
    def get(self, request: Request) -> Response:
        """Return the latest fifty, newest first."""
        refuse_limited_scope(request.user)
        return Response(shapes.ResultFileShape(queries.result_files(), many=True).data)

    @extend_schema(
        summary="Take in a file of debit results",
        request=shapes.ResultsUpload,
        responses={
            201: shapes.ResultFileShape,
            422: OpenApiResponse(RefusalShape, description="a line cannot be read; nothing was taken"),
        },
        tags=_TAGS,
    )
    def post(self, request: Request) -> Response:
        """Book every result; the same file again goes on where it stopped and changes nothing else."""
        asked = shapes.ResultsUpload(data=request.data)
        asked.is_valid(raise_exception=True)
        refuse_limited_scope(request.user)
        sent = asked.validated_data["file"]
        if sent.size > MOST_BYTES:
            raise ValidationError({"file": [f"at most {MOST_BYTES} bytes; send it in parts"]})
        try:
            file = take_results(
                actor=Actor.of(request.user), name=sent.name or "", content=sent.read(), for_seconds=SECONDS_OF_A_REQUEST
            )
        except LedgerRefusal as refusal:
            return refused(refusal)
        return Response(_file_out(file.pk), status=201)


class DebitResultDetail(APIView):
    """One file of results."""

    permission_classes = [MayOperate]
    operation = VIEW_DEBITS

    @extend_schema(
        summary="See a file of debit results",
        parameters=[
            OpenApiParameter("status", str, enum=DebitResult.Status.values),
            OpenApiParameter("after", int, description="`next` of the page before"),
        ],
        responses=shapes.ResultFileDetailShape,
        tags=_TAGS,
    )
    def get(self, request: Request, number: int) -> Response:
        """Return how far it is, and lines of it: what was booked, known already, refused and why."""
        refuse_limited_scope(request.user)
        head = _file_out(number)
        status = request.query_params.get("status", "")
        status = status if status in DebitResult.Status.values else ""
        lines = queries.result_lines(number, status=status, after=whole_number(request, "after") or 0)
        more = lines[-1].line if len(lines) == 200 else None
        return Response({**head, "lines": [shapes.line_out(line) for line in lines], "next": more})


class DebitResultGoOn(APIView):
    """An import that was killed."""

    permission_classes = [MayOperate]
    operation = TAKE_DEBIT_RESULTS

    @extend_schema(
        summary="Go on with a file of debit results",
        request=None,
        responses={200: shapes.ResultFileShape, 404: OpenApiResponse(RefusalShape, description="there is none")},
        tags=_TAGS,
    )
    def post(self, request: Request, number: int) -> Response:
        """Book what waits; nothing where nothing does."""
        refuse_limited_scope(request.user)
        try:
            go_on(actor=Actor.of(request.user), number=number, for_seconds=SECONDS_OF_A_REQUEST)
        except LedgerRefusal as refusal:
            return refused(refusal)
        return Response(_file_out(number))
