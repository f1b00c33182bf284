"""The run ledger: a close is a row, each step of it over each range of accounts is a row, and those rows are the truth.

A worker claims a mark, works inside one transaction that also sets the mark done, and goes on to the next. A worker that
dies leaves its transaction undone and its claim to whoever comes: at once where its process is known to be gone, after the
lease elsewhere. The broker only wakes workers up; losing it loses nothing.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from riskops.shared import audit, events, sql
from riskops.shared.day import FIRST_DAY, LAST_DAY, lock_book
from riskops.shared.feeds import MissingFeeds
from riskops.shared.models import CloseRun, CloseShard

log = structlog.get_logger(__name__)

#: A shard that failed, or took its worker with it, this often is left to a person.
MOST_ATTEMPTS: Final = 5
#: Seconds before a failed shard is tried again, by attempt.
BACK_OFF_SECONDS: Final = (1, 5, 20, 60)
#: How often a worker with nothing to claim looks again, in seconds.
LOOK_AGAIN_SECONDS: Final = 0.1
#: How many shards are read at once to find one that is free.
FEW: Final = 8


@dataclass(frozen=True, slots=True)
class Shard:
    """A range of account ids of one run, both ends included."""

    run_id: int
    business_date: date
    number: int
    first_account_id: int
    last_account_id: int


@dataclass(frozen=True, slots=True)
class Step:
    """A named step: `work` does one shard in the caller's transaction and returns the number of rows it wrote.

    A step of the whole book has one shard over all accounts. What a step does must be safe to do again.
    """

    name: str
    work: Callable[[Shard], int]
    is_whole_book: bool = False


class DayAlreadyClosed(Exception):
    """The day is closed; whoever asked may carry on."""

    def __init__(self, business_date: date) -> None:
        super().__init__(_("%(day)s is closed already; nothing was done.") % {"day": business_date.isoformat()})


class DayOutOfOrder(Exception):
    """Days are closed one after the other; the message names the next one."""


class DayOutOfCalendar(DayOutOfOrder):
    """No entry can be of the day: portfolio files and the pages end at the same days. Mostly a slip in the year."""

    def __init__(self, business_date: date) -> None:
        super().__init__(
            _("%(day)s is not between 1990-01-01 and 2099-12-31; check the year.") % {"day": business_date.isoformat()}
        )


class StepFailed(Exception):
    """A shard failed as often as it may; the message says where and why."""


# This process, told apart from one that had the same number before a restart.
_PROCESS_TOKEN: Final = secrets.token_hex(4)


def worker_name() -> str:
    """Return the name under which this process claims shards."""
    return f"{socket.gethostname()}:{os.getpid()}:{_PROCESS_TOKEN}"


def is_known_dead(worker: str) -> bool:
    """Return whether a worker's process is certainly gone: same machine, and no such process any more."""
    host, _, rest = worker.partition(":")
    number, _, token = rest.partition(":")
    if host != socket.gethostname() or not number.isdigit():
        return False
    if int(number) == os.getpid():
        return token != _PROCESS_TOKEN
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def check_calendar(*days: date) -> None:
    """Make sure that the days can be closed; one that is too far away could neither be finished nor taken back.

    :raises DayOutOfCalendar: one of them cannot
    """
    for day in days:
        if not FIRST_DAY <= day <= LAST_DAY:
            raise DayOutOfCalendar(day)


