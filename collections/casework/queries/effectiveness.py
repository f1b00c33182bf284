"""What goes into the priority: the weights in force, and for each queue how much working avoids and how long it takes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, Q, Sum
from django.utils import timezone

from casework.models import OutcomeCode, PriorityWeights, Queue, QueueEffect, WorkRecord
from casework.rules.priority import Effectiveness, Weights, measured

#: Outcomes older than this say nothing of today.
WINDOW_DAYS: Final = 90
AUTHOR: Final = "riskops"
#: What a new site starts with; anybody's guess, and shown as such until somebody puts their name to another.
SHIPPED: Final = {
    "chance_bp": [100, 600, 2_500, 4_500, 6_500, 8_000, 9_000, 9_500],
    "loss_bp": 6_000,
    "priors": {"": {"effect_bp": 800, "minutes": 8}},
    "least_outcomes": 50,
}


def current_weights() -> PriorityWeights:
    """Return the weights in force; the shipped ones, unsaved and of version 0, before anybody set any."""
    return PriorityWeights.objects.order_by("-version").first() or PriorityWeights(
        version=0, author_name=AUTHOR, reason="", made_at=timezone.now(), **SHIPPED
    )


def formula_of(weights: PriorityWeights) -> Weights:
    """Return weights as the rules take them."""
    return Weights(tuple(weights.chance_bp), weights.loss_bp)


def prior_of(weights: PriorityWeights, code: str) -> Effectiveness:
    """Return what is believed of a queue: its own prior, or the one for all others."""
    prior = weights.priors.get(code) or weights.priors[""]
    return Effectiveness(prior["effect_bp"], prior["minutes"], author=weights.author_name)


def effectiveness(queues: Iterable[Queue], *, weights: PriorityWeights, now: datetime) -> dict[int, Effectiveness]:
    """Return effect and minutes by queue id, as they stand since the last close or the last change of the weights. One query.

    A queue that is new since is measured on the spot.
    """
    queues = list(queues)
    # What came with the queue is not asked for again.
    come = {queue.pk: getattr(queue, "effect", None) for queue in queues if "effect" in queue._state.fields_cache}
    asked = [queue.pk for queue in queues if queue.pk not in come]
    standing = come | (QueueEffect.objects.in_bulk(asked) if asked else {})
    found = {}
    for queue in queues:
        if effect := standing.get(queue.pk):
            author = "" if effect.outcomes else weights.author_name
            found[queue.pk] = Effectiveness(effect.effect_bp, effect.minutes, outcomes=effect.outcomes, author=author)
    missing = [queue for queue in queues if queue.pk not in found]
    return found | (measured_now(missing, weights=weights, now=now) if missing else {})


def measured_now(queues: Iterable[Queue], *, weights: PriorityWeights, now: datetime) -> dict[int, Effectiveness]:
    """Return effect and minutes by queue id: measured where enough outcomes were recorded, else the prior. One query."""
    queues = list(queues)
    # Named, so that a queue reads its own stretch of the index and not three months of everybody's.
    outcomes = WorkRecord.objects.filter(
        queue__in=[queue.pk for queue in queues],
        act=WorkRecord.Act.OUTCOME,
        undone_at=None,
        recorded_at__gt=now - timedelta(days=WINDOW_DAYS),
    )
    counted = {
        row["queue_id"]: row
        for row in outcomes.values("queue_id").annotate(
            outcomes=Count("id"),
            successes=Count("id", filter=Q(outcome__in=OutcomeCode.objects.filter(is_success=True).values("code"))),
            timed=Count("worked_seconds"),
            seconds=Sum("worked_seconds"),
        )
    }
    found = {}
    for queue in queues:
        prior, row = prior_of(weights, queue.code), counted.get(queue.pk)
        if row is None or row["outcomes"] < weights.least_outcomes:
            found[queue.pk] = prior
        else:
            found[queue.pk] = measured(row["successes"], row["outcomes"], row["seconds"] or 0, row["timed"], prior=prior)
    return found
