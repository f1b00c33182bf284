"""A decision explained to its customer (PIPL 24), over the API."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import shapes
from accounts.api.refusing import loaded_or_404
from accounts.api.review_answers import answers, done, given
from accounts.models import Decision
from accounts.operations.explaining import decision_explanation, explain_decision
from accounts.roles import (
    EXPLAIN_DECISION,
    VIEW_DECISIONS,
)
from riskops.shared.audit import Actor
from riskops.shared.roles import MayOperate


class ExplanationShape(serializers.Serializer[Any]):
    """What a customer may be told of a decision."""

    reference = serializers.CharField()
    action = serializers.CharField()
    status = serializers.CharField()
    is_automated = serializers.BooleanField()
    may_refuse_automation = serializers.BooleanField()
    reason = serializers.CharField()
    text_en = serializers.CharField()
    text_zh = serializers.CharField()
    facts = serializers.JSONField()
    facts_as_of = serializers.DateField()
    engine_version = serializers.CharField()
    replay_is_same = serializers.BooleanField()


class ExplainedRequest(serializers.Serializer[Any]):
    """When the customer asked, and how it was explained."""

    requested_on = serializers.DateField()
    how = serializers.CharField(max_length=2_000)


class DecisionExplained(APIView):
    """A decision explained on request (PIPL 24)."""

    permission_classes = [MayOperate]
    operation: Any = {"GET": VIEW_DECISIONS, "POST": EXPLAIN_DECISION}

    @extend_schema(summary="Explain a decision", responses=ExplanationShape, tags=["customers"])
    def get(self, request: Request, account_no: str, decision_no: str) -> Response:
        """Return what the customer may be told: reason, texts, facts it was taken on, and whether it comes out the same again."""
        decision = self._decision(request, account_no, decision_no)
        explanation = decision_explanation(decision)
        return Response(
            {
                "reference": decision.reference,
                "action": decision.action,
                "status": decision.status,
                "is_automated": explanation.is_automated,
                "may_refuse_automation": explanation.may_refuse_automation,
                "reason": decision.reason.code,
                "text_en": decision.text_en,
                "text_zh": decision.text_zh,
                "facts": decision.facts,
                "facts_as_of": explanation.facts_as_of,
                "engine_version": decision.engine_version,
                "replay_is_same": explanation.replay.is_same,
            }
        )

    @extend_schema(
        summary="Record that a decision was explained",
        request=ExplainedRequest,
        responses=answers(shapes.AuditShape, 201),
        tags=["customers"],
    )
    def post(self, request: Request, account_no: str, decision_no: str) -> Response:
        """Record that the decision was explained to the customer, and how."""
        decision = self._decision(request, account_no, decision_no)
        values = given(ExplainedRequest, request)
        entry = done(lambda: explain_decision(actor=Actor.of(request.user), decision=decision, **values))
        return entry if isinstance(entry, Response) else Response(shapes.AuditShape(entry).data, status=201)

    @staticmethod
    def _decision(request: Request, account_no: str, decision_no: str) -> Decision:
        loaded = loaded_or_404(account_no, user=request.user)
        rows = Decision.objects.select_related("reason", "account")
        found = rows.filter(account_id=loaded.head.account.pk, reference=decision_no).first()
        if found is None:
            raise NotFound(f"account {account_no} has no decision {decision_no}")
        return found
