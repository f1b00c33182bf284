"""Tier policies by API: the same operations as the pages, the same refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.refusing import loaded_or_404
from accounts.models import Product
from accounts.roles import VIEW_ACCOUNTS
from casework.api import shapes
from casework.models import BusinessCalendar, TierPolicy
from casework.operations import tier_drafts, tier_policies
from casework.operations.calendars import CalendarSettings, save_calendar
from casework.operations.refusals import CaseworkRefusal, TiersMalformed
from casework.operations.tier_drafts import TierDraft
from casework.policies import live_policy_row, parsed
from casework.queries.dry_run import DryRun, movers
from casework.queries.policy_pages import day_in_force, last_closed_day
from casework.queries.why import why_in_tier
from casework.queries.workload import workloads
from casework.roles import APPROVE_TIERS, DRAFT_TIERS, DRY_RUN_TIERS, EDIT_CALENDARS, VIEW_TIERS
from riskops.shared.audit import Actor
from riskops.shared.day import CloseIsRunning
from riskops.shared.roles import MayOperate
from riskops.shared.rule_language import RuleRefusal
from riskops.shared.scope import Scope, refuse_limited_scope, scope_of

_ANSWERS: dict[int, Any] = {
    200: shapes.TierPolicyDetailShape,
    404: OpenApiResponse(shapes.TierRefusalShape, description="no such version"),
    409: OpenApiResponse(shapes.TierRefusalShape, description="its state, a later change or another version stands in the way"),
    422: OpenApiResponse(shapes.TierRefusalShape, description="a value that is not taken; nothing was done"),
}


def refused(refusal: CaseworkRefusal | CloseIsRunning) -> Response:
    """Return 404 for what is not there, 409 for what stands in the way, 422 for a value that is not taken."""
    if isinstance(refusal, CloseIsRunning):
        return Response({"code": "close_is_running", "about": "", "detail": str(refusal)}, status=409)
    status = 404 if refusal.is_not_there else 409 if refusal.is_in_the_way else 422
    answer: dict[str, Any] = {"code": refusal.code, "about": refusal.about, "detail": str(refusal)}
    if isinstance(refusal, TiersMalformed):
        answer["problems"] = [{"tier": p.position, "field": p.field, "message": p.message} for p in refusal.problems]
    return Response(answer, status=status)


def _asked(shape: Any, request: Request) -> dict[str, Any]:
    asked = shape(data=request.data)
    asked.is_valid(raise_exception=True)
    values: dict[str, Any] = asked.validated_data
    return values


def _live_version() -> int | None:
    live = live_policy_row(day_in_force(timezone.localdate()))
    return live.version if live else None


def _detail(version: int, scope: Scope) -> dict[str, Any]:
    policy = TierPolicy.objects.select_related("calendar").filter(version=version).first()
    if policy is None:
        raise NotFound(f"there is no version {version} of the tier policy")
    tiers = list(policy.tiers.order_by("position"))
    dry_run = None
    if policy.dry_run:
        today = timezone.localdate()
        found = DryRun.from_json(policy.dry_run).cut_to(scope)
        live = live_policy_row(day_in_force(today))
        dry_run = shapes.dry_run_out(
            found,
            is_current=policy.dry_run_revision == policy.revision and found.as_of == last_closed_day(),
            workloads=workloads(found, before=live.tiers.all() if live else (), after=tiers, today=today),
            currencies=dict(Product.objects.values_list("product_code", "currency")),
        )
    return {
        **shapes.policy_out(policy, is_live=policy.version == _live_version()),
        "tiers": [shapes.tier_out(tier) for tier in tiers],
        "dry_run": dry_run,
    }


class _Step(APIView):
    """One step of a version."""

    permission_classes = [MayOperate]
    operation: Any = DRAFT_TIERS

    def done(self, request: Request, version: int, act: Callable[[], Any], *, status: int = 200) -> Response:
        """Do the step and return the version as it is then, or the refusal."""
        try:
            act()
        except (CaseworkRefusal, CloseIsRunning) as refusal:
            return refused(refusal)
        return Response(_detail(version, scope_of(request.user)), status=status)


class TierPolicies(APIView):
    """The versions of the policy."""

    permission_classes = [MayOperate]
    operation = {"GET": VIEW_TIERS, "POST": DRAFT_TIERS}

    @extend_schema(summary="List tier policies", responses=shapes.TierPoliciesShape, tags=["tiers"])
    def get(self, request: Request) -> Response:
        """Return every version, the newest first."""
        live = _live_version()
        rows = TierPolicy.objects.select_related("calendar").order_by("-version")
        return Response({"results": [shapes.policy_out(row, is_live=row.version == live) for row in rows]})

    @extend_schema(
        summary="Draft a tier policy",
        request=shapes.DraftRequest,
        responses={**{status: shape for status, shape in _ANSWERS.items() if status != 200}, 201: shapes.TierPolicyDetailShape},
        tags=["tiers"],
    )
    def post(self, request: Request) -> Response:
        """Begin the next version as a copy of one there is."""
        try:
            made = tier_drafts.draft_policy(actor=Actor.of(request.user), **_asked(shapes.DraftRequest, request))
        except CaseworkRefusal as refusal:
            return refused(refusal)
        return Response(_detail(made.version, scope_of(request.user)), status=201)


class TierPolicyDetail(_Step):
    """One version."""

    operation = {"GET": VIEW_TIERS, "PUT": DRAFT_TIERS}

    @extend_schema(summary="Get a tier policy", responses=shapes.TierPolicyDetailShape, tags=["tiers"])
    def get(self, request: Request, version: int) -> Response:
        """Return a version with its tiers and its last dry run."""
        return Response(_detail(version, scope_of(request.user)))

    @extend_schema(summary="Change a draft", request=shapes.ChangeRequest, responses=_ANSWERS, tags=["tiers"])
    def put(self, request: Request, version: int) -> Response:
        """Write a draft anew, as a whole."""
        values = _asked(shapes.ChangeRequest, request)
        calendar = BusinessCalendar.objects.filter(name=values["calendar"]).first()
        tiers = [TierDraft(**{**tier, "interventions": tuple(tier["interventions"])}) for tier in values["tiers"]]
        return self.done(
            request,
            version,
            lambda: tier_drafts.change_draft(
                actor=Actor.of(request.user),
                version=version,
                revision=values["revision"],
                note=values["note"],
                calendar_id=calendar.pk if calendar else 0,
                tiers=tiers,
            ),
        )


class TierPolicyDryRun(_Step):
    """Trying a version on today's book."""

    operation = DRY_RUN_TIERS

    @extend_schema(summary="Dry-run a tier policy", request=None, responses=_ANSWERS, tags=["tiers"])
    def post(self, request: Request, version: int) -> Response:
        """Try a draft or a proposal on today's book; nothing is placed by it."""
        return self.done(request, version, lambda: tier_policies.dry_run_policy(actor=Actor.of(request.user), version=version))


