"""Customers with their timeline and notes, reviews, sweeps and quality over the API: the operations of the pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from django.http import Http404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import shapes
from accounts.api.refusing import loaded_or_404
from accounts.models import Decision, QualityGrade, QualitySample, Review, ReviewFile, ReviewReason, ReviewSweep
from accounts.operations import attachments
from accounts.operations.explaining import decision_explanation, explain_decision
from accounts.operations.notes import write_note
from accounts.operations.refusals import AccountUnknown, LedgerRefusal
from accounts.operations.review_reasons import save_review_reason
from accounts.operations.review_refusals import IN_THE_WAY, NOT_THERE, ReviewChanged
from accounts.operations.review_sampling import LONGEST_FINDING, draw_sample, grade_review
from accounts.operations.review_sweeps import SweepSettings, run_sweep, save_sweep
from accounts.operations.reviewing import (
    LONGEST_TEXT,
    Findings,
    assign_review,
    business_day,
    open_review,
    save_review,
    take_next_review,
    take_review,
)
from accounts.queries import reviews as queries
from accounts.queries.customer_page import CustomerHead, NoSuchCustomer, customer_head, customer_page
from accounts.queries.review_quality import quality_page
from accounts.queries.timeline import read_timeline_filters, timeline
from accounts.roles import (
    ASSIGN_REVIEW,
    DRAW_SAMPLE,
    EDIT_REVIEW_REASONS,
    EDIT_SWEEP,
    EXPLAIN_DECISION,
    GRADE_REVIEW,
    OPEN_REVIEW,
    VIEW_ACCOUNTS,
    VIEW_DECISIONS,
    VIEW_REVIEWS,
    WORK_REVIEW,
    WRITE_NOTE,
)
from accounts.rules.aging import CATEGORIES
from accounts.rules.reviews import Schedule
from accounts.views.reviews import download
from riskops.shared.audit import Actor
from riskops.shared.money import minor_digits, plain_amount
from riskops.shared.people.conflicts import conflicted_customers, refuse_conflict
from riskops.shared.roles import MayOperate
from riskops.shared.scope import scope_of

_TAGS: Final = ["reviews"]


# Shapes -----------------------------------------------------------------------------------------------------------


class ReviewShape(serializers.Serializer[Any]):
    """A review. `rule` and `facts` are what opened it, where a rule or a sweep did; `version` goes with every change."""

    id = serializers.IntegerField()
    account_no = serializers.CharField()
    customer_no = serializers.CharField()
    source = serializers.ChoiceField(choices=Review.Source.values)
    cause = serializers.CharField()
    purpose = serializers.CharField()
    rule = serializers.CharField(allow_blank=True)
    rule_version = serializers.IntegerField(allow_null=True)
    facts = serializers.JSONField()
    opened_on = serializers.DateField()
    opened_by = serializers.CharField()
    assigned_to = serializers.CharField(allow_blank=True)
    is_open = serializers.BooleanField()
    version = serializers.IntegerField()
    outcome = serializers.CharField(allow_blank=True)
    reasons = serializers.ListField(child=serializers.CharField())
    note = serializers.CharField(allow_blank=True)
    closed_on = serializers.DateField(allow_null=True)
    closed_by = serializers.CharField(allow_blank=True)


class ReviewFileShape(serializers.Serializer[Any]):
    """A file of a review."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    content_type = serializers.CharField()
    size_bytes = serializers.IntegerField()
    sha256 = serializers.CharField()
    added_by = serializers.CharField()
    added_at = serializers.DateTimeField()


class ReviewDetailShape(ReviewShape):
    """A review with its files and the rule explained: each comparison with both values."""

    files = ReviewFileShape(many=True)
    explanation = serializers.JSONField(allow_null=True)


class ReviewPageShape(serializers.Serializer[Any]):
    """A page of reviews. `next` is the `after` of the next page, empty on the last one."""

    results = ReviewShape(many=True)
    next = serializers.CharField(allow_blank=True)


