"""What the jobs pages and their API show, as frozen rows; a fixed number of queries, however many closes and shards there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db.models import Count, Max, Min, Q, QuerySet, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import CreditAccount
from riskops.shared import heartbeat
from riskops.shared.closing import last_line
from riskops.shared.day import book_shown, close_shown
from riskops.shared.feeds import cut_off_of
from riskops.shared.models import BookState, CloseRun, CloseShard, Feed, FeedArrival

RUNS_ROWS: Final = 25
SHARDS_ROWS: Final = 200
ARRIVALS_ROWS: Final = 30

#: The steps as people know them; a step of a later version shows under its own name.
STEP_NAMES: Final[dict[str, Promise]] = {
    "post": _("posting"),
    "age": _("aging"),
    "plans": _("plans"),
    "signals": _("signals"),
    "agencies": _("agencies"),
    "tier": _("tiering"),
    "sweeps": _("sweeps"),
    "reviews": _("reviews"),
    "decisions": _("decisions"),
    "promises": _("promises"),
    "write_offs": _("write-offs"),
    "episodes": _("cases"),
    "cases": _("queues"),
    "snapshot": _("snapshot"),
    "arms": _("arms of experiments"),
    "outreach": _("outreach"),
    "publish": _("report"),
}
TONES: Final = {
    CloseRun.Status.COMPLETE: "ok",
    CloseRun.Status.RUNNING: "busy",
    CloseRun.Status.WAITING: "wait",
    CloseRun.Status.FAILED: "bad",
}


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step of a run: how many of its shards are done, how long it took so far (seconds), what it wrote."""

    name: str
    shards: int
    done: int
    running: int
    failed: int
    rows: int
    seconds: float | None

    @property
    def label(self) -> Promise | str:
        """The step in words."""
        return STEP_NAMES.get(self.name, self.name)

    @property
    def state(self) -> str:
        """done, bad, busy or none."""
        if self.failed:
            return "bad"
        if self.done == self.shards:
            return "done"
        return "busy" if self.done or self.running else "none"

    @property
    def percent(self) -> int:
        """Shards done, in percent."""
        return 100 * self.done // self.shards if self.shards else 0


