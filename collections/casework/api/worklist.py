"""Queues and worklist over the API: the same operations and refusals as the pages."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time
from typing import Any, ClassVar

from django.db.models import Q
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import CreditAccount
from casework import work_roles as may_do
from casework.api import worklist_shapes as shapes
from casework.models import Queue, SavedView, WorkItem, WorkRecord
from casework.operations import bulk_actions, claiming, noting, saved_views, working
from casework.operations.queues import QueueSettings, list_accounts, save_queue, unlist_accounts
from casework.operations.sharing_out import share_out_queue
from casework.operations.weights import set_weights
from casework.operations.work_refusals import NoteChanged, WorkRefusal
from casework.operations.working import Asked
from casework.queries.effectiveness import current_weights
from casework.queries.queues import queues_page, skips
from casework.queries.worklist import read_work_filters, work_page, work_rows
from riskops.shared.audit import Actor
from riskops.shared.day import book_shown
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.roles import MayOperate, may
from riskops.shared.rule_language import RuleRefusal
from riskops.shared.scope import scope_of

TAG = ["worklist"]


class _WorkView(APIView):
    """Answers refusals of the worklist with their code, what they are about, and the reason."""

    permission_classes = [MayOperate]
    operation: ClassVar[str | Mapping[str, str]]

    def handle_exception(self, exc: Exception) -> Response:
        """Answer what an operation refused; all else as everywhere."""
        if isinstance(exc, NoteChanged):
            return Response(_refusal(exc) | {"version": exc.version, "theirs": exc.theirs}, status=exc.status)
        if isinstance(exc, WorkRefusal):
            return Response(_refusal(exc), status=exc.status)
        if isinstance(exc, RuleRefusal):
            return Response({"code": "rule_refused", "about": "rule", "detail": str(exc)}, status=422)
        return super().handle_exception(exc)


def _refusal(refusal: WorkRefusal) -> dict[str, Any]:
    return {"code": refusal.code, "about": getattr(refusal, "field", "") or refusal.about, "detail": str(refusal)}


def _answers(shape: Any, *, status: int = 200) -> dict[int, Any]:
    return {status: shape, 404: shapes.WorkRefusalShape, 409: shapes.WorkRefusalShape, 422: shapes.WorkRefusalShape}


def _read(shape: type[Any], request: Request) -> dict[str, Any]:
    asked = shape(data=request.data)
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)


def _business_date() -> Any:
    return book_shown().business_date


def _item_or_404(item_id: int, user: Any) -> WorkItem:
    found = scope_of(user).accounts(WorkItem.objects.filter(pk=item_id)).select_related("queue", "account").first()
    if found is None:
        raise NotFound(f"there is no item {item_id} in the worklist")
    refuse_conflict(user, found.customer_id)
    return found


def _queue_or_404(code: str) -> Queue:
    found = Queue.objects.filter(code=code).select_related("team").first()
    if found is None:
        raise NotFound(f"there is no queue {code}")
    return found


class Queues(_WorkView):
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
        summary="Set up a queue", request=shapes.QueueRequest, responses=_answers(shapes.QueueShape, status=201), tags=TAG
    )
    def post(self, request: Request) -> Response:
        """Set up a queue and fill it."""
        return Response(shapes.queue_out(_save_queue(request, None)), status=201)


def _save_queue(request: Request, code: str | None) -> Queue:
    values = _read(shapes.QueueRequest, request)
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


class QueueDetail(_WorkView):
    """One queue."""

    operation = {"GET": may_do.VIEW_WORK, "PUT": may_do.MANAGE_QUEUES}

    @extend_schema(summary="Get a queue", responses=shapes.QueueShape, tags=TAG)
    def get(self, request: Request, code: str) -> Response:
        """Return a queue."""
        return Response(shapes.queue_out(_queue_or_404(code)))

    @extend_schema(summary="Change a queue", request=shapes.QueueRequest, responses=_answers(shapes.QueueShape), tags=TAG)
    def put(self, request: Request, code: str) -> Response:
        """Change a queue that was read at a version, and fill it."""
        _queue_or_404(code)
        return Response(shapes.queue_out(_save_queue(request, code)))


class QueueList(_WorkView):
    """The list of a fixed queue."""

    operation = may_do.MANAGE_QUEUES

    @extend_schema(
        summary="Put accounts on a list, or take them off",
        request=shapes.QueueListRequest,
        responses=_answers(shapes.QueueListShape),
        tags=TAG,
    )
    def post(self, request: Request, code: str) -> Response:
        """Put accounts on the list of a fixed queue, or take them off with `remove`."""
        _queue_or_404(code)
        values = _read(shapes.QueueListRequest, request)
        actor, scope = Actor.of(request.user), scope_of(request.user)
        numbers = values["account_nos"]
        if values["remove"]:
            changed = unlist_accounts(actor=actor, code=code, account_nos=numbers, scope=scope)
            return Response({"changed": changed, "unknown": []})
        day = _business_date() or timezone.localdate()
        new, unknown = list_accounts(actor=actor, code=code, account_nos=numbers, scope=scope, now=timezone.now(), as_of=day)
        return Response({"changed": new, "unknown": unknown})


class QueueShareOut(_WorkView):
    """A queue shared out by load."""

    operation = may_do.SHARE_OUT_WORK

    @extend_schema(summary="Assign a queue by load", request=None, responses=_answers(shapes.SharedOutShape), tags=TAG)
    def post(self, request: Request, code: str) -> Response:
        """Assign the first items of a queue to its people, each up to what they can still work today."""
        _queue_or_404(code)
        result = share_out_queue(actor=Actor.of(request.user), code=code, now=timezone.now())
        return Response({"assigned": result.by_person, "taken_back": result.taken_back})


_PARAMETERS = [
    OpenApiParameter("queue", OpenApiTypes.STR, description="code of the queue; the first of the person's with work in it"),
    OpenApiParameter("show", OpenApiTypes.STR, enum=["open", "mine", "escalated", "blocked", "snoozed", "done"]),
    OpenApiParameter("rule", OpenApiTypes.STR, description="a rule over the facts of accounts, e.g. dpd > 7"),
    OpenApiParameter("view", OpenApiTypes.INT, description="a saved view; the other parameters change it"),
    OpenApiParameter("after", OpenApiTypes.STR, description="`next` of the page before"),
]


class WorkItems(_WorkView):
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


class WorkItemDetail(_WorkView):
    """One item."""

    operation = may_do.VIEW_WORK

    @extend_schema(summary="Get an item", responses=shapes.WorkItemShape, tags=TAG)
    def get(self, request: Request, item_id: int) -> Response:
        """Return an item."""
        _item_or_404(item_id, request.user)
        (row,) = work_rows([item_id], user=request.user, now=timezone.now())
        return Response(shapes.row_out(row))


def _taken(taken: claiming.Taken, request: Request) -> Response:
    rows = work_rows([item.pk for item in taken.items], user=request.user, now=timezone.now())
    return Response(shapes.claim_out(taken.claim, rows, is_resumed=taken.is_resumed))


class WorkNext(_WorkView):
    """The next account."""

    operation = may_do.NEXT_WORK

    @extend_schema(summary="Take the next account", request=shapes.NextRequest, responses=_answers(shapes.ClaimShape), tags=TAG)
    def post(self, request: Request) -> Response:
        """Claim the next account with its related ones; asked again before it is finished, return the same."""
        queue = _read(shapes.NextRequest, request)["queue"]
        taken = claiming.get_next(
            actor=Actor.of(request.user), scope=scope_of(request.user), now=timezone.now(), queue_code=queue
        )
        return _taken(taken, request)


class WorkClaim(_WorkView):
    """A chosen item."""

    operation = may_do.CLAIM_WORK

    @extend_schema(summary="Claim an item", request=None, responses=_answers(shapes.ClaimShape), tags=TAG)
    def post(self, request: Request, item_id: int) -> Response:
        """Claim the customer of an item, or renew one's own claim."""
        _item_or_404(item_id, request.user)
        actor, scope = Actor.of(request.user), scope_of(request.user)
        return _taken(claiming.claim_item(actor=actor, item_id=item_id, scope=scope, now=timezone.now()), request)


