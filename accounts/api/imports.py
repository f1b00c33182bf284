"""Imports over the API: the same files, the same checks, the same outcome as on the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.http import FileResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import shapes
from accounts.models import PortfolioImport
from accounts.operations.asking_for_the_sample import SampleRefused, ask_for_sample
from accounts.operations.import_reporting import COUNTED
from accounts.operations.uploads import CannotLoadAgain, UploadRefused, load_again, note_download, receive_upload
from accounts.queries import imports as queries
from accounts.roles import DOWNLOAD_QUARANTINE, IMPORT_PORTFOLIO, LOAD_SAMPLE
from riskops.shared.audit import Actor
from riskops.shared.roles import MayOperate
from riskops.shared.scope import refuse_limited_scope, scope_of

_TAGS = ["imports"]


class ImportRequest(serializers.Serializer[Any]):
    """Files as multipart form data: one .zip, one .xlsx, or CSV files under their own names."""

    files = serializers.ListField(child=serializers.FileField(allow_empty_file=True), allow_empty=False)
    dry_run = serializers.BooleanField(default=False)
    on_error = serializers.ChoiceField(choices=PortfolioImport.OnError.values, default=PortfolioImport.OnError.ABORT.value)


class FileCountsShape(serializers.Serializer[Any]):
    """One file of an import in numbers."""

    file = serializers.CharField()
    rows = serializers.IntegerField()
    added = serializers.IntegerField()
    changed = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    repeated = serializers.IntegerField()
    refused = serializers.IntegerField()


class ImportShape(serializers.Serializer[Any]):
    """An import. `percent` is null where it ended without loading."""

    id = serializers.IntegerField()
    source_name = serializers.CharField()
    status = serializers.ChoiceField(choices=PortfolioImport.Status.values)
    step = serializers.CharField(allow_blank=True)
    percent = serializers.IntegerField(allow_null=True)
    dry_run = serializers.BooleanField()
    on_error = serializers.ChoiceField(choices=PortfolioImport.OnError.values)
    started_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    error_count = serializers.IntegerField()
    warning_count = serializers.IntegerField()
    has_quarantine = serializers.BooleanField()
    may_load_again = serializers.BooleanField()
    failure = serializers.CharField(allow_blank=True)
    files = FileCountsShape(many=True)


class ImportPageShape(serializers.Serializer[Any]):
    """A page of imports, the newest first. `next` is the `before` of the next page."""

    results = ImportShape(many=True)
    next = serializers.IntegerField(allow_null=True)


class IssueShape(serializers.Serializer[Any]):
    """One fault or warning. `value` is empty for personal columns."""

    is_error = serializers.BooleanField()
    file = serializers.CharField()
    line = serializers.IntegerField(allow_null=True)
    column = serializers.CharField(allow_blank=True)
    value = serializers.CharField(allow_blank=True)
    code = serializers.CharField()
    message = serializers.CharField()
    remedy = serializers.CharField()


class IssuePageShape(serializers.Serializer[Any]):
    """A page of faults and warnings. `next` is the `after` of the next page; `is_cut`: there were more than are kept."""

    results = IssueShape(many=True)
    next = serializers.IntegerField(allow_null=True)
    is_cut = serializers.BooleanField()


def _import_out(row: PortfolioImport) -> dict[str, Any]:
    shown = queries.import_row(row, now=timezone.now())
    return {
        "id": row.pk,
        "source_name": row.source_name,
        "status": row.status,
        "step": row.step,
        "percent": shown.percent,
        "dry_run": row.is_dry_run,
        "on_error": row.on_error,
        "started_by": shown.started_by,
        "created_at": row.created_at,
        "finished_at": row.finished_at,
        "error_count": row.error_count,
        "warning_count": row.warning_count,
        "has_quarantine": bool(row.quarantine_path),
        "may_load_again": shown.may_load_again,
        "failure": shown.failure,
        "files": [{"file": file.name, **dict(zip(COUNTED, file.counts, strict=True))} for file in shown.files],
    }


def _row_or_404(number: int) -> PortfolioImport:
    row = PortfolioImport.objects.select_related("started_by").filter(pk=number).first()
    if row is None:
        raise NotFound(f"there is no import {number}")
    return row


def whole_number(request: Request, name: str) -> int | None:
    """Return a whole number of the query; None if it is not there, 400 if it is none."""
    text = request.query_params.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValidationError({name: f"{text} is no whole number"})
    return int(text)


class Imports(APIView):
    """Sending files, and the imports so far."""

    permission_classes = [MayOperate]
    operation = IMPORT_PORTFOLIO
    parser_classes = [MultiPartParser]

    @extend_schema(
        operation_id="imports_list",
        summary="List imports",
        parameters=[OpenApiParameter("before", int, description="`next` of the page before")],
        responses=ImportPageShape,
        tags=_TAGS,
    )
    def get(self, request: Request) -> Response:
        """Return a page of imports."""
        page = queries.history(now=timezone.now(), before=whole_number(request, "before"))
        return Response({"results": [_import_out(shown.row) for shown in page.rows], "next": page.next_before})

    @extend_schema(
        summary="Import portfolio files",
        request={"multipart/form-data": ImportRequest},
        responses={202: ImportShape, 422: OpenApiResponse(shapes.RefusalShape, description="what was sent is no delivery")},
        tags=_TAGS,
    )
    def post(self, request: Request) -> Response:
        """Take the files and queue their import; ask for it by its id until its status moves no more."""
        asked = ImportRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        try:
            row = receive_upload(
                values["files"],
                is_dry_run=values["dry_run"],
                on_error=values["on_error"],
                actor=Actor.of(request.user),
            )
        except UploadRefused as refusal:
            return Response({"code": "upload_refused", "about": "files", "detail": str(refusal)}, status=422)
        return Response(_import_out(row), status=202)


class ImportSample(APIView):
    """The sample book."""

    permission_classes = [MayOperate]
    operation = LOAD_SAMPLE

    @extend_schema(
        summary="Load the sample book into an empty book",
        request=None,
        responses={
            202: ImportShape,
            409: OpenApiResponse(shapes.RefusalShape, description="the book holds accounts, or an import has not ended"),
        },
        tags=_TAGS,
    )
    def post(self, request: Request) -> Response:
        """Queue its import and pause the nightly close; follow it by its id."""
        try:
            row = ask_for_sample(today=timezone.localdate(), actor=Actor.of(request.user))
        except SampleRefused as refusal:
            return Response({"code": "sample_refused", "about": "", "detail": str(refusal)}, status=409)
        return Response(_import_out(row), status=202)


class ImportDetail(APIView):
    """One import."""

    permission_classes = [MayOperate]
    operation = IMPORT_PORTFOLIO

    @extend_schema(summary="See an import", responses=ImportShape, tags=_TAGS)
    def get(self, request: Request, number: int) -> Response:
        """Return how far it is, or how it ended."""
        return Response(_import_out(_row_or_404(number)))


class ImportIssues(APIView):
    """What was wrong with a delivery."""

    permission_classes = [MayOperate]
    operation = IMPORT_PORTFOLIO

    @extend_schema(
        operation_id="imports_issues_list",
        summary="List an import's errors and warnings",
        parameters=[OpenApiParameter("after", int, description="`next` of the page before")],
        responses=IssuePageShape,
        tags=_TAGS,
    )
    def get(self, request: Request, number: int) -> Response:
        """Return a page: errors first, by file and line."""
        page = queries.issues(_row_or_404(number), scope=scope_of(request.user), after=whole_number(request, "after") or 0)
        names = IssueShape().fields
        rows = [{name: getattr(issue, name) for name in names} for issue in page.rows]
        return Response({"results": rows, "next": page.next_after, "is_cut": page.is_cut})


class ImportLoad(APIView):
    """Loading the files of a dry run."""

    permission_classes = [MayOperate]
    operation = IMPORT_PORTFOLIO

    @extend_schema(
        summary="Load the files of a dry run, or of an import that failed",
        request=None,
        responses={
            202: ImportShape,
            409: OpenApiResponse(shapes.RefusalShape, description="the files are gone, refused or loaded"),
        },
        tags=_TAGS,
    )
    def post(self, request: Request, number: int) -> Response:
        """Queue a new import of the same files."""
        try:
            row = load_again(_row_or_404(number).pk, actor=Actor.of(request.user))
        except CannotLoadAgain as refusal:
            return Response({"code": "cannot_load_again", "about": "", "detail": str(refusal)}, status=409)
        return Response(_import_out(row), status=202)


class ImportQuarantine(APIView):
    """The records that an import set aside."""

    permission_classes = [MayOperate]
    operation = DOWNLOAD_QUARANTINE

    @extend_schema(summary="Download what was set aside", responses={(200, "application/zip"): OpenApiTypes.BINARY}, tags=_TAGS)
    def get(self, request: Request, number: int) -> FileResponse:
        """Return a zip of the bad records under their files' names and of errors.csv. Personal data in clear; noted."""
        row = _row_or_404(number)
        refuse_limited_scope(request.user)
        path = Path(row.quarantine_path) if row.quarantine_path else None
        if path is None or not path.is_file():
            raise NotFound(f"nothing set aside is kept of import {number}")
        note_download(row, actor=Actor.of(request.user))
        return FileResponse(path.open("rb"), as_attachment=True, filename=f"set-aside-{number}.zip")
