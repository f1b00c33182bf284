"""Closes of business, expected feeds and the nightly close over the API: the same operations as the jobs pages."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from datetime import date
from typing import Any, Final

from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from riskops import closes
from riskops.shared import scheduling
from riskops.shared.audit import Actor
from riskops.shared.closing import DayAlreadyClosed, DayOutOfCalendar, DayOutOfOrder
from riskops.shared.models import BookState, CloseRun, Feed
from riskops.shared.operations import EDIT_SCHEDULES, OVERRIDE_FEED, PAUSE_CLOSE, RUN_CLOSE, VIEW_JOBS
from riskops.shared.roles import MayOperate
from riskops.site.jobs import queries

_IN_THE_WAY: Final = (
    closes.CloseStandsStill,
    closes.NothingToRestart,
    closes.NothingToOverride,
    closes.NightlyStandsAlready,
    DayAlreadyClosed,
    DayOutOfOrder,
)


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


class FeedShape(serializers.ModelSerializer[Feed]):
    """An expected feed. `cut_off` is a time of the day after the one it covers, in the business time zone."""

    class Meta:
        model = Feed
        fields = ("id", "name", "file_name", "cut_off", "is_expected", "on_missing", "weekdays")


class FeedRequest(serializers.Serializer[Any]):
    """What an administrator says about a feed."""

    name = serializers.CharField(max_length=40)
    file_name = serializers.CharField(max_length=64)
    cut_off = serializers.TimeField()
    is_expected = serializers.BooleanField(default=True)
    on_missing = serializers.ChoiceField(choices=Feed.OnMissing.choices, default=Feed.OnMissing.STOP.value)
    weekdays = serializers.CharField(max_length=7, default=closes.WEEKDAYS)
    reason = serializers.CharField(
        allow_blank=True, default="", max_length=2_000, help_text="needed when days could be closed without the feed from now on"
    )


class ArrivalShape(serializers.Serializer[Any]):
    """A feed that came, with its control totals."""

    feed = serializers.CharField(source="feed.name")
    business_date = serializers.DateField()
    rows = serializers.IntegerField()
    amount_total = serializers.CharField(allow_blank=True)
    import_id = serializers.IntegerField(allow_null=True)
    arrived_at = serializers.DateTimeField()


class JobRefusalShape(serializers.Serializer[Any]):
    """What was not done and why; nothing changed."""

    code = serializers.CharField()
    about = serializers.CharField(allow_blank=True)
    detail = serializers.CharField()


def _answers(shape: Any, status: int = 200) -> dict[int, Any]:
    return {
        status: shape,
        404: OpenApiResponse(JobRefusalShape, description="there is none"),
        409: OpenApiResponse(JobRefusalShape, description="it stands otherwise; nothing was done"),
        422: OpenApiResponse(JobRefusalShape, description="a value that cannot be; nothing was done"),
    }


def refused(refusal: Exception) -> Response:
    """Return 404 for what is not there, 409 for what stands otherwise, 422 for a value that cannot be."""
    is_in_the_way = isinstance(refusal, _IN_THE_WAY) and not isinstance(refusal, DayOutOfCalendar)
    status = 404 if isinstance(refusal, closes.NoSuchClose) else 409 if is_in_the_way else 422
    code = re.sub(r"(?<!^)(?=[A-Z])", "_", type(refusal).__name__).lower()
    about = refusal.field if isinstance(refusal, closes.FeedMalformed) else getattr(refusal, "about", "")
    return Response({"code": code, "about": about, "detail": str(refusal)}, status=status)


def _given(shape: type[serializers.Serializer[Any]], request: Request, **options: Any) -> dict[str, Any]:
    asked = shape(data=request.data, **options)
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)


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

    @extend_schema(summary="Close days", request=StartRequest, responses=_answers(CloseShape, 202), tags=["closes"])
    def post(self, request: Request) -> Response:
        """Start closing every day up to `through`; workers do it, one day after the other."""
        days = _given(StartRequest, request)
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

    @extend_schema(summary="Restart a failed close", request=ReasonRequest, responses=_answers(CloseShape), tags=["closes"])
    def post(self, request: Request, business_date: date) -> Response:
        """Have the failed shards tried again."""
        reason = _given(ReasonRequest, request)["reason"]
        try:
            return _answered(closes.restart_close(actor=Actor.of(request.user), business_date=business_date, reason=reason))
        except closes.CloseRefusal as refusal:
            return refused(refusal)


class CloseOverride(APIView):
    """Closing without a feed."""

    permission_classes = [MayOperate]
    operation = OVERRIDE_FEED

    @extend_schema(summary="Close without a feed", request=ReasonRequest, responses=_answers(CloseShape), tags=["closes"])
    def post(self, request: Request, business_date: date) -> Response:
        """Let a waiting close go on without its feeds, as provisional."""
        reason = _given(ReasonRequest, request)["reason"]
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
        summary="Pause or resume the nightly close", request=NightlyRequest, responses=_answers(NightlyShape), tags=["closes"]
    )
    def post(self, request: Request) -> Response:
        """Pause or resume it, with a reason."""
        asked = _given(NightlyRequest, request)
        try:
            book = closes.set_nightly_pause(actor=Actor.of(request.user), paused=asked["paused"], reason=asked["reason"])
        except closes.CloseRefusal as refusal:
            return refused(refusal)
        return Response({"paused": book.nightly_paused})


class FeedList(APIView):
    """The expected feeds."""

    permission_classes = [MayOperate]
    operation = {"GET": VIEW_JOBS, "POST": EDIT_SCHEDULES}

    @extend_schema(operation_id="feeds_list", summary="List expected feeds", responses=FeedShape(many=True), tags=["feeds"])
    def get(self, request: Request) -> Response:
        """Return the feeds by name."""
        return Response(FeedShape(Feed.objects.order_by("name"), many=True).data)

    @extend_schema(summary="Expect a feed", request=FeedRequest, responses=_answers(FeedShape, 201), tags=["feeds"])
    def post(self, request: Request) -> Response:
        """Expect a feed from now on."""
        given = _given(FeedRequest, request)
        reason = given.pop("reason")
        try:
            feed = closes.save_feed(actor=Actor.of(request.user), settings=closes.FeedSettings(**given), reason=reason)
        except closes.CloseRefusal as refusal:
            return refused(refusal)
        return Response(FeedShape(feed).data, status=201)


class FeedDetail(APIView):
    """One expected feed."""

    permission_classes = [MayOperate]
    operation = {"GET": VIEW_JOBS, "PATCH": EDIT_SCHEDULES}

    @extend_schema(operation_id="feeds_get", summary="Get an expected feed", responses=FeedShape, tags=["feeds"])
    def get(self, request: Request, feed_id: int) -> Response:
        """Return a feed."""
        return Response(FeedShape(_feed_or_404(feed_id)).data)

    @extend_schema(summary="Change an expected feed", request=FeedRequest, responses=_answers(FeedShape), tags=["feeds"])
    def patch(self, request: Request, feed_id: int) -> Response:
        """Change what is given and leave the rest."""
        feed = _feed_or_404(feed_id)
        kept = {name: getattr(feed, name) for name in closes.FeedSettings.__slots__}
        asked = FeedRequest(data=request.data, partial=True)
        asked.is_valid(raise_exception=True)
        given = {name: value for name, value in asked.validated_data.items() if name in request.data}
        reason = given.pop("reason", "")
        try:
            settings = closes.FeedSettings(**{**kept, **given})
            feed = closes.save_feed(actor=Actor.of(request.user), settings=settings, feed_id=feed.pk, reason=reason)
        except closes.CloseRefusal as refusal:
            return refused(refusal)
        return Response(FeedShape(feed).data)


def _feed_or_404(feed_id: int) -> Feed:
    feed = Feed.objects.filter(pk=feed_id).first()
    if feed is None:
        raise NotFound({"code": "feed_unknown", "about": "", "detail": f"there is no feed {feed_id}"})
    return feed


class ScheduleShape(serializers.Serializer[Any]):
    """A job and when it starts: daily `at` a time of the business day, or `every_seconds`."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    enabled = serializers.BooleanField()
    at = serializers.TimeField(allow_null=True)
    every_seconds = serializers.IntegerField(allow_null=True)
    last_run_at = serializers.DateTimeField(allow_null=True)