class ReviewRefusalShape(serializers.Serializer[Any]):
    """What was not done and why. With `review_changed`, `version` is the present one and `differences` has yours and theirs."""

    code = serializers.CharField()
    about = serializers.CharField(allow_blank=True)
    detail = serializers.CharField()
    version = serializers.IntegerField(required=False)
    differences = serializers.JSONField(required=False)


class OpenReviewRequest(serializers.Serializer[Any]):
    """The account, and what is to be looked at."""

    account_no = serializers.CharField(max_length=64)
    purpose = serializers.CharField(max_length=LONGEST_TEXT)


class FindingsRequest(serializers.Serializer[Any]):
    """What is written on a review. `version` is that of the review it was read from; `closes` closes it."""

    version = serializers.IntegerField()
    outcome = serializers.CharField(allow_blank=True, default="", max_length=10)
    reasons = serializers.ListField(child=serializers.CharField(max_length=40), default=list, max_length=50)
    note = serializers.CharField(allow_blank=True, default="", max_length=LONGEST_TEXT)
    closes = serializers.BooleanField(default=False)


class AssignRequest(serializers.Serializer[Any]):
    """A user name; "" puts the review back for anybody."""

    assigned_to = serializers.CharField(allow_blank=True, max_length=150)


class FileRequest(serializers.Serializer[Any]):
    """A file as multipart form data."""

    file = serializers.FileField(allow_empty_file=True)


class GradeRequest(serializers.Serializer[Any]):
    """What a second person found."""

    grade = serializers.ChoiceField(choices=QualityGrade.Grade.values)
    finding = serializers.CharField(allow_blank=True, default="", max_length=LONGEST_FINDING)


class GradeShape(serializers.Serializer[Any]):
    """A sampled review and its grade, "" while it waits."""

    review_id = serializers.IntegerField()
    reviewer = serializers.CharField()
    grade = serializers.CharField(allow_blank=True)
    finding = serializers.CharField(allow_blank=True)
    graded_by = serializers.CharField(allow_blank=True)
    graded_at = serializers.DateTimeField(allow_null=True)


class ReasonShape(serializers.Serializer[Any]):
    """A reason code in both languages."""

    code = serializers.CharField()
    name_en = serializers.CharField()
    name_zh = serializers.CharField()
    is_active = serializers.BooleanField()


class ReasonRequest(serializers.Serializer[Any]):
    """What a reason code says, in both languages."""

    name_en = serializers.CharField(max_length=120)
    name_zh = serializers.CharField(max_length=120)
    is_active = serializers.BooleanField(default=True)


class SweepRequest(serializers.Serializer[Any]):
    """A sweep's settings; `version` is that of the sweep it was read from."""

    version = serializers.IntegerField(default=0)
    code = serializers.RegexField(r"^[A-Za-z0-9_-]+$", max_length=40)
    name = serializers.CharField(max_length=120)
    purpose = serializers.CharField(max_length=2_000)
    rule = serializers.CharField(max_length=4_000)
    schedule = serializers.ChoiceField(choices=[schedule.value for schedule in Schedule])
    schedule_day = serializers.IntegerField(default=1)
    cool_off_days = serializers.IntegerField(default=30)
    most_a_run = serializers.IntegerField(default=200)
    is_active = serializers.BooleanField(default=False)


class SweepShape(SweepRequest):
    """A sweep and its last run."""

    id = serializers.IntegerField()
    last_run_on = serializers.DateField(allow_null=True)
    last_opened = serializers.IntegerField(allow_null=True, help_text="over the whole book; null to who does not see all of it")
    last_failure = serializers.CharField(allow_blank=True)


class SweepRunShape(serializers.Serializer[Any]):
    """How many reviews a run opened over the whole book; null to who does not see all of it."""

    opened = serializers.IntegerField(allow_null=True)


class SampleRequest(serializers.Serializer[Any]):
    """A drawing: percent of each reviewer's closed reviews, other percentages by user name."""

    closed_from = serializers.DateField()
    closed_to = serializers.DateField()
    percent = serializers.IntegerField()
    shares = serializers.DictField(child=serializers.IntegerField(), default=dict)
    seed = serializers.CharField(max_length=40)