class WorkRenew(_WorkView):
    """A claim kept."""

    operation = may_do.RENEW_WORK

    @extend_schema(summary="Renew a claim", request=shapes.TokenRequest, responses=_answers(shapes.LeaseShape), tags=TAG)
    def post(self, request: Request) -> Response:
        """Begin the fifteen minutes again."""
        token = _read(shapes.TokenRequest, request)["token"]
        claim = claiming.renew_claim(actor=Actor.of(request.user), token=token, now=timezone.now())
        return Response({"lease_until": claim.lease_until})


class WorkRelease(_WorkView):
    """A claim given up."""

    operation = may_do.RELEASE_WORK

    @extend_schema(summary="Release a claim", request=shapes.TokenRequest, responses=_answers(shapes.LeaseShape), tags=TAG)
    def post(self, request: Request) -> Response:
        """Put the customer back for whoever comes next."""
        token = _read(shapes.TokenRequest, request)["token"]
        claiming.release_claim(actor=Actor.of(request.user), token=token, now=timezone.now())
        return Response({"lease_until": None})


def _act(request: Request, item_id: int, shape: type[Any], do: Callable[..., WorkRecord]) -> Response:
    values = _read(shape, request)
    _item_or_404(item_id, request.user)
    asked = Asked(
        actor=Actor.of(request.user),
        scope=scope_of(request.user),
        item_id=item_id,
        version=values.pop("version"),
        now=timezone.now(),
        token=values.pop("token"),
    )
    return Response(shapes.record_out(do(asked, **values)))


