"""Entries that take back: instalments cancelled, credit paid back. Sent twice with one reference, an entry counts once."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import entry_shapes as shapes
from accounts.api.entries import answers, answers_once, named, previews
from accounts.api.refusing import loaded_or_404, minor_or_400, refused
from accounts.models import Refund
from accounts.operations.cancelling import cancel_installment, refund_credit
from accounts.operations.refusals import LedgerRefusal
from accounts.operations.schedule_refusals import RefundAlreadyMade
from accounts.queries.previews import preview_cancellation, preview_refund
from accounts.roles import CANCEL_INSTALLMENT, REFUND_CREDIT
from riskops.shared.audit import Actor
from riskops.shared.money import plain_amount
from riskops.shared.roles import MayOperate


class Cancellations(APIView):
    """Taking an instalment back."""

    permission_classes = [MayOperate]
    operation = CANCEL_INSTALLMENT

    @extend_schema(
        summary="Cancel an instalment",
        request=shapes.CancellationRequest,
        responses=answers_once(shapes.CancellationShape),
        tags=["entries"],
    )
    def post(self, request: Request) -> Response:
        """From its day on the account stands as if the instalment had never been; what was paid on it is free again."""
        asked = shapes.CancellationRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        values = dict(asked.validated_data)
        loaded = loaded_or_404(values.pop("account_no"), user=request.user)
        try:
            made = cancel_installment(actor=Actor.of(request.user), account_id=loaded.head.account.pk, **values)
        except LedgerRefusal as refusal:
            return refused(refusal)
        answer = {
            "reference": made.reference,
            "order_no": made.installment.order_no,
            "sequence": made.installment.sequence,
            "value_date": made.value_date,
        }
        return Response(answer, status=201)


class CancellationPreview(APIView):
    """What a cancellation would do."""

    permission_classes = [MayOperate]
    operation = CANCEL_INSTALLMENT

    @extend_schema(
        summary="Preview a cancellation",
        request=shapes.CancellationRequest,
        responses=previews(shapes.PreviewShape),
        tags=["entries"],
    )
    def post(self, request: Request) -> Response:
        """Return the account with and without the instalment; nothing is written."""
        asked = shapes.CancellationRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        loaded = loaded_or_404(values["account_no"], user=request.user)
        try:
            preview = preview_cancellation(loaded, installment_id=named(loaded, values), value_date=values["value_date"])
        except LedgerRefusal as refusal:
            return refused(refusal)
        return Response(shapes.preview_out(preview, loaded))


class Refunds(APIView):
    """Paying a credit balance back."""

    permission_classes = [MayOperate]
    operation = REFUND_CREDIT

    @extend_schema(
        summary="Pay back a credit balance",
        request=shapes.RefundRequest,
        responses=answers(shapes.RefundShape),
        tags=["entries"],
    )
    def post(self, request: Request) -> Response:
        """Pay money back to the customer on the open day, at most the credit there is."""
        asked = shapes.RefundRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        values = dict(asked.validated_data)
        loaded = loaded_or_404(values.pop("account_no"), user=request.user)
        digits = loaded.head.minor_digits
        amount = minor_or_400(values.pop("amount"), digits=digits)
        status = 201
        try:
            made = refund_credit(actor=Actor.of(request.user), account_id=loaded.head.account.pk, amount_minor=amount, **values)
        except RefundAlreadyMade:
            made, status = Refund.objects.get(reference=values["reference"]), 200
        except LedgerRefusal as refusal:
            return refused(refusal)
        answer = {
            "reference": made.reference,
            "amount": plain_amount(made.amount_minor, digits=digits),
            "value_date": made.value_date,
        }
        return Response(answer, status=status)


class RefundPreview(APIView):
    """What a refund would do."""

    permission_classes = [MayOperate]
    operation = REFUND_CREDIT

    @extend_schema(
        summary="Preview a refund", request=shapes.RefundRequest, responses=previews(shapes.PreviewShape), tags=["entries"]
    )
    def post(self, request: Request) -> Response:
        """Return the account with and without the refund; nothing is written."""
        asked = shapes.RefundRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        loaded = loaded_or_404(values["account_no"], user=request.user)
        amount = minor_or_400(values["amount"], digits=loaded.head.minor_digits)
        try:
            preview = preview_refund(loaded, amount_minor=amount, value_date=values["value_date"])
        except LedgerRefusal as refusal:
            return refused(refusal)
        return Response(shapes.preview_out(preview, loaded))
