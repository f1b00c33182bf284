"""The rule language over the API: which facts there are, and what a rule would do."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.facts import ACCOUNT_FACTS
from accounts.queries.rule_cost import RuleTooSlow, measure_rule
from accounts.roles import VIEW_ACCOUNTS
from riskops.shared.day import book_state
from riskops.shared.roles import MayOperate
from riskops.shared.rule_language import Fact, Kind, RuleRefusal, parse_rule
from riskops.shared.scope import scope_of


class FactShape(serializers.Serializer[Any]):
    """A fact that rules may compare. `choices` is empty where any value of the kind may be."""

    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=[kind.value for kind in Kind])
    label = serializers.CharField()
    unit = serializers.CharField(allow_blank=True)
    about = serializers.CharField()
    may_be_absent = serializers.BooleanField(source="is_nullable")
    choices = serializers.SerializerMethodField()

    def get_choices(self, fact: Fact) -> list[str]:
        """Return the texts there are, of what the person may see."""
        return list(fact.suggestions(self.context["scope"]))


class RuleRequest(serializers.Serializer[Any]):
    """A rule to be checked."""

    rule = serializers.CharField(trim_whitespace=False)


class RuleCheckShape(serializers.Serializer[Any]):
    """What a rule does on the present book; figures are null before the first close."""

    rule = serializers.CharField()
    facts = serializers.ListField(child=serializers.CharField())
    accounts = serializers.IntegerField(allow_null=True)
    of_accounts = serializers.IntegerField(allow_null=True)
    seconds = serializers.FloatField(allow_null=True)


def refused_rule(refusal: RuleRefusal | RuleTooSlow) -> ValidationError:
    """Return the answer to a rule that cannot be used."""
    return ValidationError({"rule": [str(refusal)]})


class FactList(APIView):
    """Every fact."""

    permission_classes = [MayOperate]
    operation = VIEW_ACCOUNTS

    @extend_schema(summary="List the facts of rules", responses=FactShape(many=True), tags=["rules"])
    def get(self, request: Request) -> Response:
        """Return the facts in the order in which people read them, in the language asked for."""
        return Response(FactShape(list(ACCOUNT_FACTS), many=True, context={"scope": scope_of(request.user)}).data)


class RuleCheck(APIView):
    """A rule tried out."""

    permission_classes = [MayOperate]
    operation = VIEW_ACCOUNTS

    @extend_schema(summary="Check a rule on the present book", request=RuleRequest, responses=RuleCheckShape, tags=["rules"])
    def post(self, request: Request) -> Response:
        """Return on how many accounts a rule holds; a rule that cannot be used is refused with the place and the way out."""
        asked = RuleRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        business_date = book_state().business_date
        try:
            rule = parse_rule(asked.validated_data["rule"], ACCOUNT_FACTS)
            cost = measure_rule(rule, business_date, scope=scope_of(request.user)) if business_date else None
        except (RuleRefusal, RuleTooSlow) as refusal:
            raise refused_rule(refusal) from None
        figures = {
            "accounts": cost.rows if cost else None,
            "of_accounts": cost.of_rows if cost else None,
            "seconds": round(cost.seconds, 3) if cost else None,
        }
        return Response({"rule": rule.text, "facts": rule.names, **figures})
