"""What goes over the API of how channels perform."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from outreach.queries.channel_hours import ContactHours
from outreach.queries.channels import CallLine, ChannelFigures, MessageLine


class _CountsShape(serializers.Serializer[Any]):
    planned = serializers.IntegerField()
    sent = serializers.IntegerField()
    delivered = serializers.IntegerField()
    undelivered = serializers.IntegerField()
    stopped = serializers.IntegerField()
    dead = serializers.IntegerField()
    waiting = serializers.IntegerField()
    delivered_share = serializers.FloatField(allow_null=True)


class ChannelShape(_CountsShape):
    """Messages of a channel, or of a provider on it. Shares and medians are null where nothing was sent."""

    channel = serializers.CharField()
    provider = serializers.CharField(allow_blank=True)
    stops = serializers.DictField(child=serializers.IntegerField())
    median_minutes = serializers.FloatField(allow_null=True)
    cost = serializers.DecimalField(max_digits=18, decimal_places=3)


class ChannelStepShape(_CountsShape):
    """Messages of a step of a strategy."""

    strategy = serializers.CharField()
    step = serializers.CharField()


class ChannelCallsShape(serializers.Serializer[Any]):
    """Calls or visits. `right_party`: spoken to with the customer or a representative, of those `tried` whose end is known."""

    channel = serializers.CharField()
    asked = serializers.IntegerField()
    ends = serializers.DictField(child=serializers.IntegerField())
    tried = serializers.IntegerField()
    right_party = serializers.IntegerField()
    right_party_share = serializers.FloatField(allow_null=True)


class ContactHourShape(serializers.Serializer[Any]):
    """Contacts of an hour of the week by the customers' clocks; `weekday` 0 is Monday."""

    weekday = serializers.IntegerField()
    hour = serializers.IntegerField()
    made = serializers.IntegerField()
    answered = serializers.IntegerField()


class ChannelsShape(serializers.Serializer[Any]):
    """How channels performed. `quiet_hours`: spans of hours without contact; null where no contact policy holds."""

    first = serializers.DateField()
    last = serializers.DateField()
    currency = serializers.CharField()
    channels = ChannelShape(many=True)
    providers = ChannelShape(many=True)
    steps = ChannelStepShape(many=True)
    calls = ChannelCallsShape(many=True)
    hours = ContactHourShape(many=True)
    quiet_hours = serializers.ListField(child=serializers.ListField(child=serializers.FloatField()), allow_null=True)


def channels_out(found: ChannelFigures, hours: ContactHours) -> dict[str, Any]:
    """Return the figures as the API gives them."""
    return {
        "first": found.period.first,
        "last": found.period.last,
        "currency": found.currency,
        "channels": [_channel_out(line) for line in found.channels],
        "providers": [_channel_out(line) for line in found.providers],
        "steps": [{"strategy": line.strategy, "step": line.step, **_counts_out(line)} for line in found.steps],
        "calls": [_calls_out(line) for line in found.calls],
        "hours": [
            {"weekday": weekday, "hour": hour, "made": made, "answered": answered}
            for (weekday, hour), (made, answered) in sorted(hours.cells.items())
        ],
        "quiet_hours": hours.quiet,
    }


def _counts_out(line: MessageLine) -> dict[str, Any]:
    names = ("planned", "sent", "delivered", "undelivered", "stopped", "dead", "waiting")
    counts = {name: getattr(line, name) for name in names}
    return {**counts, "delivered_share": _share(line.delivered, line.sent)}


def _channel_out(line: MessageLine) -> dict[str, Any]:
    return {
        "channel": line.channel,
        "provider": line.provider,
        **_counts_out(line),
        "stops": {str(group): number for group, number in line.stops},
        "median_minutes": line.minutes,
        "cost": str(line.cost),
    }


def _calls_out(line: CallLine) -> dict[str, Any]:
    return {
        "channel": line.channel,
        "asked": line.asked,
        "ends": line.ends,
        "tried": line.tried,
        "right_party": line.right_party,
        "right_party_share": _share(line.right_party, line.tried),
    }


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