class WorkOutcome(_WorkView):
    """An outcome."""

    operation = may_do.RECORD_OUTCOME

    @extend_schema(summary="Record an outcome", request=shapes.OutcomeRequest, responses=_answers(shapes.RecordShape), tags=TAG)
    def post(self, request: Request, item_id: int) -> Response:
        """Record what came of working on an account."""
        return _act(request, item_id, shapes.OutcomeRequest, working.record_outcome)


class WorkSnooze(_WorkView):
    """A snooze."""

    operation = may_do.SNOOZE_WORK

    @extend_schema(summary="Snooze an item", request=shapes.SnoozeRequest, responses=_answers(shapes.RecordShape), tags=TAG)
    def post(self, request: Request, item_id: int) -> Response:
        """Put an item to sleep until a moment, or until something happens before it."""
        return _act(request, item_id, shapes.SnoozeRequest, working.snooze)


class WorkWake(_WorkView):
    """The end of a snooze."""

    operation = may_do.SNOOZE_WORK

    @extend_schema(summary="Wake an item", request=shapes.ActRequest, responses=_answers(shapes.RecordShape), tags=TAG)
    def post(self, request: Request, item_id: int) -> Response:
        """End a snooze now."""
        return _act(request, item_id, shapes.ActRequest, working.wake)


class WorkSkip(_WorkView):
    """A skip."""

    operation = may_do.SKIP_WORK

    @extend_schema(summary="Skip an item", request=shapes.ReasonRequest, responses=_answers(shapes.RecordShape), tags=TAG)
    def post(self, request: Request, item_id: int) -> Response:
        """Pass an item on to others, with a reason that leads read."""
        return _act(request, item_id, shapes.ReasonRequest, working.skip)


class WorkEscalate(_WorkView):
    """An escalation."""

    operation = may_do.ESCALATE_WORK

    @extend_schema(summary="Escalate an item", request=shapes.ReasonRequest, responses=_answers(shapes.RecordShape), tags=TAG)
    def post(self, request: Request, item_id: int) -> Response:
        """Hand an item to the lead of its queue's team."""
        return _act(request, item_id, shapes.ReasonRequest, working.escalate)


class WorkAssign(_WorkView):
    """An assignment."""

    operation = may_do.ASSIGN_WORK

    @extend_schema(summary="Assign an item", request=shapes.AssignRequest, responses=_answers(shapes.RecordShape), tags=TAG)
    def post(self, request: Request, item_id: int) -> Response:
        """Assign an item to a person, or to nobody."""
        return _act(request, item_id, shapes.AssignRequest, working.assign)