class SampleShape(SampleRequest):
    """A sample with the reviews it took."""

    id = serializers.IntegerField()
    grades = GradeShape(many=True)


class ReviewerShape(serializers.Serializer[Any]):
    """One reviewer's figures."""

    username = serializers.CharField()
    closed = serializers.IntegerField()
    sampled = serializers.IntegerField()
    graded = serializers.IntegerField()
    sound = serializers.IntegerField()
    minor = serializers.IntegerField()
    major = serializers.IntegerField()


class QualityShape(serializers.Serializer[Any]):
    """The quality of the reviews closed in a period."""

    closed_from = serializers.DateField()
    closed_to = serializers.DateField()
    reviewers = ReviewerShape(many=True)
    waiting = GradeShape(many=True)
    findings = GradeShape(many=True)


class CustomerAccountShape(serializers.Serializer[Any]):
    """One account of a customer."""

    account_no = serializers.CharField()
    product_code = serializers.CharField()
    currency = serializers.CharField()
    opened_on = serializers.DateField()
    credit_limit = shapes.Amount()
    days_past_due = serializers.IntegerField()
    bucket = serializers.CharField()
    overdue_total = shapes.Amount()
    exposure = shapes.Amount()
    category = serializers.CharField()
    stage = serializers.IntegerField()
    tier = serializers.CharField(allow_blank=True)
    is_written_off = serializers.BooleanField()
    score = serializers.IntegerField(allow_null=True)
    warnings = serializers.ListField(child=serializers.CharField())


class CurrencyShape(serializers.Serializer[Any]):
    """What a customer owes in one currency."""

    currency = serializers.CharField()
    exposure = shapes.Amount()
    overdue_total = shapes.Amount()
    credit_limit = shapes.Amount()


class CurveShape(serializers.Serializer[Any]):
    """A month-end as reported. `accounts` 0: nothing is kept of it."""

    day = serializers.DateField()
    days_past_due = serializers.IntegerField()
    bucket = serializers.CharField()
    accounts = serializers.IntegerField()


class LinkShape(serializers.Serializer[Any]):
    """A customer who shares something exactly."""

    customer_no = serializers.CharField()
    masked_name = serializers.CharField()
    same = serializers.ListField(child=serializers.CharField())
    account_nos = serializers.ListField(child=serializers.CharField())
    days_past_due = serializers.IntegerField()
    is_written_off = serializers.BooleanField()
    is_fraud_suspected = serializers.BooleanField()


class CustomerShape(serializers.Serializer[Any]):
    """A customer, masked, with all accounts in sight."""

    customer_no = serializers.CharField()
    masked_name = serializers.CharField()
    masked_phone = serializers.CharField(allow_blank=True)
    language = serializers.CharField()
    time_zone = serializers.CharField()
    business_date = serializers.DateField(allow_null=True)
    accounts = CustomerAccountShape(many=True)
    totals = CurrencyShape(many=True)
    aging_curve = CurveShape(many=True)
    linked = LinkShape(many=True)
    open_reviews = serializers.ListField(child=serializers.IntegerField())
    decisions = serializers.ListField(child=serializers.CharField())


class HappeningShape(serializers.Serializer[Any]):
    """One line of a timeline. `amount` in the account's currency, null where the line is not about money."""

    kind = serializers.CharField()
    day = serializers.DateField()
    at = serializers.DateTimeField(allow_null=True)
    account_no = serializers.CharField(allow_blank=True)
    title = serializers.CharField()
    who = serializers.CharField(allow_blank=True)
    text = serializers.CharField(allow_blank=True)
    amount = shapes.Amount(allow_null=True)
    currency = serializers.CharField(allow_blank=True)


class TimelineShape(serializers.Serializer[Any]):
    """A page of a timeline, newest first. `next` is the `after` of the next page, empty on the last one."""

    results = HappeningShape(many=True)
    next = serializers.CharField(allow_blank=True)


