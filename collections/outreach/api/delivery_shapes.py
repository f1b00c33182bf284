"""What goes over the API of delivery: providers, replies."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class ProviderShape(serializers.Serializer[Any]):
    """A provider of a channel. `state`: closed (used), open (passed over), half_open (tried with one message)."""

    place = serializers.IntegerField()
    name = serializers.CharField()
    state = serializers.CharField()
    failures = serializers.IntegerField(help_text="in a row")
    open_until = serializers.DateTimeField(allow_null=True)
    last_error = serializers.CharField()
    last_failed_at = serializers.DateTimeField(allow_null=True)
    last_answered_at = serializers.DateTimeField(allow_null=True)
    is_idempotent = serializers.BooleanField(help_text="drops a second message with the same key")
    is_askable = serializers.BooleanField(help_text="can be asked what became of a message")


class ChannelProvidersShape(serializers.Serializer[Any]):
    """The providers of a channel, the preferred one first."""

    channel = serializers.CharField()
    setting = serializers.CharField()
    providers = ProviderShape(many=True, source="lines")


class RetriedShape(serializers.Serializer[Any]):
    """A provider that is used again."""

    provider = serializers.CharField()
    failures = serializers.IntegerField()


class ReplyShape(serializers.Serializer[Any]):
    """What a customer wrote back. `wish`: stop (opted out at once), start (asks for messages again; opts nobody in), other."""

    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    channel = serializers.CharField()
    customer_no = serializers.CharField(help_text='"" where nobody in the book has the number or address')
    address = serializers.CharField(help_text="masked")
    text = serializers.CharField()
    wish = serializers.CharField()
    read_at = serializers.DateTimeField(allow_null=True)
    read_by = serializers.CharField()
    provider = serializers.CharField()


class RepliesShape(serializers.Serializer[Any]):
    """A page of replies."""

    results = ReplyShape(many=True)
    next = serializers.CharField(help_text='"" on the last page')