@transaction.atomic
def open_run(
    *,
    business_date: date,
    through: date,
    steps: Sequence[Step],
    ranges: Sequence[tuple[int, int]],
    missing: MissingFeeds,
    actor: audit.Actor,
) -> CloseRun:
    """Return the run of a day, opened now or found open. One run is open at a time: the database holds that.

    :param ranges: first and last account id of each shard; together they must cover every account there will ever be
    :param missing: the feeds of the day that have not come; one that stops the close opens the run as waiting
    :raises DayAlreadyClosed: the day is closed
    :raises DayOutOfOrder: another day is open or has to be closed first
    :raises DayOutOfCalendar: no entry can be of one of the days
    """
    check_calendar(business_date, through)
    book = lock_book()
    found = CloseRun.objects.filter(Q(is_open=True) | Q(business_date=business_date)).order_by("is_open").first()
    if book.business_date is not None and business_date <= book.business_date:
        raise DayAlreadyClosed(business_date)
    if found is not None and found.business_date != business_date:
        raise DayOutOfOrder(
            _("The close of %(open)s is not complete (%(status)s); finish it before %(day)s.")
            % {
                "open": found.business_date.isoformat(),
                "status": CloseRun.Status(found.status).label,
                "day": business_date.isoformat(),
            }
        )
    if book.business_date is not None and business_date != book.business_date + timedelta(days=1):
        raise DayOutOfOrder(
            _("The last closed day is %(last)s, so the next to close is %(next)s, not %(day)s.")
            % {
                "last": book.business_date.isoformat(),
                "next": (book.business_date + timedelta(days=1)).isoformat(),
                "day": business_date.isoformat(),
            }
        )
    if found is not None:
        if through > found.through:
            _go_further(found, through, actor)
        return found
    run = CloseRun.objects.create(
        business_date=business_date,
        through=through,
        status=CloseRun.Status.WAITING if missing.stopping else CloseRun.Status.RUNNING,
        waiting_for=missing.names,
        # A run that waits may yet get all its feeds: decided when it goes on.
        is_provisional=bool(missing.tolerated) and not missing.stopping,
        started_by=actor.name,
    )
    CloseShard.objects.bulk_create(
        CloseShard(run=run, step_order=order, step=step.name, number=number, first_account_id=first, last_account_id=last)
        for order, step in enumerate(steps)
        for number, (first, last) in enumerate([(ranges[0][0], ranges[-1][1])] if step.is_whole_book else ranges)
    )
    audit.record(
        actor=actor,
        action="close.start",
        subject_type="close",
        subject_key=business_date.isoformat(),
        after={
            "status": run.status,
            "waiting_for": run.waiting_for,
            "provisional": run.is_provisional,
            "through": run.through.isoformat(),
            "shards": len(ranges),
        },
        run_id=run.pk,
    )
    return run


def _go_further(run: CloseRun, through: date, actor: audit.Actor) -> None:
    """Let the days after an open run be closed too, up to `through`."""
    before, run.through = run.through, through
    run.save(update_fields=["through"])
    audit.record(
        actor=actor,
        action="close.run",
        subject_type="close",
        subject_key=run.business_date.isoformat(),
        before={"through": before.isoformat()},
        after={"through": through.isoformat()},
        run_id=run.pk,
    )


def work(run_id: int, *, steps: Sequence[Step], for_seconds: float | None = None) -> CloseRun:
    """Work on a run until it is complete, or nothing is left for this worker, and return the run.

    :param for_seconds: begin no further shard after this long; None goes on to the end
    :raises StepFailed: a shard failed as often as it may
    """
    by_name = {step.name: step for step in steps}
    ends = None if for_seconds is None else time.monotonic() + for_seconds
    while True:
        run = CloseRun.objects.get(pk=run_id)
        if run.status != CloseRun.Status.RUNNING or (ends is not None and time.monotonic() > ends):
            break
        claimed = _claim(run)
        if claimed is not None:
            _perform(claimed, by_name[claimed.step])
        elif not _complete_if_done(run):
            time.sleep(LOOK_AGAIN_SECONDS)
    if run.status == CloseRun.Status.FAILED:
        failed = run.shards.filter(status=CloseShard.Status.FAILED).order_by("step_order", "number").first()
        raise StepFailed(
            _("The close of %(day)s stopped at step %(step)s, shard %(shard)s: %(error)s")
            % {
                "day": run.business_date.isoformat(),
                "step": failed.step if failed else "?",
                "shard": failed.number if failed else "?",
                "error": last_line(failed.error) if failed else "?",
            }
        )
    return run


def last_line(error: str) -> str:
    """Return the line of a traceback that says what was wrong."""
    lines = error.strip().splitlines()
    return lines[-1] if lines else "?"


def has_work(run: CloseRun) -> bool:
    """Return whether a worker that came now would find a shard to claim."""
    return any(_is_free(shard) for shard in _shards_of_present_step(run))


def _shards_of_present_step(run: CloseRun) -> Iterator[CloseShard]:
    """Give the shards not done of the first step that has any, a few at a time: mostly one of the first is free."""
    left = run.shards.exclude(status=CloseShard.Status.DONE).order_by("step_order", "number")
    begin, present = 0, None
    while found := list(left[begin : begin + FEW]):
        for shard in found:
            present = shard.step_order if present is None else present
            if shard.step_order != present:
                return
            yield shard
        begin += FEW


