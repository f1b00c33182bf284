"""Expected feeds and those that came over the API: the same operations as the jobs pages."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from riskops import closes
from riskops.shared.audit import Actor
from riskops.shared.models import Feed
from riskops.shared.operations import EDIT_SCHEDULES, VIEW_JOBS
from riskops.shared.roles import MayOperate
from riskops.site.jobs import queries
from riskops.site.jobs.api_answers import answers, given, refused


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


class FeedList(APIView):
    """The expected feeds."""

    permission_classes = [MayOperate]
    operation = {"GET": VIEW_JOBS, "POST": EDIT_SCHEDULES}

    @extend_schema(operation_id="feeds_list", summary="List expected feeds", responses=FeedShape(many=True), tags=["feeds"])
    def get(self, request: Request) -> Response:
        """Return the feeds by name."""
        return Response(FeedShape(Feed.objects.order_by("name"), many=True).data)

    @extend_schema(summary="Expect a feed", request=FeedRequest, responses=answers(FeedShape, 201), tags=["feeds"])
    def post(self, request: Request) -> Response:
        """Expect a feed from now on."""
        values = given(FeedRequest, request)
        reason = values.pop("reason")
        try:
            feed = closes.save_feed(actor=Actor.of(request.user), settings=closes.FeedSettings(**values), reason=reason)
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

    @extend_schema(summary="Change an expected feed", request=FeedRequest, responses=answers(FeedShape), tags=["feeds"])
    def patch(self, request: Request, feed_id: int) -> Response:
        """Change what is given and leave the rest."""
        feed = _feed_or_404(feed_id)
        kept = {name: getattr(feed, name) for name in closes.FeedSettings.__slots__}
        asked = FeedRequest(data=request.data, partial=True)
        asked.is_valid(raise_exception=True)
        values = {name: value for name, value in asked.validated_data.items() if name in request.data}
        reason = values.pop("reason", "")
        try:
            settings = closes.FeedSettings(**{**kept, **values})
            feed = closes.save_feed(actor=Actor.of(request.user), settings=settings, feed_id=feed.pk, reason=reason)
        except closes.CloseRefusal as refusal:
            return refused(refusal)
        return Response(FeedShape(feed).data)


def _feed_or_404(feed_id: int) -> Feed:
    feed = Feed.objects.filter(pk=feed_id).first()
    if feed is None:
        raise NotFound({"code": "feed_unknown", "about": "", "detail": f"there is no feed {feed_id}"})
    return feed


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
