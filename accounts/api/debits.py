"""Mandates and debits: recorded, revoked, ordered, cancelled. Sent twice with one reference, a thing counts once."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import debit_shapes as shapes
from accounts.api.imports import whole_number
from accounts.api.refusing import account_or_404, loaded_or_404, minor_or_400, not_there, refused
from accounts.api.shapes import RefusalShape
from accounts.models import DebitInstruction, DebitMandate
from accounts.operations.debiting.instructing import cancel_debit, instruct_debit
from accounts.operations.debiting.mandates import record_mandate, revoke_mandate
from accounts.operations.debiting.refusals import (
    DebitOrderedAlready,
    DebitUnknown,
    MandateRecordedAlready,
    MandateUnknown,
)
from accounts.operations.refusals import LedgerRefusal
from accounts.queries import debits as queries
from accounts.roles import CANCEL_DEBIT, INSTRUCT_DEBIT, RECORD_MANDATE, REVOKE_MANDATE, VIEW_DEBITS
from riskops.shared.audit import Actor
from riskops.shared.money import plain_amount
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.roles import MayOperate

_TAGS = ["debits"]


def _answers(shape: Any) -> dict[int, Any]:
    return {
        201: shape,
        200: OpenApiResponse(shape, description="the very same was there already; nothing was done"),
        404: OpenApiResponse(RefusalShape, description="not in the book"),
        409: OpenApiResponse(RefusalShape, description="the reference is taken by something else"),
        422: OpenApiResponse(RefusalShape, description="a value that cannot be; nothing was done"),
    }


def _changes(shape: Any) -> dict[int, Any]:
    return {
        200: shape,
        404: OpenApiResponse(RefusalShape, description="there is none"),
        409: OpenApiResponse(RefusalShape, description="it has moved on"),
        422: OpenApiResponse(RefusalShape, description="a value that cannot be; nothing was done"),
    }


def _mandate_or_404(mandate_id: int, *, user: Any) -> DebitMandate:
    mandate = queries.mandate_seen(mandate_id, user=user)
    if mandate is None:
        unknown = MandateUnknown(mandate_id)
        raise not_there("mandate_unknown", unknown.about, str(unknown))
    refuse_conflict(user, mandate.account.customer_id)
    return mandate


def _debit_or_404(debit_id: int, *, user: Any) -> DebitInstruction:
    debit = queries.debit_seen(debit_id, user=user)
    if debit is None:
        unknown = DebitUnknown(debit_id)
        raise not_there("debit_unknown", unknown.about, str(unknown))
    refuse_conflict(user, debit.account.customer_id)
    return debit


class Mandates(APIView):
    """The mandates of an account."""

    permission_classes = [MayOperate]
    operation = {"GET": VIEW_DEBITS, "POST": RECORD_MANDATE}

    @extend_schema(summary="List an account's debit mandates", responses=shapes.MandateShape(many=True), tags=_TAGS)
    def get(self, request: Request, account_no: str) -> Response:
        """Return every mandate, newest first, instruments masked."""
        account = account_or_404(account_no, user=request.user)
        found = DebitMandate.objects.select_related("account__product").filter(account_id=account.pk)
        return Response([shapes.mandate_out(mandate) for mandate in found])

    @extend_schema(
        summary="Record a debit mandate", request=shapes.MandateRequest, responses=_answers(shapes.MandateShape), tags=_TAGS
    )
    def post(self, request: Request, account_no: str) -> Response:
        """Record a customer's leave to take money."""
        asked = shapes.MandateRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        values = dict(asked.validated_data)
        account = account_or_404(account_no, user=request.user)
        most = minor_or_400(values.pop("most"), digits=account.product.minor_digits)
        status = 201
        try:
            record_mandate(actor=Actor.of(request.user), account_id=account.pk, most_minor=most, **values)
        except MandateRecordedAlready:
            status = 200
        except LedgerRefusal as refusal:
            return refused(refusal)
        mandate = DebitMandate.objects.select_related("account__product").get(reference=values["reference"])
        return Response(shapes.mandate_out(mandate), status=status)


class RevokeMandate(APIView):
    """The end of a mandate."""

    permission_classes = [MayOperate]
    operation = REVOKE_MANDATE

    @extend_schema(
        summary="Revoke a debit mandate", request=shapes.DebitReason, responses=_changes(shapes.MandateShape), tags=_TAGS
    )
    def post(self, request: Request, mandate_id: int) -> Response:
        """Revoke it from the open day on; what was ordered by it is stopped."""
        asked = shapes.DebitReason(data=request.data)
        asked.is_valid(raise_exception=True)
        _mandate_or_404(mandate_id, user=request.user)
        try:
            revoke_mandate(actor=Actor.of(request.user), mandate_id=mandate_id, reason=asked.validated_data["reason"])
        except LedgerRefusal as refusal:
            return refused(refusal)
        return Response(shapes.mandate_out(_mandate_or_404(mandate_id, user=request.user)))


