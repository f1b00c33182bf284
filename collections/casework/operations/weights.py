"""The weights of the priority: a new version each time, and every queue in its new order at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from django.db import IntegrityError, transaction

from casework.bulk.effects import measure_effects
from casework.bulk.queues import fill_queues
from casework.models import PriorityWeights, Queue
from casework.operations.work_refusals import ReasonMissing, WeightsChanged, WeightsMalformed
from casework.queries.effectiveness import current_weights
from casework.rules.priority import refused_weights
from casework.work_roles import SET_PRIORITY
from riskops.shared.audit import Actor, record


@transaction.atomic
def set_weights(
    *,
    actor: Actor,
    version: int,
    chance_bp: Sequence[int],
    loss_bp: int,
    priors: Mapping[str, tuple[int, int]],
    least_outcomes: int,
    reason: str,
    now: datetime,
    as_of: date | None,
) -> PriorityWeights:
    """Put other weights in force and bring every queue into their order.

    :param version: the version that was looked at when these were chosen
    :param priors: effect (hundredths of a percent) and minutes by queue code; "" for all queues without their own
    :raises WeightsChanged: another version is in force by now
    :raises WeightsMalformed, ReasonMissing: a value that cannot be
    """
    standing = current_weights()
    if standing.version != version:
        raise WeightsChanged(standing.version)
    if not reason.strip():
        raise ReasonMissing
    if about := refused_weights(chance_bp, loss_bp, priors):
        raise WeightsMalformed(about)
    if "" not in priors or not 1 <= least_outcomes <= 100_000:
        raise WeightsMalformed("priors" if "" not in priors else "least_outcomes")
    unknown = set(priors) - {""} - set(Queue.objects.values_list("code", flat=True))
    if unknown:
        raise WeightsMalformed("priors")
    try:
        with transaction.atomic():
            made = PriorityWeights.objects.create(
                version=version + 1,
                chance_bp=list(chance_bp),
                loss_bp=loss_bp,
                priors={code: {"effect_bp": effect, "minutes": minutes} for code, (effect, minutes) in priors.items()},
                least_outcomes=least_outcomes,
                author_id=actor.user_id,
                author_name=actor.name,
                reason=reason.strip()[:500],
                made_at=now,
            )
    except IntegrityError:
        raise WeightsChanged(current_weights().version) from None
    record(
        actor=actor,
        action=SET_PRIORITY,
        subject_type="priority",
        subject_key=str(made.version),
        before=_as_recorded(standing),
        after=_as_recorded(made),
        reason=made.reason,
    )
    if as_of is not None:
        measure_effects(as_of=as_of, now=now)
        fill_queues(as_of=as_of, now=now)
    return made


def _as_recorded(weights: PriorityWeights) -> dict[str, object]:
    names = ("version", "chance_bp", "loss_bp", "priors", "least_outcomes")
    return {name: getattr(weights, name) for name in names}