class WorkBoost(_WorkView):
    """A boost."""

    operation = may_do.BOOST_WORK

    @extend_schema(summary="Boost an item", request=shapes.BoostRequest, responses=_answers(shapes.RecordShape), tags=TAG)
    def post(self, request: Request, item_id: int) -> Response:
        """Multiply the rank of an item until a day."""
        return _act(request, item_id, shapes.BoostRequest, working.boost)


class WorkUndo(_WorkView):
    """Something undone."""

    operation = may_do.UNDO_WORK

    @extend_schema(summary="Undo an act", request=None, responses=_answers(shapes.RecordShape), tags=TAG)
    def post(self, request: Request, record_id: int) -> Response:
        """Put an item back as it was before an act, within half an hour."""
        made = WorkRecord.objects.filter(pk=record_id).first()
        if made is None:
            raise NotFound(f"there is no record {record_id}")
        _item_or_404(made.item_id, request.user)
        actor, scope = Actor.of(request.user), scope_of(request.user)
        return Response(shapes.record_out(working.undo(actor=actor, scope=scope, record_id=record_id, now=timezone.now())))


class WorkSkips(_WorkView):
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


class BulkPreview(_WorkView):
    """What a bulk action would meet."""

    operation = may_do.BULK_WORK

    @extend_schema(
        summary="Preview a bulk action", request=shapes.BulkRequest, responses=_answers(shapes.BulkPreviewShape), tags=TAG
    )
    def post(self, request: Request) -> Response:
        """Return how many of the items an action may go to, and why not to the others. Nothing is written."""
        values, now = _bulk(request), timezone.now()
        preview = bulk_actions.preview_bulk(
            actor=Actor.of(request.user),
            scope=scope_of(request.user),
            action=values["action"],
            item_ids=values["items"],
            now=now,
            today=timezone.localdate(now),
        )
        return Response(
            {
                "selected": len(preview.selected),
                "free": preview.free,
                "blocked": [{"reason": reason, "count": count} for reason, count in preview.blocked],
            }
        )


def _bulk(request: Request) -> dict[str, Any]:
    values = _read(shapes.BulkRequest, request)
    if not may(request.user, bulk_actions.ACTIONS[values["action"]]):
        raise PermissionDenied(f"your roles do not allow the action {values['action']}")
    return values


class Bulk(_WorkView):
    """A bulk action."""

    operation = may_do.BULK_WORK

    @extend_schema(summary="Act on many items", request=shapes.BulkRequest, responses=_answers(shapes.BulkShape), tags=TAG)
    def post(self, request: Request) -> Response:
        """Do an action to each item by itself and return what became of each. The same reference again does nothing more."""
        values = _bulk(request)
        action, until = values["action"], values["until"]
        if action == "assign":
            parameters: dict[str, Any] = {"username": values["username"]}
        elif until is None:
            raise ValidationError({"until": "a day is needed"})
        elif action == "boost":
            parameters = {"factor": values["factor"], "until": until, "reason": values["reason"]}
        else:
            moment = timezone.make_aware(datetime.combine(until, time(9)), timezone.get_default_timezone())
            parameters = {"until": moment.astimezone(UTC), "reason": values["reason"]}
        made = bulk_actions.run_bulk(
            actor=Actor.of(request.user),
            scope=scope_of(request.user),
            action=action,
            item_ids=values["items"],
            parameters=parameters,
            reference=values["reference"] or secrets.token_hex(12),
            now=timezone.now(),
        )
        names = ("account_no", "done", "reason", "record")
        results = [dict(zip(names, row, strict=True)) for row in made.report]
        return Response({"id": made.pk, "action": made.action, "results": results})


def _account_or_404(request: Request, account_no: str) -> CreditAccount:
    found = scope_of(request.user).accounts(CreditAccount.objects.filter(account_no=account_no)).first()
    if found is None:
        raise NotFound(f"there is no account {account_no} in this book")
    refuse_conflict(request.user, found.customer_id)
    return found


