"""Items of the worklist over the API, claims on them and acts: the same operations and refusals as the pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from casework import work_roles as may_do
from casework.api import worklist_shapes as shapes
from casework.api.worklist_answers import TAG, WorkView, answers, read
from casework.contact_hooks import what_lacks
from casework.models import WorkItem, WorkRecord
from casework.operations import claiming, working
from casework.operations.acting import Asked
from casework.queries.worklist import read_work_filters, work_page, work_rows
from riskops.shared.audit import Actor
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.scope import scope_of

_PARAMETERS = [
    OpenApiParameter("queue", OpenApiTypes.STR, description="code of the queue; the first of the person's with work in it"),
    OpenApiParameter("show", OpenApiTypes.STR, enum=["open", "mine", "escalated", "blocked", "snoozed", "done"]),
    OpenApiParameter("rule", OpenApiTypes.STR, description="a rule over the facts of accounts, e.g. dpd > 7"),
    OpenApiParameter("view", OpenApiTypes.INT, description="a saved view; the other parameters change it"),
    OpenApiParameter("after", OpenApiTypes.STR, description="`next` of the page before"),
]


class WorkItems(WorkView):
    """A queue's items."""

    operation = may_do.VIEW_WORK

    @extend_schema(summary="List the items of a queue", parameters=_PARAMETERS, responses=shapes.WorkPageShape, tags=TAG)
    def get(self, request: Request) -> Response:
        """Return fifty items of a queue, in its order."""
        filters = read_work_filters(request.query_params.dict(), user=request.user)
        if filters.refusal:
            raise ValidationError({"rule": filters.refusal})
        page = work_page(filters, user=request.user, now=timezone.now())
        if page.filters.refusal:
            raise ValidationError({"rule": page.filters.refusal})
        return Response(
            {
                "queue": page.queue.code if page.queue else "",
                "figures": shapes.figures_out(page.figures),
                "results": [shapes.row_out(row) for row in page.rows],
                "next": page.next_after or None,
            }
        )


class WorkItemDetail(WorkView):
    """One item."""

    operation = may_do.VIEW_WORK

    @extend_schema(summary="Get an item", responses=shapes.WorkItemShape, tags=TAG)
    def get(self, request: Request, item_id: int) -> Response:
        """Return an item."""
        _item_or_404(item_id, request.user)
        (row,) = work_rows([item_id], user=request.user, now=timezone.now())
        return Response(shapes.row_out(row))


def _item_or_404(item_id: int, user: Any) -> WorkItem:
    found = scope_of(user).accounts(WorkItem.objects.filter(pk=item_id)).select_related("queue", "account").first()
    if found is None:
        raise NotFound(f"there is no item {item_id} in the worklist")
    refuse_conflict(user, found.customer_id)
    return found


def _taken(taken: claiming.Taken, request: Request) -> Response:
    rows = work_rows([item.pk for item in taken.items], user=request.user, now=timezone.now())
    return Response(shapes.claim_out(taken.claim, rows, is_resumed=taken.is_resumed))


class WorkNext(WorkView):
    """The next account."""

    operation = may_do.NEXT_WORK

    @extend_schema(summary="Take the next account", request=shapes.NextRequest, responses=answers(shapes.ClaimShape), tags=TAG)
    def post(self, request: Request) -> Response:
        """Claim the next account with its related ones; asked again before it is finished, return the same."""
        queue = read(shapes.NextRequest, request)["queue"]
        taken = claiming.get_next(
            actor=Actor.of(request.user), scope=scope_of(request.user), now=timezone.now(), queue_code=queue
        )
        return _taken(taken, request)


class WorkClaim(WorkView):
    """A chosen item."""

    operation = may_do.CLAIM_WORK

    @extend_schema(summary="Claim an item", request=None, responses=answers(shapes.ClaimShape), tags=TAG)
    def post(self, request: Request, item_id: int) -> Response:
        """Claim the customer of an item, or renew one's own claim."""
        _item_or_404(item_id, request.user)
        actor, scope = Actor.of(request.user), scope_of(request.user)
        return _taken(claiming.claim_item(actor=actor, item_id=item_id, scope=scope, now=timezone.now()), request)


class WorkRenew(WorkView):
    """A claim kept."""

    operation = may_do.RENEW_WORK

    @extend_schema(summary="Renew a claim", request=shapes.TokenRequest, responses=answers(shapes.LeaseShape), tags=TAG)
    def post(self, request: Request) -> Response:
        """Begin the fifteen minutes again."""
        token = read(shapes.TokenRequest, request)["token"]
        claim = claiming.renew_claim(actor=Actor.of(request.user), token=token, now=timezone.now())
        return Response({"lease_until": claim.lease_until})


