"""The authority matrix: its lines, and changes of them that one person proposes and another approves or rejects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.refusing import not_there, refused
from accounts.api.shapes import RefusalShape
from accounts.models import AuthorityChange, AuthorityRow
from accounts.models.decision_settings import AUTHORITY_COLUMNS
from accounts.operations.deciding import matrix as operations
from accounts.operations.refusals import LedgerRefusal
from accounts.roles import APPROVE_AUTHORITY, PROPOSE_AUTHORITY, VIEW_DECISIONS
from riskops.shared.audit import Actor
from riskops.shared.roles import MayOperate

_REFUSED = {
    404: OpenApiResponse(RefusalShape, description="no such line or change"),
    409: OpenApiResponse(RefusalShape, description="the change waits no more, waits already, or its line has changed since"),
    422: OpenApiResponse(RefusalShape, description="the line contradicts itself or what is there, or it is one's own proposal"),
}
#: How many changes are listed.
_MOST = 200


class AuthorityLineValues(serializers.ModelSerializer[AuthorityRow]):
    """What a line of the authority matrix says."""

    role = serializers.CharField()
    approver_role = serializers.CharField(allow_blank=True, default="", help_text="empty: may act alone")

    class Meta:
        model = AuthorityRow
        fields: tuple[str, ...] = AUTHORITY_COLUMNS
        # The operation refuses doubles, with the words that the pages use.
        validators: list[Any] = []


class AuthorityShape(AuthorityLineValues):
    """A line of the authority matrix."""

    class Meta(AuthorityLineValues.Meta):
        fields = ("id", *AUTHORITY_COLUMNS)


class AuthorityChangeRequest(serializers.Serializer[Any]):
    """A change to propose: `after` is the whole line as it is to be, none where the line is to end."""

    kind = serializers.ChoiceField(choices=AuthorityChange.Kind.choices)
    line = serializers.IntegerField(allow_null=True, default=None, help_text="the id of the line to change or end")
    seen = AuthorityLineValues(
        allow_null=True, default=None, help_text="that line as you read it; refused if it says something else by now"
    )
    after = AuthorityLineValues(allow_null=True, default=None)
    reason = serializers.CharField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a kind without what it takes."""
        if (attrs["kind"] == AuthorityChange.Kind.ADD) != (attrs["line"] is None):
            raise ValidationError({"line": "the id of the line to change or end; none to add one"})
        if (attrs["line"] is None) != (attrs["seen"] is None):
            raise ValidationError({"seen": "the line to change or end as you read it; none to add one"})
        if (attrs["kind"] == AuthorityChange.Kind.END) != (attrs["after"] is None):
            raise ValidationError({"after": "the line as it is to be; none to end one"})
        return attrs


class AuthorityChangeShape(serializers.ModelSerializer[AuthorityChange]):
    """A change: the line as the proposer saw it and as it is to be, who proposed it and why, and the second person's word."""

    line = serializers.IntegerField(source="line_id", allow_null=True)
    before = AuthorityLineValues(allow_null=True)
    after = AuthorityLineValues(allow_null=True)
    proposed_by = serializers.CharField(source="proposed_by_name")
    judged_by = serializers.CharField(source="judged_by_name", allow_blank=True)

    class Meta:
        model = AuthorityChange
        fields = (
            *("id", "kind", "status", "line", "before", "after", "reason", "proposed_by", "proposed_at"),
            *("judged_by", "judgement", "closed_at"),
        )


class AuthorityApproveRequest(serializers.Serializer[Any]):
    """Approve."""

    remark = serializers.CharField(allow_blank=True, default="")


class AuthorityRejectRequest(serializers.Serializer[Any]):
    """Reject."""

    reason = serializers.CharField()


class AuthorityMatrix(APIView):
    """The matrix."""

    permission_classes = [MayOperate]
    operation = VIEW_DECISIONS

    @extend_schema(summary="List the authority matrix", responses=AuthorityShape(many=True), tags=["authority matrix"])
    def get(self, request: Request) -> Response:
        """Return every line that holds."""
        return Response(AuthorityShape(AuthorityRow.objects.all(), many=True).data)