def _is_free(shard: CloseShard) -> bool:
    now = timezone.now()
    if shard.status == CloseShard.Status.PENDING:
        return shard.lease_until is None or shard.lease_until <= now
    if shard.status == CloseShard.Status.CLAIMED:
        return shard.lease_until is None or shard.lease_until <= now or is_known_dead(shard.claimed_by)
    return False


def _claim(run: CloseRun) -> CloseShard | None:
    """Claim the first free shard of the present step for this process."""
    for seen in _shards_of_present_step(run):
        if not _is_free(seen):
            continue
        if seen.attempts >= MOST_ATTEMPTS:
            # Failures end with the last attempt; only deaths lead here. Going on would kill worker after worker.
            if _give_up_after_deaths(seen):
                return None
        elif _take(seen):
            return seen
    return None


def _take(seen: CloseShard) -> bool:
    """Put this process's claim on a shard that was seen free; False where another was quicker, or works on it still."""
    as_seen = CloseShard.objects.filter(
        pk=seen.pk, status=seen.status, claimed_by=seen.claimed_by, attempts=seen.attempts, lease_until=seen.lease_until
    )
    with transaction.atomic():
        if seen.status == CloseShard.Status.CLAIMED and _skipping_locked(as_seen).first() is None:
            # In work: its worker's transaction holds it, however old its lease.
            return False
        sql.commit_without_waiting()
        now = timezone.now()
        # Of two that saw it free the second finds it otherwise.
        taken = as_seen.update(
            status=CloseShard.Status.CLAIMED,
            claimed_by=worker_name(),
            attempts=seen.attempts + 1,
            started_at=now,
            lease_until=now + timedelta(seconds=settings.CLOSE_LEASE_SECONDS),
        )
    return bool(taken)


def _skipping_locked(rows: QuerySet[CloseShard]) -> QuerySet[CloseShard]:
    return rows.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked)


@transaction.atomic
def _give_up_after_deaths(seen: CloseShard) -> bool:
    locked = _skipping_locked(CloseShard.objects.filter(pk=seen.pk, status=seen.status, claimed_by=seen.claimed_by)).first()
    if locked is None or not _is_free(locked):
        return False
    _give_up(locked, f"{locked.attempts} workers died at this shard, the last one was {locked.claimed_by}")
    return True


def _perform(claimed: CloseShard, step: Step) -> None:
    """Do one shard and set its mark, both in one transaction; a failure is noted and tried again later."""
    try:
        with transaction.atomic():
            mark = CloseShard.objects.select_for_update(of=("self",)).select_related("run").get(pk=claimed.pk)
            if mark.status != CloseShard.Status.CLAIMED or mark.claimed_by != worker_name():
                return
            shard = Shard(mark.run_id, mark.run.business_date, mark.number, mark.first_account_id, mark.last_account_id)
            sql.prepare_for_bulk_work()
            mark.rows = step.work(shard)
            mark.status = CloseShard.Status.DONE
            mark.finished_at = timezone.now()
            mark.error = ""
            mark.save(update_fields=["rows", "status", "finished_at", "error"])
            if mark.rows:
                audit.record(
                    actor=audit.CLOSE,
                    action=f"close.{step.name}",
                    subject_type="close",
                    subject_key=f"{mark.run.business_date.isoformat()} {step.name} {mark.number}",
                    after={"rows": mark.rows, "accounts": [mark.first_account_id, mark.last_account_id]},
                    run_id=mark.run_id,
                )
    except Exception:
        log.exception("close_shard_failed", step=claimed.step, shard=claimed.number, run_id=claimed.run_id)
        _note_failure(claimed, traceback.format_exc())


@transaction.atomic
def _note_failure(claimed: CloseShard, error: str) -> None:
    mark = CloseShard.objects.select_for_update().get(pk=claimed.pk)
    if mark.status != CloseShard.Status.CLAIMED or mark.claimed_by != worker_name():
        return
    mark.error = error[-4000:]
    mark.claimed_by = ""
    if mark.attempts >= MOST_ATTEMPTS:
        _give_up(mark, mark.error)
        return
    mark.status = CloseShard.Status.PENDING
    mark.lease_until = timezone.now() + timedelta(seconds=BACK_OFF_SECONDS[mark.attempts - 1])
    mark.save(update_fields=["error", "claimed_by", "status", "lease_until"])