class WorkRelease(WorkView):
    """A claim given up."""

    operation = may_do.RELEASE_WORK

    @extend_schema(summary="Release a claim", request=shapes.TokenRequest, responses=answers(shapes.LeaseShape), tags=TAG)
    def post(self, request: Request) -> Response:
        """Put the customer back for whoever comes next."""
        token = read(shapes.TokenRequest, request)["token"]
        claiming.release_claim(actor=Actor.of(request.user), token=token, now=timezone.now())
        return Response({"lease_until": None})


def _act(request: Request, item_id: int, shape: type[Any], do: Callable[..., WorkRecord]) -> Response:
    return Response(shapes.record_out(_made(request, item_id, shape, do)))


def _made(request: Request, item_id: int, shape: type[Any], do: Callable[..., WorkRecord]) -> WorkRecord:
    values = read(shape, request)
    _item_or_404(item_id, request.user)
    asked = Asked(
        actor=Actor.of(request.user),
        scope=scope_of(request.user),
        item_id=item_id,
        version=values.pop("version"),
        now=timezone.now(),
        token=values.pop("token"),
    )
    return do(asked, **values)


class WorkOutcome(WorkView):
    """An outcome."""

    operation = may_do.RECORD_OUTCOME

    @extend_schema(
        summary="Record an outcome", request=shapes.OutcomeRequest, responses=answers(shapes.OutcomeRecordShape), tags=TAG
    )
    def post(self, request: Request, item_id: int) -> Response:
        """Record what came of working on an account."""
        made = _made(request, item_id, shapes.OutcomeRequest, working.record_outcome)
        lacks = what_lacks(account_id=made.item.account_id, user_id=request.user.pk, outcome=made.outcome, now=made.recorded_at)
        return Response(shapes.record_out(made) | {"lacks": lacks})


class WorkSnooze(WorkView):
    """A snooze."""

    operation = may_do.SNOOZE_WORK

    @extend_schema(summary="Snooze an item", request=shapes.SnoozeRequest, responses=answers(shapes.RecordShape), tags=TAG)
    def post(self, request: Request, item_id: int) -> Response:
        """Put an item to sleep until a moment, or until something happens before it."""
        return _act(request, item_id, shapes.SnoozeRequest, working.snooze)


class WorkWake(WorkView):
    """The end of a snooze."""

    operation = may_do.SNOOZE_WORK

    @extend_schema(summary="Wake an item", request=shapes.ActRequest, responses=answers(shapes.RecordShape), tags=TAG)
    def post(self, request: Request, item_id: int) -> Response:
        """End a snooze now."""
        return _act(request, item_id, shapes.ActRequest, working.wake)


class WorkSkip(WorkView):
    """A skip."""

    operation = may_do.SKIP_WORK

    @extend_schema(summary="Skip an item", request=shapes.ReasonRequest, responses=answers(shapes.RecordShape), tags=TAG)
    def post(self, request: Request, item_id: int) -> Response:
        """Pass an item on to others, with a reason that leads read."""
        return _act(request, item_id, shapes.ReasonRequest, working.skip)


class WorkEscalate(WorkView):
    """An escalation."""

    operation = may_do.ESCALATE_WORK

    @extend_schema(summary="Escalate an item", request=shapes.ReasonRequest, responses=answers(shapes.RecordShape), tags=TAG)
    def post(self, request: Request, item_id: int) -> Response:
        """Hand an item to the lead of its queue's team."""
        return _act(request, item_id, shapes.ReasonRequest, working.escalate)


class WorkAssign(WorkView):
    """An assignment."""

    operation = may_do.ASSIGN_WORK

    @extend_schema(summary="Assign an item", request=shapes.AssignRequest, responses=answers(shapes.RecordShape), tags=TAG)
    def post(self, request: Request, item_id: int) -> Response:
        """Assign an item to a person, or to nobody."""
        return _act(request, item_id, shapes.AssignRequest, working.assign)


class WorkBoost(WorkView):
    """A boost."""

    operation = may_do.BOOST_WORK

    @extend_schema(summary="Boost an item", request=shapes.BoostRequest, responses=answers(shapes.RecordShape), tags=TAG)
    def post(self, request: Request, item_id: int) -> Response:
        """Multiply the rank of an item until a day."""
        return _act(request, item_id, shapes.BoostRequest, working.boost)


class WorkUndo(WorkView):
    """Something undone."""

    operation = may_do.UNDO_WORK

    @extend_schema(summary="Undo an act", request=None, responses=answers(shapes.RecordShape), tags=TAG)
    def post(self, request: Request, record_id: int) -> Response:
        """Put an item back as it was before an act, within half an hour."""
        made = WorkRecord.objects.filter(pk=record_id).first()
        if made is None:
            raise NotFound(f"there is no record {record_id}")
        _item_or_404(made.item_id, request.user)
        actor, scope = Actor.of(request.user), scope_of(request.user)
        return Response(shapes.record_out(working.undo(actor=actor, scope=scope, record_id=record_id, now=timezone.now())))
