"""The jobs of outreach for workers: each a door, with one call behind it."""

from __future__ import annotations

from typing import Final

from celery import shared_task
from django.utils import timezone

from outreach.operations.sending import dispatching
from outreach.rules.contacts import Channel
from riskops.shared.bells import ring

#: How long one bell is worked for: the next comes after a minute.
BELL_SECONDS: Final = 55.0


@shared_task(name="outreach.dispatch_tick")
def dispatch_tick(**_newer: object) -> None:
    """Wake workers for what is due in the outbox."""
    for channel, workers in dispatching.channels_to_ring(timezone.now()).items():
        ring(send_batch, times=workers, expires_seconds=60, channel=str(channel))


@shared_task(name="outreach.send_batch", acks_late=True)
def send_batch(*, channel: str, **_newer: object) -> None:
    """Send what is due by a channel."""
    dispatching.send_batch(Channel(channel), for_seconds=BELL_SECONDS)


@shared_task(name="outreach.resolve_tick")
def resolve_tick(**_newer: object) -> None:
    """Find out about messages of which nobody knows whether they went out."""
    dispatching.resolve(timezone.now)
