"""The scheduled jobs' doors: each translates and makes one call."""

from __future__ import annotations

from datetime import timedelta

import structlog
from celery import shared_task
from django.utils import timezone

from riskops import doorbell
from riskops.shared.audit import CLOSE

log = structlog.get_logger(__name__)


@shared_task(name="riskops.close_work", acks_late=True, soft_time_limit=840, time_limit=900)
def close_work(*, run_id: int, **_newer: object) -> None:
    """Work on a run and the days of its chain, for ten minutes at most."""
    doorbell.work_along(run_id, for_seconds=600)


@shared_task(name="riskops.close_tick")
def close_tick(**_newer: object) -> None:
    """Wake workers for whatever lies open: lost claims, feeds that came, a chain of days that was cut."""
    doorbell.tick()


@shared_task(name="riskops.nightly_close")
def nightly_close(**_newer: object) -> None:
    """Close the days up to yesterday, in the site's business time zone."""
    doorbell.start_nightly(last=timezone.localdate() - timedelta(days=1), actor=CLOSE)
