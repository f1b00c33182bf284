"""The run ledger: a close is a row, each step of it over each range of accounts is a row, and those rows are the truth.

This is the ledger itself: opened, gone on with, completed. The work on its marks is in `shards`. The broker only wakes
workers up; losing it loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from riskops.shared import audit, events
from riskops.shared.day import FIRST_DAY, LAST_DAY, lock_book
from riskops.shared.feeds import MissingFeeds
from riskops.shared.models import CloseRun, CloseShard


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


def last_line(error: str) -> str:
    """Return the line of a traceback that says what was wrong."""
    lines = error.strip().splitlines()
    return lines[-1] if lines else "?"


def complete_if_done(run: CloseRun) -> bool:
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
