"""Work on the marks of a run: claim one, do its step and set it done in one transaction, or note why not.

A worker that dies leaves its transaction undone and its claim to whoever comes: at once where its process is known to be
gone, after the lease elsewhere.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from riskops.shared import audit, sql
from riskops.shared.closing import Shard, Step, StepFailed, complete_if_done, last_line
from riskops.shared.models import CloseRun, CloseShard
from riskops.shared.workers import is_known_dead, worker_name

log = structlog.get_logger(__name__)

#: A shard that failed, or took its worker with it, this often is left to a person.
MOST_ATTEMPTS: Final = 5
#: Seconds before a failed shard is tried again, by attempt.
BACK_OFF_SECONDS: Final = (1, 5, 20, 60)
#: How often a worker with nothing to claim looks again, in seconds.
LOOK_AGAIN_SECONDS: Final = 0.1
#: How many shards are read at once to find one that is free.
FEW: Final = 8


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
            perform(claimed, by_name[claimed.step])
        elif not complete_if_done(run):
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


def perform(claimed: CloseShard, step: Step) -> None:
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


def is_in_work(run: CloseRun) -> bool:
    """Return whether any shard of a run is claimed by a worker not known to be gone."""
    return any(not _is_free(shard) for shard in run.shards.filter(status=CloseShard.Status.CLAIMED))
