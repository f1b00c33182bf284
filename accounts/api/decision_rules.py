"""Decision rules, the undoing of what one decided, and customers who refuse automated decisions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.refusing import account_or_404, refused
from accounts.api.rule_versions import COMMON, RuleDraftRequest, RuleVersionShape, rule_endpoints
from accounts.api.shapes import RefusalShape
from accounts.models import DecisionRuleVersion, DecisionUndo, ReasonCode
from accounts.models.decision_settings import ACTION_CHOICES, SCOPE_CHOICES
from accounts.operations.deciding import undoing
from accounts.operations.deciding.refusals import ReasonCodeUnknown
from accounts.operations.deciding.refusing_machines import refuse_automation
from accounts.operations.deciding.ruling import DECISION_RULES
from accounts.operations.refusals import LedgerRefusal
from accounts.roles import APPROVE_UNDO, ASK_UNDO, REFUSE_AUTOMATION, VIEW_DECISIONS
from riskops.shared.audit import Actor
from riskops.shared.roles import MayOperate
from riskops.shared.scope import refuse_limited_scope

#: What a decision rule says beside what every rule says.
_DECIDED = ("action", "reason_code", "scope", "scope_value", "most_major", "limit_percent", "lifts_itself")
_REFUSED = {422: OpenApiResponse(RefusalShape, description="the rule, the day or the person is not right; nothing was done")}


class DecisionRuleShape(RuleVersionShape):
    """A version of a decision rule."""

    action = serializers.CharField()
    scope = serializers.CharField(allow_blank=True)

    class Meta:
        model = DecisionRuleVersion
        fields = (*COMMON, *_DECIDED)


class DecisionRuleRequest(RuleDraftRequest):
    """A draft of a decision rule."""

    action = serializers.ChoiceField(choices=ACTION_CHOICES)
    reason_code = serializers.CharField(max_length=40)
    scope = serializers.ChoiceField(choices=SCOPE_CHOICES, allow_blank=True, default="")
    scope_value = serializers.CharField(max_length=64, allow_blank=True, default="")
    most_major = serializers.IntegerField(allow_null=True, default=None, min_value=0, max_value=10**12, help_text="whole units")
    limit_percent = serializers.IntegerField(allow_null=True, default=None, min_value=1, max_value=1_000)
    lifts_itself = serializers.BooleanField(default=True)


class DecisionUndoShape(serializers.ModelSerializer[DecisionUndo]):
    """An undoing. `preview`: decisions by status when it was asked for."""

    rule = serializers.CharField(source="rule_version")
    status = serializers.CharField()

    class Meta:
        model = DecisionUndo
        fields = ("id", "rule", "proposed_on", "reason", "preview", "status", "asked_by_name", "judged_by_name", "undone")


class UndoRequest(serializers.Serializer[Any]):
    """Which decisions of a version are undone: all, or those of one business day."""

    proposed_on = serializers.DateField(allow_null=True, default=None)
    reason = serializers.CharField()


class UndoJudgement(serializers.Serializer[Any]):
    """The second person's word."""

    is_approved = serializers.BooleanField()


class AutomationRequest(serializers.Serializer[Any]):
    """Whether the customer refuses automated decisions, and how they said so."""

    refuses = serializers.BooleanField()
    reason = serializers.CharField()


def _valid(shape: Any, request: Request) -> dict[str, Any]:
    asked = shape(data=request.data)
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)


def _answer(call: Callable[[], Any], shape: Any, status: int = 200) -> Response:
    try:
        return Response(shape(call()).data, status=status)
    except LedgerRefusal as refusal:
        return refused(refusal)


def _columns(values: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of a draft.

    :raises ReasonCodeUnknown: no reason code in use has that name for that action
    """
    code = values.pop("reason_code")
    reason = ReasonCode.objects.filter(code=code, action=values["action"], is_active=True).first()
    if reason is None:
        raise ReasonCodeUnknown(code, values["action"])
    return {**values, "reason": reason}


ENDPOINTS = rule_endpoints(
    DECISION_RULES,
    name="decision rule",
    shape=DecisionRuleShape,
    request_shape=DecisionRuleRequest,
    columns=_columns,
    view_operation=VIEW_DECISIONS,
    tag="decision rules",
)


class DecisionUndoings(APIView):
    """Undoing what a rule decided."""

    permission_classes = [MayOperate]
    operation = {"GET": VIEW_DECISIONS, "POST": ASK_UNDO}

    @extend_schema(summary="List the undoings of a rule", responses=DecisionUndoShape(many=True), tags=["decision rules"])
    def get(self, request: Request, version_id: int) -> Response:
        """Return what was asked for and done, with figures of the whole book."""
        refuse_limited_scope(request.user)
        undoings = DecisionUndo.objects.filter(rule_version_id=version_id).select_related("rule_version")
        return Response(DecisionUndoShape(undoings, many=True).data)

    @extend_schema(
        summary="Ask to undo a rule's decisions",
        request=UndoRequest,
        responses={201: DecisionUndoShape, **_REFUSED},
        tags=["decision rules"],
    )
    def post(self, request: Request, version_id: int) -> Response:
        """Ask for the undoing; the answer holds the preview that the second person will see."""
        refuse_limited_scope(request.user)
        values = _valid(UndoRequest, request)
        return _answer(
            lambda: undoing.ask_undo(actor=Actor.of(request.user), version_id=version_id, **values),
            DecisionUndoShape,
            status=201,
        )


class DecisionUndoJudge(APIView):
    """The second person's word on it."""

    permission_classes = [MayOperate]
    operation = APPROVE_UNDO

    @extend_schema(
        summary="Approve or refuse an undoing",
        request=UndoJudgement,
        responses={200: DecisionUndoShape, **_REFUSED},
        tags=["decision rules"],
    )
    def post(self, request: Request, undo_id: int) -> Response:
        """Approved, every decision of it ends now, limits go back and notices are corrected."""
        refuse_limited_scope(request.user)
        values = _valid(UndoJudgement, request)
        return _answer(lambda: undoing.judge_undo(actor=Actor.of(request.user), undo_id=undo_id, **values), DecisionUndoShape)


class Automation(APIView):
    """The customer's no to machines."""

    permission_classes = [MayOperate]
    operation = REFUSE_AUTOMATION

    @extend_schema(
        summary="Record that a customer refuses automated decisions",
        request=AutomationRequest,
        responses={204: None, **_REFUSED},
        tags=["decision rules"],
    )
    def post(self, request: Request, account_no: str) -> Response:
        """Record it for all accounts of the account's customer: rules then propose, and a person decides."""
        values = _valid(AutomationRequest, request)
        account = account_or_404(account_no, user=request.user)
        try:
            refuse_automation(actor=Actor.of(request.user), account_id=account.pk, **values)
        except LedgerRefusal as refusal:
            return refused(refusal)
        return Response(status=204)
