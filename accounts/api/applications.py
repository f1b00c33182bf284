"""Applications by API; the same operations as the pages and the file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import application_shapes as shapes
from accounts.api.refusing import minor_or_400, refused
from accounts.api.shapes import RefusalShape
from accounts.models import Application, Product
from accounts.operations.applications import deciding
from accounts.operations.applications.receiving import Applied, Bureau, Consent, open_day_or_none, receive_application
from accounts.operations.applications.refusals import ApplicationReceivedAlready
from accounts.operations.applications.weighing import DecisionAsked
from accounts.operations.refusals import LedgerRefusal
from accounts.queries.applications import LISTS, ApplicationPage, applications_page, load_application
from accounts.roles import (
    APPROVE_APPLICATION,
    DECIDE_APPLICATION,
    RECEIVE_APPLICATION,
    VIEW_APPLICATIONS,
    WITHDRAW_APPLICATION,
)
from riskops.shared.audit import Actor
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.roles import MayOperate, roles_of
from riskops.shared.scope import scope_of

_REFUSED = {
    404: OpenApiResponse(RefusalShape, description="not there, or out of your sight"),
    409: OpenApiResponse(RefusalShape, description="it changed since, moved on, or is there already; look again"),
    422: OpenApiResponse(RefusalShape, description="a value, a cap or the authority matrix forbids it"),
}
_AMOUNTS = ("requested_limit", "declared_income")


def _roles(request: Request) -> list[str]:
    return [role.value for role in roles_of(request.user)]


def _page(request: Request, application_id: int) -> ApplicationPage:
    """Return an application that the person may see and open.

    :raises ConflictDeclared: they have a conflict with the applicant; answered with 403
    """
    page = load_application(
        application_id, scope=scope_of(request.user), user_id=request.user.pk, roles=_roles(request), today=open_day_or_none()
    )
    if page is None:
        raise NotFound(f"there is no application {application_id} in this book")
    if page.application.customer_id is not None:
        refuse_conflict(request.user, page.application.customer_id)
    return page


def _detail(request: Request, application_id: int, *, status: int = 200) -> Response:
    return Response(shapes.application_detail_out(_page(request, application_id)), status=status)


def _applied(values: dict[str, Any], product: Product | None) -> Applied:
    """Return what is applied for, the amounts in minor units."""
    digits = product.minor_digits if product else 2
    said = dict(values)
    amounts: dict[str, Any] = {f"{name}_minor": minor_or_400(said.pop(name), digits=digits) for name in _AMOUNTS}
    consents = [Consent(**consent) for consent in said.pop("consents")]
    bureau = [
        Bureau(**record, debt_minor=None if debt is None else minor_or_400(debt, digits=digits))
        for record in said.pop("bureau")
        for debt in [record.pop("debt")]
    ]
    return Applied(**said, **amounts, consents=consents, bureau=bureau)


class Applications(APIView):
    """Applications, and new ones."""

    permission_classes = [MayOperate]
    operation = {"GET": VIEW_APPLICATIONS, "POST": RECEIVE_APPLICATION}

    @extend_schema(
        operation_id="applications_list",
        summary="List applications",
        parameters=[
            OpenApiParameter("list", str, enum=list(LISTS), description="default: open"),
            OpenApiParameter("before", int, description="`next` of the page before"),
        ],
        responses=shapes.ApplicationPageShape,
        tags=["applications"],
    )
    def get(self, request: Request) -> Response:
        """Return a page of a list, newest first."""
        name, before = request.query_params.get("list", "open"), request.query_params.get("before", "")
        if name not in LISTS or (before and not before.isdecimal()):
            raise ValidationError({"list": f"one of {', '.join(LISTS)}", "before": "a number"})
        page = applications_page(
            name,
            scope=scope_of(request.user),
            search="",
            before=int(before) if before else None,
            user=request.user,
            roles=_roles(request),
            today=open_day_or_none(),
        )
        return Response({"results": [shapes.application_out(row) for row in page.rows], "next": page.next_before})

    @extend_schema(
        summary="Take in an application",
        request=shapes.ApplicationRequest,
        responses={201: shapes.ApplicationDetailShape, 200: shapes.ApplicationDetailShape, **_REFUSED},
        tags=["applications"],
    )
    def post(self, request: Request) -> Response:
        """Receive an application; the rules propose at once. 200: the very same was there."""
        asked = shapes.ApplicationRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        product = Product.objects.filter(product_code=values["product_code"]).first()
        sees = scope_of(request.user).takes(values["product_code"])
        try:
            application = receive_application(actor=Actor.of(request.user), applied=_applied(values, product), sees_product=sees)
        except ApplicationReceivedAlready:
            return _detail(request, Application.objects.get(application_no=values["application_no"]).pk)
        except LedgerRefusal as refusal:
            return refused(refusal)
        return _detail(request, application.pk, status=201)


class ApplicationDetail(APIView):
    """One application."""

    permission_classes = [MayOperate]
    operation = VIEW_APPLICATIONS

    @extend_schema(summary="Get an application", responses=shapes.ApplicationDetailShape, tags=["applications"])
    def get(self, request: Request, application_id: int) -> Response:
        """Return an application with what rules saw and said, its decision and its notices."""
        return _detail(request, application_id)


def _decision(page: ApplicationPage, values: dict[str, Any]) -> DecisionAsked:
    limit = values["limit"]
    return DecisionAsked(
        outcome=values["outcome"],
        reason_code=values["reason_code"],
        limit_minor=None if limit is None else minor_or_400(limit, digits=page.application.product.minor_digits),
        note=values["note"],
    )


class ApplicationPreview(APIView):
    """What a decision would be."""

    permission_classes = [MayOperate]
    operation = DECIDE_APPLICATION

    @extend_schema(
        summary="Preview a decision on an application",
        request=shapes.DecideApplicationRequest,
        responses={200: shapes.ApplicationPreviewShape, **_REFUSED},
        tags=["applications"],
    )
    def post(self, request: Request, application_id: int) -> Response:
        """Return who would have to agree and what the applicant would read, or the refusal; nothing is written."""
        asked = shapes.DecideApplicationRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        page = _page(request, application_id)
        try:
            weighed = deciding.preview_application(
                actor=Actor.of(request.user),
                roles=_roles(request),
                application_id=application_id,
                asked=_decision(page, asked.validated_data),
            )
        except LedgerRefusal as refusal:
            return refused(refusal)
        return Response(
            {
                "acts_alone": weighed.acts_alone,
                "needs_approval_by": weighed.needs_approval_by,
                "text_en": weighed.text_en,
                "text_zh": weighed.text_zh,
            }
        )


class _Act(APIView):
    """Something done to an application. Subclasses name the shape asked for and make the call."""

    permission_classes = [MayOperate]

    def _do(
        self, request: Request, application_id: int, shape: Any, call: Callable[[ApplicationPage, dict[str, Any]], Any]
    ) -> Response:
        asked = shape(data=request.data)
        asked.is_valid(raise_exception=True)
        page = _page(request, application_id)
        try:
            call(page, {**asked.validated_data, "actor": Actor.of(request.user), "application_id": application_id})
        except LedgerRefusal as refusal:
            return refused(refusal)
        return _detail(request, application_id)


class DecideApplication(_Act):
    """The analyst's word."""

    operation = DECIDE_APPLICATION

    @extend_schema(
        summary="Decide an application",
        request=shapes.DecideApplicationRequest,
        responses={200: shapes.ApplicationDetailShape, **_REFUSED},
        tags=["applications"],
    )
    def post(self, request: Request, application_id: int) -> Response:
        """Grant or refuse; where the matrix asks for a second person it waits for that one."""
        return self._do(
            request,
            application_id,
            shapes.DecideApplicationRequest,
            lambda page, values: deciding.decide_application(
                actor=values["actor"],
                roles=_roles(request),
                application_id=application_id,
                version=values["version"],
                asked=_decision(page, values),
            ),
        )


