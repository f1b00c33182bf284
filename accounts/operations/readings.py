"""Aging files and checks of the book, asked for on the site or over the API and made by a worker.

A reading is a row; a bell only says that there is one. Whoever hears it claims the row for a while and renews the claim as it
goes on. A claim that ran out is anybody's: the worker is gone, its half of a file is removed, and the reading begins anew.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Final

import structlog
from django.conf import settings
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.exports import Truth, whole_file, write_aging
from accounts.models import BookDifference, BookReading, CreditAccount
from accounts.queries.reported import DayNotReported, reported_days
from accounts.queries.verifying import Difference, differences_now, differences_reported, refuse_while_closing
from accounts.roles import EXPORT_ACCOUNTS, VERIFY_BOOK
from riskops.shared.audit import Actor, record
from riskops.shared.bells import ring
from riskops.shared.day import FIRST_DAY, LAST_DAY, CloseIsRunning
from riskops.shared.reading import one_moment
from riskops.shared.sql import side_cursor

log = structlog.get_logger(__name__)

Kind, Status, Failure = BookReading.Kind, BookReading.Status, BookReading.Failure
#: A file holds what every account owes: long enough to fetch it, not to gather.
FILE_KEPT: Final = timedelta(days=7)
#: Differences of each sort that a check keeps for its page.
KEPT_DIFFERENCES: Final = 1_000
#: Readings that wait or run at once; each is a walk through the whole book.
MOST_UNFINISHED: Final = 20
LEASE: Final = timedelta(minutes=2)
_MOST_ATTEMPTS: Final = 3
_PROGRESS_SECONDS: Final = 0.5
#: One that no worker has taken by then lost its bell.
_UNHEARD_AFTER: Final = timedelta(seconds=30)
_UNFINISHED: Final = (Status.QUEUED, Status.RUNNING)


class ReadingRefused(Exception):
    """Something that was not begun; `about` names the argument to look at."""

    about: ClassVar[str] = ""


class DayOutOfBook(ReadingRefused):
    """No book holds the day."""

    about = "as_of"

    def __init__(self, day: date) -> None:
        super().__init__(_("%(day)s is not between 1990-01-01 and 2099-12-31; check the year.") % {"day": day.isoformat()})


class TooManyUnfinished(ReadingRefused):
    """So many wait that one more would only wait longer."""

    def __init__(self) -> None:
        super().__init__(
            _("%(number)s exports and checks wait or run already; ask again when some of them are done.")
            % {"number": MOST_UNFINISHED}
        )


class ReadingReferenceTaken(ReadingRefused):
    """The reference belongs to another question."""

    about = "reference"

    def __init__(self, reference: str) -> None:
        super().__init__(
            _("Under the reference %(reference)s something else was asked for; use another reference.") % {"reference": reference}
        )


def ask_for_aging(*, as_of: date, truth: str, actor: Actor, reference: str = "") -> BookReading:
    """Note that the aging of a day is to be written to a file, and wake a worker for it.

    :param reference: asked again under the same one, it is the same reading
    :raises DayNotReported: *reported*, and no close's findings are kept for the day
    :raises DayOutOfBook, TooManyUnfinished, ReadingReferenceTaken: nothing was noted
    """
    if not FIRST_DAY <= as_of <= LAST_DAY:
        raise DayOutOfBook(as_of)
    asked = BookReading(kind=Kind.AGING, as_of=as_of, truth=truth)
    if (there := _there_already(asked, reference)) is not None:
        return there
    if truth == Truth.REPORTED:
        _refuse_not_reported(as_of)
    return _ask(asked, reference, actor, EXPORT_ACCOUNTS)


def ask_for_check(*, as_of: date | None, actor: Actor, reference: str = "") -> BookReading:
    """Note that every account is to be rebuilt from its entries and compared, and wake a worker for it.

    :param as_of: compare the report of this day; None compares the book as it stands
    :raises DayNotReported: no close's findings are kept for the day
    :raises CloseIsRunning: the book as it stands is on its way from one day to the next
    :raises TooManyUnfinished, ReadingReferenceTaken: nothing was noted
    """
    asked = BookReading(kind=Kind.CHECK, as_of=as_of)
    if (there := _there_already(asked, reference)) is not None:
        return there
    if as_of is None:
        refuse_while_closing()
    else:
        _refuse_not_reported(as_of)
    return _ask(asked, reference, actor, VERIFY_BOOK)


def _refuse_not_reported(day: date) -> None:
    days = reported_days()
    if day not in days:
        raise DayNotReported(day, days)


def _there_already(asked: BookReading, reference: str) -> BookReading | None:
    """Return the reading that was asked for under the reference before.

    :raises ReadingReferenceTaken: something else was
    """
    there = BookReading.objects.filter(reference=reference).first() if reference else None
    if there is not None and (there.kind, there.as_of, there.truth) != (asked.kind, asked.as_of, asked.truth):
        raise ReadingReferenceTaken(reference)
    return there


@transaction.atomic
def _ask(asked: BookReading, reference: str, actor: Actor, action: str) -> BookReading:
    if BookReading.objects.filter(status__in=_UNFINISHED).count() >= MOST_UNFINISHED:
        raise TooManyUnfinished
    asked.reference = reference or None
    asked.started_by_id = actor.user_id
    try:
        # Of two that come at once under one reference the unique key lets one in; the other is given that one.
        with transaction.atomic():
            asked.save(force_insert=True)
    except IntegrityError:
        if (there := _there_already(asked, reference)) is None:
            raise
        return there
    _record(asked, actor, action, "asked for")
    transaction.on_commit(lambda: _ring(asked.pk))
    return asked


def _record(reading: BookReading, actor: Actor, action: str, what: str) -> None:
    facts = {"what": what, "day": reading.as_of.isoformat() if reading.as_of else "now"}
    record(
        actor=actor,
        action=action,
        subject_type=reading.kind,
        subject_key=str(reading.pk),
        after=facts | ({"as": reading.truth} if reading.truth else {}),
    )


def note_download(reading: BookReading, *, actor: Actor) -> None:
    """Note that somebody takes the file."""
    _record(reading, actor, EXPORT_ACCOUNTS, "downloaded")


def kept_file(reading: BookReading) -> Path | None:
    """Return the file of a reading; None if it has none, or none any more."""
    path = Path(reading.path) if reading.path else None
    return path if path is not None and path.is_file() else None


class _ClaimLost(Exception):
    """The claim ran out and somebody else took the reading up."""


def run(reading_id: int) -> None:
    """Do a reading that waits, or that a worker left lying; nothing if somebody is at it or it is done."""
    now, claim = timezone.now(), secrets.token_hex(8)
    is_mine = (
        _to_take_up(now)
        .filter(pk=reading_id)
        .update(status=Status.RUNNING, claim=claim, lease_until=now + LEASE, attempts=F("attempts") + 1, rows_done=0)
    )
    if not is_mine:
        log.info("reading_is_taken", reading_id=reading_id)
        return
    reading = BookReading.objects.get(pk=reading_id)
    try:
        if reading.attempts > _MOST_ATTEMPTS:
            _finish(reading, status=Status.FAILED, failure=Failure.GIVEN_UP)
        elif reading.kind == Kind.AGING:
            _write_aging(reading)
        else:
            _check(reading)
    except DayNotReported:
        _finish(reading, status=Status.FAILED, failure=Failure.NOT_REPORTED)
    except CloseIsRunning:
        _finish(reading, status=Status.FAILED, failure=Failure.CLOSE_RUNS)
    except _ClaimLost:
        log.warning("reading_claim_lost", reading_id=reading_id)
    except BaseException:
        # Whatever it was, the next tick has it tried again, and gives it up after some times.
        _mine(reading).update(lease_until=timezone.now())
        raise


def _to_take_up(now: datetime) -> QuerySet[BookReading]:
    return BookReading.objects.filter(Q(status=Status.QUEUED) | Q(status=Status.RUNNING, lease_until__lt=now))


def _mine(reading: BookReading) -> QuerySet[BookReading]:
    return BookReading.objects.filter(pk=reading.pk, claim=reading.claim, status=Status.RUNNING)


def _finish(reading: BookReading, *, status: str, **values: Any) -> None:
    """End a reading, if it is still this worker's.

    :raises _ClaimLost: it is not
    """
    if not _mine(reading).update(status=status, finished_at=timezone.now(), lease_until=None, **values):
        raise _ClaimLost


@dataclass(slots=True)
class _Progress:
    """Tells the reading's row how far it is and renews the claim, at most twice a second."""

    reading: BookReading
    # In a transaction that is open already (a test's) the row may be seen by nobody else.
    is_inside: bool = field(default_factory=lambda: connection.in_atomic_block)
    told_at: float = 0.0

    def __call__(self, done: int) -> None:
        if time.monotonic() - self.told_at < _PROGRESS_SECONDS:
            return
        self.told_at = time.monotonic()
        sql = "UPDATE accounts_bookreading SET rows_done = %s, lease_until = %s WHERE id = %s AND claim = %s"
        values = (done, timezone.now() + LEASE, self.reading.pk, self.reading.claim)
        try:
            # The book is read as of one moment, in a transaction in which nothing may be written.
            with connection.cursor() if self.is_inside else side_cursor() as cursor:
                cursor.execute(sql, values)
                is_mine = cursor.rowcount
        except OperationalError:
            # Another writer keeps SQLite for long; the claim outlasts a few of these.
            log.warning("reading_progress_not_told", reading_id=self.reading.pk, exc_info=True)
            return
        if not is_mine:
            raise _ClaimLost


