"""Commission statements and files of agencies over the API."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from recovery import agency_roles as may_do
from recovery.agency_days import today
from recovery.api import agency_money_shapes as shapes
from recovery.api import agency_shapes
from recovery.api.agency_answers import TAG, AgencyView, agency_of, answers, read
from recovery.models import AgencyFile, AgencyStatement
from recovery.operations.agencies import files, sending, statements
from recovery.operations.agencies.refusals import FileUnknown, StatementUnknown
from recovery.queries.agency_statements import statement_page, statement_rows
from riskops.shared.audit import Actor
from riskops.shared.scope import refuse_limited_scope


class Statements(AgencyView):
    """Commission statements."""

    operation: ClassVar[Any] = may_do.VIEW_STATEMENTS

    @extend_schema(summary="List commission statements", responses=answers(shapes.StatementShape(many=True)), tags=TAG)
    def get(self, request: Request) -> Response:
        """Return the statements, the newest first."""
        refuse_limited_scope(request.user)
        return Response([shapes.statement_out(row) for row in statement_rows().rows])


class StatementPrepare(AgencyView):
    """Drawing up a statement."""

    operation: ClassVar[Any] = may_do.PREPARE_STATEMENT

    @extend_schema(
        summary="Draw up a commission statement", request=shapes.StatementRequest,
        responses=answers(shapes.StatementPageShape, status=201), tags=TAG,
    )  # fmt: skip
    def post(self, request: Request, code: str) -> Response:
        """Draw up what an agency earned up to the end of a month."""
        found = agency_of(code)
        refuse_limited_scope(request.user)
        values = read(shapes.StatementRequest, request)
        row = statements.prepare_statement(actor=Actor.of(request.user), code=found.code, month=values["month"])
        return _statement_out(row.pk, status=201)


def _statement(request: Request, statement_id: int) -> AgencyStatement:
    row = AgencyStatement.objects.filter(pk=statement_id).first()
    if row is None:
        raise StatementUnknown(statement_id)
    refuse_limited_scope(request.user)
    return row


def _statement_out(statement_id: int, *, status: int = 200) -> Response:
    row = AgencyStatement.objects.select_related("agency").get(pk=statement_id)
    return Response(shapes.statement_page_out(statement_page(row, most=None)), status=status)


class StatementOne(AgencyView):
    """One statement."""

    operation: ClassVar[Any] = may_do.VIEW_STATEMENTS

    @extend_schema(summary="Get a commission statement", responses=answers(shapes.StatementPageShape), tags=TAG)
    def get(self, request: Request, statement_id: int) -> Response:
        """Return a statement with its lines."""
        return _statement_out(_statement(request, statement_id).pk)


class StatementIssue(AgencyView):
    """Issuing a statement."""

    operation: ClassVar[Any] = may_do.ISSUE_STATEMENT

    @extend_schema(
        summary="Issue a commission statement",
        request=agency_shapes.AgencyNothing,
        responses=answers(shapes.StatementPageShape),
        tags=TAG,
    )
    def post(self, request: Request, statement_id: int) -> Response:
        """Issue what somebody else drew up; its lines never change again."""
        statements.issue_statement(actor=Actor.of(request.user), statement_id=_statement(request, statement_id).pk)
        return _statement_out(statement_id)


class StatementDrop(AgencyView):
    """Dropping a statement."""

    operation: ClassVar[Any] = may_do.ISSUE_STATEMENT

    @extend_schema(
        summary="Drop a commission statement",
        request=agency_shapes.AgencyReason,
        responses=answers(shapes.StatementPageShape),
        tags=TAG,
    )
    def post(self, request: Request, statement_id: int) -> Response:
        """Drop what was not issued."""
        row, values = _statement(request, statement_id), read(agency_shapes.AgencyReason, request)
        statements.drop_statement(actor=Actor.of(request.user), statement_id=row.pk, **values)
        return _statement_out(statement_id)


class AgencyFiles(AgencyView):
    """Files exchanged with an agency."""

    operation: ClassVar[Any] = {"GET": may_do.VIEW_FILES, "POST": may_do.DELIVER_FILE}

    @extend_schema(summary="List files of an agency", responses=answers(shapes.AgencyFileShape(many=True)), tags=TAG)
    def get(self, request: Request, code: str) -> Response:
        """Return the latest files."""
        found = agency_of(code)
        refuse_limited_scope(request.user)
        return Response([shapes.file_out(row) for row in found.files.order_by("-at", "-pk")[:50]])

    @extend_schema(
        summary="Hand in a file of an agency", request=shapes.AgencyFileRequest,
        responses=answers(shapes.AgencyFileShape, status=201), tags=TAG,
    )  # fmt: skip
    def post(self, request: Request, code: str) -> Response:
        """Check a file as a whole; with one bad row nothing of it is loaded, and the answer says what is wrong with which."""
        found = agency_of(code)
        refuse_limited_scope(request.user)
        return Response(shapes.file_out(taken_in(request, found.code)), status=201)


def taken_in(request: Request, code: str) -> AgencyFile:
    """Take in a file that was sent as text."""
    values = read(shapes.AgencyFileRequest, request)
    return files.receive_file(
        actor=Actor.of(request.user), code=code, kind=values["kind"], name=values["name"], content=values["content"].encode(),
        now=timezone.now(), today=today(),
    )  # fmt: skip


class AgencyFileSend(AgencyView):
    """The placement file of an agency."""

    operation: ClassVar[Any] = may_do.SEND_FILE

    @extend_schema(
        summary="Make the placement file of an agency", request=agency_shapes.AgencyNothing,
        responses=answers(shapes.PlacementFileShape, status=201), tags=TAG,
    )  # fmt: skip
    def post(self, request: Request, code: str) -> Response:
        """Return what is with the agency now, with the least data; who made it is recorded."""
        found = agency_of(code)
        refuse_limited_scope(request.user)
        row, content = sending.placement_file(actor=Actor.of(request.user), code=found.code, now=timezone.now())
        return Response({**shapes.file_out(row), "content": content}, status=201)


def _file(request: Request, agency_file_id: int) -> AgencyFile:
    row = AgencyFile.objects.filter(pk=agency_file_id).first()
    if row is None:
        raise FileUnknown(agency_file_id)
    refuse_limited_scope(request.user)
    return row


class AgencyFileOne(AgencyView):
    """One file."""

    operation: ClassVar[Any] = may_do.VIEW_FILES

    @extend_schema(summary="Get a file of an agency", responses=answers(shapes.AgencyFileShape), tags=TAG)
    def get(self, request: Request, agency_file_id: int) -> Response:
        """Return what was wrong with a file, or what came of it."""
        return Response(shapes.file_out(_file(request, agency_file_id)))


class AgencyFileTake(AgencyView):
    """Posting the payments of a file."""

    operation: ClassVar[Any] = may_do.TAKE_FILE

    @extend_schema(
        summary="Post the payments of a file",
        request=agency_shapes.AgencyNothing,
        responses=answers(shapes.AgencyFileShape),
        tags=TAG,
    )
    def post(self, request: Request, agency_file_id: int) -> Response:
        """Post all of them, or none."""
        files.take_payments(actor=Actor.of(request.user), file_id=_file(request, agency_file_id).pk, now=timezone.now())
        return Response(shapes.file_out(AgencyFile.objects.get(pk=agency_file_id)))
