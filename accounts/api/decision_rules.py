"""Decision rules, the undoing of what one decided, and customers who refuse automated decisions."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.refusing import account_or_404, refused
from accounts.api.rule_undoing import undo_endpoints
from accounts.api.rule_versions import COMMON, RuleDraftRequest, RuleVersionShape, rule_endpoints
from accounts.api.shapes import RefusalShape
from accounts.models import DecisionRuleVersion, DecisionUndo, ReasonCode
from accounts.models.decision_settings import ACTION_CHOICES, SCOPE_CHOICES
from accounts.operations.deciding.refusals import ReasonCodeUnknown
from accounts.operations.deciding.refusing_machines import refuse_automation
from accounts.operations.deciding.ruling import DECISION_RULES
from accounts.operations.deciding.undoing import DECISION_UNDOINGS
from accounts.operations.refusals import LedgerRefusal
from accounts.roles import REFUSE_AUTOMATION, VIEW_DECISIONS
from riskops.shared.audit import Actor
from riskops.shared.roles import MayOperate

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
    """An undoing. `preview`: decisions by status when it was asked for, and under `lifts_that_stay` what of its day it leaves."""

    rule = serializers.CharField(source="rule_version")
    status = serializers.CharField()

    class Meta:
        model = DecisionUndo
        fields = ("id", "rule", "proposed_on", "reason", "preview", "status", "asked_by_name", "judged_by_name", "undone")


class AutomationRequest(serializers.Serializer[Any]):
    """Whether the customer refuses automated decisions, and how they said so."""

    refuses = serializers.BooleanField()
    reason = serializers.CharField()


def _valid(shape: Any, request: Request) -> dict[str, Any]:
    asked = shape(data=request.data)
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)


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


_PREVIEWED = "decisions by status; `lifts_that_stay`: lifts of the day that are left, since the rule does not hold any more"

UNDO_ENDPOINTS = undo_endpoints(
    DECISION_UNDOINGS,
    name="decision rule",
    shape=DecisionUndoShape,
    preview_shape={"type": "object", "additionalProperties": {"type": "integer"}, "description": _PREVIEWED},
    view_operation=VIEW_DECISIONS,
    tag="decision rules",
)


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
