"""Quality of reviews by reviewer: how many they closed, how many were sampled and graded, and what was found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db.models import Count, F, Q

from accounts.models import QualityGrade, QualitySample, Review
from riskops.shared.people.conflicts import conflicted_customers
from riskops.shared.scope import Scope

SAMPLES_SHOWN: Final = 20
WAITING_SHOWN: Final = 100
FINDINGS_SHOWN: Final = 50


@dataclass(frozen=True, slots=True)
class ReviewerFigures:
    """One reviewer's reviews that were closed in a period."""

    username: str
    closed: int
    sampled: int
    graded: int
    sound: int
    minor: int
    major: int


@dataclass(frozen=True, slots=True)
class QualityPage:
    """Figures by reviewer, what waits for a grade, what was found, and the samples."""

    closed_from: date
    closed_to: date
    reviewers: tuple[ReviewerFigures, ...]
    waiting: tuple[QualityGrade, ...]
    findings: tuple[QualityGrade, ...]
    samples: tuple[QualitySample, ...]


def quality_page(*, scope: Scope, user: Any, closed_from: date, closed_to: date) -> QualityPage:
    """Return the quality of the reviews in sight that were closed in a period, in a fixed number of queries.

    Figures count every review in sight; single ones are not shown to who has a conflict with the customer.
    """
    conflicted = conflicted_customers(user)
    grades = scope.accounts(
        QualityGrade.objects.select_related("review__account", "sample", "reviewer"), product="review__account__product"
    )
    shown = grades.exclude(review__customer_id__in=conflicted)
    within = shown.filter(review__closed_on__gte=closed_from, review__closed_on__lte=closed_to)
    samples = QualitySample.objects.annotate(taken=Count("grades"), graded=Count("grades", filter=~Q(grades__grade=""))).order_by(
        "-id"
    )
    return QualityPage(
        closed_from=closed_from,
        closed_to=closed_to,
        reviewers=_figures(scope, closed_from, closed_to),
        waiting=tuple(shown.filter(grade="").order_by("id")[:WAITING_SHOWN]),
        findings=tuple(within.filter(grade__in=["minor", "major"]).order_by("-graded_at")[:FINDINGS_SHOWN]),
        samples=tuple(samples[:SAMPLES_SHOWN]),
    )


def _figures(scope: Scope, closed_from: date, closed_to: date) -> tuple[ReviewerFigures, ...]:
    closed = scope.accounts(
        Review.objects.filter(is_open=False, closed_on__gte=closed_from, closed_on__lte=closed_to, closed_by__isnull=False),
        product="account__product",
    )
    counts = dict(closed.order_by().values_list("closed_by__username").annotate(n=Count("pk")))
    # A review that several samples took counts once, with its latest grade's worst: each grade is a finding of its own.
    grades = scope.accounts(
        QualityGrade.objects.filter(review__closed_on__gte=closed_from, review__closed_on__lte=closed_to),
        product="review__account__product",
    )
    rows = (
        grades.order_by()
        .values(username=F("reviewer__username"))
        .annotate(
            sampled=Count("review", distinct=True),
            graded=Count("pk", filter=~Q(grade="")),
            sound=Count("pk", filter=Q(grade="sound")),
            minor=Count("pk", filter=Q(grade="minor")),
            major=Count("pk", filter=Q(grade="major")),
        )
    )
    by_name: dict[str, dict[str, Any]] = {row["username"]: dict(row) for row in rows}
    found = []
    for username in sorted({*counts, *by_name}):
        row: dict[str, Any] = by_name.get(username) or {}
        figures: list[int] = [row.get(name, 0) for name in ("sampled", "graded", "sound", "minor", "major")]
        found.append(ReviewerFigures(username, counts.get(username, 0), *figures))
    return tuple(found)
