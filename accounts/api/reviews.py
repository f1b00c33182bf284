"""Reviews over the API: the operations of the pages."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.refusing import loaded_or_404
from accounts.api.review_answers import TAGS, answers, done, given
from accounts.api.review_shapes import (
    AssignRequest,
    FileRequest,
    FindingsRequest,
    GradeRequest,
    GradeShape,
    OpenReviewRequest,
    ReviewDetailShape,
    ReviewFileShape,
    ReviewPageShape,
)
from accounts.models import QualityGrade, Review, ReviewFile
from accounts.operations import attachments
from accounts.operations.review_sampling import grade_review
from accounts.operations.reviewing import (
    Findings,
    assign_review,
    open_review,
    save_review,
    take_next_review,
    take_review,
)
from accounts.queries import reviews as queries
from accounts.roles import (
    ASSIGN_REVIEW,
    GRADE_REVIEW,
    OPEN_REVIEW,
    VIEW_REVIEWS,
    WORK_REVIEW,
)
from accounts.views.reviews import download
from riskops.shared.audit import Actor
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.roles import MayOperate
from riskops.shared.scope import scope_of


def _review_out(review: Review) -> dict[str, Any]:
    return {
        "id": review.pk,
        "account_no": review.account.account_no,
        "customer_no": review.customer.customer_no,
        "source": review.source,
        "cause": review.cause,
        "purpose": review.purpose,
        "rule": review.rule,
        "rule_version": review.rule_version,
        "facts": review.facts,
        "opened_on": review.opened_on,
        "opened_by": review.opened_by_name,
        "assigned_to": review.assigned_to.get_username() if review.assigned_to else "",
        "is_open": review.is_open,
        "version": review.version,
        "outcome": review.outcome,
        "reasons": review.reasons,
        "note": review.note,
        "closed_on": review.closed_on,
        "closed_by": review.closed_by_name,
    }


def _file_out(kept: ReviewFile) -> dict[str, Any]:
    return {
        "id": kept.pk,
        "name": kept.name,
        "content_type": kept.content_type,
        "size_bytes": kept.size_bytes,
        "sha256": kept.sha256,
        "added_by": kept.added_by_name,
        "added_at": kept.added_at,
    }


def _detail_out(review: Review) -> dict[str, Any]:
    explanation = queries.explained(review)
    files = [_file_out(kept) for kept in review.files.order_by("id")]
    return {**_review_out(review), "files": files, "explanation": explanation.as_json() if explanation else None}


def grade_out(grade: QualityGrade) -> dict[str, Any]:
    """Return a sampled review with its grade in the form of `GradeShape`."""
    return {
        "review_id": grade.review_id,
        "reviewer": grade.reviewer.get_username(),
        "grade": grade.grade,
        "finding": grade.finding,
        "graded_by": grade.graded_by_name,
        "graded_at": grade.graded_at,
    }


def found_review(review_id: int, user: Any) -> Review:
    """Return a review that the person may open; answer 404 if they may not see it."""
    review = queries.review_or_none(review_id, scope=scope_of(user))
    if review is None:
        raise NotFound(f"there is no review {review_id}")
    refuse_conflict(user, review.customer_id)
    return review


def _again(review: Review, user: Any) -> dict[str, Any]:
    return _detail_out(found_review(review.pk, user))


class ReviewsView(APIView):
    """What the views of reviews have in common."""

    permission_classes = [MayOperate]
    operation: Any = VIEW_REVIEWS


class Reviews(ReviewsView):
    """The queue of reviews."""

    operation = {"GET": VIEW_REVIEWS, "POST": OPEN_REVIEW}

    @extend_schema(
        operation_id="reviews_list",
        summary="List reviews",
        parameters=[
            OpenApiParameter("state", str, enum=list(queries.STATES), description="default: open"),
            OpenApiParameter("whose", str, enum=list(queries.WHOSE), description="default: all"),
            OpenApiParameter("source", str, enum=Review.Source.values),
            OpenApiParameter("cause", str, description="e.g. `sweep:early-default`"),
            OpenApiParameter("product", str),
            OpenApiParameter("outcome", str, enum=Review.Outcome.values),
            OpenApiParameter("after", str, description="`next` of the page before"),
        ],
        responses=ReviewPageShape,
        tags=TAGS,
    )
    def get(self, request: Request) -> Response:
        """Return a page: open ones the oldest first, closed ones the latest first."""
        filters = queries.read_queue_filters(request.query_params)
        found, next_after = queries.queue_reviews(filters, scope=scope_of(request.user), user=request.user)
        return Response({"results": [_review_out(review) for review in found], "next": next_after})

    @extend_schema(summary="Open a review", request=OpenReviewRequest, responses=answers(ReviewDetailShape, 201), tags=TAGS)
    def post(self, request: Request) -> Response:
        """Open a review of an account by hand; one of the same cause may be open at a time."""
        values = given(OpenReviewRequest, request)
        account_id = loaded_or_404(values["account_no"], user=request.user).head.account.pk
        opened = done(lambda: open_review(actor=Actor.of(request.user), account_id=account_id, purpose=values["purpose"]))
        return opened if isinstance(opened, Response) else Response(_again(opened, request.user), status=201)


class ReviewNext(ReviewsView):
    """The next review."""

    operation = WORK_REVIEW

    @extend_schema(summary="Take the next review", request=None, responses=answers(ReviewDetailShape), tags=TAGS)
    def post(self, request: Request) -> Response:
        """Take the oldest open review of nobody that the person may work on; 404 if none waits."""
        taken = done(lambda: take_next_review(actor=Actor.of(request.user), scope=scope_of(request.user)))
        return taken if isinstance(taken, Response) else Response(_again(taken, request.user))


class ReviewDetail(ReviewsView):
    """One review."""

    operation = {"GET": VIEW_REVIEWS, "PATCH": WORK_REVIEW}

    @extend_schema(summary="Get a review", responses=ReviewDetailShape, tags=TAGS)
    def get(self, request: Request, review_id: int) -> Response:
        """Return a review with its files, and the rule that opened it explained."""
        return Response(_detail_out(found_review(review_id, request.user)))

    @extend_schema(
        summary="Write on a review, or close it", request=FindingsRequest, responses=answers(ReviewDetailShape), tags=TAGS
    )
    def patch(self, request: Request, review_id: int) -> Response:
        """Write outcome, reason codes and note; 409 with the difference if somebody saved it since."""
        found_review(review_id, request.user)
        values = given(FindingsRequest, request)
        saved = done(
            lambda: save_review(
                actor=Actor.of(request.user),
                review_id=review_id,
                version=values["version"],
                findings=Findings(values["outcome"], tuple(values["reasons"]), values["note"]),
                closes=values["closes"],
            )
        )
        return saved if isinstance(saved, Response) else Response(_again(saved, request.user))


class ReviewTake(ReviewsView):
    """Taking a review."""

    operation = WORK_REVIEW

    @extend_schema(summary="Take a review", request=None, responses=answers(ReviewDetailShape), tags=TAGS)
    def post(self, request: Request, review_id: int) -> Response:
        """Take an open review of nobody."""
        found_review(review_id, request.user)
        taken = done(lambda: take_review(actor=Actor.of(request.user), review_id=review_id))
        return taken if isinstance(taken, Response) else Response(_again(taken, request.user))


class ReviewAssign(ReviewsView):
    """Handing a review over."""

    operation = ASSIGN_REVIEW

    @extend_schema(summary="Assign a review", request=AssignRequest, responses=answers(ReviewDetailShape), tags=TAGS)
    def post(self, request: Request, review_id: int) -> Response:
        """Hand a review to somebody who may work on it."""
        found_review(review_id, request.user)
        username = given(AssignRequest, request)["assigned_to"]
        assigned = done(lambda: assign_review(actor=Actor.of(request.user), review_id=review_id, username=username))
        return assigned if isinstance(assigned, Response) else Response(_again(assigned, request.user))


class ReviewFiles(ReviewsView):
    """Files of a review."""

    operation = WORK_REVIEW
    parser_classes = [MultiPartParser]

    @extend_schema(
        summary="Attach a file to a review",
        request={"multipart/form-data": FileRequest},
        responses=answers(ReviewFileShape, 201),
        tags=TAGS,
    )
    def post(self, request: Request, review_id: int) -> Response:
        """Keep a file: PDF, PNG, JPEG, text, Word or Excel without macros, told from its bytes; up to 10 MB."""
        found_review(review_id, request.user)
        file = given(FileRequest, request)["file"]
        kept = done(
            lambda: attachments.add_file(
                actor=Actor.of(request.user), review_id=review_id, name=file.name, chunks=file.chunks(), size_bytes=file.size
            )
        )
        return kept if isinstance(kept, Response) else Response(_file_out(kept), status=201)


class ReviewFileContent(ReviewsView):
    """The bytes of a file."""

    @extend_schema(
        summary="Download a file of a review", responses={(200, "application/octet-stream"): OpenApiTypes.BINARY}, tags=TAGS
    )
    def get(self, request: Request, file_id: int) -> Any:
        """Return a file as a download."""
        kept = ReviewFile.objects.filter(pk=file_id).first()
        if kept is None:
            raise NotFound(f"there is no file {file_id}")
        found_review(kept.review_id, request.user)
        try:
            return download(kept)
        except Http404 as gone:
            raise NotFound(str(gone)) from None


class ReviewGrade(ReviewsView):
    """Grading a sampled review."""

    operation = GRADE_REVIEW

    @extend_schema(summary="Grade a sampled review", request=GradeRequest, responses=answers(GradeShape), tags=TAGS)
    def post(self, request: Request, review_id: int) -> Response:
        """Grade it as a second person, never as its reviewer."""
        found_review(review_id, request.user)
        values = given(GradeRequest, request)
        graded = done(lambda: grade_review(actor=Actor.of(request.user), review_id=review_id, **values))
        return graded if isinstance(graded, Response) else Response(grade_out(graded))