class TierPolicyProposal(_Step):
    """Asking for approval."""

    @extend_schema(summary="Propose a tier policy", request=shapes.ProposeRequest, responses=_ANSWERS, tags=["tiers"])
    def post(self, request: Request, version: int) -> Response:
        """Ask for the approval of a draft whose dry run is of today's book."""
        values = _asked(shapes.ProposeRequest, request)
        return self.done(
            request, version, lambda: tier_policies.propose_policy(actor=Actor.of(request.user), version=version, **values)
        )


class TierPolicyApproval(_Step):
    """The second person."""

    operation = APPROVE_TIERS

    @extend_schema(summary="Approve a tier policy", request=shapes.ApproveRequest, responses=_ANSWERS, tags=["tiers"])
    def post(self, request: Request, version: int) -> Response:
        """Approve what somebody else proposed. For who sees the whole book."""
        refuse_limited_scope(request.user)
        values = _asked(shapes.ApproveRequest, request)
        return self.done(
            request, version, lambda: tier_policies.approve_policy(actor=Actor.of(request.user), version=version, **values)
        )


class TierPolicyReturn(_Step):
    """Back to its author."""

    operation = APPROVE_TIERS

    @extend_schema(summary="Send a tier policy back", request=shapes.ReasonRequest, responses=_ANSWERS, tags=["tiers"])
    def post(self, request: Request, version: int) -> Response:
        """Make a proposal a draft again."""
        values = _asked(shapes.ReasonRequest, request)
        return self.done(
            request, version, lambda: tier_policies.return_policy(actor=Actor.of(request.user), version=version, **values)
        )


