"""Contact policies over the API: the same operations as the pages, the same refusals."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from outreach.api import shapes
from outreach.api.answers import TAG, OutreachView, answers, read
from outreach.models import ContactPolicy
from outreach.operations import policies
from outreach.roles import APPROVE_CONTACT_POLICY, DRAFT_CONTACT_POLICY, VIEW_CONTACT_POLICY
from riskops.shared.audit import Actor

_SHAPE = shapes.ContactPolicyShape


def _out(policy: ContactPolicy, *, status: int = 200) -> Response:
    policy.refresh_from_db()
    return Response(_SHAPE(policy).data, status=status)


class ContactPolicies(OutreachView):
    """The versions of all profiles."""

    operation: ClassVar[Any] = {"GET": VIEW_CONTACT_POLICY, "POST": DRAFT_CONTACT_POLICY}

    @extend_schema(summary="List contact policies", responses=_SHAPE(many=True), tags=TAG)
    def get(self, request: Request) -> Response:
        """Return every version of every profile, the latest of each first."""
        return Response(_SHAPE(ContactPolicy.objects.all(), many=True).data)

    @extend_schema(
        summary="Draft a contact policy", request=shapes.DraftPolicyRequest, responses=answers(_SHAPE, status=201), tags=TAG
    )
    def post(self, request: Request) -> Response:
        """Begin the next version of a profile, or a new profile, as a copy."""
        values = read(shapes.DraftPolicyRequest, request)
        return _out(policies.draft_policy(actor=Actor.of(request.user), **values), status=201)


class ContactPolicyDetail(OutreachView):
    """One version."""

    operation: ClassVar[Any] = {"GET": VIEW_CONTACT_POLICY, "PATCH": DRAFT_CONTACT_POLICY}

    @extend_schema(summary="Get a contact policy", responses=answers(_SHAPE), tags=TAG)
    def get(self, request: Request, profile: str, version: int) -> Response:
        """Return one version."""
        policy = ContactPolicy.objects.filter(profile=profile, version=version).first()
        if policy is None:
            raise NotFound(f"there is no contact policy {profile} v{version}")
        return Response(_SHAPE(policy).data)

    @extend_schema(summary="Change a draft of a contact policy", request=_SHAPE, responses=answers(_SHAPE), tags=TAG)
    def patch(self, request: Request, profile: str, version: int) -> Response:
        """Change figures of a draft; those that are not sent stay."""
        asked = _SHAPE(data=request.data, partial=True)
        asked.is_valid(raise_exception=True)
        values = dict(asked.validated_data)
        revision = values.pop("revision", 0)
        return _out(
            policies.change_policy(
                actor=Actor.of(request.user), profile=profile, version=version, revision=revision, values=values
            )
        )


class ContactPolicyProposal(OutreachView):
    """Asking for approval."""

    operation: ClassVar[Any] = DRAFT_CONTACT_POLICY

    @extend_schema(summary="Propose a contact policy", request=shapes.ProposePolicyRequest, responses=answers(_SHAPE), tags=TAG)
    def post(self, request: Request, profile: str, version: int) -> Response:
        """Ask for the approval of a draft, to hold from a day after today."""
        values = read(shapes.ProposePolicyRequest, request)
        row = policies.propose_policy(
            actor=Actor.of(request.user), profile=profile, version=version, today=timezone.localdate(), **values
        )
        return _out(row)


class ContactPolicyApproval(OutreachView):
    """Approving."""

    operation: ClassVar[Any] = APPROVE_CONTACT_POLICY

    @extend_schema(summary="Approve a contact policy", request=None, responses=answers(_SHAPE), tags=TAG)
    def post(self, request: Request, profile: str, version: int) -> Response:
        """Approve what somebody else proposed."""
        row = policies.approve_policy(actor=Actor.of(request.user), profile=profile, version=version, today=timezone.localdate())
        return _out(row)


class ContactPolicyReturn(OutreachView):
    """Sending back."""

    operation: ClassVar[Any] = APPROVE_CONTACT_POLICY

    @extend_schema(summary="Send a contact policy back", request=shapes.ReasonRequest, responses=answers(_SHAPE), tags=TAG)
    def post(self, request: Request, profile: str, version: int) -> Response:
        """Send a proposal back to be a draft again."""
        values = read(shapes.ReasonRequest, request)
        return _out(policies.return_policy(actor=Actor.of(request.user), profile=profile, version=version, **values))


class ContactPolicyWithdrawal(OutreachView):
    """Dropping and withdrawing."""

    operation: ClassVar[Any] = APPROVE_CONTACT_POLICY

    @extend_schema(summary="Withdraw a contact policy", request=shapes.ReasonRequest, responses=answers(_SHAPE), tags=TAG)
    def post(self, request: Request, profile: str, version: int) -> Response:
        """Drop a draft, or withdraw an approved version before its day."""
        values = read(shapes.ReasonRequest, request)
        row = policies.withdraw_policy(
            actor=Actor.of(request.user), profile=profile, version=version, today=timezone.localdate(), **values
        )
        return _out(row)