class AuthorityChanges(APIView):
    """Changes of the matrix, and new ones."""

    permission_classes = [MayOperate]
    operation = {"GET": VIEW_DECISIONS, "POST": PROPOSE_AUTHORITY}

    @extend_schema(
        summary="List changes of the authority matrix",
        parameters=[OpenApiParameter("status", str, enum=AuthorityChange.Status.values, description="default: all")],
        responses=AuthorityChangeShape(many=True),
        tags=["authority matrix"],
    )
    def get(self, request: Request) -> Response:
        """Return the latest changes, newest first."""
        changes = AuthorityChange.objects.all()
        status = request.query_params.get("status", "")
        if status:
            if status not in AuthorityChange.Status.values:
                raise ValidationError({"status": f"one of {', '.join(AuthorityChange.Status.values)}"})
            changes = changes.filter(status=status)
        return Response(AuthorityChangeShape(changes[:_MOST], many=True).data)

    @extend_schema(
        summary="Propose a change of the authority matrix",
        request=AuthorityChangeRequest,
        responses={201: AuthorityChangeShape, **_REFUSED},
        tags=["authority matrix"],
    )
    def post(self, request: Request) -> Response:
        """Propose to add, change or end a line; the matrix stays as it is until somebody else approves."""
        asked = AuthorityChangeRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        actor, line_id, reason = Actor.of(request.user), values["line"], values["reason"]
        # A column left out is empty: a line is what is written here, not a mixture with what stands there.
        seen, after = (AuthorityRow(**line).values() if line else None for line in (values["seen"], values["after"]))
        if after is None:
            assert seen is not None
            return _answer(
                lambda: operations.propose_end(actor=actor, line_id=line_id, seen=seen, reason=reason),
                status=201,
            )
        return _answer(
            lambda: operations.propose_line(actor=actor, values=after, line_id=line_id, seen=seen, reason=reason),
            status=201,
        )


class AuthorityChangeDetail(APIView):
    """One change."""

    permission_classes = [MayOperate]
    operation = VIEW_DECISIONS

    @extend_schema(
        summary="Get a change of the authority matrix",
        responses={200: AuthorityChangeShape, 404: _REFUSED[404]},
        tags=["authority matrix"],
    )
    def get(self, request: Request, change_id: int) -> Response:
        """Return a change with its line before and after."""
        change = AuthorityChange.objects.filter(pk=change_id).first()
        if change is None:
            unknown = operations.MatrixChangeUnknown(change_id)
            raise not_there("matrix_change_unknown", unknown.about, str(unknown))
        return Response(AuthorityChangeShape(change).data)


class ApproveAuthorityChange(APIView):
    """The second person's yes."""

    permission_classes = [MayOperate]
    operation = APPROVE_AUTHORITY

    @extend_schema(
        summary="Approve a change of the authority matrix",
        request=AuthorityApproveRequest,
        responses={200: AuthorityChangeShape, **_REFUSED},
        tags=["authority matrix"],
    )
    def post(self, request: Request, change_id: int) -> Response:
        """Approve a change, never one's own: the line holds from now on."""
        return _judge(request, change_id, AuthorityApproveRequest, operations.approve_change)


class RejectAuthorityChange(APIView):
    """The second person's no."""

    permission_classes = [MayOperate]
    operation = APPROVE_AUTHORITY

    @extend_schema(
        summary="Reject a change of the authority matrix",
        request=AuthorityRejectRequest,
        responses={200: AuthorityChangeShape, **_REFUSED},
        tags=["authority matrix"],
    )
    def post(self, request: Request, change_id: int) -> Response:
        """Reject a change, with a reason for the proposer."""
        return _judge(request, change_id, AuthorityRejectRequest, operations.reject_change)


class WithdrawAuthorityChange(APIView):
    """Taking back."""

    permission_classes = [MayOperate]
    operation = PROPOSE_AUTHORITY

    @extend_schema(
        summary="Withdraw a change of the authority matrix",
        request=None,
        responses={200: AuthorityChangeShape, **_REFUSED},
        tags=["authority matrix"],
    )
    def post(self, request: Request, change_id: int) -> Response:
        """Take one's own proposal back."""
        return _answer(lambda: operations.withdraw_change(actor=Actor.of(request.user), change_id=change_id))


def _judge(request: Request, change_id: int, shape: type[serializers.Serializer[Any]], do: Callable[..., Any]) -> Response:
    asked = shape(data=request.data)
    asked.is_valid(raise_exception=True)
    return _answer(lambda: do(actor=Actor.of(request.user), change_id=change_id, **asked.validated_data))


def _answer(call: Callable[[], AuthorityChange], *, status: int = 200) -> Response:
    try:
        change = call()
    except LedgerRefusal as refusal:
        return refused(refusal)
    return Response(AuthorityChangeShape(change).data, status=status)
