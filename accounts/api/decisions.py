"""Decisions: propose, judge, cancel, lift, keep, appeal; the same operations as the pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import decision_shapes as shapes
from accounts.api.refusing import account_or_404, decision_or_404, minor_or_400, not_there, refused
from accounts.api.shapes import RefusalShape
from accounts.models import Decision
from accounts.operations.deciding import appealing, judging
from accounts.operations.deciding.proposing import lift_decision, preview_decision, propose_decision
from accounts.operations.deciding.refusals import DecisionAlreadyMade, DecisionUnknown
from accounts.operations.deciding.weighing import Asked
from accounts.operations.refusals import LedgerRefusal
from accounts.queries.decisions import LISTS, decisions_page, load_decision
from accounts.roles import (
    APPROVE_DECISION,
    CANCEL_DECISION,
    DECIDE_APPEAL,
    PROPOSE_DECISION,
    RECORD_APPEAL,
    REVIEW_DECISION,
    VIEW_DECISIONS,
)
from riskops.shared.audit import Actor
from riskops.shared.money import plain_amount
from riskops.shared.roles import MayOperate, roles_of

_REFUSED = {
    404: OpenApiResponse(RefusalShape, description="not in the book"),
    409: OpenApiResponse(RefusalShape, description="it changed since, moved on, or its reference is taken; look again"),
    422: OpenApiResponse(RefusalShape, description="a rule, a date, a limit or the authority matrix forbids it"),
}


def _roles(request: Request) -> list[str]:
    return [role.value for role in roles_of(request.user)]


def _detail(request: Request, decision_id: int, *, status: int = 200) -> Response:
    page = load_decision(decision_id, user=request.user, roles=_roles(request))
    if page is None:
        unknown = DecisionUnknown(decision_id)
        raise not_there("decision_unknown", unknown.about, str(unknown))
    return Response(shapes.decision_detail_out(page), status=status)


def _asked(request: Request, values: dict[str, Any]) -> tuple[int, Asked]:
    """Return the account's id and what is asked for, the amounts in minor units."""
    account = account_or_404(values["account_no"], user=request.user)
    digits = account.product.minor_digits

    def minor(name: str) -> int | None:
        return None if values[name] is None else minor_or_400(values[name], digits=digits)

    same = ("action", "reason_code", "note", "scope", "scope_value", "effective_on", "review_on", "expires_on", "lifts")
    return account.pk, Asked(
        **{name: values[name] for name in same}, most_minor=minor("most"), new_limit_minor=minor("new_limit")
    )


class Decisions(APIView):
    """Decisions, and new ones."""

    permission_classes = [MayOperate]
    operation = {"GET": VIEW_DECISIONS, "POST": PROPOSE_DECISION}

    @extend_schema(
        operation_id="decisions_list",
        summary="List decisions",
        parameters=[
            OpenApiParameter("list", str, enum=list(LISTS), description="default: to_approve"),
            OpenApiParameter("before", int, description="`next` of the page before"),
        ],
        responses=shapes.DecisionPageShape,
        tags=["decisions"],
    )
    def get(self, request: Request) -> Response:
        """Return a page of a list, newest first."""
        name, before = request.query_params.get("list", "to_approve"), request.query_params.get("before", "")
        if name not in LISTS or (before and not before.isdecimal()):
            raise ValidationError({"list": f"one of {', '.join(LISTS)}", "before": "a number"})
        page = decisions_page(
            name,
            user=request.user,
            before=int(before) if before else None,
            roles=_roles(request),
        )
        return Response({"results": [shapes.decision_out(row) for row in page.rows], "next": page.next_before})

    @extend_schema(
        summary="Propose or take a decision",
        request=shapes.DecisionRequest,
        responses={201: shapes.DecisionDetailShape, 200: shapes.DecisionDetailShape, **_REFUSED},
        tags=["decisions"],
    )
    def post(self, request: Request) -> Response:
        """Propose a decision; where the matrix lets you act alone it is decided at once. 200: the very same was there."""
        asked = shapes.DecisionRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        account_id, what = _asked(request, asked.validated_data)
        reference = asked.validated_data["reference"]
        try:
            decision = propose_decision(
                actor=Actor.of(request.user), roles=_roles(request), account_id=account_id, asked=what, reference=reference
            )
        except DecisionAlreadyMade:
            return _detail(request, Decision.objects.values_list("pk", flat=True).get(reference=reference))
        except LedgerRefusal as refusal:
            return refused(refusal)
        return _detail(request, decision.pk, status=201)


class DecisionPreview(APIView):
    """What a decision would be."""

    permission_classes = [MayOperate]
    operation = PROPOSE_DECISION

    @extend_schema(
        summary="Preview a decision",
        request=shapes.DecisionRequest,
        responses={200: shapes.DecisionPreviewShape, **_REFUSED},
        tags=["decisions"],
    )
    def post(self, request: Request) -> Response:
        """Return who would have to agree, the dates and both texts, or the refusal; nothing is written."""
        asked = shapes.DecisionRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        account_id, what = _asked(request, asked.validated_data)
        try:
            standing, weighed = preview_decision(roles=_roles(request), account_id=account_id, asked=what)
        except LedgerRefusal as refusal:
            return refused(refusal)
        names = ("needs_approval_by", "effective_on", "review_on", "expires_on", "text_en", "text_zh")
        return Response(
            {
                "acts_alone": weighed.acts_alone,
                **{name: weighed.fields[name] for name in names},
                "weighed": plain_amount(weighed.fields["weighed_minor"], digits=standing.minor_digits),
                **shapes.weighed_out(weighed.fields["inputs"]),
            }
        )