class NoteRequest(serializers.Serializer[Any]):
    """A note on the customer, or on one account of theirs."""

    text = serializers.CharField(max_length=LONGEST_TEXT)
    account_no = serializers.CharField(allow_blank=True, default="", max_length=64)


class NoteShape(serializers.Serializer[Any]):
    """A note."""

    id = serializers.IntegerField()
    account_no = serializers.CharField(allow_blank=True)
    text = serializers.CharField()
    written_by = serializers.CharField()
    written_at = serializers.DateTimeField()


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
    engine_version = serializers.CharField()
    replay_is_same = serializers.BooleanField()


class ExplainedRequest(serializers.Serializer[Any]):
    """When the customer asked, and how it was explained."""

    requested_on = serializers.DateField()
    how = serializers.CharField(max_length=2_000)


# Answers ----------------------------------------------------------------------------------------------------------


def _answers(shape: Any, status: int = 200) -> dict[int, Any]:
    return {
        status: shape,
        404: OpenApiResponse(ReviewRefusalShape, description="there is none, or none in sight"),
        409: OpenApiResponse(ReviewRefusalShape, description="it stands otherwise; nothing was done"),
        422: OpenApiResponse(ReviewRefusalShape, description="a value that cannot be; nothing was done"),
    }


def _done(act: Callable[[], Any]) -> Any:
    """Return what an operation returns, or its refusal as an answer: 404, 409 or 422."""
    try:
        return act()
    except LedgerRefusal as refusal:
        there = isinstance(refusal, (*NOT_THERE, AccountUnknown))
        status = 404 if there else 409 if isinstance(refusal, IN_THE_WAY) else 422
        code = re.sub(r"(?<!^)(?=[A-Z])", "_", type(refusal).__name__).lower()
        body: dict[str, Any] = {"code": code, "about": refusal.about, "detail": str(refusal)}
        if isinstance(refusal, ReviewChanged):
            pairs = {name: {"yours": mine, "theirs": theirs} for name, (mine, theirs) in refusal.differences.items()}
            body |= {"version": refusal.version, "differences": pairs}
        return Response(body, status=status)


def _given(shape: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    asked = shape(data=request.data)
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)


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


def _grade_out(grade: QualityGrade) -> dict[str, Any]:
    return {
        "review_id": grade.review_id,
        "reviewer": grade.reviewer.get_username(),
        "grade": grade.grade,
        "finding": grade.finding,
        "graded_by": grade.graded_by_name,
        "graded_at": grade.graded_at,
    }


def _sweep_out(sweep: ReviewSweep, user: Any) -> dict[str, Any]:
    names = [*SweepRequest().fields, "last_run_on", "last_failure"]
    opened = None if scope_of(user).is_limited else sweep.last_opened
    return {"id": sweep.pk, **{name: getattr(sweep, name) for name in names}, "last_opened": opened}


def _found(review_id: int, user: Any) -> Review:
    """Return a review that the person may open; answer 404 if they may not see it."""
    review = queries.review_or_none(review_id, scope=scope_of(user))
    if review is None:
        raise NotFound(f"there is no review {review_id}")
    refuse_conflict(user, review.customer_id)
    return review


def _again(review: Review, user: Any) -> dict[str, Any]:
    return _detail_out(_found(review.pk, user))


# Reviews ----------------------------------------------------------------------------------------------------------


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
        tags=_TAGS,
    )
    def get(self, request: Request) -> Response:
        """Return a page: open ones the oldest first, closed ones the latest first."""
        filters = queries.read_queue_filters(request.query_params)
        found, next_after = queries.queue_reviews(filters, scope=scope_of(request.user), user=request.user)
        return Response({"results": [_review_out(review) for review in found], "next": next_after})

    @extend_schema(summary="Open a review", request=OpenReviewRequest, responses=_answers(ReviewDetailShape, 201), tags=_TAGS)
    def post(self, request: Request) -> Response:
        """Open a review of an account by hand; one of the same cause may be open at a time."""
        values = _given(OpenReviewRequest, request)
        account_id = loaded_or_404(values["account_no"], user=request.user).head.account.pk
        opened = _done(lambda: open_review(actor=Actor.of(request.user), account_id=account_id, purpose=values["purpose"]))
        return opened if isinstance(opened, Response) else Response(_again(opened, request.user), status=201)