def _write_aging(reading: BookReading) -> None:
    day = reading.as_of
    assert day is not None
    _mine(reading).update(rows_total=CreditAccount.objects.filter(opened_on__lte=day).count())
    path = _folder() / f"aging-{reading.pk}-{reading.claim}.csv"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with whole_file(path) as file:
            rows = write_aging(file, as_of=day, truth=Truth(reading.truth), tell=_Progress(reading))
        size = path.stat().st_size
        _finish(reading, status=Status.DONE, path=str(path), size_bytes=size, rows_total=rows, rows_done=rows)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _check(reading: BookReading) -> None:
    accounts = CreditAccount.objects.all()
    if reading.as_of is not None:
        accounts = accounts.filter(opened_on__lte=reading.as_of)
    total = accounts.count()
    _mine(reading).update(rows_total=total)
    tell = _Progress(reading)
    counts = {False: 0, True: 0}
    kept: list[BookDifference] = []
    with one_moment():
        for difference in _differences(reading, tell):
            is_late = difference.is_late_correction
            counts[is_late] += 1
            if counts[is_late] <= KEPT_DIFFERENCES:
                kept.append(_row(reading, difference))
    with transaction.atomic():
        _finish(
            reading,
            status=Status.DONE,
            rows_total=total,
            rows_done=total,
            difference_count=counts[False],
            correction_count=counts[True],
        )
        BookDifference.objects.bulk_create(kept, batch_size=500)


