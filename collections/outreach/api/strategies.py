"""Strategies over the API, and accounts on their ladders: the same operations as the pages, the same refusals."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import CreditAccount
from outreach.api import strategy_shapes as shapes
from outreach.api.answers import TAG, OutreachView, account_of, answers
from outreach.api.versions import version_endpoints
from outreach.operations.planning import plan_now
from outreach.operations.strategies import STRATEGIES, try_strategy
from outreach.operations.versions import draft_next
from outreach.queries.ladder_place import LineStand, ladder_stand
from outreach.roles import DRAFT_STRATEGY, PLAN_MESSAGES, VIEW_STRATEGY
from outreach.rules.ladders import Step
from riskops.shared.audit import Actor
from riskops.shared.day import book_state

ENDPOINTS = version_endpoints(
    STRATEGIES,
    name="collection strategy",
    shape=shapes.StrategyShape,
    view_operation=VIEW_STRATEGY,
    draft_request=shapes.DraftStrategyRequest,
    draft=lambda actor, values: draft_next(
        STRATEGIES, actor=actor, copy_of=values["copy_of"], key=values["code"], note=values["note"]
    ),
)


class StrategyTry(OutreachView):
    """Trying a version on the book."""

    operation: ClassVar[Any] = DRAFT_STRATEGY

    @extend_schema(summary="Run a collection strategy dry", request=None, responses=answers(shapes.StrategyShape), tags=TAG)
    def post(self, request: Request, key: str, version: int) -> Response:
        """Count what a draft would send in 30 days on the book of the last closed day, and keep it with the draft."""
        try_strategy(actor=Actor.of(request.user), key=key, version=version, now=timezone.now())
        return Response(shapes.StrategyShape(STRATEGIES.of(key).get(version=version)).data)


class AccountLadder(OutreachView):
    """One account on the ladder of its strategy."""

    operation: ClassVar[Any] = {"GET": VIEW_STRATEGY, "POST": PLAN_MESSAGES}

    @extend_schema(summary="Get where an account stands on its ladder", responses=answers(shapes.LadderStandShape), tags=TAG)
    def get(self, request: Request, account_no: str) -> Response:
        """Return what is due on the day after the last closed one, what comes next, and what was planned."""
        return Response(_stand(_account(request, account_no)))

    @extend_schema(
        summary="Queue what is due for one account", request=None, responses=answers(shapes.LadderStandShape), tags=TAG
    )
    def post(self, request: Request, account_no: str) -> Response:
        """Queue the messages due for an account without waiting for the close."""
        account = _account(request, account_no)
        plan_now(actor=Actor.of(request.user), account=account, now=timezone.now())
        return Response(_stand(account))


def _account(request: Request, account_no: str) -> CreditAccount:
    found = account_of(request, account_no)
    return CreditAccount.objects.select_related("product", "customer", "signals").get(pk=found.pk)


def _stand(account: CreditAccount) -> dict[str, Any]:
    as_of = book_state().business_date
    today = as_of + timedelta(days=1) if as_of else None
    stand = ladder_stand(account, as_of=as_of, today=today) if as_of and today else None
    return {
        "account_no": account.account_no,
        "day": today,
        "strategy": str(stand.strategy) if stand else None,
        "lines": [_line(line) for line in stand.lines] if stand else [],
    }


def _line(line: LineStand) -> dict[str, Any]:
    return {
        "anchor": str(line.anchor),
        "episode": line.episode,
        "due": _step(line.due, line.episode),
        "coming": _step(line.coming, line.episode),
        "planned": shapes.PlannedShape(line.planned, many=True).data,
    }


def _step(step: Step | None, episode: date) -> dict[str, Any] | None:
    return {"code": step.code, "act": str(step.act), "day": step.day(episode)} if step else None