class ApproveApplication(_Act):
    """The second person's yes."""

    operation = APPROVE_APPLICATION

    @extend_schema(
        summary="Approve the decision on an application",
        request=shapes.ApproveApplicationRequest,
        responses={200: shapes.ApplicationDetailShape, **_REFUSED},
        tags=["applications"],
    )
    def post(self, request: Request, application_id: int) -> Response:
        """Agree: never to one's own, and only in a role that it needs."""
        return self._do(
            request,
            application_id,
            shapes.ApproveApplicationRequest,
            lambda _page, values: deciding.approve_application(**values, roles=_roles(request)),
        )


class SendBackApplication(_Act):
    """The second person's no."""

    operation = APPROVE_APPLICATION

    @extend_schema(
        summary="Send the decision on an application back",
        request=shapes.ApplicationReasonRequest,
        responses={200: shapes.ApplicationDetailShape, **_REFUSED},
        tags=["applications"],
    )
    def post(self, request: Request, application_id: int) -> Response:
        """Do not agree: an analyst decides again."""

        def call(_page: ApplicationPage, values: dict[str, Any]) -> Any:
            return deciding.send_back_application(remark=values.pop("reason"), roles=_roles(request), **values)

        return self._do(request, application_id, shapes.ApplicationReasonRequest, call)


class WithdrawApplication(_Act):
    """The applicant's own end."""

    operation = WITHDRAW_APPLICATION

    @extend_schema(
        summary="Withdraw an application",
        request=shapes.ApplicationReasonRequest,
        responses={200: shapes.ApplicationDetailShape, **_REFUSED},
        tags=["applications"],
    )
    def post(self, request: Request, application_id: int) -> Response:
        """Record that the applicant withdrew."""
        return self._do(
            request,
            application_id,
            shapes.ApplicationReasonRequest,
            lambda _page, values: deciding.withdraw_application(**values),
        )


class ProposeAgain(_Act):
    """The rules asked once more."""

    operation = DECIDE_APPLICATION

    @extend_schema(
        summary="Ask the proposal rules again",
        request=shapes.ApplicationActRequest,
        responses={200: shapes.ApplicationDetailShape, **_REFUSED},
        tags=["applications"],
    )
    def post(self, request: Request, application_id: int) -> Response:
        """Let the rules of today propose on the facts of today."""
        return self._do(
            request, application_id, shapes.ApplicationActRequest, lambda _page, values: deciding.propose_again(**values)
        )