@dataclass(frozen=True, slots=True)
class RunRow:
    """The close of one day as a row of the jobs page. `seconds` is the time since it was started, or that it took."""

    run: CloseRun
    steps: tuple[StepRow, ...]
    error: str
    seconds: float

    @property
    def tone(self) -> str:
        """The tone of its status pill."""
        return "wait" if self.run.is_provisional and not self.run.is_open else TONES[CloseRun.Status(self.run.status)]

    @property
    def shards(self) -> int:
        """All shards of all steps."""
        return sum(step.shards for step in self.steps)

    @property
    def done(self) -> int:
        """Shards that are done."""
        return sum(step.done for step in self.steps)

    @property
    def rows(self) -> int:
        """Rows written."""
        return sum(step.rows for step in self.steps)

    @property
    def work_seconds(self) -> float:
        """The time of the steps, without what was spent waiting for feeds or workers before the first one."""
        return sum(step.seconds or 0.0 for step in self.steps)

    @property
    def rows_per_second(self) -> int | None:
        """The rate, None before there is one."""
        return round(self.rows / self.work_seconds) if self.work_seconds > 0.05 and self.rows else None

    @property
    def goes_further(self) -> bool:
        """Whether later days are to be closed after this one."""
        return self.run.through > self.run.business_date


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the book stands and whether anybody is there to work on it.

    `last_sign`: when scheduler or workers last showed themselves; `is_moving`: something changes by itself, look often.
    """

    book: BookState
    open_run: CloseRun | None
    next_day: date | None
    last_sign: datetime | None
    is_silent: bool
    expects_feeds: bool
    is_moving: bool

    @property
    def is_empty(self) -> bool:
        """Whether the book holds no account: then no night closes anything."""
        return not CreditAccount.objects.exists()

    @property
    def may_start(self) -> bool:
        """Whether a further day can be asked for now."""
        return self.open_run is None or not self.open_run.stands_still


@dataclass(frozen=True, slots=True)
class JobsPage:
    """The jobs page; `next_before` is the day before which older runs are found, None when there are none."""

    standing: Standing
    runs: tuple[RunRow, ...]
    next_before: date | None


def standing(*, now: datetime) -> Standing:
    """Return where the book stands, in five queries."""
    book, latest = book_shown(), close_shown()
    open_run = latest if latest and latest.is_open else None
    sign = heartbeat.last_sign()
    is_silent = heartbeat.is_silent(sign, now=now)
    # Between two days of a chain nothing is open for a moment.
    in_chain = latest is not None and latest.status == CloseRun.Status.COMPLETE and latest.through > latest.business_date
    is_running = open_run is not None and open_run.status == CloseRun.Status.RUNNING
    return Standing(
        book=book,
        open_run=open_run,
        next_day=book.business_date + timedelta(days=1) if book.business_date else open_run.business_date if open_run else None,
        last_sign=sign,
        is_silent=is_silent,
        expects_feeds=Feed.objects.filter(is_expected=True).exists(),
        is_moving=is_running or (in_chain and not is_silent),
    )


def jobs_page(*, now: datetime, before: date | None = None) -> JobsPage:
    """Return a page of runs, the newest first."""
    runs = CloseRun.objects.order_by("-business_date")
    if before is not None:
        runs = runs.filter(business_date__lt=before)
    found = list(runs[: RUNS_ROWS + 1])
    shown = found[:RUNS_ROWS]
    return JobsPage(
        standing=standing(now=now),
        runs=run_rows(shown, now=now),
        next_before=shown[-1].business_date if len(found) > RUNS_ROWS else None,
    )


def run_rows(runs: Sequence[CloseRun], *, now: datetime) -> tuple[RunRow, ...]:
    """Return the rows of runs with their steps, in two queries."""
    ids = [run.pk for run in runs]
    steps: dict[int, list[StepRow]] = {pk: [] for pk in ids}
    open_ids = {run.pk for run in runs if run.status == CloseRun.Status.RUNNING}
    status = CloseShard.Status
    grouped = (
        CloseShard.objects.filter(run_id__in=ids)
        .values("run_id", "step_order", "step")
        .annotate(
            shards=Count("id"),
            done=Count("id", filter=Q(status=status.DONE)),
            running=Count("id", filter=Q(status=status.CLAIMED)),
            failed=Count("id", filter=Q(status=status.FAILED)),
            written=Sum("rows"),
            began=Min("started_at"),
            ended=Max("finished_at"),
        )
        .order_by("run_id", "step_order")
    )
    for row in grouped:
        is_over = row["done"] == row["shards"] or row["run_id"] not in open_ids
        ended = row["ended"] if is_over else now
        seconds = max(0.0, (ended - row["began"]).total_seconds()) if row["began"] and ended else None
        counts = (row["shards"], row["done"], row["running"], row["failed"], row["written"])
        steps[row["run_id"]].append(StepRow(row["step"], *counts, seconds))
    failed = CloseShard.objects.filter(run_id__in=ids, status=status.FAILED).order_by("-step_order", "-number")
    errors = dict(failed.values_list("run_id", "error"))
    return tuple(
        RunRow(
            run=run,
            steps=tuple(steps[run.pk]),
            error=last_line(errors[run.pk]) if run.pk in errors else "",
            seconds=((run.finished_at or now) - run.started_at).total_seconds(),
        )
        for run in runs
    )


@dataclass(frozen=True, slots=True)
class ShardRow:
    """One step over one range of accounts."""

    step: str
    number: int
    status: str
    status_label: Promise | str
    attempts: int
    worker: str
    started_at: datetime | None
    seconds: float | None
    rows: int
    error: str
    first_account_id: int
    last_account_id: int | None

    @property
    def step_label(self) -> Promise | str:
        """The step in words."""
        return STEP_NAMES.get(self.step, self.step)

    @property
    def last_error_line(self) -> str:
        """What was wrong, without the way there."""
        return last_line(self.error) if self.error else ""


@dataclass(frozen=True, slots=True)
class RunPage:
    """One close with its shards. `next_after` is where the next page of shards begins, None on the last one."""

    row: RunRow
    troubled: tuple[ShardRow, ...]
    shards: tuple[ShardRow, ...]
    next_after: int | None
    step: str
    standing: Standing


def run_page(run: CloseRun, *, now: datetime, step: str = "", after: int = 0) -> RunPage:
    """Return a close with a page of its shards, those in trouble apart and first."""
    (row,) = run_rows([run], now=now)
    shards = run.shards.order_by("step_order", "number")
    if step:
        shards = shards.filter(step=step)
    found = list(shards[after : after + SHARDS_ROWS + 1])
    in_trouble = run.shards.exclude(error="").exclude(status=CloseShard.Status.DONE).order_by("step_order", "number")
    return RunPage(
        row=row,
        troubled=tuple(shard_rows(in_trouble[:20], now=now)),
        shards=tuple(shard_rows(found[:SHARDS_ROWS], now=now)),
        next_after=after + SHARDS_ROWS if len(found) > SHARDS_ROWS else None,
        step=step,
        standing=standing(now=now),
    )


def shard_rows(shards: Iterable[CloseShard] | QuerySet[CloseShard], *, now: datetime) -> list[ShardRow]:
    """Return shards as rows; the open-ended last range has no last account."""
    return [
        ShardRow(
            step=shard.step,
            number=shard.number,
            status=shard.status,
            status_label=shard.get_status_display(),
            attempts=shard.attempts,
            worker=shard.claimed_by,
            started_at=shard.started_at,
            seconds=_seconds(shard, now),
            rows=shard.rows,
            error=shard.error,
            first_account_id=shard.first_account_id,
            last_account_id=shard.last_account_id if shard.last_account_id < 2**63 - 1 else None,
        )
        for shard in shards
    ]


def _seconds(shard: CloseShard, now: datetime) -> float | None:
    if shard.started_at is None or shard.status not in (CloseShard.Status.DONE, CloseShard.Status.CLAIMED):
        return None
    return max(0.0, ((shard.finished_at or now) - shard.started_at).total_seconds())


@dataclass(frozen=True, slots=True)
class FeedRow:
    """An expected feed and how it stands for the next day to close: came, awaited, late or not expected."""

    feed: Feed
    state: str
    cut_off_at: datetime | None
    last_arrival: FeedArrival | None

    @property
    def weekdays(self) -> list[int]:
        """The ISO days it comes for."""
        return [int(digit) for digit in self.feed.weekdays]


def feed_rows(next_day: date | None, *, now: datetime) -> tuple[FeedRow, ...]:
    """Return the feeds by name, in two queries."""
    feeds = list(Feed.objects.order_by("name"))
    latest = {
        arrival.feed_id: arrival
        for arrival in FeedArrival.objects.filter(
            pk__in=FeedArrival.objects.values("feed_id").annotate(latest=Max("id")).values("latest")
        )
    }
    came = set(FeedArrival.objects.filter(business_date=next_day).values_list("feed_id", flat=True)) if next_day else set()
    return tuple(_feed_row(feed, next_day, feed.pk in came, latest.get(feed.pk), now) for feed in feeds)


def _feed_row(feed: Feed, next_day: date | None, has_come: bool, last: FeedArrival | None, now: datetime) -> FeedRow:
    if next_day is None or not feed.is_expected or str(next_day.isoweekday()) not in feed.weekdays:
        return FeedRow(feed, "came" if has_come else "not_expected", None, last)
    cut_off = cut_off_of(feed, next_day)
    return FeedRow(feed, "came" if has_come else "late" if cut_off <= now else "awaited", cut_off, last)


def arrival_rows(feed: str = "") -> list[FeedArrival]:
    """Return the last arrivals, the newest first."""
    arrivals = FeedArrival.objects.select_related("feed").order_by("-id")
    if feed:
        arrivals = arrivals.filter(feed__name=feed)
    return list(arrivals[:ARRIVALS_ROWS])


def run_out(row: RunRow) -> dict[str, Any]:
    """Return a run as the API gives it."""
    run = row.run
    return {
        "business_date": run.business_date,
        "through": run.through,
        "status": run.status,
        "is_provisional": run.is_provisional,
        "waiting_for": run.waiting_for,
        "override_reason": run.override_reason,
        "started_by": run.started_by,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "shards": row.shards,
        "shards_done": row.done,
        "rows": row.rows,
        "rows_per_second": row.rows_per_second,
        "error": row.error,
        "steps": [
            {
                "step": step.name,
                "shards": step.shards,
                "done": step.done,
                "failed": step.failed,
                "rows": step.rows,
                "seconds": step.seconds,
            }
            for step in row.steps
        ],
    }


def shard_out(row: ShardRow) -> dict[str, Any]:
    """Return a shard as the API gives it."""
    names = ("step", "number", "status", "attempts", "worker", "started_at", "seconds", "rows", "error")
    return {**{name: getattr(row, name) for name in names}, "accounts": [row.first_account_id, row.last_account_id]}