class TierPolicyWithdrawal(_Step):
    """Before its first day."""

    operation = APPROVE_TIERS

    @extend_schema(summary="Withdraw a tier policy", request=shapes.ReasonRequest, responses=_ANSWERS, tags=["tiers"])
    def post(self, request: Request, version: int) -> Response:
        """Withdraw an approved version before its first day is closed."""
        values = _asked(shapes.ReasonRequest, request)
        return self.done(
            request, version, lambda: tier_policies.withdraw_policy(actor=Actor.of(request.user), version=version, **values)
        )


class TierPolicyDrop(_Step):
    """Giving a draft up."""

    @extend_schema(summary="Drop a draft", request=shapes.ReasonRequest, responses=_ANSWERS, tags=["tiers"])
    def post(self, request: Request, version: int) -> Response:
        """Give a draft up."""
        values = _asked(shapes.ReasonRequest, request)
        return self.done(
            request, version, lambda: tier_drafts.drop_draft(actor=Actor.of(request.user), version=version, **values)
        )


class TierPolicyMovers(APIView):
    """Who would move."""

    permission_classes = [MayOperate]
    operation = VIEW_TIERS

    @extend_schema(
        summary="List who would move",
        parameters=[
            OpenApiParameter("from", str, description="only those from this tier; empty: from none"),
            OpenApiParameter("to", str, description="only those to this tier; empty: to none"),
            OpenApiParameter("after", int, description="`next` of the page before"),
        ],
        responses=shapes.MoversShape,
        tags=["tiers"],
    )
    def get(self, request: Request, version: int) -> Response:
        """Return a page of the accounts you may see that a version would move today."""
        policy = TierPolicy.objects.filter(version=version).first()
        as_of = last_closed_day()
        if policy is None or as_of is None:
            raise NotFound(f"there is no version {version} of the tier policy, or no closed day")
        after = request.query_params.get("after", "0")
        if not (after.isdecimal() and len(after) <= 18):
            raise ValidationError({"after": "not understood"})
        try:
            placed_by = parsed(policy)
        except RuleRefusal as refusal:
            return Response({"code": "rule_refused", "about": "rule", "detail": str(refusal)}, status=422)
        page = movers(
            placed_by,
            as_of=as_of,
            scope=scope_of(request.user),
            from_tier=request.query_params.get("from"),
            to_tier=request.query_params.get("to"),
            after=int(after),
        )
        return Response({"as_of": as_of, "results": [shapes.mover_out(row) for row in page.rows], "next": page.next_after})


class BusinessCalendars(APIView):
    """The calendars that service times run by."""

    permission_classes = [MayOperate]
    operation = {"GET": VIEW_TIERS, "POST": EDIT_CALENDARS}

    @extend_schema(summary="List business calendars", responses=shapes.CalendarsShape, tags=["tiers"])
    def get(self, request: Request) -> Response:
        """Return every calendar, by name."""
        rows = BusinessCalendar.objects.order_by("name")
        return Response({"results": [shapes.CalendarShape(row).data for row in rows]})

    @extend_schema(
        summary="Make or change a business calendar",
        request=shapes.CalendarShape,
        responses={200: shapes.CalendarShape, 422: shapes.TierRefusalShape},
        tags=["tiers"],
    )
    def post(self, request: Request) -> Response:
        """Make a calendar, or change the one of that name."""
        settings = CalendarSettings(**_asked(shapes.CalendarShape, request))
        there = BusinessCalendar.objects.filter(name=settings.name).first()
        try:
            saved = save_calendar(actor=Actor.of(request.user), settings=settings, calendar_id=there.pk if there else None)
        except CaseworkRefusal as refusal:
            return refused(refusal)
        return Response(shapes.CalendarShape(saved).data)


class AccountTier(APIView):
    """The tier of an account."""

    permission_classes = [MayOperate]
    operation = VIEW_ACCOUNTS

    @extend_schema(summary="Say why an account is in its tier", responses=shapes.WhyShape, tags=["tiers"])
    def get(self, request: Request, account_no: str) -> Response:
        """Return the tier with the values compared, and the changes that led there."""
        loaded = loaded_or_404(account_no, user=request.user)
        why = why_in_tier(loaded)
        if why is None:
            raise NotFound("accounts have tiers from the first close of business on")
        return Response(shapes.why_out(account_no, why))
