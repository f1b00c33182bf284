"""Placements and batches over the API."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import CreditAccount
from recovery import agency_roles as may_do
from recovery.agency_days import today
from recovery.api import agency_placement_shapes as shapes
from recovery.api import agency_shapes
from recovery.api.agency_answers import TAG, AgencyView, answers, read
from recovery.models import Placement, PlacementBatch
from recovery.operations.agencies import batches, recalling
from recovery.operations.agencies.refusals import BatchUnknown
from recovery.queries.placements import BoardRow, batch_page, batch_rows, board, owed_by, read_board
from riskops.shared.audit import Actor
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.scope import refuse_limited_scope, scope_of


class Placements(AgencyView):
    """What is placed, or was."""

    operation: ClassVar[Any] = may_do.VIEW_PLACEMENTS

    @extend_schema(
        summary="List placements",
        parameters=[
            OpenApiParameter("agency", str),
            OpenApiParameter("state", str, description="open (unless told), recalled or all"),
            OpenApiParameter("reason", str, description="why they were recalled"),
            OpenApiParameter("account", str),
            OpenApiParameter("after", str, description="`next_after` of the page before"),
        ],
        responses=answers(shapes.BoardShape),
        tags=TAG,
    )
    def get(self, request: Request) -> Response:
        """Return placements, the newest first."""
        page = board(request.user, read_board(request._request.GET))
        return Response({"rows": [shapes.placement_out(row) for row in page.rows], "next_after": page.next_after})


class PlacementRecall(AgencyView):
    """Recalling an account."""

    operation: ClassVar[Any] = may_do.RECALL

    @extend_schema(summary="Recall an account", request=shapes.RecallRequest, responses=answers(shapes.PlacementShape), tags=TAG)
    def post(self, request: Request, account_no: str) -> Response:
        """Recall an account from its agency, with a reason."""
        rows = CreditAccount.objects.filter(account_no=account_no).select_related("product", "state")
        account = rows.first()
        if account is None or not scope_of(request.user).takes(account.product.product_code):
            raise NotFound(f"there is no account {account_no} in this book")
        refuse_conflict(request.user, account.customer_id)
        values = read(shapes.RecallRequest, request)
        recalling.recall_account(actor=Actor.of(request.user), account_no=account_no, **values)
        placement = Placement.objects.select_related("agency", "account__state").filter(account=account).latest("pk")
        return Response(shapes.placement_out(BoardRow(placement, owed_by(placement.account.state))))


def _batch(request: Request, batch_id: int) -> PlacementBatch:
    row = PlacementBatch.objects.filter(pk=batch_id).first()
    if row is None:
        raise BatchUnknown(batch_id)
    refuse_limited_scope(request.user)
    return row


def _out(batch_id: int, *, status: int = 200) -> Response:
    return Response(shapes.batch_out(batch_page(PlacementBatch.objects.get(pk=batch_id))), status=status)


class Batches(AgencyView):
    """Placement batches."""

    operation: ClassVar[Any] = {"GET": may_do.VIEW_PLACEMENTS, "POST": may_do.SPLIT_BATCH}

    @extend_schema(summary="List placement batches", responses=answers(shapes.BatchLineShape(many=True)), tags=TAG)
    def get(self, request: Request) -> Response:
        """Return the latest batches."""
        refuse_limited_scope(request.user)
        return Response([shapes.batch_line_out(row) for row in batch_rows()])

    @extend_schema(
        summary="Split accounts among agencies",
        request=shapes.BatchRequest,
        responses=answers(shapes.BatchShape, status=201),
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        """Choose by a rule, split by chance within strata, and show how alike the agencies' parts are; nothing is placed."""
        refuse_limited_scope(request.user)
        values = read(shapes.BatchRequest, request)
        batch = batches.split_batch(actor=Actor.of(request.user), today=today(), **values)
        return _out(batch.pk, status=201)


class BatchOne(AgencyView):
    """One batch."""

    operation: ClassVar[Any] = may_do.VIEW_PLACEMENTS

    @extend_schema(summary="Get a placement batch", responses=answers(shapes.BatchShape), tags=TAG)
    def get(self, request: Request, batch_id: int) -> Response:
        """Return a batch with its split."""
        return _out(_batch(request, batch_id).pk)


class BatchPropose(AgencyView):
    """Proposing a batch."""

    operation: ClassVar[Any] = may_do.SPLIT_BATCH

    @extend_schema(
        summary="Propose a placement batch",
        request=agency_shapes.AgencyOptionalReason,
        responses=answers(shapes.BatchShape),
        tags=TAG,
    )
    def post(self, request: Request, batch_id: int) -> Response:
        """Ask for the approval of what was run dry; an uneven split needs a reason."""
        row, values = _batch(request, batch_id), read(agency_shapes.AgencyOptionalReason, request)
        batches.propose_batch(actor=Actor.of(request.user), batch_id=row.pk, **values)
        return _out(batch_id)


class BatchApprove(AgencyView):
    """Approving a batch."""

    operation: ClassVar[Any] = may_do.APPROVE_BATCH

    @extend_schema(
        summary="Approve a placement batch", request=agency_shapes.AgencyNothing, responses=answers(shapes.BatchShape), tags=TAG
    )
    def post(self, request: Request, batch_id: int) -> Response:
        """Approve a batch of somebody else's; the next close places it."""
        batches.approve_batch(actor=Actor.of(request.user), batch_id=_batch(request, batch_id).pk, today=today())
        return _out(batch_id)


class BatchDrop(AgencyView):
    """Dropping a batch."""

    operation: ClassVar[Any] = may_do.APPROVE_BATCH

    @extend_schema(
        summary="Drop a placement batch", request=agency_shapes.AgencyReason, responses=answers(shapes.BatchShape), tags=TAG
    )
    def post(self, request: Request, batch_id: int) -> Response:
        """Drop a batch that waits, or was approved and not placed."""
        row, values = _batch(request, batch_id), read(agency_shapes.AgencyReason, request)
        batches.drop_batch(actor=Actor.of(request.user), batch_id=row.pk, **values)
        return _out(batch_id)


class BatchDiscard(AgencyView):
    """Discarding a dry run."""

    operation: ClassVar[Any] = may_do.SPLIT_BATCH

    @extend_schema(
        summary="Discard a dry run", request=agency_shapes.AgencyReason, responses=answers(shapes.BatchShape), tags=TAG
    )
    def post(self, request: Request, batch_id: int) -> Response:
        """Discard what nobody proposed."""
        row, values = _batch(request, batch_id), read(agency_shapes.AgencyReason, request)
        batches.discard_batch(actor=Actor.of(request.user), batch_id=row.pk, **values)
        return _out(batch_id)