class ScheduleRequest(serializers.Serializer[Any]):
    """What changes of a schedule."""

    enabled = serializers.BooleanField(required=False)
    at = serializers.TimeField(required=False)
    every_seconds = serializers.IntegerField(required=False)


def _schedule_out(task: PeriodicTask) -> dict[str, Any]:
    return {"id": task.pk, "name": task.name, **asdict(scheduling.timing_of(task)), "last_run_at": task.last_run_at}


class ScheduleList(APIView):
    """When the jobs start by themselves."""

    permission_classes = [MayOperate]
    operation = EDIT_SCHEDULES

    @extend_schema(
        operation_id="schedules_list", summary="List schedules", responses=ScheduleShape(many=True), tags=["schedules"]
    )
    def get(self, request: Request) -> Response:
        """Return the schedules by name."""
        return Response(ScheduleShape([_schedule_out(task) for task in scheduling.schedules()], many=True).data)


class ScheduleDetail(APIView):
    """One schedule."""

    permission_classes = [MayOperate]
    operation = EDIT_SCHEDULES

    @extend_schema(summary="Change a schedule", request=ScheduleRequest, responses=_answers(ScheduleShape), tags=["schedules"])
    def patch(self, request: Request, schedule_id: int) -> Response:
        """Change what is given and leave the rest."""
        task = scheduling.schedules().filter(pk=schedule_id).first()
        if task is None:
            raise NotFound({"code": "schedule_unknown", "about": "", "detail": f"there is no schedule {schedule_id}"})
        given = {name: value for name, value in _given(ScheduleRequest, request).items() if name in request.data}
        timing = replace(scheduling.timing_of(task), **given)
        try:
            changed = scheduling.change_schedule(actor=Actor.of(request.user), task_id=task.pk, timing=timing)
        except scheduling.ScheduleMalformed as refusal:
            return refused(refusal)
        return Response(ScheduleShape(_schedule_out(changed)).data)


class ArrivalList(APIView):
    """Feeds that came."""

    permission_classes = [MayOperate]
    operation = VIEW_JOBS

    @extend_schema(
        operation_id="feed_arrivals_list",
        summary="List the feeds that came",
        parameters=[OpenApiParameter("feed", str, description="only this one, by name")],
        responses=ArrivalShape(many=True),
        tags=["feeds"],
    )
    def get(self, request: Request) -> Response:
        """Return the last arrivals, the newest first."""
        return Response(ArrivalShape(queries.arrival_rows(request.query_params.get("feed", "")), many=True).data)
