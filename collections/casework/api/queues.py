"""Queues over the API: their settings, lists and sharing out, what was skipped in them, the weights of their order."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from casework import work_roles as may_do
from casework.api import worklist_shapes as shapes
from casework.api.worklist_answers import TAG, WorkView, answers, read
from casework.models import Queue
from casework.operations.queues import QueueSettings, list_accounts, save_queue, unlist_accounts
from casework.operations.sharing_out import share_out_queue
from casework.operations.weights import set_weights
from casework.queries.effectiveness import current_weights
from casework.queries.queues import handed_back, queues_page, skips
from riskops.shared.audit import Actor
from riskops.shared.day import book_shown
from riskops.shared.scope import scope_of


class Queues(WorkView):
    """All queues."""

    operation = {"GET": may_do.VIEW_WORK, "POST": may_do.MANAGE_QUEUES}

    @extend_schema(summary="List queues with their figures", responses=shapes.QueueWithFiguresShape(many=True), tags=TAG)
    def get(self, request: Request) -> Response:
        """Return the open queues, what waits in each, what its people can work today and what its priority goes by."""
        page = queues_page(user=request.user, now=timezone.now())
        return Response(
            [
                shapes.queue_out(row.queue)
                | {
                    "figures": shapes.figures_out(row.figures),
                    "capacity": row.capacity,
                    "worked_today": row.worked_today,
                    "effect_bp": row.effectiveness.effect_bp,
                    "minutes": row.effectiveness.minutes,
                    "measured_outcomes": row.effectiveness.outcomes,
                    "prior_author": row.effectiveness.author,
                }
                for row in page.rows
            ]
        )

    @extend_schema(
        summary="Set up a queue", request=shapes.QueueRequest, responses=answers(shapes.QueueShape, status=201), tags=TAG
    )
    def post(self, request: Request) -> Response:
        """Set up a queue and fill it."""
        return Response(shapes.queue_out(_save_queue(request, None)), status=201)


def _save_queue(request: Request, code: str | None) -> Queue:
    values = read(shapes.QueueRequest, request)
    own, version = values.pop("code"), values.pop("version")
    values["ignored_blocks"] = tuple(values["ignored_blocks"])
    return save_queue(
        actor=Actor.of(request.user),
        code=own if code is None else code,
        settings=QueueSettings(**values),
        now=timezone.now(),
        as_of=_business_date(),
        version=None if code is None else (version or 0),
    )


def _business_date() -> Any:
    return book_shown().business_date


class QueueDetail(WorkView):
    """One queue."""

    operation = {"GET": may_do.VIEW_WORK, "PUT": may_do.MANAGE_QUEUES}

    @extend_schema(summary="Get a queue", responses=shapes.QueueShape, tags=TAG)
    def get(self, request: Request, code: str) -> Response:
        """Return a queue."""
        return Response(shapes.queue_out(_queue_or_404(code)))

    @extend_schema(summary="Change a queue", request=shapes.QueueRequest, responses=answers(shapes.QueueShape), tags=TAG)
    def put(self, request: Request, code: str) -> Response:
        """Change a queue that was read at a version, and fill it."""
        _queue_or_404(code)
        return Response(shapes.queue_out(_save_queue(request, code)))


def _queue_or_404(code: str) -> Queue:
    found = Queue.objects.filter(code=code).select_related("team").first()
    if found is None:
        raise NotFound(f"there is no queue {code}")
    return found


class QueueList(WorkView):
    """The list of a fixed queue."""

    operation = may_do.MANAGE_QUEUES

    @extend_schema(
        summary="Put accounts on a list, or take them off",
        request=shapes.QueueListRequest,
        responses=answers(shapes.QueueListShape),
        tags=TAG,
    )
    def post(self, request: Request, code: str) -> Response:
        """Put accounts on the list of a fixed queue, or take them off with `remove`."""
        _queue_or_404(code)
        values = read(shapes.QueueListRequest, request)
        actor, scope = Actor.of(request.user), scope_of(request.user)
        numbers = values["account_nos"]
        if values["remove"]:
            changed = unlist_accounts(actor=actor, code=code, account_nos=numbers, scope=scope)
            return Response({"changed": changed, "unknown": []})
        day = _business_date() or timezone.localdate()
        new, unknown = list_accounts(actor=actor, code=code, account_nos=numbers, scope=scope, now=timezone.now(), as_of=day)
        return Response({"changed": new, "unknown": unknown})


class QueueShareOut(WorkView):
    """A queue shared out by load."""

    operation = may_do.SHARE_OUT_WORK

    @extend_schema(summary="Assign a queue by load", request=None, responses=answers(shapes.SharedOutShape), tags=TAG)
    def post(self, request: Request, code: str) -> Response:
        """Assign the first items of a queue to its people, each up to what they can still work today."""
        _queue_or_404(code)
        result = share_out_queue(actor=Actor.of(request.user), code=code, now=timezone.now())
        return Response({"assigned": result.by_person, "taken_back": result.taken_back})


class WorkSkips(WorkView):
    """What was skipped."""

    operation = may_do.VIEW_SKIPS

    @extend_schema(summary="List skips", responses=shapes.SkipShape(many=True), tags=TAG)
    def get(self, request: Request) -> Response:
        """Return what was skipped lately, and why."""
        return Response(
            [
                {
                    "account_no": found.account_no,
                    "queue": found.queue.code,
                    "by": found.user_name,
                    "reason": found.reason,
                    "recorded_at": found.recorded_at,
                }
                for found in skips(user=request.user)
            ]
        )


class WorkHandedBack(WorkView):
    """What came back."""

    operation = may_do.VIEW_SKIPS

    @extend_schema(summary="List what people who are away gave back", responses=shapes.HandedBackShape(many=True), tags=TAG)
    def get(self, request: Request) -> Response:
        """Return how many items came back lately, by day, queue and person."""
        return Response(
            [
                {"on": found.on, "queue": found.queue.code, "lay_with": found.user_name, "items": found.items}
                for found in handed_back(user=request.user, now=timezone.now())
            ]
        )


class Weights(WorkView):
    """The weights of the priority."""

    operation = {"GET": may_do.VIEW_WORK, "PUT": may_do.SET_PRIORITY}

    @extend_schema(summary="Get the weights of the priority", responses=shapes.WeightsShape, tags=TAG)
    def get(self, request: Request) -> Response:
        """Return the weights in force."""
        return Response(_weights_out())

    @extend_schema(
        summary="Set the weights of the priority",
        request=shapes.WeightsShape,
        responses=answers(shapes.WeightsShape),
        tags=TAG,
    )
    def put(self, request: Request) -> Response:
        """Put other weights in force over the version that was read; every queue is in its new order at once."""
        values = read(shapes.WeightsShape, request)
        priors = {row["queue"]: (row["effect_bp"], row["minutes"]) for row in values.pop("priors")}
        set_weights(actor=Actor.of(request.user), priors=priors, now=timezone.now(), as_of=_business_date(), **values)
        return Response(_weights_out())


def _weights_out() -> dict[str, Any]:
    weights = current_weights()
    names = ("version", "chance_bp", "loss_bp", "least_outcomes", "reason")
    priors = [{"queue": code, **prior} for code, prior in weights.priors.items()]
    return {name: getattr(weights, name) for name in names} | {"author": weights.author_name, "priors": priors}
