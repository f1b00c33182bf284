"""Aging files and checks of the book over the API: asked for, followed, fetched."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from django.http import FileResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import shapes
from accounts.api.imports import whole_number
from accounts.models import BookReading
from accounts.operations.readings import (
    ReadingReferenceTaken,
    ReadingRefused,
    TooManyUnfinished,
    ask_for_aging,
    ask_for_check,
    kept_file,
    note_download,
)
from accounts.queries import readings as queries
from accounts.queries.reported import DayNotReported, reported_days
from accounts.roles import EXPORT_ACCOUNTS, VERIFY_BOOK
from riskops.shared.audit import Actor
from riskops.shared.day import CloseIsRunning
from riskops.shared.roles import MayOperate
from riskops.shared.scope import refuse_limited_scope

_TAGS = ["exports and checks"]
Kind = BookReading.Kind


class _AskedShape(serializers.Serializer[Any]):
    """What exports and checks have in common. `percent` is null where it failed."""

    id = serializers.IntegerField()
    reference = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(choices=BookReading.Status.values)
    percent = serializers.IntegerField(allow_null=True)
    accounts = serializers.IntegerField()
    started_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    failure = serializers.CharField(allow_blank=True)


class ExportShape(_AskedShape):
    """An aging file. It is removed at `expires_at`."""

    as_of = serializers.DateField()
    truth = serializers.ChoiceField(choices=BookReading.Truth.values)
    has_file = serializers.BooleanField()
    size_bytes = serializers.IntegerField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)


class CheckShape(_AskedShape):
    """A check. `as_of` null: of the book as it stood."""

    as_of = serializers.DateField(allow_null=True)
    difference_count = serializers.IntegerField()
    correction_count = serializers.IntegerField()


class ExportPageShape(serializers.Serializer[Any]):
    """A page of exports, the newest first, and the days that can be asked for as reported."""

    reported_days = serializers.ListField(child=serializers.DateField())
    results = ExportShape(many=True)
    next = serializers.IntegerField(allow_null=True)


class CheckPageShape(serializers.Serializer[Any]):
    """A page of checks, the newest first. `next` is the `before` of the next page."""

    results = CheckShape(many=True)
    next = serializers.IntegerField(allow_null=True)


class ExportRequest(serializers.Serializer[Any]):
    """The day, the truth, and a reference of the asker's own: asked twice under the same one, it is written once."""

    as_of = serializers.DateField()
    truth = serializers.ChoiceField(choices=BookReading.Truth.values, default=BookReading.Truth.KNOWN.value)
    reference = serializers.CharField(max_length=64, allow_blank=True, default="")


class CheckRequest(serializers.Serializer[Any]):
    """The day whose report is compared; without one the book as it stands. `reference` as for exports."""

    as_of = serializers.DateField(allow_null=True, default=None)
    reference = serializers.CharField(max_length=64, allow_blank=True, default="")


class DifferenceShape(serializers.Serializer[Any]):
    """One value that is not what the entries say; `what` in the words of `verify_book`."""

    account_no = serializers.CharField()
    what = serializers.CharField()
    stored = serializers.CharField()
    rebuilt = serializers.CharField()
    is_late_correction = serializers.BooleanField()


class DifferencePageShape(serializers.Serializer[Any]):
    """A page of differences. `next` is the `after` of the next page; `is_cut`: there were more than are kept."""

    results = DifferenceShape(many=True)
    next = serializers.IntegerField(allow_null=True)
    is_cut = serializers.BooleanField()


_ANSWERS = {
    202: OpenApiResponse(description="noted; ask for it by its id until its status is `done` or `failed`"),
    409: OpenApiResponse(shapes.RefusalShape, description="the reference is taken, a close runs, or too many wait"),
    422: OpenApiResponse(shapes.RefusalShape, description="a day that cannot be told of"),
}


def _out(row: BookReading) -> dict[str, Any]:
    shown = queries.reading_row(row, now=timezone.now())
    common = {
        "id": row.pk,
        "reference": row.reference or "",
        "status": row.status,
        "percent": shown.percent,
        "accounts": row.rows_total,
        "started_by": shown.started_by,
        "created_at": row.created_at,
        "finished_at": row.finished_at,
        "failure": shown.failure,
        "as_of": row.as_of,
    }
    if shown.is_export:
        own = {"truth": row.truth, "has_file": shown.has_file, "size_bytes": row.size_bytes, "expires_at": shown.expires_at}
        return ExportShape({**common, **own}).data
    own = {"difference_count": row.difference_count, "correction_count": row.correction_count}
    return CheckShape({**common, **own}).data


def _refused(refusal: Exception) -> Response:
    in_the_way = isinstance(refusal, (ReadingReferenceTaken, TooManyUnfinished, CloseIsRunning))
    code = re.sub(r"(?<!^)(?=[A-Z])", "_", type(refusal).__name__).lower()
    body = {"code": code, "about": getattr(refusal, "about", "as_of"), "detail": str(refusal)}
    return Response(body, status=409 if in_the_way else 422)


def _row_or_404(number: int, kind: str) -> BookReading:
    row = BookReading.objects.select_related("started_by").filter(pk=number, kind=kind).first()
    if row is None:
        raise NotFound({"code": f"{kind}_unknown", "about": "", "detail": f"there is no {kind} {number}"})
    return row


