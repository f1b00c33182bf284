"""Closes of business and the nightly close over the API: the same operations as the jobs pages."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from riskops import closes
from riskops.shared.audit import Actor
from riskops.shared.closing import DayAlreadyClosed, DayOutOfOrder
from riskops.shared.models import BookState, CloseRun
from riskops.shared.operations import OVERRIDE_FEED, PAUSE_CLOSE, RUN_CLOSE, VIEW_JOBS
from riskops.shared.roles import MayOperate
from riskops.site.jobs import queries
from riskops.site.jobs.api_answers import answers, given, refused


class StepShape(serializers.Serializer[Any]):
    """A step of a close. `seconds` is null before it began."""

    step = serializers.CharField()
    shards = serializers.IntegerField()
    done = serializers.IntegerField()
    failed = serializers.IntegerField()
    rows = serializers.IntegerField()
    seconds = serializers.FloatField(allow_null=True)


class CloseShape(serializers.Serializer[Any]):
    """The close of one business day."""

    business_date = serializers.DateField()
    through = serializers.DateField()
    status = serializers.ChoiceField(choices=CloseRun.Status.values)
    is_provisional = serializers.BooleanField()
    waiting_for = serializers.ListField(child=serializers.CharField())
    override_reason = serializers.CharField(allow_blank=True)
    started_by = serializers.CharField()
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    shards = serializers.IntegerField()
    shards_done = serializers.IntegerField()
    rows = serializers.IntegerField()
    rows_per_second = serializers.IntegerField(allow_null=True)
    error = serializers.CharField(allow_blank=True)
    steps = StepShape(many=True)


class ClosePageShape(serializers.Serializer[Any]):
    """A page of closes and where the book stands. `next` is the value of `before` that the next page begins with."""

    business_date = serializers.DateField(allow_null=True)
    next_day = serializers.DateField(allow_null=True)
    nightly_paused = serializers.BooleanField()
    last_sign_of_life = serializers.DateTimeField(allow_null=True)
    results = CloseShape(many=True)
    next = serializers.DateField(allow_null=True)


class ShardShape(serializers.Serializer[Any]):
    """One step over one range of accounts; the last range is open-ended (null)."""

    step = serializers.CharField()
    number = serializers.IntegerField()
    status = serializers.CharField()
    attempts = serializers.IntegerField()
    worker = serializers.CharField(allow_blank=True)
    started_at = serializers.DateTimeField(allow_null=True)
    seconds = serializers.FloatField(allow_null=True)
    rows = serializers.IntegerField()
    error = serializers.CharField(allow_blank=True)
    accounts = serializers.ListField(child=serializers.IntegerField(allow_null=True))


class CloseDetailShape(CloseShape):
    """A close with a page of its shards. `next_after` is where the next page begins."""

    shard_rows = ShardShape(many=True)
    next_after = serializers.IntegerField(allow_null=True)


class StartRequest(serializers.Serializer[Any]):
    """The last day to close (by default the next one only); `first` only when nothing was ever closed."""

    through = serializers.DateField(required=False)
    first = serializers.DateField(required=False)


class ReasonRequest(serializers.Serializer[Any]):
    """Why."""

    reason = serializers.CharField(allow_blank=True, default="", max_length=2_000)


class NightlyShape(serializers.Serializer[Any]):
    """Whether the nightly close is paused."""

    paused = serializers.BooleanField()


class NightlyRequest(NightlyShape):
    """Pause or resume, and why."""

    reason = serializers.CharField(allow_blank=True, default="", max_length=2_000)


def _answered(run: CloseRun, status: int = 200) -> Response:
    (row,) = queries.run_rows([run], now=timezone.now())
    return Response(queries.run_out(row), status=status)


class CloseList(APIView):
    """The closes of business."""

    permission_classes = [MayOperate]
    operation = {"GET": VIEW_JOBS, "POST": RUN_CLOSE}

    @extend_schema(
        operation_id="closes_list",
        summary="List closes of business",
        parameters=[OpenApiParameter("before", date, description="`next` of the page before")],
        responses=ClosePageShape,
        tags=["closes"],
    )
    def get(self, request: Request) -> Response:
        """Return closes, the newest first, and where the book stands."""
        before = serializers.DateField(allow_null=True).run_validation(request.query_params.get("before"))
        page = queries.jobs_page(now=timezone.now(), before=before)
        standing = page.standing
        return Response(
            {
                "business_date": standing.book.business_date,
                "next_day": standing.next_day,
                "nightly_paused": standing.book.nightly_paused,
                "last_sign_of_life": standing.last_sign,
                "results": [queries.run_out(row) for row in page.runs],
                "next": page.next_before,
            }
        )

    @extend_schema(summary="Close days", request=StartRequest, responses=answers(CloseShape, 202), tags=["closes"])
    def post(self, request: Request) -> Response:
        """Start closing every day up to `through`; workers do it, one day after the other."""
        days = given(StartRequest, request)
        try:
            run = closes.close_days(
                actor=Actor.of(request.user), through=days.get("through"), first=days.get("first"), today=timezone.localdate()
            )
        except (closes.CloseRefusal, DayAlreadyClosed, DayOutOfOrder) as refusal:
            return refused(refusal)
        return _answered(run, 202)


class CloseDetail(APIView):
    """One close."""

    permission_classes = [MayOperate]
    operation = VIEW_JOBS

    @extend_schema(
        operation_id="closes_get",
        summary="Get a close of business",
        parameters=[
            OpenApiParameter("step", str, description="only the shards of this step"),
            OpenApiParameter("after", int, description="`next_after` of the page of shards before"),
        ],
        responses=CloseDetailShape,
        tags=["closes"],
    )
    def get(self, request: Request, business_date: date) -> Response:
        """Return a close with its shards."""
        run = CloseRun.objects.filter(business_date=business_date).first()
        if run is None:
            raise NotFound({"code": "no_such_close", "about": "", "detail": str(closes.NoSuchClose(business_date))})
        after = serializers.IntegerField(min_value=0).run_validation(request.query_params.get("after", 0))
        page = queries.run_page(run, now=timezone.now(), step=request.query_params.get("step", ""), after=after)
        shards = [queries.shard_out(row) for row in page.shards]
        return Response({**queries.run_out(page.row), "shard_rows": shards, "next_after": page.next_after})


class CloseRestart(APIView):
    """Restarting a close that failed."""

    permission_classes = [MayOperate]
    operation = RUN_CLOSE

    @extend_schema(summary="Restart a failed close", request=ReasonRequest, responses=answers(CloseShape), tags=["closes"])
    def post(self, request: Request, business_date: date) -> Response:
        """Have the failed shards tried again."""
        reason = given(ReasonRequest, request)["reason"]
        try:
            return _answered(closes.restart_close(actor=Actor.of(request.user), business_date=business_date, reason=reason))
        except closes.CloseRefusal as refusal:
            return refused(refusal)


class CloseOverride(APIView):
    """Closing without a feed."""

    permission_classes = [MayOperate]
    operation = OVERRIDE_FEED

    @extend_schema(summary="Close without a feed", request=ReasonRequest, responses=answers(CloseShape), tags=["closes"])
    def post(self, request: Request, business_date: date) -> Response:
        """Let a waiting close go on without its feeds, as provisional."""
        reason = given(ReasonRequest, request)["reason"]
        actor = Actor.of(request.user)
        try:
            run = closes.override_feed(actor=actor, business_date=business_date, reason=reason, now=timezone.now())
        except closes.CloseRefusal as refusal:
            return refused(refusal)
        return _answered(run)


class Nightly(APIView):
    """The nightly close."""

    permission_classes = [MayOperate]
    operation = {"GET": VIEW_JOBS, "POST": PAUSE_CLOSE}

    @extend_schema(summary="Whether the nightly close is paused", responses=NightlyShape, tags=["closes"])
    def get(self, request: Request) -> Response:
        """Return whether it is paused."""
        book = BookState.objects.filter(pk=1).first()
        return Response({"paused": bool(book and book.nightly_paused)})

    @extend_schema(
        summary="Pause or resume the nightly close", request=NightlyRequest, responses=answers(NightlyShape), tags=["closes"]
    )
    def post(self, request: Request) -> Response:
        """Pause or resume it, with a reason."""
        asked = given(NightlyRequest, request)
        try:
            book = closes.set_nightly_pause(actor=Actor.of(request.user), paused=asked["paused"], reason=asked["reason"])
        except closes.CloseRefusal as refusal:
            return refused(refusal)
        return Response({"paused": book.nightly_paused})
