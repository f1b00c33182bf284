"""Proposal rules by API: what a rule in versions is, and what it proposes for applications."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.rule_versions import COMMON, RuleDraftRequest, RuleVersionShape, rule_endpoints
from accounts.api.rules import FactShape, RuleRequest, refused_rule
from accounts.application_facts import APPLICATION_FACTS
from accounts.models import ProposalRule, ReasonCode
from accounts.operations.applications.proposal_rules import PROPOSAL_RULES
from accounts.operations.applications.receiving import open_day_or_none
from accounts.queries.applications import applications_held
from accounts.roles import VIEW_APPLICATIONS
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