class DecisionDetail(APIView):
    """One decision."""

    permission_classes = [MayOperate]
    operation = VIEW_DECISIONS

    @extend_schema(summary="Get a decision", responses=shapes.DecisionDetailShape, tags=["decisions"])
    def get(self, request: Request, decision_id: int) -> Response:
        """Return a decision with its notices, its appeal and its replay."""
        return _detail(request, decision_id)


class _Act(APIView):
    """Something done to a decision. Subclasses name the shape asked for and make the call."""

    permission_classes = [MayOperate]

    def _do(self, request: Request, decision_id: int, shape: Any, call: Callable[[dict[str, Any]], Any]) -> Response:
        asked = shape(data=request.data)
        asked.is_valid(raise_exception=True)
        decision_or_404(decision_id, user=request.user)
        try:
            made = call({**asked.validated_data, "actor": Actor.of(request.user), "decision_id": decision_id})
        except LedgerRefusal as refusal:
            return refused(refusal)
        return _detail(request, made.pk if isinstance(made, Decision) else decision_id)


class ApproveDecision(_Act):
    """The second person's yes."""

    operation = APPROVE_DECISION

    @extend_schema(
        summary="Approve a decision",
        request=shapes.JudgeRequest,
        responses={200: shapes.DecisionDetailShape, **_REFUSED},
        tags=["decisions"],
    )
    def post(self, request: Request, decision_id: int) -> Response:
        """Approve a proposal: never one's own, and only in a role that it needs."""
        roles = _roles(request)
        return self._do(request, decision_id, shapes.JudgeRequest, lambda values: judging.approve_decision(**values, roles=roles))


class RejectDecision(_Act):
    """The second person's no."""

    operation = APPROVE_DECISION

    @extend_schema(
        summary="Reject a decision",
        request=shapes.JudgeRequest,
        responses={200: shapes.DecisionDetailShape, **_REFUSED},
        tags=["decisions"],
    )
    def post(self, request: Request, decision_id: int) -> Response:
        """Reject a proposal, with a remark for the proposer."""
        roles = _roles(request)
        return self._do(request, decision_id, shapes.JudgeRequest, lambda values: judging.reject_decision(**values, roles=roles))


class CancelDecision(_Act):
    """Taking back."""

    operation = CANCEL_DECISION

    @extend_schema(
        summary="Cancel a decision not in force yet",
        request=shapes.CancelRequest,
        responses={200: shapes.DecisionDetailShape, **_REFUSED},
        tags=["decisions"],
    )
    def post(self, request: Request, decision_id: int) -> Response:
        """Cancel one's own proposal, or a decision in its buffer that one might lift alone."""
        roles = _roles(request)
        return self._do(request, decision_id, shapes.CancelRequest, lambda values: judging.cancel_decision(**values, roles=roles))


class LiftDecision(_Act):
    """Ending."""

    operation = PROPOSE_DECISION

    @extend_schema(
        summary="Lift a decision in force",
        request=shapes.LiftRequest,
        responses={200: shapes.DecisionDetailShape, **_REFUSED},
        tags=["decisions"],
    )
    def post(self, request: Request, decision_id: int) -> Response:
        """Lift, or propose to; returns the lift, a decision of its own."""
        roles = _roles(request)
        return self._do(request, decision_id, shapes.LiftRequest, lambda values: lift_decision(**values, roles=roles))


class KeepDecision(_Act):
    """The review."""

    operation = REVIEW_DECISION

    @extend_schema(
        summary="Keep a decision after its review",
        request=shapes.KeepRequest,
        responses={200: shapes.DecisionDetailShape, **_REFUSED},
        tags=["decisions"],
    )
    def post(self, request: Request, decision_id: int) -> Response:
        """Leave a decision in force and set its next review."""
        return self._do(request, decision_id, shapes.KeepRequest, lambda values: judging.keep_decision(**values))


class DecisionAppeal(_Act):
    """The customer's objection."""

    operation = RECORD_APPEAL

    @extend_schema(
        summary="Record an appeal",
        request=shapes.AppealRequest,
        responses={200: shapes.DecisionDetailShape, **_REFUSED},
        tags=["decisions"],
    )
    def post(self, request: Request, decision_id: int) -> Response:
        """Record a customer's appeal against a decision."""
        return self._do(request, decision_id, shapes.AppealRequest, lambda values: appealing.record_appeal(**values))


class DecisionAppealAnswer(_Act):
    """The answer to it."""

    operation = DECIDE_APPEAL

    @extend_schema(
        summary="Decide an appeal",
        request=shapes.AppealAnswerRequest,
        responses={200: shapes.DecisionDetailShape, **_REFUSED},
        tags=["decisions"],
    )
    def post(self, request: Request, decision_id: int) -> Response:
        """Judge an appeal; granted, the decision ends at once."""
        return self._do(request, decision_id, shapes.AppealAnswerRequest, lambda values: appealing.decide_appeal(**values))
