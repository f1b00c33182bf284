"""Undoing what a version of a rule did, by API: one set of endpoints for every kind of rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.refusing import refused
from accounts.api.shapes import RefusalShape
from accounts.operations.refusals import LedgerRefusal
from accounts.operations.rule_undoing import UndoKind, ask_to_undo, judge_undoing, preview_undoing
from accounts.queries.rule_undoings import undoings_seen
from riskops.shared.audit import Actor
from riskops.shared.roles import MayOperate, roles_of
from riskops.shared.scope import refuse_limited_scope

_REFUSED = {422: OpenApiResponse(RefusalShape, description="the rule, the day or the person is not right; nothing was done")}
_MOST = 1_000


class UndoJudgement(serializers.Serializer[Any]):
    """The second person's word."""

    is_approved = serializers.BooleanField()


@dataclass(frozen=True, slots=True)
class UndoEndpoints:
    """The endpoints of one kind of rule, for accounts/api/urls.py."""

    undoings: Any
    preview: Any
    judged: Any


def undo_endpoints(
    kind: UndoKind, *, name: str, shape: type[serializers.ModelSerializer[Any]], preview_shape: Any, view_operation: str, tag: str
) -> UndoEndpoints:
    """Return the endpoints that undo what one kind of rule did.

    :param name: what the document of the API calls the rule
    :param preview_shape: what `kind.preview` gives, empty where nothing is left: a serializer, or a schema as it stands
    """
    day = serializers.DateField(allow_null=True, default=None, help_text="business day; null: all that the version did")
    said = {"__doc__": "What of a version is undone, and why.", kind.day: day, "reason": serializers.CharField()}
    asked_shape = type(f"{kind.model.__name__}Request", (serializers.Serializer,), said)
    day_shape = type(f"{kind.model.__name__}Day", (serializers.Serializer,), {"__doc__": "The day.", kind.day: day})

    def roles(request: Request) -> list[str]:
        return [role.value for role in roles_of(request.user)]

    def answer(request: Request, call: Callable[[], Any], *, status: int = 200) -> Response:
        try:
            return Response(shape(call(), context={"user": request.user}).data, status=status)
        except LedgerRefusal as refusal:
            return refused(refusal)

    class Undoings(APIView):
        permission_classes = [MayOperate]
        operation = {"GET": view_operation, "POST": kind.ask_operation}

        @extend_schema(summary=f"List the undoings of a {name}", responses=shape(many=True), tags=[tag])
        def get(self, request: Request, version_id: int) -> Response:
            """Return what was asked for and done, with figures of the whole book."""
            refuse_limited_scope(request.user)
            found = undoings_seen(kind, user=request.user, version_id=version_id, most=_MOST)
            return Response(shape(found, many=True, context={"user": request.user}).data)

        @extend_schema(
            summary=f"Ask to undo what a {name} did", request=asked_shape, responses={201: shape, **_REFUSED}, tags=[tag]
        )
        def post(self, request: Request, version_id: int) -> Response:
            """Ask for the undoing; the answer holds the preview that the second person will see.

            The version ends at once where you may end rules of the kind, else with the approval.
            """
            refuse_limited_scope(request.user)
            asked = asked_shape(data=request.data)
            asked.is_valid(raise_exception=True)
            values = asked.validated_data

            def call() -> Any:
                return ask_to_undo(
                    kind,
                    actor=Actor.of(request.user),
                    roles=roles(request),
                    version_id=version_id,
                    day=values[kind.day],
                    reason=values["reason"],
                )

            return answer(request, call, status=201)

    class Preview(APIView):
        permission_classes = [MayOperate]
        operation = kind.ask_operation

        @extend_schema(
            operation_id=f"{kind.rules.subject}_undoings_preview",
            summary=f"Preview the undoing of what a {name} did",
            parameters=[OpenApiParameter(kind.day, str, description="one business day; without it all that the version did")],
            responses={200: preview_shape, **_REFUSED},
            tags=[tag],
        )
        def get(self, request: Request, version_id: int) -> Response:
            """Return what there is to undo now, as it would be asked for; nothing is written."""
            refuse_limited_scope(request.user)
            asked = day_shape(data=request.query_params)
            asked.is_valid(raise_exception=True)
            try:
                found = preview_undoing(
                    kind,
                    actor=Actor.of(request.user),
                    roles=roles(request),
                    version_id=version_id,
                    day=asked.validated_data[kind.day],
                )
            except LedgerRefusal as refusal:
                return refused(refusal)
            return Response(found)

    class Judged(APIView):
        permission_classes = [MayOperate]
        operation = kind.approve_operation

        @extend_schema(
            summary=f"Approve or refuse an undoing of a {name}",
            request=UndoJudgement,
            responses={200: shape, **_REFUSED},
            tags=[tag],
        )
        def post(self, request: Request, undo_id: int) -> Response:
            """Approved by somebody who did not ask for it, it is done at once, and who was told is told again."""
            refuse_limited_scope(request.user)
            asked = UndoJudgement(data=request.data)
            asked.is_valid(raise_exception=True)
            is_approved = asked.validated_data["is_approved"]

            def call() -> Any:
                return judge_undoing(
                    kind, actor=Actor.of(request.user), roles=roles(request), undo_id=undo_id, is_approved=is_approved
                )

            return answer(request, call)

    return UndoEndpoints(Undoings.as_view(), Preview.as_view(), Judged.as_view())