class AccountDebits(APIView):
    """The debits of an account."""

    permission_classes = [MayOperate]
    operation = {"GET": VIEW_DEBITS, "POST": INSTRUCT_DEBIT}

    @extend_schema(summary="List an account's debits", responses=shapes.AccountDebitsShape, tags=_TAGS)
    def get(self, request: Request, account_no: str) -> Response:
        """Return what may be taken, and the latest debits."""
        loaded = loaded_or_404(account_no, user=request.user)
        shown, digits = queries.account_debits(loaded), loaded.head.minor_digits
        standing = shown.standing
        return Response(
            {
                "earliest": shown.earliest,
                "notice_days": shown.notice_days,
                "due": plain_amount(standing.due_minor, digits=digits),
                "ordered": plain_amount(standing.ordered_minor, digits=digits),
                "takeable": plain_amount(standing.takeable_minor, digits=digits),
                "full_repayment_demanded": standing.has_demand,
                "held_by": standing.held_by,
                "debits": [shapes.debit_out(debit) for debit in shown.debits],
            }
        )

    @extend_schema(summary="Order a debit", request=shapes.DebitRequest, responses=_answers(shapes.DebitShape), tags=_TAGS)
    def post(self, request: Request, account_no: str) -> Response:
        """Order an amount to be taken on a day; the customer's notice is queued with it."""
        asked = shapes.DebitRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        account = account_or_404(account_no, user=request.user)
        mandate = _mandate_or_404(values["mandate"], user=request.user)
        if mandate.account_id != account.pk:
            unknown = MandateUnknown(mandate.pk)
            raise not_there("mandate_unknown", unknown.about, str(unknown))
        amount = minor_or_400(values["amount"], digits=account.product.minor_digits)
        status = 201
        try:
            instruct_debit(
                actor=Actor.of(request.user),
                mandate_id=mandate.pk,
                amount_minor=amount,
                debit_on=values["debit_on"],
                reference=values["reference"],
                reason=values["reason"],
            )
        except DebitOrderedAlready:
            status = 200
        except LedgerRefusal as refusal:
            return refused(refusal)
        found = DebitInstruction.objects.get(reference=values["reference"])
        return Response(shapes.debit_out(_debit_or_404(found.pk, user=request.user)), status=status)


class Debits(APIView):
    """The lists of debits."""

    permission_classes = [MayOperate]
    operation = VIEW_DEBITS

    @extend_schema(
        operation_id="debits_list",
        summary="List debits",
        parameters=[
            OpenApiParameter("list", str, enum=list(queries.LISTS), description="default: open"),
            OpenApiParameter("before", int, description="`next` of the page before"),
        ],
        responses=shapes.DebitPageShape,
        tags=_TAGS,
    )
    def get(self, request: Request) -> Response:
        """Return a page of a list, newest first."""
        name = request.query_params.get("list", "open")
        name = name if name in queries.LISTS else "open"
        page = queries.debit_page(name, user=request.user, before=whole_number(request, "before"))
        return Response({"results": [shapes.debit_out(debit) for debit in page.rows], "next": page.next_before})


class DebitDetail(APIView):
    """One debit."""

    permission_classes = [MayOperate]
    operation = VIEW_DEBITS

    @extend_schema(summary="Get a debit", responses=shapes.DebitShape, tags=_TAGS)
    def get(self, request: Request, debit_id: int) -> Response:
        """Return a debit with its tries and what the customer is told."""
        return Response(shapes.debit_out(_debit_or_404(debit_id, user=request.user)))


class CancelDebit(APIView):
    """The end of a debit that nobody has yet."""

    permission_classes = [MayOperate]
    operation = CANCEL_DEBIT

    @extend_schema(summary="Cancel a debit", request=shapes.DebitReason, responses=_changes(shapes.DebitShape), tags=_TAGS)
    def post(self, request: Request, debit_id: int) -> Response:
        """Cancel a scheduled debit; the customer is told that it does not come."""
        asked = shapes.DebitReason(data=request.data)
        asked.is_valid(raise_exception=True)
        _debit_or_404(debit_id, user=request.user)
        try:
            cancel_debit(actor=Actor.of(request.user), debit_id=debit_id, reason=asked.validated_data["reason"])
        except LedgerRefusal as refusal:
            return refused(refusal)
        return Response(shapes.debit_out(_debit_or_404(debit_id, user=request.user)))