def _differences(reading: BookReading, tell: _Progress) -> Iterator[Difference]:
    return differences_now(tell=tell) if reading.as_of is None else differences_reported(reading.as_of, tell=tell)


def _row(reading: BookReading, difference: Difference) -> BookDifference:
    return BookDifference(
        reading=reading,
        account_no=difference.account_no,
        what=difference.what,
        stored=str(difference.stored)[:200],
        rebuilt=str(difference.rebuilt)[:200],
        is_late_correction=difference.is_late_correction,
    )


def tick() -> None:
    """See to readings that nobody took or whose worker is gone, and remove files that have been kept long enough."""
    now = timezone.now()
    unheard = Q(status=Status.RUNNING) | Q(created_at__lt=now - _UNHEARD_AFTER)
    for reading_id in _to_take_up(now).filter(unheard).order_by("pk").values_list("pk", flat=True):
        _ring(reading_id)
    for reading in BookReading.objects.exclude(path="").filter(finished_at__lt=now - FILE_KEPT):
        Path(reading.path).unlink(missing_ok=True)
        BookReading.objects.filter(pk=reading.pk).update(path="")
    _remove_halves(now)


def _remove_halves(now: datetime) -> None:
    """Remove what workers were writing when they were killed."""
    kept = {Path(path).name for path in BookReading.objects.exclude(path="").values_list("path", flat=True)}
    claims = set(BookReading.objects.filter(status=Status.RUNNING, lease_until__gte=now).values_list("claim", flat=True))
    for path in _folder().glob("*aging-*"):
        claim = path.name.split(".csv")[0].rsplit("-", 1)[-1]
        if path.name not in kept and claim not in claims and path.stat().st_mtime < (now - LEASE).timestamp():
            path.unlink(missing_ok=True)


def _folder() -> Path:
    return Path(settings.VAR_DIR) / "exports"


def _ring(reading_id: int) -> None:
    from accounts.tasks import run_reading

    ring(run_reading, reading_id=reading_id)
