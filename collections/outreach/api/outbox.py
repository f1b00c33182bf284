"""The outbox over the API: messages, dead letters, corrections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.operations.refusals import LedgerRefusal
from accounts.roles import REVEAL_PERSON
from outreach.api import outbox_shapes as shapes
from outreach.api.answers import TAG, OutreachView, answers, read
from outreach.api.shapes import ReasonRequest
from outreach.models import Message
from outreach.operations import outbox as acts
from outreach.operations.correcting import Wrong, correct_messages, preview_correction
from outreach.queries import outbox as queries
from outreach.roles import ACT_ON_OUTBOX, CORRECT_MESSAGES, VIEW_OUTBOX
from riskops.shared.audit import Actor
from riskops.shared.scope import scope_of

_DAY = OpenApiParameter("day", str, description="the day messages were planned for, e.g. 2025-03-12")


class Outbox(OutreachView):
    """Messages."""

    operation: ClassVar[Any] = VIEW_OUTBOX

    @extend_schema(
        summary="List messages",
        parameters=[
            OpenApiParameter("status", str, description=", ".join(Message.Status.values)),
            OpenApiParameter("channel", str, description="sms, email, push"),
            OpenApiParameter("step", str, description="code of the step"),
            _DAY,
            OpenApiParameter("first", str, description="planned for this day or a later one, e.g. 2025-03-01"),
            OpenApiParameter("last", str, description="planned for this day or an earlier one"),
            OpenApiParameter("key", str, description="number of an account or of a customer"),
            OpenApiParameter("after", str, description="`next` of the page before"),
        ],
        responses=shapes.OutboxShape,
        tags=TAG,
    )
    def get(self, request: Request) -> Response:
        """Return a page, newest first."""
        page = queries.messages_page(request.user, queries.read_filters(request.query_params))
        return Response({"results": [shapes.message_out(row) for row in page.rows], "next": page.next_after})


class OutboxCounts(OutreachView):
    """How many messages are in which state."""

    operation: ClassVar[Any] = VIEW_OUTBOX

    @extend_schema(summary="Count messages", parameters=[_DAY], responses=shapes.CountsShape, tags=TAG)
    def get(self, request: Request) -> Response:
        """Return the counts of now."""
        now = timezone.now()
        day = queries.read_filters(request.query_params).day or timezone.localdate(now)
        found = queries.counts(request.user, day, now)
        names = [name for name, _label in found.channels]
        return Response(
            {
                **{
                    name: getattr(found, name)
                    for name in ("day", "is_off", "behind_since", "is_feed_missing", "notices", "elsewhere", "dead")
                },
                "states": [
                    {"status": row.status, "channels": dict(zip(names, row.counts, strict=True)), "total": row.total}
                    for row in found.rows
                ],
                "stuck": shapes.stuck_out(found.stuck),
                "unfit_steps": [shapes.unfit_out(unfit) for unfit in found.unfit],
            }
        )


class DeadLetters(OutreachView):
    """What a person must see to."""

    operation: ClassVar[Any] = {"GET": VIEW_OUTBOX, "POST": ACT_ON_OUTBOX}

    @extend_schema(
        summary="List dead letters",
        parameters=[OpenApiParameter("after", str, description="`next` of the page before")],
        responses=shapes.OutboxShape,
        tags=TAG,
    )
    def get(self, request: Request) -> Response:
        """Return a page, what has waited longest first."""
        page = queries.dead_page(request.user, request.query_params.get("after", "")[:64])
        return Response({"results": [shapes.message_out(row) for row in page.rows], "next": page.next_after})

    @extend_schema(
        summary="Send dead letters again, or drop them",
        request=shapes.DeadLettersRequest,
        responses=answers(shapes.DoneShape),
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        """Do the same to several of them."""
        values = read(shapes.DeadLettersRequest, request)
        act = acts.drop_message if values["act"] == "drop" else acts.resend_message
        done, refused = acts.act_on_many(
            act, actor=Actor.of(request.user), message_ids=values["messages"], reason=values["reason"], now=timezone.now()
        )
        return Response({"done": done, "refused": refused})


class OneMessage(OutreachView):
    """One message."""

    operation: ClassVar[Any] = VIEW_OUTBOX

    @extend_schema(summary="Get a message", responses=answers(shapes.MessageDetailShape), tags=TAG)
    def get(self, request: Request, message_id: int) -> Response:
        """Return a message with its tries and receipts."""
        message = acts.message_in_sight(Actor.of(request.user), message_id)
        return Response(shapes.message_detail_out(queries.message_page(message)))


class _MessageAct(OutreachView):
    operation: ClassVar[Any] = ACT_ON_OUTBOX
    act: ClassVar[Callable[..., Message]]

    def _done(self, request: Request, message_id: int) -> Response:
        reason = read(ReasonRequest, request)["reason"]
        actor = Actor.of(request.user)
        type(self).act(actor=actor, message_id=message_id, reason=reason, now=timezone.now())
        return Response(shapes.message_out(acts.message_in_sight(actor, message_id)))


class MessageStop(_MessageAct):
    """Stopping a message."""

    act = staticmethod(acts.cancel_message)

    @extend_schema(summary="Stop a message", request=ReasonRequest, responses=answers(shapes.MessageShape), tags=TAG)
    def post(self, request: Request, message_id: int) -> Response:
        """Stop a message that waits."""
        return self._done(request, message_id)


class MessageResend(_MessageAct):
    """Sending a message again."""

    act = staticmethod(acts.resend_message)

    @extend_schema(summary="Send a message again", request=ReasonRequest, responses=answers(shapes.MessageShape), tags=TAG)
    def post(self, request: Request, message_id: int) -> Response:
        """Queue a message again, as an attempt of its own."""
        return self._done(request, message_id)


class MessageDrop(_MessageAct):
    """Dropping a message."""

    act = staticmethod(acts.drop_message)

    @extend_schema(summary="Drop a message", request=ReasonRequest, responses=answers(shapes.MessageShape), tags=TAG)
    def post(self, request: Request, message_id: int) -> Response:
        """Let a message go that a person must see to."""
        return self._done(request, message_id)


class MessageReveal(OutreachView):
    """Reading what was said in clear."""

    operation: ClassVar[Any] = REVEAL_PERSON

    @extend_schema(summary="Read a message in clear", request=ReasonRequest, responses=answers(shapes.TextShape), tags=TAG)
    def post(self, request: Request, message_id: int) -> Response:
        """Return what was said, and record who read it and why."""
        reason = read(ReasonRequest, request)["reason"]
        try:
            said = acts.reveal_message(actor=Actor.of(request.user), message_id=message_id, reason=reason)
        except LedgerRefusal as refusal:
            return Response({"code": "reason_too_short", "about": "reason", "detail": str(refusal)}, status=422)
        return Response(said)


class Corrections(OutreachView):
    """Corrections of messages that were sent wrongly."""

    operation: ClassVar[Any] = CORRECT_MESSAGES

    @extend_schema(
        summary="Count what a correction would be",
        parameters=[
            OpenApiParameter("step", str),
            OpenApiParameter("planned_on", str),
            OpenApiParameter("strategy", str),
            OpenApiParameter("version", int),
            OpenApiParameter("paid_before", bool),
        ],
        responses=answers(shapes.PreviewShape),
        tags=TAG,
    )
    def get(self, request: Request) -> Response:
        """Return how many messages it would be."""
        asked = shapes.WrongRequest(data=request.query_params)
        asked.is_valid(raise_exception=True)
        found = preview_correction(Wrong(**asked.validated_data), scope=scope_of(request.user))
        return Response({"count": found.count, "by_channel": dict(found.by_channel), "unknown": found.unknown})

    @extend_schema(
        summary="Correct messages", request=shapes.CorrectRequest, responses=answers(shapes.PreviewShape, status=201), tags=TAG
    )
    def post(self, request: Request) -> Response:
        """Queue one correction of each, once."""
        values = read(shapes.CorrectRequest, request)
        reason, expected = values.pop("reason"), values.pop("expected")
        wrong = Wrong(**values)
        found = preview_correction(wrong, scope=scope_of(request.user))
        count = correct_messages(actor=Actor.of(request.user), wrong=wrong, reason=reason, expected=expected, now=timezone.now())
        return Response({"count": count, "by_channel": dict(found.by_channel), "unknown": found.unknown}, status=201)
