"""Waking workers up. Truth is the run ledger: a bell that nobody hears costs a minute, until the next tick."""

from __future__ import annotations

import time
from datetime import date, timedelta
from typing import Final

import structlog
from django.utils import timezone

from accounts.models import CreditAccount
from riskops.close_of_business import next_day_to_close, start_close, work_on
from riskops.shared import audit, closing, feeds, heartbeat, shards
from riskops.shared.audit import Actor
from riskops.shared.bells import ring as bell
from riskops.shared.day import book_state
from riskops.shared.models import CloseRun

log = structlog.get_logger(__name__)

#: Workers woken for one run; more find nothing to do and go back to sleep.
MOST_BELLS: Final = 4


def ring(run: CloseRun, *, bells: int | None = None) -> None:
    """Ask workers to work on a run. A broker that is down is logged and made up for by the tick.

    :param bells: how many workers to wake; None wakes as many as have something to do at once, up to MOST_BELLS
    """
    from riskops.tasks import close_work

    times = bells or min(MOST_BELLS, run.shards.filter(step_order=0).count())
    bell(close_work, times=times, expires_seconds=3600, run_id=run.pk)


def start(*, business_date: date, through: date, actor: Actor) -> CloseRun:
    """Open the close of a day and ring for it.

    :raises DayAlreadyClosed: the day is closed
    :raises DayOutOfOrder: another day is open or has to be closed first
    """
    run = start_close(business_date=business_date, through=through, actor=actor)
    if run.status == CloseRun.Status.RUNNING:
        ring(run)
    return run


def start_nightly(*, last: date, actor: Actor) -> CloseRun | None:
    """Start closing every day up to `last`, unless the book is paused, has no first close yet, or holds no account.

    A book that was emptied, or never filled, would have every day since its last one closed for nothing.
    """
    first = next_day_to_close()
    if book_state().nightly_paused or first is None or first > last:
        return None
    if not CreditAccount.objects.exists():
        log.info("nothing_to_close", first=first.isoformat(), last=last.isoformat())
        return None
    open_run = CloseRun.objects.filter(is_open=True).first()
    return start(business_date=open_run.business_date if open_run else first, through=last, actor=actor)


def next_of_chain(run: CloseRun) -> CloseRun | None:
    """Return the run of the next day of a chain, opened now or by another worker; None where the chain ends or waits.

    It rings for nobody: each worker of a run goes on along the chain by itself, and bells that ring bells never stop.
    """
    if run.status != CloseRun.Status.COMPLETE or run.business_date >= run.through:
        return None
    try:
        following = start_close(business_date=run.business_date + timedelta(days=1), through=run.through, actor=audit.CLOSE)
    except (closing.DayAlreadyClosed, closing.DayOutOfOrder):
        # Other workers are further on already.
        log.info("chain_already_gone_on", business_date=run.business_date.isoformat())
        return None
    return following if following.status == CloseRun.Status.RUNNING else None


def work_along(run_id: int, *, for_seconds: float) -> None:
    """Work on a run and on the days of its chain after it; ring for somebody to go on when the time is over before the work.

    :raises StepFailed: a shard failed as often as it may
    """
    ends = time.monotonic() + for_seconds
    run = CloseRun.objects.filter(pk=run_id).first()
    while run is not None:
        run = work_on(run.pk, for_seconds=max(0.0, ends - time.monotonic()))
        following = next_of_chain(run)
        if time.monotonic() > ends:
            to_do = following or run
            if to_do.status == CloseRun.Status.RUNNING:
                ring(to_do, bells=1)
            return
        run = following


def tick() -> None:
    """Look at what lies open and wake workers for it."""
    heartbeat.beat(heartbeat.TICK)
    run = CloseRun.objects.filter(is_open=True).first()
    if run is None:
        last = CloseRun.objects.filter(is_open=False).order_by("-business_date").first()
        run = next_of_chain(last) if last is not None else None
        if run is not None:
            ring(run)
        return
    if run.status == CloseRun.Status.WAITING:
        missing = feeds.missing_feeds(run.business_date, now=timezone.now())
        run = closing.stop_waiting(run.pk, missing=missing, actor=audit.CLOSE)
    if run.status == CloseRun.Status.RUNNING and (shards.has_work(run) or not shards.is_in_work(run)):
        ring(run)
