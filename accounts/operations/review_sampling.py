"""Quality of closed reviews: draw a sample, and have a second person grade what it took."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import QualityGrade, QualitySample, Review
from accounts.operations import review_refusals as refusals
from accounts.roles import DRAW_SAMPLE, GRADE_REVIEW
from accounts.rules.reviews import sampled
from riskops.shared.audit import Actor, record
from riskops.shared.people.conflicts import refuse_conflict

LONGEST_SEED: Final = 40
LONGEST_FINDING: Final = 4_000


@transaction.atomic
def draw_sample(
    *, actor: Actor, closed_from: date, closed_to: date, percent: int, seed: str, shares: Mapping[str, int] | None = None
) -> QualitySample:
    """Draw a sample of the reviews that people closed in a period: of each reviewer their percentage, one at least.

    :param shares: percent by user name, for reviewers who have another one; 0 takes none of theirs
    :raises SampleValueRefused: a value it does not take
    :raises SampleDrawnAlready: this period with this seed is drawn
    :raises SampleEmpty: no review was closed in the period
    """
    seed, shares = seed.strip(), dict(shares or {})
    if not 1 <= len(seed) <= LONGEST_SEED:
        raise refusals.SampleValueRefused("seed", _("A seed has 1 to 40 characters; write any word."))
    if closed_to < closed_from:
        raise refusals.SampleValueRefused(
            "closed_to",
            _("%(last)s is before %(first)s; the period would be empty.")
            % {"last": closed_to.isoformat(), "first": closed_from.isoformat()},
        )
    if not 1 <= percent <= 100:
        raise refusals.SampleValueRefused("percent", _("%(percent)s is not from 1 to 100.") % {"percent": percent})
    by_id = _by_reviewer(shares)
    if QualitySample.objects.filter(closed_from=closed_from, closed_to=closed_to, seed=seed).exists():
        raise refusals.SampleDrawnAlready(seed)
    closed = Review.objects.filter(is_open=False, closed_on__gte=closed_from, closed_on__lte=closed_to, closed_by__isnull=False)
    reviewers = dict(closed.order_by("pk").values_list("pk", "closed_by_id"))
    if not reviewers:
        raise refusals.SampleEmpty(closed_from, closed_to)
    try:
        with transaction.atomic():
            sample = QualitySample.objects.create(
                closed_from=closed_from,
                closed_to=closed_to,
                percent=percent,
                shares=shares,
                seed=seed,
                drawn_by_id=actor.user_id,
                drawn_by_name=actor.name,
            )
    except IntegrityError:
        raise refusals.SampleDrawnAlready(seed) from None
    taken = sampled(reviewers.items(), seed=seed, percent=percent, shares=by_id)
    QualityGrade.objects.bulk_create([QualityGrade(sample=sample, review_id=pk, reviewer_id=reviewers[pk]) for pk in taken])
    record(
        actor=actor,
        action=DRAW_SAMPLE,
        subject_type="quality_sample",
        subject_key=str(sample),
        after={"percent": percent, "shares": shares, "closed": len(reviewers), "taken": len(taken)},
    )
    return sample


def _by_reviewer(shares: Mapping[str, int]) -> dict[int, int]:
    for username, percent in shares.items():
        if not 0 <= percent <= 100:
            raise refusals.SampleValueRefused(
                "shares", _("%(percent)s for %(who)s is not from 0 to 100.") % {"percent": percent, "who": username}
            )
    ids = dict(get_user_model().objects.filter(username__in=list(shares)).values_list("username", "pk"))
    unknown = sorted(set(shares) - set(ids))
    if unknown:
        raise refusals.SampleValueRefused("shares", _("There is nobody of the name %(names)s.") % {"names": ", ".join(unknown)})
    return {ids[username]: percent for username, percent in shares.items()}


@transaction.atomic
def grade_review(*, actor: Actor, review_id: int, grade: str, finding: str = "") -> QualityGrade:
    """Grade a sampled review: the oldest sample that waits for a grade of it.

    :raises ReviewUnknown, NotSampled, GradeGiven: there is nothing to grade
    :raises GradedByReviewer: whoever acts closed it
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises GradeUnknown, FindingMissing, TextTooLong: a value it does not take
    """
    review = Review.objects.select_related("account").filter(pk=review_id).first()
    if review is None:
        raise refusals.ReviewUnknown(review_id)
    refuse_conflict(actor, review.customer_id)
    rows = QualityGrade.objects.select_for_update(of=("self",)).filter(review_id=review_id).order_by("pk")
    waiting = rows.filter(grade="").first()
    if waiting is None:
        given = rows.exclude(grade="").last()
        if given is not None:
            raise refusals.GradeGiven(review_id, given.graded_by_name)
        raise refusals.NotSampled(review_id)
    if waiting.reviewer_id == actor.user_id:
        raise refusals.GradedByReviewer(review_id)
    finding = finding.strip()
    if grade not in QualityGrade.Grade.values:
        raise refusals.GradeUnknown(grade)
    if grade != QualityGrade.Grade.SOUND and not finding:
        raise refusals.FindingMissing
    if len(finding) > LONGEST_FINDING:
        raise refusals.TextTooLong(len(finding), LONGEST_FINDING)
    waiting.grade, waiting.finding = grade, finding
    waiting.graded_by_id, waiting.graded_by_name, waiting.graded_at = actor.user_id, actor.name, timezone.now()
    waiting.save()
    record(
        actor=actor,
        action=GRADE_REVIEW,
        subject_type="review",
        subject_key=f"{review.account.account_no}/{review.pk}",
        account_id=review.account_id,
        after={"grade": grade, "reviewer": review.closed_by_name},
        reason=finding,
    )
    return waiting