def _give_up(mark: CloseShard, error: str) -> None:
    """Leave a shard, and with it the run, to a person. Call it with the mark locked."""
    mark.status = CloseShard.Status.FAILED
    mark.error = error
    mark.claimed_by = ""
    mark.lease_until = None
    mark.save(update_fields=["status", "error", "claimed_by", "lease_until"])
    CloseRun.objects.filter(pk=mark.run_id).update(status=CloseRun.Status.FAILED)
    audit.record(
        actor=audit.CLOSE,
        action="close.failed",
        subject_type="close",
        subject_key=f"{mark.run.business_date.isoformat()} {mark.step} {mark.number}",
        after={"attempts": mark.attempts, "error": last_line(error)},
        run_id=mark.run_id,
    )


def _complete_if_done(run: CloseRun) -> bool:
    """Move the business date when every mark is done; safe to ask at any time by any worker."""
    # Asked ten times a second by workers that wait for another's shard: outside of a transaction, SQLite's is a write lock.
    if run.shards.exclude(status=CloseShard.Status.DONE).exists():
        return False
    _complete(run)
    return True


@transaction.atomic
def _complete(run: CloseRun) -> None:
    book = lock_book()
    still_open = CloseRun.objects.filter(pk=run.pk, is_open=True).update(
        status=CloseRun.Status.COMPLETE, is_open=False, finished_at=timezone.now()
    )
    if still_open:
        book.business_date = run.business_date
        book.save(update_fields=["business_date", "changed_at"])
        audit.record(
            actor=audit.CLOSE,
            action="close.complete",
            subject_type="close",
            subject_key=run.business_date.isoformat(),
            after={"provisional": run.is_provisional},
            run_id=run.pk,
        )
        transaction.on_commit(
            lambda: events.day_closed.send_robust(sender=CloseRun, business_date=run.business_date, run_id=run.pk)
        )


@transaction.atomic
def restart(run_id: int, *, actor: audit.Actor, reason: str = "") -> CloseRun:
    """Let the failed shards of a run be tried again, from where it stopped."""
    run = CloseRun.objects.select_for_update().get(pk=run_id)
    if run.status == CloseRun.Status.FAILED:
        run.shards.filter(status=CloseShard.Status.FAILED).update(
            status=CloseShard.Status.PENDING, attempts=0, lease_until=None, claimed_by=""
        )
        run.status = CloseRun.Status.RUNNING
        run.save(update_fields=["status"])
        audit.record(
            actor=actor,
            action="close.run",
            subject_type="close",
            subject_key=run.business_date.isoformat(),
            before={"status": CloseRun.Status.FAILED},
            after={"status": CloseRun.Status.RUNNING},
            reason=reason,
            run_id=run.pk,
        )
    return run


@transaction.atomic
def stop_waiting(run_id: int, *, missing: MissingFeeds, actor: audit.Actor, override_reason: str = "") -> CloseRun:
    """Let a waiting run go on when its feeds have come, or when a person overrides with a reason (then provisional)."""
    # While a run waits, postings and imports see no close: those in flight must end before its first step begins.
    lock_book()
    run = CloseRun.objects.select_for_update().get(pk=run_id)
    if run.status != CloseRun.Status.WAITING:
        return run
    if missing.stopping and not override_reason:
        if run.waiting_for != missing.names:
            run.waiting_for = missing.names
            run.save(update_fields=["waiting_for"])
        return run
    is_overridden = bool(missing.stopping)
    run.status = CloseRun.Status.RUNNING
    run.is_provisional = bool(missing.names)
    run.override_reason = override_reason if is_overridden else ""
    run.waiting_for = missing.names
    run.save(update_fields=["status", "is_provisional", "override_reason", "waiting_for"])
    audit.record(
        actor=actor,
        action="close.override_feed" if is_overridden else "close.feeds_arrived",
        subject_type="close",
        subject_key=run.business_date.isoformat(),
        before={"status": CloseRun.Status.WAITING},
        after={"status": run.status, "missing": missing.names, "provisional": run.is_provisional},
        reason=run.override_reason,
        run_id=run.pk,
    )
    return run


def progress(run: CloseRun) -> tuple[int, int]:
    """Return the shards done and all shards of a run."""
    return run.shards.filter(status=CloseShard.Status.DONE).count(), run.shards.count()


def is_in_work(run: CloseRun) -> bool:
    """Return whether any shard of a run is claimed by a worker not known to be gone."""
    return any(not _is_free(shard) for shard in run.shards.filter(status=CloseShard.Status.CLAIMED))
