"""Quality of closed reviews over the API: samples drawn, figures, findings."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.review_answers import TAGS, answers, done, given
from accounts.api.review_shapes import QualityShape, ReviewerShape, SampleRequest, SampleShape
from accounts.api.reviews import ReviewsView, grade_out
from accounts.models import QualitySample
from accounts.operations.review_sampling import draw_sample
from accounts.operations.reviewing import (
    business_day,
)
from accounts.queries.review_quality import quality_page
from accounts.roles import (
    DRAW_SAMPLE,
)
from riskops.shared.audit import Actor
from riskops.shared.people.conflicts import conflicted_customers
from riskops.shared.scope import scope_of


class ReviewSamples(ReviewsView):
    """Samples of closed reviews."""

    operation = DRAW_SAMPLE

    @extend_schema(
        summary="Draw a quality sample of reviews", request=SampleRequest, responses=answers(SampleShape, 201), tags=TAGS
    )
    def post(self, request: Request) -> Response:
        """Draw of each reviewer their percentage, one review at least; the same seed draws the same ones."""
        values = given(SampleRequest, request)
        drawn = done(lambda: draw_sample(actor=Actor.of(request.user), **values))
        if isinstance(drawn, Response):
            return drawn
        sample: QualitySample = drawn
        # Drawn of the whole book; of it each person is shown what they may see.
        seen = scope_of(request.user).accounts(sample.grades.select_related("reviewer"), product="review__account__product")
        seen = seen.exclude(review__customer_id__in=conflicted_customers(request.user))
        grades = [grade_out(grade) for grade in seen.order_by("review_id")]
        return Response({"id": sample.pk, **values, "grades": grades}, status=201)


class ReviewQuality(ReviewsView):
    """Quality of closed reviews."""

    @extend_schema(
        summary="Get the quality of reviews",
        parameters=[
            OpenApiParameter("from", str, description="first day of closing; default: 90 days before `to`"),
            OpenApiParameter("to", str, description="last day of closing; default: the last closed day"),
        ],
        responses=QualityShape,
        tags=TAGS,
    )
    def get(self, request: Request) -> Response:
        """Return figures by reviewer, what waits for a grade, and the findings of a period."""
        last = self._day(request, "to") or business_day()
        first = self._day(request, "from") or last - timedelta(days=90)
        page = quality_page(scope=scope_of(request.user), user=request.user, closed_from=min(first, last), closed_to=last)
        names = ReviewerShape().fields
        return Response(
            {
                "closed_from": page.closed_from,
                "closed_to": page.closed_to,
                "reviewers": [{name: getattr(row, name) for name in names} for row in page.reviewers],
                "waiting": [grade_out(grade) for grade in page.waiting],
                "findings": [grade_out(grade) for grade in page.findings],
            }
        )

    @staticmethod
    def _day(request: Request, name: str) -> Any:
        text = request.query_params.get(name, "")
        field = serializers.DateField()
        try:
            return field.to_internal_value(text) if text else None
        except ValidationError as unread:
            raise ValidationError({name: unread.detail}) from None
