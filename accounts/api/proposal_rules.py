"""Proposal rules by API: what a rule in versions is, and what it proposes for applications."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.rule_undoing import undo_endpoints
from accounts.api.rule_versions import COMMON, RuleDraftRequest, RuleVersionShape, rule_endpoints
from accounts.api.rules import FactShape, RuleRequest, refused_rule
from accounts.application_facts import APPLICATION_FACTS
from accounts.models import ApplicationUndo, ProposalRule, ReasonCode
from accounts.operations.applications.proposal_rules import PROPOSAL_RULES
from accounts.operations.applications.receiving import open_day_or_none
from accounts.operations.applications.undoing import APPLICATION_UNDOINGS
from accounts.queries.applications import applications_held
from accounts.queries.rule_undoings import result_seen
from accounts.roles import VIEW_APPLICATIONS
from accounts.rules.application_undoing import Fate
from accounts.rules.applications import ApplicationAction, Outcome
from riskops.shared.roles import MayOperate
from riskops.shared.rule_language import RuleRefusal, parse_rule
from riskops.shared.scope import scope_of


class ProposalRuleShape(RuleVersionShape):
    """A version of a proposal rule."""

    class Meta:
        model = ProposalRule
        fields = (*COMMON, "order", "outcome", "reason_code", "share_bp", "income_multiple_bp")


class ProposalRuleRequest(RuleDraftRequest):
    """A draft of a proposal rule."""

    order = serializers.IntegerField(min_value=0, max_value=30_000)
    outcome = serializers.ChoiceField(choices=[entry.value for entry in Outcome])
    reason_code = serializers.CharField(max_length=40, allow_blank=True, default="")
    share_bp = serializers.IntegerField(allow_null=True, default=None, min_value=1, max_value=10_000)
    income_multiple_bp = serializers.IntegerField(allow_null=True, default=None, min_value=0, max_value=10_000_000)


class UndoneMoneyShape(serializers.Serializer[Any]):
    """What was granted and refused as the rule proposed, in one currency; amounts in its minor units."""

    currency = serializers.CharField()
    granted = serializers.IntegerField()
    used = serializers.IntegerField(help_text="of the lines granted, those on which something was bought")
    limits_minor = serializers.IntegerField()
    owed_minor = serializers.IntegerField()
    refused = serializers.IntegerField()
    requested_minor = serializers.IntegerField()


class ApplicationUndoPreviewShape(serializers.Serializer[Any]):
    """What an undoing would do; without any name where nothing is left to undo."""

    fates = serializers.DictField(child=serializers.IntegerField(), help_text=", ".join(fate.value for fate in Fate))
    money = UndoneMoneyShape(many=True)
    asked_roles = serializers.ListField(child=serializers.CharField())
    needs_approval_by = serializers.ListField(child=serializers.CharField(), help_text="empty: whoever may approve an undoing")


class ApplicationUndoShape(serializers.ModelSerializer[ApplicationUndo]):
    """An undoing. `preview`: as it was asked for. `result`: the application numbers by what became of them, once it is done."""

    rule = serializers.CharField(source="rule_version")
    status = serializers.CharField()
    preview = ApplicationUndoPreviewShape()
    result = serializers.SerializerMethodField()

    class Meta:
        model = ApplicationUndo
        fields = (
            *("id", "rule", "decided_on", "reason", "preview", "status", "asked_by_name", "judged_by_name", "undone", "result"),
        )

    def get_result(self, undo: ApplicationUndo) -> dict[str, list[str]]:
        """Return it less the applications of customers whom the person has a conflict with."""
        return result_seen(undo, user=self.context["user"])


def _columns(values: dict[str, Any]) -> dict[str, Any]:
    code = values.pop("reason_code")
    reason = ReasonCode.objects.filter(code=code, action=ApplicationAction.REFUSE_APPLICATION).first() if code else None
    return {**values, "reason": reason}


class ApplicationRuleCheckShape(serializers.Serializer[Any]):
    """On how many of the latest applications in your sight a rule holds."""

    rule = serializers.CharField()
    facts = serializers.ListField(child=serializers.CharField())
    applications = serializers.IntegerField()
    of_applications = serializers.IntegerField()


class ApplicationFacts(APIView):
    """The facts of applications."""

    permission_classes = [MayOperate]
    operation = VIEW_APPLICATIONS

    @extend_schema(
        operation_id="application_facts_list",
        summary="List the facts of applications",
        responses=FactShape(many=True),
        tags=["rules"],
    )
    def get(self, request: Request) -> Response:
        """Return the facts in the order in which people read them, in the language asked for."""
        return Response(FactShape(list(APPLICATION_FACTS), many=True, context={"scope": scope_of(request.user)}).data)


class ApplicationRuleCheck(APIView):
    """A rule about applications tried out."""

    permission_classes = [MayOperate]
    operation = VIEW_APPLICATIONS

    @extend_schema(
        summary="Check a rule on the latest applications",
        request=RuleRequest,
        responses=ApplicationRuleCheckShape,
        tags=["rules"],
    )
    def post(self, request: Request) -> Response:
        """Return on how many applications a rule holds; one that cannot be used is refused with the place and the way out."""
        asked = RuleRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        try:
            rule = parse_rule(asked.validated_data["rule"], APPLICATION_FACTS)
        except RuleRefusal as refusal:
            raise refused_rule(refusal) from None
        found = applications_held(rule, scope=scope_of(request.user), today=open_day_or_none())
        return Response({"rule": rule.text, "facts": rule.names, "applications": found.rows, "of_applications": found.of_rows})


ENDPOINTS = rule_endpoints(
    PROPOSAL_RULES,
    name="proposal rule",
    shape=ProposalRuleShape,
    request_shape=ProposalRuleRequest,
    columns=_columns,
    view_operation=VIEW_APPLICATIONS,
    tag="applications",
)
UNDO_ENDPOINTS = undo_endpoints(
    APPLICATION_UNDOINGS,
    name="proposal rule",
    shape=ApplicationUndoShape,
    preview_shape=ApplicationUndoPreviewShape,
    view_operation=VIEW_APPLICATIONS,
    tag="applications",
)