class Exports(APIView):
    """Aging files."""

    permission_classes = [MayOperate]
    operation = EXPORT_ACCOUNTS

    @extend_schema(
        operation_id="exports_list",
        summary="List aging files",
        parameters=[OpenApiParameter("before", int, description="`next` of the page before")],
        responses=ExportPageShape,
        tags=_TAGS,
    )
    def get(self, request: Request) -> Response:
        """Return a page of exports, and the days that are reported."""
        page = queries.history(now=timezone.now(), before=whole_number(request, "before"), kind=Kind.AGING)
        results = [_out(shown.row) for shown in page.rows]
        return Response({"reported_days": reported_days(), "results": results, "next": page.next_before})

    @extend_schema(
        summary="Ask for the aging of a day", request=ExportRequest, responses={**_ANSWERS, 202: ExportShape}, tags=_TAGS
    )
    def post(self, request: Request) -> Response:
        """Have the file written that `export_aging` writes."""
        refuse_limited_scope(request.user)
        asked = ExportRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        try:
            row = ask_for_aging(**values, actor=Actor.of(request.user))
        except (ReadingRefused, DayNotReported) as refusal:
            return _refused(refusal)
        return Response(_out(row), status=202)


class ExportDetail(APIView):
    """One aging file."""

    permission_classes = [MayOperate]
    operation = EXPORT_ACCOUNTS

    @extend_schema(summary="See an aging file", responses=ExportShape, tags=_TAGS)
    def get(self, request: Request, number: int) -> Response:
        """Return how far it is, or how it ended."""
        return Response(_out(_row_or_404(number, Kind.AGING)))


class ExportFile(APIView):
    """The file itself."""

    permission_classes = [MayOperate]
    operation = EXPORT_ACCOUNTS

    @extend_schema(summary="Download an aging file", responses={(200, "text/csv"): OpenApiTypes.BINARY}, tags=_TAGS)
    def get(self, request: Request, number: int) -> FileResponse:
        """Return the file; noted in the audit trail."""
        refuse_limited_scope(request.user)
        row = _row_or_404(number, Kind.AGING)
        path = kept_file(row)
        if path is None:
            raise NotFound({"code": "file_not_there", "about": "", "detail": f"no file is kept of export {number}"})
        note_download(row, actor=Actor.of(request.user))
        return FileResponse(
            path.open("rb"), as_attachment=True, filename=queries.file_name(row), content_type="text/csv; charset=utf-8"
        )


class Checks(APIView):
    """Checks of the book against its entries."""

    permission_classes = [MayOperate]
    operation = VERIFY_BOOK

    @extend_schema(
        operation_id="checks_list",
        summary="List checks of the book",
        parameters=[OpenApiParameter("before", int, description="`next` of the page before")],
        responses=CheckPageShape,
        tags=_TAGS,
    )
    def get(self, request: Request) -> Response:
        """Return a page of checks."""
        page = queries.history(now=timezone.now(), before=whole_number(request, "before"), kind=Kind.CHECK)
        return Response({"results": [_out(shown.row) for shown in page.rows], "next": page.next_before})

    @extend_schema(summary="Check the book", request=CheckRequest, responses={**_ANSWERS, 202: CheckShape}, tags=_TAGS)
    def post(self, request: Request) -> Response:
        """Have every account rebuilt from its entries and compared, as `verify_book` does."""
        refuse_limited_scope(request.user)
        asked = CheckRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        day: date | None = asked.validated_data["as_of"]
        try:
            row = ask_for_check(as_of=day, actor=Actor.of(request.user), reference=asked.validated_data["reference"])
        except (ReadingRefused, DayNotReported, CloseIsRunning) as refusal:
            return _refused(refusal)
        return Response(_out(row), status=202)


class CheckDetail(APIView):
    """One check."""

    permission_classes = [MayOperate]
    operation = VERIFY_BOOK

    @extend_schema(summary="See a check", responses=CheckShape, tags=_TAGS)
    def get(self, request: Request, number: int) -> Response:
        """Return how far it is, or what it came to."""
        return Response(_out(_row_or_404(number, Kind.CHECK)))


class CheckDifferences(APIView):
    """What a check found."""

    permission_classes = [MayOperate]
    operation = VERIFY_BOOK

    @extend_schema(
        operation_id="checks_differences_list",
        summary="List what a check found",
        parameters=[
            OpenApiParameter("late", bool, description="late corrections in place of failures"),
            OpenApiParameter("after", int, description="`next` of the page before"),
        ],
        responses=DifferencePageShape,
        tags=_TAGS,
    )
    def get(self, request: Request, number: int) -> Response:
        """Return a page, by account number: failures, or late corrections."""
        refuse_limited_scope(request.user)
        row = _row_or_404(number, Kind.CHECK)
        late = serializers.BooleanField().run_validation(request.query_params.get("late", False))
        page = queries.differences(row, is_late_correction=late, after=whole_number(request, "after") or 0)
        results = [
            {
                "account_no": shown.account_no,
                "what": shown.code,
                "stored": shown.stored,
                "rebuilt": shown.rebuilt,
                "is_late_correction": shown.is_late_correction,
            }
            for shown in page.rows
        ]
        return Response({"results": results, "next": page.next_after, "is_cut": page.is_cut})
