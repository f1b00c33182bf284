"""Entries of the ledger: payments, reversals, waivers, write-offs. Sent twice with one reference, an entry counts once."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import entry_shapes as shapes
from accounts.api.refusing import loaded_or_404, minor_or_400, payment_or_404, refused
from accounts.api.shapes import RefusalShape
from accounts.models import Payment, Waiver
from accounts.operations.deciding.writing_off import write_off_alone
from accounts.operations.payments import post_payment, reverse_payment
from accounts.operations.refusals import (
    AlreadyReversed,
    InstallmentUnknown,
    LedgerRefusal,
    PaymentAlreadyPosted,
    ReversalOfAReversal,
    WaiverAlreadyMade,
)
from accounts.operations.waivers import waive
from accounts.queries.account_page import LoadedAccount
from accounts.queries.previews import preview_payment, preview_reversal, preview_waiver
from accounts.roles import POST_PAYMENT, REVERSE_PAYMENT, VIEW_ACCOUNTS, WAIVE, WRITE_OFF
from accounts.rules.terms import COMPONENT_BY_NAME, Component
from riskops.shared.audit import Actor
from riskops.shared.money import plain_amount
from riskops.shared.roles import MayOperate, roles_of
from riskops.shared.scope import scope_of


def answers(shape: Any) -> dict[int, Any]:
    return {
        201: shape,
        200: OpenApiResponse(shape, description="the very same entry was in the book already; nothing was done"),
        404: OpenApiResponse(RefusalShape, description="not in the book"),
        409: OpenApiResponse(RefusalShape, description="the reference is taken by a different entry, or it was done before"),
        422: OpenApiResponse(RefusalShape, description="a value that the book does not take; nothing was done"),
    }


def _payment_out(payment: Payment) -> dict[str, Any]:
    return {
        "payment_no": payment.payment_no,
        "account_no": payment.account.account_no,
        "paid_on": payment.paid_on,
        "amount": plain_amount(payment.amount_minor, digits=payment.account.product.minor_digits),
        "channel": payment.channel,
        "order_no": payment.order_no,
        "sequence": payment.sequence,
        "reverses": payment.reverses.payment_no if payment.reverses else None,
        "is_posted": payment.is_posted,
    }


def answers_once(shape: Any) -> dict[int, Any]:
    """Return the answers of an entry that an account has one of at most: sent again it is refused with 409."""
    return {status: answer for status, answer in answers(shape).items() if status != 200}


def previews(shape: Any) -> dict[int, Any]:
    return {
        200: shape,
        404: OpenApiResponse(RefusalShape, description="not in the book"),
        409: OpenApiResponse(RefusalShape, description="it was done before"),
        422: OpenApiResponse(RefusalShape, description="a value that the book does not take"),
    }


def named(loaded: LoadedAccount, values: dict[str, Any]) -> int:
    """Return the id of the instalment of the account that an entry names.

    :raises InstallmentUnknown: there is none of that key
    """
    key = (values["order_no"], values["sequence"])
    found = next((e.key for e in loaded.entries.installments if (e.order_no, e.sequence) == key), None)
    if found is None:
        raise InstallmentUnknown(loaded.head.account.account_no, *key)
    return found


class Payments(APIView):
    """Posting a payment."""

    permission_classes = [MayOperate]
    operation = POST_PAYMENT

    @extend_schema(
        summary="Post a payment", request=shapes.PaymentRequest, responses=answers(shapes.PaymentShape), tags=["entries"]
    )
    def post(self, request: Request) -> Response:
        """Enter a payment. A day up to the open one counts on the spot, a later one waits for its close."""
        asked = shapes.PaymentRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        loaded = loaded_or_404(values["account_no"], user=request.user)
        amount = minor_or_400(values["amount"], digits=loaded.head.minor_digits)
        try:
            payment = post_payment(
                actor=Actor.of(request.user),
                account_id=loaded.head.account.pk,
                amount_minor=amount,
                value_date=values["value_date"],
                reference=values["reference"],
                channel=values["channel"],
                directed_to=(values["order_no"], values["sequence"]) if values["order_no"] else None,
                reason=values["reason"],
            )
        except PaymentAlreadyPosted:
            return Response(_payment_out(payment_or_404(values["reference"], user=request.user)))
        except LedgerRefusal as refusal:
            return refused(refusal)
        return Response(_payment_out(payment_or_404(payment.payment_no, user=request.user)), status=201)


class PaymentPreview(APIView):
    """What a payment would do."""

    permission_classes = [MayOperate]
    operation = POST_PAYMENT

    @extend_schema(
        summary="Preview a payment",
        request=shapes.PaymentRequest,
        responses=previews(shapes.PreviewShape),
        tags=["entries"],
    )
    def post(self, request: Request) -> Response:
        """Return the account with and without the payment; nothing is written."""
        asked = shapes.PaymentRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        loaded = loaded_or_404(values["account_no"], user=request.user)
        amount = minor_or_400(values["amount"], digits=loaded.head.minor_digits)
        try:
            preview = preview_payment(
                loaded,
                amount_minor=amount,
                value_date=values["value_date"],
                payment_no=values["reference"],
                directed_to=named(loaded, values) if values["order_no"] else None,
            )
        except LedgerRefusal as refusal:
            return refused(refusal)
        return Response(shapes.preview_out(preview, loaded))


class PaymentDetail(APIView):
    """One payment by its number."""

    permission_classes = [MayOperate]
    operation = VIEW_ACCOUNTS

    @extend_schema(summary="Get a payment", responses=shapes.PaymentShape, tags=["entries"])
    def get(self, request: Request, payment_no: str) -> Response:
        """Return a payment or a reversal."""
        return Response(_payment_out(payment_or_404(payment_no, user=request.user)))


class Reversals(APIView):
    """Undoing a payment."""

    permission_classes = [MayOperate]
    operation = REVERSE_PAYMENT

    @extend_schema(
        summary="Reverse a payment", request=shapes.ReversalRequest, responses=answers(shapes.PaymentShape), tags=["entries"]
    )
    def post(self, request: Request) -> Response:
        """Enter a reversal: from its day on the account stands as if the payment had never been."""
        asked = shapes.ReversalRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        if scope_of(request.user).is_limited:
            payment_or_404(values["payment_no"], user=request.user)
        try:
            reversal = reverse_payment(actor=Actor.of(request.user), **values)
        except PaymentAlreadyPosted:
            return Response(_payment_out(payment_or_404(values["reference"], user=request.user)))
        except LedgerRefusal as refusal:
            return refused(refusal)
        return Response(_payment_out(payment_or_404(reversal.payment_no, user=request.user)), status=201)


class ReversalPreview(APIView):
    """What a reversal would do."""

    permission_classes = [MayOperate]
    operation = REVERSE_PAYMENT

    @extend_schema(
        summary="Preview a reversal",
        request=shapes.ReversalRequest,
        responses=previews(shapes.PreviewShape),
        tags=["entries"],
    )
    def post(self, request: Request) -> Response:
        """Return the account with and without the payment; nothing is written."""
        asked = shapes.ReversalRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        number = asked.validated_data["payment_no"]
        payment = payment_or_404(number, user=request.user)
        if payment.reverses is not None:
            return refused(ReversalOfAReversal(number))
        reversal = Payment.objects.filter(reverses=payment).first()
        if reversal is not None:
            return refused(AlreadyReversed(number, reversal.payment_no, reversal.paid_on))
        loaded = loaded_or_404(payment.account.account_no, user=request.user)
        try:
            preview = preview_reversal(loaded, payment_no=number, value_date=asked.validated_data["value_date"])
        except LedgerRefusal as refusal:
            return refused(refusal)
        return Response(shapes.preview_out(preview, loaded))


class Waivers(APIView):
    """Giving up an amount."""

    permission_classes = [MayOperate]
    operation = WAIVE

    @extend_schema(
        summary="Waive an amount", request=shapes.WaiverRequest, responses=answers(shapes.WaiverShape), tags=["entries"]
    )
    def post(self, request: Request) -> Response:
        """Enter a waiver on one part of one instalment, for the open day or a closed one."""
        asked = shapes.WaiverRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        values = dict(asked.validated_data)
        loaded = loaded_or_404(values.pop("account_no"), user=request.user)
        digits = loaded.head.minor_digits
        amount = minor_or_400(values.pop("amount"), digits=digits)
        component = COMPONENT_BY_NAME[values.pop("component")]
        status = 201
        try:
            made = waive(
                actor=Actor.of(request.user),
                account_id=loaded.head.account.pk,
                amount_minor=amount,
                component=component,
                **values,
            )
        except WaiverAlreadyMade:
            made, status = Waiver.objects.get(reference=values["reference"]), 200
        except LedgerRefusal as refusal:
            return refused(refusal)
        answer = {
            "reference": made.reference,
            "amount": plain_amount(made.amount_minor, digits=digits),
            "value_date": made.value_date,
            "component": Component(made.component).name.lower(),
        }
        return Response(answer, status=status)


class WaiverPreview(APIView):
    """What a waiver would do."""

    permission_classes = [MayOperate]
    operation = WAIVE

    @extend_schema(
        summary="Preview a waiver", request=shapes.WaiverRequest, responses=previews(shapes.PreviewShape), tags=["entries"]
    )
    def post(self, request: Request) -> Response:
        """Return the account with and without the waiver; nothing is written."""
        asked = shapes.WaiverRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        loaded = loaded_or_404(values["account_no"], user=request.user)
        amount = minor_or_400(values["amount"], digits=loaded.head.minor_digits)
        try:
            preview = preview_waiver(
                loaded,
                installment_id=named(loaded, values),
                component=COMPONENT_BY_NAME[values["component"]],
                amount_minor=amount,
                value_date=values["value_date"],
            )
        except LedgerRefusal as refusal:
            return refused(refusal)
        return Response(shapes.preview_out(preview, loaded))


class WriteOffs(APIView):
    """Taking an account out of the performing book."""

    permission_classes = [MayOperate]
    operation = WRITE_OFF

    @extend_schema(
        summary="Write off an account",
        request=shapes.WriteOffRequest,
        responses=answers_once(shapes.WriteOffShape),
        tags=["entries"],
    )
    def post(self, request: Request) -> Response:
        """Write an account off, for the open day or a closed one; it keeps aging.

        Only for whom the authority matrix lets do it alone; else `approval_needed`: propose it under `/decisions/`.
        """
        asked = shapes.WriteOffRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        values = dict(asked.validated_data)
        loaded = loaded_or_404(values.pop("account_no"), user=request.user)
        try:
            made = write_off_alone(
                actor=Actor.of(request.user),
                roles=[role.value for role in roles_of(request.user)],
                account_id=loaded.head.account.pk,
                **values,
            )
        except LedgerRefusal as refusal:
            return refused(refusal)
        principal = plain_amount(made.principal_minor, digits=loaded.head.minor_digits)
        return Response({"reference": made.reference, "value_date": made.value_date, "principal": principal}, status=201)
