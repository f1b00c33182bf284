"""Delivery providers and replies of customers over the API."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from outreach.api import delivery_shapes as shapes
from outreach.api.answers import TAG, OutreachView, answers
from outreach.operations.delivery_health import try_again
from outreach.operations.replies import mark_read
from outreach.queries.providers import provider_names, provider_page
from outreach.queries.replies import reply_line, reply_page
from outreach.roles import READ_REPLY, RETRY_PROVIDER, VIEW_PROVIDERS, VIEW_REPLIES
from riskops.shared.audit import Actor


class DeliveryProviders(OutreachView):
    """The providers of each channel."""

    operation: ClassVar[Any] = VIEW_PROVIDERS

    @extend_schema(summary="List delivery providers", responses=shapes.ChannelProvidersShape(many=True), tags=TAG)
    def get(self, request: Request) -> Response:
        """Return each channel with its providers in the order they are tried, and how each stands."""
        return Response(shapes.ChannelProvidersShape(provider_page(timezone.now()), many=True).data)


class DeliveryProviderRetry(OutreachView):
    """A provider that is passed over, used again."""

    operation: ClassVar[Any] = RETRY_PROVIDER

    @extend_schema(summary="Use a provider again", request=None, responses=answers(shapes.RetriedShape), tags=TAG)
    def post(self, request: Request, provider: str) -> Response:
        """Let messages go by a provider again at once."""
        row = try_again(actor=Actor.of(request.user), provider=provider, names=provider_names(), now=timezone.now())
        return Response({"provider": row.provider, "failures": row.failures})


class CustomerReplies(OutreachView):
    """What customers wrote back."""

    operation: ClassVar[Any] = VIEW_REPLIES

    @extend_schema(
        summary="List replies of customers",
        parameters=[
            OpenApiParameter("show", str, description="unread (default), read, stop, all"),
            OpenApiParameter("after", str, description="`next` of the page before"),
        ],
        responses=shapes.RepliesShape,
        tags=TAG,
    )
    def get(self, request: Request) -> Response:
        """Return a page, newest first."""
        page = reply_page(request.user, request.query_params)
        return Response({"results": shapes.ReplyShape(page.rows, many=True).data, "next": page.next_after})


class CustomerReplyRead(OutreachView):
    """A reply that was read."""

    operation: ClassVar[Any] = READ_REPLY

    @extend_schema(summary="Note that a reply was read", request=None, responses=answers(shapes.ReplyShape), tags=TAG)
    def post(self, request: Request, reply_id: int) -> Response:
        """Note that a person has read a reply."""
        row = mark_read(actor=Actor.of(request.user), reply_id=reply_id, now=timezone.now())
        return Response(shapes.ReplyShape(reply_line(row)).data)
