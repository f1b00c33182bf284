"""What the API says and takes of reviews, their reasons, sweeps and quality."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.models import QualityGrade, Review
from accounts.operations.review_sampling import LONGEST_FINDING
from accounts.operations.reviewing import (
    LONGEST_TEXT,
)
from accounts.rules.reviews import Schedule


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
    products = serializers.ListField(
        child=serializers.CharField(), allow_null=True, help_text="what it looks through; null: the whole book"
    )
    last_opened = serializers.IntegerField(allow_null=True, help_text="null to who may not see all that it looks through")
    last_failure = serializers.CharField(allow_blank=True)


class SweepRunShape(serializers.Serializer[Any]):
    """How many reviews a run opened."""

    opened = serializers.IntegerField()


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
