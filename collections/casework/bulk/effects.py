"""What the priorities are worked out with: measured once for everybody, by the close and with new weights."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction
from django.db.models import QuerySet

from casework.models import Queue, QueueEffect
from casework.queries.effectiveness import current_weights, measured_now


def keep_effects(*, as_of: date, now: datetime, queue_ids: Sequence[int] | None = None) -> int:
    """Measure the open queues (or some of them) for a business day, each once, and return how many were measured.

    Looked at without a lock: of a close, only the first shard finds anything to do.
    """
    return measure_effects(as_of=as_of, now=now, queue_ids=queue_ids, anew=False) if _unmeasured(as_of, queue_ids).exists() else 0


@transaction.atomic
def measure_effects(*, as_of: date, now: datetime, queue_ids: Sequence[int] | None = None, anew: bool = True) -> int:
    """Count outcomes and write effect and minutes of the open queues; return how many queues were measured.

    Nobody fills a queue meanwhile: half of its items would else be weighed by other figures than the rest.

    :param anew: also those that were measured for this day or a later one; they keep their day
    """
    # The queues before their effects, as everybody who fills them does.
    rows = Queue.objects.filter(is_open=True, **({} if queue_ids is None else {"pk__in": list(queue_ids)}))
    queues = list(rows.order_by("pk").select_for_update(no_key=True))
    if not anew:
        # Whoever waited for the lock finds what the other wrote.
        left = set(_unmeasured(as_of, queue_ids).values_list("pk", flat=True))
        queues = [queue for queue in queues if queue.pk in left]
    if not queues:
        return 0
    days = dict(QueueEffect.objects.filter(queue__in=queues).values_list("queue_id", "as_of"))
    found = measured_now(queues, weights=current_weights(), now=now)
    QueueEffect.objects.bulk_create(
        [
            QueueEffect(
                queue_id=pk,
                effect_bp=each.effect_bp,
                minutes=each.minutes,
                outcomes=each.outcomes,
                as_of=max(as_of, days.get(pk, as_of)),
            )
            for pk, each in sorted(found.items())
        ],
        update_conflicts=True,
        unique_fields=["queue"],
        update_fields=["effect_bp", "minutes", "outcomes", "as_of"],
    )
    return len(queues)


def _unmeasured(as_of: date, queue_ids: Sequence[int] | None) -> QuerySet[Queue]:
    rows = Queue.objects.filter(is_open=True, **({} if queue_ids is None else {"pk__in": list(queue_ids)}))
    return rows.exclude(effect__as_of__gte=as_of)
