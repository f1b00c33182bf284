"""What is kept in versions, over the API: one set of endpoints for every kind; the same operations as the pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from outreach.api import shapes
from outreach.api.answers import TAG, OutreachView, answers, read
from outreach.models.versions import Version
from outreach.operations import versions
from outreach.operations.versions import Kind
from riskops.shared.audit import Actor

#: What every version tells beside what it says.
COMMON = ("version", "status", "revision", "live_from", "drafted_by_name", "approved_by_name")
#: Of that, all but the revision is nothing that a change brings.
READ_ONLY = tuple(name for name in COMMON if name != "revision")


@dataclass(frozen=True, slots=True)
class VersionEndpoints:
    """The endpoints of one kind, for api/urls.py; all but the list take the key and the version."""

    all: Any
    one: Any
    proposal: Any
    approval: Any
    send_back: Any
    drop: Any
    withdrawal: Any


def version_endpoints(
    kind: Kind[Any],
    *,
    name: str,
    shape: type[serializers.ModelSerializer[Any]],
    view_operation: str,
    draft_request: type[serializers.Serializer[Any]],
    draft: Callable[[Actor, dict[str, Any]], Version],
) -> VersionEndpoints:
    """Return the endpoints of one kind.

    :param name: what the document of the API calls one, e.g. "contact policy"
    :param draft_request: what a new draft is asked for by
    :param draft: begins it, of what was read
    """

    class All(OutreachView):
        """The versions of all keys."""

        operation = {"GET": view_operation, "POST": kind.draft}

        @extend_schema(summary=f"List every version of every {name}", responses=shape(many=True), tags=TAG)
        def get(self, request: Request) -> Response:
            """Return every version of every key, the latest of each first."""
            return Response(shape(kind.rows.order_by(kind.model.KEY, "-version"), many=True).data)

        @extend_schema(summary=f"Draft a {name}", request=draft_request, responses=answers(shape, status=201), tags=TAG)
        def post(self, request: Request) -> Response:
            """Begin the next version of a key, or a new key."""
            return out(draft(Actor.of(request.user), read(draft_request, request)), status=201)

    class One(OutreachView):
        """One version."""

        operation = {"GET": view_operation, "PATCH": kind.draft}

        @extend_schema(summary=f"Get a {name}", responses=answers(shape), tags=TAG)
        def get(self, request: Request, key: str, version: int) -> Response:
            """Return one version."""
            row = kind.of(key).filter(version=version).first()
            if row is None:
                raise NotFound(f"there is no {name} {key} v{version}")
            return Response(shape(row).data)

        @extend_schema(summary=f"Change a draft of a {name}", request=shape, responses=answers(shape), tags=TAG)
        def patch(self, request: Request, key: str, version: int) -> Response:
            """Change a draft; what is not sent stays."""
            asked = shape(data=request.data, partial=True)
            asked.is_valid(raise_exception=True)
            values = dict(asked.validated_data)
            revision = values.pop("revision", 0)
            about: dict[str, Any] = {"key": key, "version": version, "revision": revision, "values": values}
            return out(versions.change_draft(kind, actor=Actor.of(request.user), **about))

    class Proposal(OutreachView):
        """Asking for approval."""

        operation = kind.draft

        @extend_schema(summary=f"Propose a {name}", request=shapes.ProposeRequest, responses=answers(shape), tags=TAG)
        def post(self, request: Request, key: str, version: int) -> Response:
            """Ask for the approval of a draft, to hold from a day."""
            return out(versions.propose(kind, **about(request, key, version), **read(shapes.ProposeRequest, request)))

    class Approval(OutreachView):
        """Approving."""

        operation = kind.approve

        @extend_schema(summary=f"Approve a {name}", request=None, responses=answers(shape), tags=TAG)
        def post(self, request: Request, key: str, version: int) -> Response:
            """Approve what somebody else proposed."""
            return out(versions.approve(kind, **about(request, key, version)))

    class SendBack(OutreachView):
        """Sending back."""

        operation = kind.approve

        @extend_schema(summary=f"Send a {name} back", request=shapes.ReasonRequest, responses=answers(shape), tags=TAG)
        def post(self, request: Request, key: str, version: int) -> Response:
            """Send a proposal back to be a draft again."""
            who: dict[str, Any] = {"actor": Actor.of(request.user), "key": key, "version": version}
            return out(versions.send_back(kind, **who, **read(shapes.ReasonRequest, request)))

    class Drop(OutreachView):
        """Dropping a draft."""

        operation = kind.draft

        @extend_schema(summary=f"Drop a draft of a {name}", request=shapes.ReasonRequest, responses=answers(shape), tags=TAG)
        def post(self, request: Request, key: str, version: int) -> Response:
            """Drop a draft: whoever may write one may."""
            return out(versions.withdraw(kind, **about(request, key, version), **read(shapes.ReasonRequest, request)))

    class Withdrawal(OutreachView):
        """Withdrawing."""

        operation = kind.approve

        @extend_schema(summary=f"Withdraw a {name}", request=shapes.ReasonRequest, responses=answers(shape), tags=TAG)
        def post(self, request: Request, key: str, version: int) -> Response:
            """Withdraw an approved version before its day, or drop a draft."""
            return out(versions.withdraw(kind, **about(request, key, version), **read(shapes.ReasonRequest, request)))

    def about(request: Request, key: str, version: int) -> dict[str, Any]:
        return {"actor": Actor.of(request.user), "key": key, "version": version, "today": timezone.localdate()}

    def out(row: Version, *, status: int = 200) -> Response:
        row.refresh_from_db()
        return Response(shape(row).data, status=status)

    return VersionEndpoints(All, One, Proposal, Approval, SendBack, Drop, Withdrawal)