class ReviewNext(ReviewsView):
    """The next review."""

    operation = WORK_REVIEW

    @extend_schema(summary="Take the next review", request=None, responses=_answers(ReviewDetailShape), tags=_TAGS)
    def post(self, request: Request) -> Response:
        """Take the oldest open review of nobody that the person may work on; 404 if none waits."""
        taken = _done(lambda: take_next_review(actor=Actor.of(request.user), scope=scope_of(request.user)))
        return taken if isinstance(taken, Response) else Response(_again(taken, request.user))


class ReviewDetail(ReviewsView):
    """One review."""

    operation = {"GET": VIEW_REVIEWS, "PATCH": WORK_REVIEW}

    @extend_schema(summary="Get a review", responses=ReviewDetailShape, tags=_TAGS)
    def get(self, request: Request, review_id: int) -> Response:
        """Return a review with its files, and the rule that opened it explained."""
        return Response(_detail_out(_found(review_id, request.user)))

    @extend_schema(
        summary="Write on a review, or close it", request=FindingsRequest, responses=_answers(ReviewDetailShape), tags=_TAGS
    )
    def patch(self, request: Request, review_id: int) -> Response:
        """Write outcome, reason codes and note; 409 with the difference if somebody saved it since."""
        _found(review_id, request.user)
        values = _given(FindingsRequest, request)
        saved = _done(
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

    @extend_schema(summary="Take a review", request=None, responses=_answers(ReviewDetailShape), tags=_TAGS)
    def post(self, request: Request, review_id: int) -> Response:
        """Take an open review of nobody."""
        _found(review_id, request.user)
        taken = _done(lambda: take_review(actor=Actor.of(request.user), review_id=review_id))
        return taken if isinstance(taken, Response) else Response(_again(taken, request.user))


class ReviewAssign(ReviewsView):
    """Handing a review over."""

    operation = ASSIGN_REVIEW

    @extend_schema(summary="Assign a review", request=AssignRequest, responses=_answers(ReviewDetailShape), tags=_TAGS)
    def post(self, request: Request, review_id: int) -> Response:
        """Hand a review to somebody who may work on it."""
        _found(review_id, request.user)
        username = _given(AssignRequest, request)["assigned_to"]
        given = _done(lambda: assign_review(actor=Actor.of(request.user), review_id=review_id, username=username))
        return given if isinstance(given, Response) else Response(_again(given, request.user))


class ReviewFiles(ReviewsView):
    """Files of a review."""

    operation = WORK_REVIEW
    parser_classes = [MultiPartParser]

    @extend_schema(
        summary="Attach a file to a review",
        request={"multipart/form-data": FileRequest},
        responses=_answers(ReviewFileShape, 201),
        tags=_TAGS,
    )
    def post(self, request: Request, review_id: int) -> Response:
        """Keep a file: PDF, PNG, JPEG, text, Word or Excel without macros, told from its bytes; up to 10 MB."""
        _found(review_id, request.user)
        file = _given(FileRequest, request)["file"]
        kept = _done(
            lambda: attachments.add_file(
                actor=Actor.of(request.user), review_id=review_id, name=file.name, chunks=file.chunks(), size_bytes=file.size
            )
        )
        return kept if isinstance(kept, Response) else Response(_file_out(kept), status=201)


class ReviewFileContent(ReviewsView):
    """The bytes of a file."""

    @extend_schema(
        summary="Download a file of a review", responses={(200, "application/octet-stream"): OpenApiTypes.BINARY}, tags=_TAGS
    )
    def get(self, request: Request, file_id: int) -> Any:
        """Return a file as a download."""
        kept = ReviewFile.objects.filter(pk=file_id).first()
        if kept is None:
            raise NotFound(f"there is no file {file_id}")
        _found(kept.review_id, request.user)
        try:
            return download(kept)
        except Http404 as gone:
            raise NotFound(str(gone)) from None


class ReviewGrade(ReviewsView):
    """Grading a sampled review."""

    operation = GRADE_REVIEW

    @extend_schema(summary="Grade a sampled review", request=GradeRequest, responses=_answers(GradeShape), tags=_TAGS)
    def post(self, request: Request, review_id: int) -> Response:
        """Grade it as a second person, never as its reviewer."""
        _found(review_id, request.user)
        values = _given(GradeRequest, request)
        graded = _done(lambda: grade_review(actor=Actor.of(request.user), review_id=review_id, **values))
        return graded if isinstance(graded, Response) else Response(_grade_out(graded))


class ReviewReasons(ReviewsView):
    """Reason codes."""

    @extend_schema(summary="List reason codes of reviews", responses=ReasonShape(many=True), tags=_TAGS)
    def get(self, request: Request) -> Response:
        """Return every code, those out of use as well."""
        return Response(ReasonShape(ReviewReason.objects.order_by("code"), many=True).data)


class ReviewReasonDetail(ReviewsView):
    """One reason code."""

    operation = EDIT_REVIEW_REASONS

    @extend_schema(
        summary="Add or change a reason code of reviews", request=ReasonRequest, responses=_answers(ReasonShape), tags=_TAGS
    )
    def put(self, request: Request, code: str) -> Response:
        """Add the reason of this code, or change it; reviews that carry it keep it."""
        values = _given(ReasonRequest, request)
        saved = _done(lambda: save_review_reason(actor=Actor.of(request.user), code=code, **values))
        return saved if isinstance(saved, Response) else Response(ReasonShape(saved).data)


# Sweeps and quality -----------------------------------------------------------------------------------------------


class ReviewSweeps(ReviewsView):
    """Sweeps."""

    operation = {"GET": VIEW_REVIEWS, "POST": EDIT_SWEEP}

    @extend_schema(summary="List review sweeps", responses=SweepShape(many=True), tags=_TAGS)
    def get(self, request: Request) -> Response:
        """Return every sweep with its last run."""
        return Response([_sweep_out(sweep, request.user) for sweep in ReviewSweep.objects.order_by("code")])

    @extend_schema(summary="Set up a review sweep", request=SweepRequest, responses=_answers(SweepShape, 201), tags=_TAGS)
    def post(self, request: Request) -> Response:
        """Set up a sweep; an active one has its rule measured on the present book first."""
        values = _given(SweepRequest, request)
        values.pop("version")
        saved = _done(lambda: save_sweep(actor=Actor.of(request.user), settings=SweepSettings(**values)))
        return saved if isinstance(saved, Response) else Response(_sweep_out(saved, request.user), status=201)


class ReviewSweepDetail(ReviewsView):
    """One sweep."""

    operation = EDIT_SWEEP

    @extend_schema(summary="Change a review sweep", request=SweepRequest, responses=_answers(SweepShape), tags=_TAGS)
    def put(self, request: Request, sweep_id: int) -> Response:
        """Change a sweep, from the version it was read at; its code stays."""
        values = _given(SweepRequest, request)
        version = values.pop("version")
        settings = SweepSettings(**values)
        saved = _done(lambda: save_sweep(actor=Actor.of(request.user), settings=settings, sweep_id=sweep_id, version=version))
        return saved if isinstance(saved, Response) else Response(_sweep_out(saved, request.user))


class ReviewSweepRun(ReviewsView):
    """Running a sweep now."""

    operation = EDIT_SWEEP

    @extend_schema(summary="Run a review sweep", request=None, responses=_answers(SweepRunShape), tags=_TAGS)
    def post(self, request: Request, sweep_id: int) -> Response:
        """Run an active sweep as of the last closed day; what is open or cools off is passed over."""
        opened = _done(lambda: run_sweep(actor=Actor.of(request.user), sweep_id=sweep_id, day=business_day()))
        if isinstance(opened, Response):
            return opened
        return Response({"opened": None if scope_of(request.user).is_limited else opened})


class ReviewSamples(ReviewsView):
    """Samples of closed reviews."""

    operation = DRAW_SAMPLE

    @extend_schema(
        summary="Draw a quality sample of reviews", request=SampleRequest, responses=_answers(SampleShape, 201), tags=_TAGS
    )
    def post(self, request: Request) -> Response:
        """Draw of each reviewer their percentage, one review at least; the same seed draws the same ones."""
        values = _given(SampleRequest, request)
        drawn = _done(lambda: draw_sample(actor=Actor.of(request.user), **values))
        if isinstance(drawn, Response):
            return drawn
        sample: QualitySample = drawn
        # Drawn of the whole book; of it each person is shown what they may see.
        seen = scope_of(request.user).accounts(sample.grades.select_related("reviewer"), product="review__account__product")
        seen = seen.exclude(review__customer_id__in=conflicted_customers(request.user))
        grades = [_grade_out(grade) for grade in seen.order_by("review_id")]
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
        tags=_TAGS,
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
                "waiting": [_grade_out(grade) for grade in page.waiting],
                "findings": [_grade_out(grade) for grade in page.findings],
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


# Customers --------------------------------------------------------------------------------------------------------


def _head(customer_no: str, user: Any) -> CustomerHead:
    try:
        head = customer_head(customer_no, scope=scope_of(user))
    except NoSuchCustomer:
        raise NotFound(f"there is no customer {customer_no} in this book") from None
    refuse_conflict(user, head.customer.pk)
    return head


class CustomerDetail(APIView):
    """One customer."""

    permission_classes = [MayOperate]
    operation: Any = VIEW_ACCOUNTS

    @extend_schema(summary="Get a customer", responses=CustomerShape, tags=["customers"])
    def get(self, request: Request, customer_no: str) -> Response:
        """Return a customer, masked: all accounts in sight, what is owed by currency, aging curve, linked customers."""
        head = _head(customer_no, request.user)
        page = customer_page(head, scope=scope_of(request.user), user=request.user, today=timezone.localdate())
        return Response(
            {
                "customer_no": customer_no,
                "masked_name": page.masked_name,
                "masked_phone": page.masked_phone,
                "language": page.customer.language,
                "time_zone": page.customer.time_zone,
                "business_date": page.business_date,
                "accounts": [_account_out(line) for line in page.accounts],
                "totals": [
                    {
                        "currency": total.currency,
                        "exposure": _plain(total.exposure_minor, total.currency),
                        "overdue_total": _plain(total.overdue_minor, total.currency),
                        "credit_limit": _plain(total.credit_limit_minor, total.currency),
                    }
                    for total in page.totals
                ],
                "aging_curve": [
                    {
                        "day": point.day,
                        "days_past_due": point.days_past_due,
                        "bucket": f"m{point.bucket}",
                        "accounts": point.accounts,
                    }
                    for point in page.curve
                ],
                "linked": [
                    {
                        "customer_no": link.customer_no,
                        "masked_name": link.masked_name,
                        "same": list(link.by),
                        "account_nos": [number for number, _days in link.accounts],
                        "days_past_due": link.worst_days,
                        "is_written_off": link.is_written_off,
                        "is_fraud_suspected": link.is_fraud_suspected,
                    }
                    for link in page.linked
                ],
                "open_reviews": [review.pk for review in page.reviews],
                "decisions": [decision.reference for decision in page.decisions],
            }
        )


def _plain(minor: int, currency: str) -> str:
    return plain_amount(minor, digits=minor_digits(currency))


def _account_out(line: Any) -> dict[str, Any]:
    return {
        "account_no": line.account_no,
        "product_code": line.product_code,
        "currency": line.currency,
        "opened_on": line.opened_on,
        "credit_limit": _plain(line.credit_limit_minor, line.currency),
        "days_past_due": line.days_past_due,
        "bucket": f"m{line.bucket}",
        "overdue_total": _plain(line.overdue_minor, line.currency),
        "exposure": _plain(line.exposure_minor, line.currency),
        "category": CATEGORIES[line.category],
        "stage": line.stage,
        "tier": line.tier,
        "is_written_off": line.is_written_off,
        "score": line.score,
        "warnings": list(line.flags),
    }


class CustomerTimeline(APIView):
    """What happened on a customer's accounts."""

    permission_classes = [MayOperate]
    operation: Any = VIEW_ACCOUNTS

    @extend_schema(
        summary="Get a customer's timeline",
        parameters=[
            OpenApiParameter("kind", str, many=True, description="payment, decision, review, note …; may be repeated"),
            OpenApiParameter("text", str, description="part of a reference, reason, note or name"),
            OpenApiParameter("account", str, description="one account of the customer"),
            OpenApiParameter("after", str, description="`next` of the page before"),
        ],
        responses=TimelineShape,
        tags=["customers"],
    )
    def get(self, request: Request, customer_no: str) -> Response:
        """Return a page, newest first: payments, reversals, waivers, decisions, reviews, notes, files, reveals, tier changes."""
        head = _head(customer_no, request.user)
        page = timeline(
            customer_id=head.customer.pk,
            accounts=head.numbers,
            currencies=head.currencies,
            filters=read_timeline_filters(request.query_params),
        )
        rows = [
            {
                "kind": line.kind,
                "day": line.day,
                "at": line.at,
                "account_no": line.account_no,
                "title": line.title,
                "who": line.who,
                "text": line.text,
                "amount": _plain(*line.money) if line.money else None,
                "currency": line.money[1] if line.money else "",
            }
            for line in page.lines
        ]
        return Response({"results": rows, "next": page.next_after})


class CustomerNotes(APIView):
    """Notes on a customer."""

    permission_classes = [MayOperate]
    operation: Any = WRITE_NOTE

    @extend_schema(
        summary="Write a note on a customer", request=NoteRequest, responses=_answers(NoteShape, 201), tags=["customers"]
    )
    def post(self, request: Request, customer_no: str) -> Response:
        """Keep a note on the customer, or on one account of theirs; it is never changed."""
        head = _head(customer_no, request.user)
        values = _given(NoteRequest, request)
        number = values["account_no"]
        account_id = next((pk for pk, known in head.numbers.items() if known == number), None)
        if number and account_id is None:
            raise NotFound(f"customer {customer_no} has no account {number}")
        kept = _done(
            lambda: write_note(actor=Actor.of(request.user), customer=head.customer, text=values["text"], account_id=account_id)
        )
        if isinstance(kept, Response):
            return kept
        note = {
            "id": kept.pk,
            "account_no": number,
            "text": kept.text,
            "written_by": kept.written_by_name,
            "written_at": kept.written_at,
        }
        return Response(note, status=201)


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
                "engine_version": decision.engine_version,
                "replay_is_same": explanation.replay.is_same,
            }
        )

    @extend_schema(
        summary="Record that a decision was explained",
        request=ExplainedRequest,
        responses=_answers(shapes.AuditShape, 201),
        tags=["customers"],
    )
    def post(self, request: Request, account_no: str, decision_no: str) -> Response:
        """Record that the decision was explained to the customer, and how."""
        decision = self._decision(request, account_no, decision_no)
        values = _given(ExplainedRequest, request)
        entry = _done(lambda: explain_decision(actor=Actor.of(request.user), decision=decision, **values))
        return entry if isinstance(entry, Response) else Response(shapes.AuditShape(entry).data, status=201)

    @staticmethod
    def _decision(request: Request, account_no: str, decision_no: str) -> Decision:
        loaded = loaded_or_404(account_no, user=request.user)
        rows = Decision.objects.select_related("reason", "account")
        found = rows.filter(account_id=loaded.head.account.pk, reference=decision_no).first()
        if found is None:
            raise NotFound(f"account {account_no} has no decision {decision_no}")
        return found
