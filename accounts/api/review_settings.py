"""Reason codes and sweeps of reviews over the API."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.review_answers import TAGS, answers, done, given
from accounts.api.review_shapes import ReasonRequest, ReasonShape, SweepRequest, SweepRunShape, SweepShape
from accounts.api.reviews import ReviewsView
from accounts.models import ReviewReason, ReviewSweep
from accounts.operations.review_reasons import save_review_reason
from accounts.operations.review_sweeps import SweepSettings, run_sweep, save_sweep
from accounts.operations.reviewing import (
    business_day,
)
from accounts.roles import (
    EDIT_REVIEW_REASONS,
    EDIT_SWEEP,
    VIEW_REVIEWS,
)
from riskops.shared.audit import Actor
from riskops.shared.scope import scope_of


def _sweep_out(sweep: ReviewSweep, user: Any) -> dict[str, Any]:
    names = [*SweepRequest().fields, "products", "last_run_on", "last_failure"]
    opened = sweep.last_opened if scope_of(user).covers(sweep.scope) else None
    return {"id": sweep.pk, **{name: getattr(sweep, name) for name in names}, "last_opened": opened}


class ReviewReasons(ReviewsView):
    """Reason codes."""

    @extend_schema(summary="List reason codes of reviews", responses=ReasonShape(many=True), tags=TAGS)
    def get(self, request: Request) -> Response:
        """Return every code, those out of use as well."""
        return Response(ReasonShape(ReviewReason.objects.order_by("code"), many=True).data)


class ReviewReasonDetail(ReviewsView):
    """One reason code."""

    operation = EDIT_REVIEW_REASONS

    @extend_schema(
        summary="Add or change a reason code of reviews", request=ReasonRequest, responses=answers(ReasonShape), tags=TAGS
    )
    def put(self, request: Request, code: str) -> Response:
        """Add the reason of this code, or change it; reviews that carry it keep it."""
        values = given(ReasonRequest, request)
        saved = done(lambda: save_review_reason(actor=Actor.of(request.user), code=code, **values))
        return saved if isinstance(saved, Response) else Response(ReasonShape(saved).data)


# Sweeps and quality -----------------------------------------------------------------------------------------------


class ReviewSweeps(ReviewsView):
    """Sweeps."""

    operation = {"GET": VIEW_REVIEWS, "POST": EDIT_SWEEP}

    @extend_schema(summary="List review sweeps", responses=SweepShape(many=True), tags=TAGS)
    def get(self, request: Request) -> Response:
        """Return every sweep with its last run."""
        return Response([_sweep_out(sweep, request.user) for sweep in ReviewSweep.objects.order_by("code")])

    @extend_schema(summary="Set up a review sweep", request=SweepRequest, responses=answers(SweepShape, 201), tags=TAGS)
    def post(self, request: Request) -> Response:
        """Set up a sweep of what you may see; an active one has its rule measured on the present book first."""
        values = given(SweepRequest, request)
        values.pop("version")
        saved = done(lambda: save_sweep(actor=Actor.of(request.user), settings=SweepSettings(**values)))
        return saved if isinstance(saved, Response) else Response(_sweep_out(saved, request.user), status=201)


class ReviewSweepDetail(ReviewsView):
    """One sweep."""

    operation = EDIT_SWEEP

    @extend_schema(summary="Change a review sweep", request=SweepRequest, responses=answers(SweepShape), tags=TAGS)
    def put(self, request: Request, sweep_id: int) -> Response:
        """Change a sweep, from the version it was read at; its code stays."""
        values = given(SweepRequest, request)
        version = values.pop("version")
        settings = SweepSettings(**values)
        saved = done(lambda: save_sweep(actor=Actor.of(request.user), settings=settings, sweep_id=sweep_id, version=version))
        return saved if isinstance(saved, Response) else Response(_sweep_out(saved, request.user))


class ReviewSweepRun(ReviewsView):
    """Running a sweep now."""

    operation = EDIT_SWEEP

    @extend_schema(summary="Run a review sweep", request=None, responses=answers(SweepRunShape), tags=TAGS)
    def post(self, request: Request, sweep_id: int) -> Response:
        """Run an active sweep as of the last closed day; what is open or cools off is passed over."""
        opened = done(lambda: run_sweep(actor=Actor.of(request.user), sweep_id=sweep_id, day=business_day()))
        return opened if isinstance(opened, Response) else Response({"opened": opened})
