"""The book's jobs for workers: each a door, with one call behind it."""

from __future__ import annotations

import structlog
from celery import shared_task
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.operations import readings, uploads
from accounts.operations.replaying_in_turn import replay_in_turn
from riskops.shared.audit import Actor
from riskops.shared.own_reasons import own_reason

log = structlog.get_logger(__name__)

#: A delivery of ten million accounts takes less, and so does reading as many.
_LONGEST_SECONDS = 4 * 3600


@shared_task(name="accounts.run_import", acks_late=True, soft_time_limit=_LONGEST_SECONDS, time_limit=_LONGEST_SECONDS + 60)
def run_import(*, import_id: int, **_newer: object) -> None:
    """Run an import that was queued by the site or the API."""
    uploads.run_queued(import_id)


@shared_task(name="accounts.import_tick")
def import_tick(**_newer: object) -> None:
    """See to imports that lie open and to files that are kept."""
    uploads.tick()


@shared_task(name="accounts.run_reading", acks_late=True, soft_time_limit=_LONGEST_SECONDS, time_limit=_LONGEST_SECONDS + 60)
def run_reading(*, reading_id: int, **_newer: object) -> None:
    """Write an aging file, or check the book."""
    readings.run(reading_id)


@shared_task(name="accounts.reading_tick")
def reading_tick(**_newer: object) -> None:
    """See to exports and checks that lie open and to files that are kept."""
    readings.tick()


@shared_task(name="accounts.replay_in_turn")
def replay(**_newer: object) -> None:
    """Compute a share of the past verdicts again; what differs is an alarm in the trail and in the log."""
    replayed, alarms = replay_in_turn(actor=Actor(own_reason(gettext_noop("replay"))), day=timezone.localdate())
    (log.error if alarms else log.info)("verdicts replayed", replayed=replayed, alarms=alarms)
