"""Bulk actions on the worklist over the API."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, time
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from casework import work_roles as may_do
from casework.api import worklist_shapes as shapes
from casework.api.worklist_answers import TAG, WorkView, answers, read
from casework.operations import bulk_actions
from casework.queries.queues import report_in_sight
from riskops.shared.audit import Actor
from riskops.shared.roles import may
from riskops.shared.scope import scope_of


class BulkPreview(WorkView):
    """What a bulk action would meet."""

    operation = may_do.BULK_WORK

    @extend_schema(
        summary="Preview a bulk action", request=shapes.BulkRequest, responses=answers(shapes.BulkPreviewShape), tags=TAG
    )
    def post(self, request: Request) -> Response:
        """Return how many of the items an action may go to, and why not to the others. Nothing is written."""
        values, now = _bulk(request), timezone.now()
        preview = bulk_actions.preview_bulk(
            actor=Actor.of(request.user),
            scope=scope_of(request.user),
            action=values["action"],
            item_ids=values["items"],
            now=now,
            today=timezone.localdate(now),
        )
        return Response(
            {
                "selected": len(preview.selected),
                "free": preview.free,
                "blocked": [{"reason": reason, "count": count} for reason, count in preview.blocked],
            }
        )


def _bulk(request: Request) -> dict[str, Any]:
    values = read(shapes.BulkRequest, request)
    if not may(request.user, bulk_actions.ACTIONS[values["action"]]):
        raise PermissionDenied(f"your roles do not allow the action {values['action']}")
    return values


class Bulk(WorkView):
    """A bulk action."""

    operation = may_do.BULK_WORK

    @extend_schema(summary="Act on many items", request=shapes.BulkRequest, responses=answers(shapes.BulkShape), tags=TAG)
    def post(self, request: Request) -> Response:
        """Do an action to each item by itself and return what became of each. The same reference again does nothing more, and
        tells of what is in sight by now.
        """
        values = _bulk(request)
        action, until = values["action"], values["until"]
        if action == "assign":
            parameters: dict[str, Any] = {"username": values["username"]}
        elif until is None:
            raise ValidationError({"until": "a day is needed"})
        elif action == "boost":
            parameters = {"factor": values["factor"], "until": until, "reason": values["reason"]}
        else:
            moment = timezone.make_aware(datetime.combine(until, time(9)), timezone.get_default_timezone())
            parameters = {"until": moment.astimezone(UTC), "reason": values["reason"]}
        made = bulk_actions.run_bulk(
            actor=Actor.of(request.user),
            scope=scope_of(request.user),
            action=action,
            item_ids=values["items"],
            parameters=parameters,
            reference=values["reference"] or secrets.token_hex(12),
            now=timezone.now(),
        )
        names = ("account_no", "done", "reason", "record")
        results = [dict(zip(names, row, strict=True)) for row in report_in_sight(made, user=request.user)]
        return Response({"id": made.pk, "action": made.action, "results": results})