class AccountNoteView(_WorkView):
    """The note on an account."""

    operation = {"GET": may_do.VIEW_WORK, "PUT": may_do.WRITE_NOTE}

    @extend_schema(summary="Get the note on an account", responses=shapes.NoteShape, tags=TAG)
    def get(self, request: Request, account_no: str) -> Response:
        """Return the text that stands."""
        note = noting.latest_note(_account_or_404(request, account_no).pk)
        by = note.written_by.get_username() if note and note.written_by else ""
        return Response({"version": note.version if note else 0, "text": note.text if note else "", "by": by})

    @extend_schema(
        summary="Write the note on an account",
        request=shapes.NoteRequest,
        responses={200: shapes.NoteShape, 409: shapes.NoteRefusalShape},
        tags=TAG,
    )
    def put(self, request: Request, account_no: str) -> Response:
        """Write a text over the version that was read; refused with the other text where somebody was faster."""
        account, values = _account_or_404(request, account_no), _read(shapes.NoteRequest, request)
        note = noting.save_note(actor=Actor.of(request.user), account=account, now=timezone.now(), **values)
        return Response({"version": note.version, "text": note.text, "by": request.user.get_username()})


class Present(_WorkView):
    """Who has an account on screen."""

    operation = may_do.VIEW_WORK

    @extend_schema(summary="Say that an account is on screen", request=None, responses=shapes.PresenceShape, tags=TAG)
    def post(self, request: Request, account_no: str) -> Response:
        """Keep one's presence for half a minute and return the others'."""
        account = _account_or_404(request, account_no)
        others = noting.be_present(user_id=int(request.user.pk or 0), account_id=account.pk, now=timezone.now())
        return Response({"others": others})


class Weights(_WorkView):
    """The weights of the priority."""

    operation = {"GET": may_do.VIEW_WORK, "PUT": may_do.SET_PRIORITY}

    @extend_schema(summary="Get the weights of the priority", responses=shapes.WeightsShape, tags=TAG)
    def get(self, request: Request) -> Response:
        """Return the weights in force."""
        return Response(_weights_out())

    @extend_schema(
        summary="Set the weights of the priority",
        request=shapes.WeightsShape,
        responses=_answers(shapes.WeightsShape),
        tags=TAG,
    )
    def put(self, request: Request) -> Response:
        """Put other weights in force over the version that was read; every queue is in its new order at once."""
        values = _read(shapes.WeightsShape, request)
        priors = {row["queue"]: (row["effect_bp"], row["minutes"]) for row in values.pop("priors")}
        set_weights(actor=Actor.of(request.user), priors=priors, now=timezone.now(), as_of=_business_date(), **values)
        return Response(_weights_out())


def _weights_out() -> dict[str, Any]:
    weights = current_weights()
    names = ("version", "chance_bp", "loss_bp", "least_outcomes", "reason")
    priors = [{"queue": code, **prior} for code, prior in weights.priors.items()]
    return {name: getattr(weights, name) for name in names} | {"author": weights.author_name, "priors": priors}


class Views(_WorkView):
    """Saved views."""

    operation = {"GET": may_do.VIEW_WORK, "POST": may_do.SAVE_VIEW}

    @extend_schema(summary="List saved views", responses=shapes.ViewShape(many=True), tags=TAG)
    def get(self, request: Request) -> Response:
        """Return one's own views and the shared ones."""
        found = SavedView.objects.filter(Q(owner=request.user.pk) | Q(is_shared=True)).order_by("name")
        return Response([_view_out(view, request) for view in found])

    @extend_schema(summary="Save a view", request=shapes.ViewShape, responses=_answers(shapes.ViewShape, status=201), tags=TAG)
    def post(self, request: Request) -> Response:
        """Keep what an address of the worklist asks for under a name."""
        values = _read(shapes.ViewShape, request)
        return Response(_view_out(saved_views.save_view(actor=Actor.of(request.user), **values), request), status=201)


def _view_out(view: SavedView, request: Request) -> dict[str, Any]:
    is_own = view.owner_id == request.user.pk
    return {"id": view.pk, "name": view.name, "query": view.query, "is_shared": view.is_shared, "is_own": is_own}


class ViewDetail(_WorkView):
    """One saved view."""

    operation = may_do.SAVE_VIEW

    @extend_schema(summary="Delete a view", responses={204: None, 404: shapes.WorkRefusalShape}, tags=TAG)
    def delete(self, request: Request, view_id: int) -> Response:
        """Delete one's own view."""
        saved_views.delete_view(actor=Actor.of(request.user), view_id=view_id)
        return Response(status=204)
