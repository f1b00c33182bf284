"""Celery workers as production runs them: one against two on PostgreSQL, one beside people at work on SQLite; their memory."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Final

from django.db import OperationalError, connection
from django.db.models import Min

from accounts.operations.payments import post_payment
from riskops import doorbell
from riskops.shared.audit import COMMAND
from riskops.shared.models import CloseRun, CloseShard
from riskops.shared.sql import fetch, is_postgresql
from tests.benchmarks.nights import Night, bring_payments, next_day, night_of
from tests.benchmarks.rows import Row, at_least, at_most, note
from tests.benchmarks.site import ROOT, Site, peak_memory, settle

CLOSES: Final = 3
_READY_SECONDS: Final = 60.0
_CLOSE_SECONDS: Final = 3600.0


def measure_workers(site: Site) -> Iterator[Row]:
    """Close nights through long-lived workers."""
    peaks: list[int] = []
    with running_worker(site.folder / "worker-1.log", peaks):
        if is_postgresql():
            yield from _one_against_two(site, peaks)
        else:
            yield from _one_beside_people(site)
    yield at_most("workers", "peak memory of a worker", max(peaks) / 2**20, 400, "MiB", digits=0)


def _one_against_two(site: Site, peaks: list[int]) -> Iterator[Row]:
    """Close nights with one worker and with two, in turn."""
    alone, together = [], []
    for _ in range(CLOSES):
        alone.append(_close_by_bell(site).seconds)
        with running_worker(site.folder / "worker-2.log", peaks):
            together.append(_close_by_bell(site).seconds)
    yield note("workers", "one worker", f"{median(alone):.2f} s")
    yield note("workers", "two workers", f"{median(together):.2f} s")
    yield at_least("workers", f"one worker / two workers ({os.cpu_count()} cores)", median(alone) / median(together), 1.4, "×")


def _one_beside_people(site: Site) -> Iterator[Row]:
    """Close nights with one worker while payments are posted one by one."""
    with _Desk() as desk:
        seconds = median(_close_by_bell(site).seconds for _ in range(CLOSES))
    yield note("workers", "one worker, while people post payments", f"{seconds:.2f} s")
    yield note("workers", "  payments posted meanwhile", f"{desk.posted}, the slowest in {desk.slowest:.2f} s")
    yield at_most("workers", "lock errors of worker and people", desk.lock_errors + _shards_tried_again(), 0, digits=0)


@contextmanager
def running_worker(log: Path, peaks: list[int]) -> Iterator[None]:
    """Run a worker that does one thing at a time, ready when the block begins; its peak memory is added at the end."""
    command = [sys.executable, "-m", "celery", "-A", "riskops", "worker", "--pool", "solo", "--hostname", f"{log.stem}@%h"]
    with log.open("wb") as handle:
        process = subprocess.Popen(
            [*command, "--without-gossip", "--without-mingle", "--loglevel", "INFO"],
            cwd=ROOT,
            stdout=handle,
            stderr=subprocess.STDOUT,
            env=os.environ | {"LOG_LEVEL": "INFO"},
        )
    try:
        until = time.monotonic() + _READY_SECONDS
        while b" ready." not in log.read_bytes():
            if time.monotonic() > until or process.poll() is not None:
                raise RuntimeError(f"the worker did not get ready:\n{log.read_text(errors='replace')[-4000:]}")
            time.sleep(0.1)
        yield
        peaks.append(peak_memory(process.pid))
    finally:
        process.terminate()
        process.wait(timeout=60)


def _close_by_bell(site: Site) -> Night:
    """Ring for the next day as beat does, and wait for its end. Counted from the first claim: a bell may wait a second."""
    day = next_day()
    bring_payments(site, day)
    settle()
    run = doorbell.start(business_date=day, through=day, actor=COMMAND)
    # Asking must not disturb: SQLite's reader is free, PostgreSQL's costs a millisecond.
    until = time.monotonic() + _CLOSE_SECONDS
    while run.is_open:
        if time.monotonic() > until or run.status == CloseRun.Status.FAILED:
            raise RuntimeError(f"the close of {day} is {run.status}")
        time.sleep(0.1)
        run.refresh_from_db()
    began = CloseShard.objects.filter(run=run).aggregate(began=Min("started_at"))["began"]
    return night_of(run, seconds=(run.finished_at - began).total_seconds())


def _shards_tried_again() -> int:
    return CloseShard.objects.filter(attempts__gt=1).count()


class _Desk:
    """People at work: payments posted one after the other, in a thread of its own, until the block ends."""

    def __init__(self) -> None:
        self.posted = 0
        self.lock_errors = 0
        self.slowest = 0.0
        self._leave = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self._failure: Exception | None = None

    def __enter__(self) -> _Desk:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leave.set()
        self._thread.join()
        if self._failure:
            raise self._failure

    def _work(self) -> None:
        ids = [row[0] for row in fetch("SELECT id FROM accounts_creditaccount ORDER BY id LIMIT 500")]
        try:
            while not self._leave.wait(0.1):
                self._post(ids[self.posted % len(ids)])
        except Exception as failure:
            self._failure = failure
        finally:
            connection.close()

    def _post(self, account_id: int) -> None:
        started = time.perf_counter()
        try:
            post_payment(
                actor=COMMAND, account_id=account_id, amount_minor=100, value_date=next_day(), reference=f"DESK-{self.posted}"
            )
            self.posted += 1
        except OperationalError:
            self.lock_errors += 1
        self.slowest = max(self.slowest, time.perf_counter() - started)
