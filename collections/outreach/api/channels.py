"""How channels perform, over the API."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from outreach.api.answers import TAG, OutreachView, answers
from outreach.api.channel_shapes import ChannelsShape, channels_out
from outreach.models.wishes import CHANNELS
from outreach.queries.channel_hours import Shown, contact_hours
from outreach.queries.channels import Period, channel_figures, live_hours
from outreach.roles import VIEW_CHANNELS


class ChannelsRequest(serializers.Serializer[Any]):
    """Which days, and the contacts of which channel are counted by hour."""

    first = serializers.DateField(required=False)
    last = serializers.DateField(required=False)
    channel = serializers.ChoiceField([name for name, _label in CHANNELS], required=False, default="", allow_blank=True)


class Channels(OutreachView):
    """How channels perform."""

    operation: ClassVar[Any] = VIEW_CHANNELS

    @extend_schema(
        summary="Get how channels perform",
        parameters=[
            OpenApiParameter("first", str, description="the first day, e.g. 2025-03-01; the last 28 days unless told"),
            OpenApiParameter("last", str, description="the last day, at most 92 in all"),
            OpenApiParameter("channel", str, description="of which contacts are counted by hour; all unless told"),
        ],
        responses=answers(ChannelsShape),
        tags=TAG,
    )
    def get(self, request: Request) -> Response:
        """Return messages by channel, provider and step, calls and visits, and contacts by weekday and hour of the customers."""
        asked = ChannelsRequest(data=request.query_params)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        usual = Period.until(timezone.localdate())
        period = Period.checked(values.get("first", usual.first), values.get("last", usual.last))
        hours = live_hours()
        contacts = contact_hours(request.user, period, hours, channel=values["channel"], shown=Shown.MADE)
        return Response(channels_out(channel_figures(request.user, period, hours), contacts))
