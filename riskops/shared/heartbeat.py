"""Signs of life of the processes that no page sees: the scheduler and the workers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Max
from django.utils import timezone

from riskops.shared.models import CloseShard, Heartbeat
from riskops.shared.workers import worker_name

#: Sent by the scheduler each minute and served by a worker: one sign of both.
TICK: Final = "close tick"
#: Silence longer than this is no accident of timing any more.
SILENT_AFTER: Final = timedelta(minutes=3)


def beat(name: str) -> None:
    """Note that a process of the kind lives."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": timezone.now(), "worker": worker_name()})


def last_sign() -> datetime | None:
    """Return when scheduler or workers last showed themselves; None if they never did.

    A worker that is busy with a close serves no tick meanwhile: the shards it claims and finishes are its signs.
    """
    ticked = Heartbeat.objects.filter(name=TICK).values_list("at", flat=True).first()
    worked = CloseShard.objects.filter(run__is_open=True).aggregate(claimed=Max("started_at"), done=Max("finished_at"))
    return max((moment for moment in (ticked, worked["claimed"], worked["done"]) if moment), default=None)


def is_silent(sign: datetime | None, *, now: datetime) -> bool:
    """Return whether nobody seems to be there to work."""
    return sign is None or now - sign > SILENT_AFTER
