"""What decisions are made by: reason codes, terms, the switch, agreements and their acceptances."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import decision_shapes as shapes
from accounts.api.refusing import account_or_404, refused
from accounts.api.shapes import RefusalShape
from accounts.models import AgreementVersion, DecisionTerms, Product, ReasonCode
from accounts.operations.deciding import settings as operations
from accounts.operations.deciding.agreements import accept_agreement, publish_agreement
from accounts.operations.deciding.weighing import control
from accounts.operations.refusals import LedgerRefusal
from accounts.roles import (
    ACCEPT_AGREEMENT,
    EDIT_REASONS,
    EDIT_TERMS,
    PUBLISH_AGREEMENT,
    SWITCH_DECISIONS,
    VIEW_DECISIONS,
)
from riskops.shared.audit import Actor
from riskops.shared.roles import MayOperate

_REFUSED = {422: OpenApiResponse(RefusalShape, description="it contradicts itself or what is there; nothing was changed")}


def _valid(shape: Any, data: Any) -> dict[str, Any]:
    asked = shape(data=data)
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)


class ReasonCodes(APIView):
    """The reason codes."""

    permission_classes = [MayOperate]
    operation = {"GET": VIEW_DECISIONS, "POST": EDIT_REASONS}

    @extend_schema(summary="List reason codes", responses=shapes.ReasonCodeShape(many=True), tags=["decision settings"])
    def get(self, request: Request) -> Response:
        """Return every reason code with its texts."""
        return Response(shapes.ReasonCodeShape(ReasonCode.objects.all(), many=True).data)

    @extend_schema(
        summary="Add a reason code",
        request=shapes.ReasonCodeShape,
        responses={201: shapes.ReasonCodeShape, **_REFUSED},
        tags=["decision settings"],
    )
    def post(self, request: Request) -> Response:
        """Add a reason code."""
        reason = ReasonCode(**_valid(shapes.ReasonCodeShape, request.data))
        try:
            operations.save_reason_code(actor=Actor.of(request.user), reason=reason)
        except LedgerRefusal as refusal:
            return refused(refusal)
        return Response(shapes.ReasonCodeShape(reason).data, status=201)


class ReasonCodeDetail(APIView):
    """One of them."""

    permission_classes = [MayOperate]
    operation = EDIT_REASONS

    @extend_schema(
        summary="Change a reason code",
        request=shapes.ReasonCodeShape,
        responses={200: shapes.ReasonCodeShape, **_REFUSED},
        tags=["decision settings"],
    )
    def patch(self, request: Request, code: str) -> Response:
        """Change a reason code; what customers were told before stays as it was."""
        reason = ReasonCode.objects.filter(code=code).first()
        if reason is None:
            raise NotFound(f"there is no reason code {code}")
        asked = shapes.ReasonCodeShape(reason, data=request.data, partial=True)
        asked.is_valid(raise_exception=True)
        for name, value in asked.validated_data.items():
            setattr(reason, name, value)
        try:
            operations.save_reason_code(actor=Actor.of(request.user), reason=reason, said=asked.validated_data)
        except LedgerRefusal as refusal:
            return refused(refusal)
        return Response(shapes.ReasonCodeShape(reason).data)


class DecisionTermsList(APIView):
    """The terms."""

    permission_classes = [MayOperate]
    operation = VIEW_DECISIONS

    @extend_schema(summary="List decision terms", responses=shapes.DecisionTermsShape(many=True), tags=["decision settings"])
    def get(self, request: Request) -> Response:
        """Return buffer, review, expiry and appeal of each action."""
        return Response(shapes.DecisionTermsShape(DecisionTerms.objects.all(), many=True).data)


class DecisionTermsDetail(APIView):
    """Those of one action."""

    permission_classes = [MayOperate]
    operation = EDIT_TERMS

    @extend_schema(
        summary="Change the terms of an action",
        request=shapes.DecisionTermsShape,
        responses={200: shapes.DecisionTermsShape, **_REFUSED},
        tags=["decision settings"],
    )
    def patch(self, request: Request, action: str) -> Response:
        """Change the figures; decisions taken before keep theirs."""
        terms = DecisionTerms.objects.filter(action=action).first()
        if terms is None:
            raise NotFound(f"there are no terms of {action}")
        asked = shapes.DecisionTermsShape(terms, data=request.data, partial=True)
        asked.is_valid(raise_exception=True)
        for name, value in asked.validated_data.items():
            setattr(terms, name, value)
        try:
            operations.save_terms(actor=Actor.of(request.user), terms=terms, said=asked.validated_data)
        except LedgerRefusal as refusal:
            return refused(refusal)
        return Response(shapes.DecisionTermsShape(terms).data)


class Control(APIView):
    """The switch and the figures of no single action."""

    permission_classes = [MayOperate]
    operation = {"GET": VIEW_DECISIONS, "PATCH": EDIT_TERMS, "POST": SWITCH_DECISIONS}

    @extend_schema(summary="Get the control of decisions", responses=shapes.DecisionControlShape, tags=["decision settings"])
    def get(self, request: Request) -> Response:
        """Return the switch and the figures."""
        return Response(shapes.DecisionControlShape(control()).data)

    @extend_schema(
        summary="Change the figures of the control",
        request=shapes.DecisionControlShape,
        responses={200: shapes.DecisionControlShape, **_REFUSED},
        tags=["decision settings"],
    )
    def patch(self, request: Request) -> Response:
        """Change the figures; the switch has a call of its own."""
        row = control()
        asked = shapes.DecisionControlShape(row, data=request.data, partial=True)
        asked.is_valid(raise_exception=True)
        for name, value in asked.validated_data.items():
            setattr(row, name, value)
        try:
            operations.save_control(actor=Actor.of(request.user), changed=row, said=asked.validated_data)
        except LedgerRefusal as refusal:
            return refused(refusal)
        return Response(shapes.DecisionControlShape(row).data)

    @extend_schema(
        summary="Stop or restart automatic decisions",
        request=shapes.SwitchRequest,
        responses={200: shapes.DecisionControlShape, **_REFUSED},
        tags=["decision settings"],
    )
    def post(self, request: Request) -> Response:
        """The kill switch: with `stop` true no rule decides anything until it is switched back."""
        values = _valid(shapes.SwitchRequest, request.data)
        try:
            row = operations.switch_automatic(actor=Actor.of(request.user), **values)
        except LedgerRefusal as refusal:
            return refused(refusal)
        return Response(shapes.DecisionControlShape(row).data)


class Agreements(APIView):
    """Agreements and disclosures."""

    permission_classes = [MayOperate]
    operation = {"GET": VIEW_DECISIONS, "POST": PUBLISH_AGREEMENT}

    @extend_schema(
        summary="List agreement and disclosure versions",
        responses=shapes.AgreementVersionShape(many=True),
        tags=["agreements"],
    )
    def get(self, request: Request) -> Response:
        """Return every version with its texts."""
        versions = AgreementVersion.objects.select_related("product")
        return Response(shapes.AgreementVersionShape(versions, many=True).data)

    @extend_schema(
        summary="Publish a version",
        request=shapes.AgreementVersionShape,
        responses={201: shapes.AgreementVersionShape, **_REFUSED},
        tags=["agreements"],
    )
    def post(self, request: Request) -> Response:
        """Publish a version; it never changes afterwards."""
        values = _valid(shapes.AgreementVersionShape, request.data)
        product = values.pop("product", None) or {}
        code = product.get("product_code") if isinstance(product, dict) else None
        of = Product.objects.filter(product_code=code).first() if code else None
        if code and of is None:
            raise ValidationError({"product_code": f"there is no product {code}"})
        version = AgreementVersion(**values, product=of)
        try:
            publish_agreement(actor=Actor.of(request.user), version=version)
        except LedgerRefusal as refusal:
            return refused(refusal)
        return Response(shapes.AgreementVersionShape(version).data, status=201)


class Acceptances(APIView):
    """The customers' yes."""

    permission_classes = [MayOperate]
    operation = ACCEPT_AGREEMENT

    @extend_schema(
        summary="Record a customer's acceptance",
        request=shapes.AcceptanceRequest,
        responses={201: shapes.AcceptanceShape, **_REFUSED},
        tags=["agreements"],
    )
    def post(self, request: Request) -> Response:
        """Record that an account's customer accepted a version; the very same again changes nothing."""
        values = _valid(shapes.AcceptanceRequest, request.data)
        account_no = values.pop("account_no")
        account = account_or_404(account_no, user=request.user)
        try:
            made = accept_agreement(actor=Actor.of(request.user), account_id=account.pk, **values)
        except LedgerRefusal as refusal:
            return refused(refusal)
        answer = {"account_no": account_no, "kind": values["kind"], "code": values["code"], "accepted_on": made.accepted_on}
        return Response(answer, status=201)
