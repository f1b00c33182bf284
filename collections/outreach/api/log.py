"""The log of contacts over the API, and its audit."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from outreach.api import shapes
from outreach.api.answers import TAG, OutreachView, answers, read
from outreach.queries.log import audit_period, contacts_made, contacts_refused, read_filters
from outreach.roles import AUDIT_CONTACTS, VIEW_CONTACT_LOG
from riskops.shared.scope import refuse_limited_scope

_COMMON = [
    OpenApiParameter("account", str, description="account number"),
    OpenApiParameter("channel", str, description="call, voice_bot, sms, email, push, letter, visit"),
    OpenApiParameter("first", str, description="the first day, e.g. 2025-03-01"),
    OpenApiParameter("last", str, description="the last day"),
    OpenApiParameter("after", str, description="`next` of the page before"),
]


class ContactLog(OutreachView):
    """The contacts that were made."""

    operation: ClassVar[Any] = VIEW_CONTACT_LOG

    @extend_schema(
        summary="List contacts",
        parameters=[*_COMMON, OpenApiParameter("outcome", str, description="how it ended; `open`: not yet")],
        responses=shapes.LogShape,
        tags=TAG,
    )
    def get(self, request: Request) -> Response:
        """Return a page, newest first."""
        page = contacts_made(request.user, read_filters(request.query_params))
        return Response({"results": [shapes.contact_out(row) for row in page.rows], "next": page.next_after})


class RefusedContacts(OutreachView):
    """The contacts that were refused."""

    operation: ClassVar[Any] = VIEW_CONTACT_LOG

    @extend_schema(
        summary="List refused contacts",
        parameters=[*_COMMON, OpenApiParameter("rule", str, description="id of the rule, e.g. quiet-hours")],
        responses=shapes.DenialsShape,
        tags=TAG,
    )
    def get(self, request: Request) -> Response:
        """Return a page, newest first."""
        page = contacts_refused(request.user, read_filters(request.query_params))
        return Response({"results": [shapes.denial_out(row) for row in page.rows], "next": page.next_after})


class ContactAudit(OutreachView):
    """The log judged again."""

    operation: ClassVar[Any] = AUDIT_CONTACTS

    @extend_schema(summary="Judge contacts again", request=shapes.PeriodRequest, responses=answers(shapes.AuditShape), tags=TAG)
    def post(self, request: Request) -> Response:
        """Judge every contact of at most 31 days again by the policy of its day."""
        refuse_limited_scope(request.user)
        found = audit_period(**read(shapes.PeriodRequest, request))
        return Response(
            {
                "contacts": found.contacts,
                "found": found.found,
                "by_rule": dict(found.by_rule),
                "results": [
                    {"contact": violation.contact.pk, **shapes.verdict_out(violation.verdict)} for violation in found.shown
                ],
                "unlogged": found.unlogged,
                "unlogged_outcomes": [
                    {"at": one.at, "account_no": one.account_no, "action": one.action, "outcome": one.outcome, "by": one.by}
                    for one in found.unlogged_shown
                ],
            }
        )
