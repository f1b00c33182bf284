"""One night after the other: a day's payments come in, the day is closed, and what that took is read off the run ledger."""

from __future__ import annotations

import csv
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from accounts.operations.importing import import_portfolio
from riskops.close_of_business import STEPS, close_day, next_day_to_close
from riskops.shared import closing, shards
from riskops.shared.audit import COMMAND
from riskops.shared.day import SEALING_STEP
from riskops.shared.models import CloseRun, CloseShard
from riskops.shared.money import plain_amount
from riskops.shared.sql import execute, fetch, is_postgresql
from tests.benchmarks.site import Site, settle, wal_bytes

#: The steps that hold their accounts' postings up; what comes after the sealing step leaves accounts alone.
AWAITED: Final = tuple(step.name for step in STEPS[: [step.name for step in STEPS].index(SEALING_STEP) + 1])
#: The steps of the book itself, which the bounds against the smallest SQL are about; it knows nothing of the others.
OF_THE_BOOK: Final = ("post", "age", "snapshot", "publish")
#: All others: what rules and people's work brought.
OF_THE_WORK: Final = tuple(step.name for step in STEPS if step.name not in OF_THE_BOOK)
#: Of the instalments due on a day one in so many is not paid; of the late accounts one in so many pays.
FAILS_ONE_IN: Final = 20
CATCHES_UP_ONE_IN: Final = 20


@dataclass(frozen=True, slots=True)
class Night:
    """What one close took. `by_step`: seconds in the transactions of each step; the rest is the run ledger's.

    Closed in this process, the end of a transaction is within: there PostgreSQL checks the foreign keys of what was added, row
    by row. Read off the ledger of other processes it is not.

    `longest` is the longest transaction of a shard that a posting may wait for: of the steps up to the sealing one.
    `wal` is the bytes of write-ahead log (0 on SQLite).
    """

    day: date
    seconds: float
    by_step: dict[str, float]
    rows: dict[str, int]
    longest: float
    wal: int
    run_id: int

    @property
    def ledger_seconds(self) -> float:
        """What went neither into a step nor into waiting: opening the run, claims, marks, audit."""
        return self.seconds - sum(self.by_step.values())

    @property
    def book_seconds(self) -> float:
        """What the steps of the book itself took (post, age, snapshot, publish), with all of the run ledger's."""
        return self.seconds - sum(self.by_step[name] for name in OF_THE_WORK)


def next_day() -> date:
    """Return the day to be closed next."""
    day = next_day_to_close()
    if day is None:
        raise RuntimeError("the book has had no close yet")
    return day


def bring_payments(site: Site, day: date) -> int:
    """Import the payments of a day through the front door and return their number; they wait for its close."""
    folder = site.folder / "day"
    folder.mkdir(exist_ok=True)
    rows = _write_payments(folder / "payments.csv", day)
    outcome = import_portfolio(folder, actor=COMMAND)
    if not outcome.is_clean:
        raise RuntimeError(f"the payments of {day} were refused: {outcome.report()}")
    return rows


def _write_payments(path: Path, day: date) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["payment_no", "account_no", "paid_on", "amount", "channel"])
        for account_no, minor, digits in _who_pays(day):
            writer.writerow([f"N{day:%Y%m%d}-{account_no}", account_no, day, plain_amount(minor, digits=digits), "bank"])
            count += 1
    return count


def _who_pays(day: date) -> Iterator[tuple[str, int, int]]:
    """Give account, amount and digits of about one account in thirty, so that the book stays about as late as it is.

    Most pay the instalment that is due, a few of the late ones their oldest; one in forty pays half, one half as much again.
    """
    turn = day.toordinal()
    rows = fetch(f"""
        SELECT a.account_no, a.id, p.minor_digits, SUM(i.principal_unpaid_minor + i.interest_unpaid_minor + i.fee_unpaid_minor)
        FROM (SELECT account_id, MIN(due_date) AS due_date FROM accounts_installment WHERE is_open GROUP BY account_id) AS o
        JOIN accounts_creditaccount AS a ON a.id = o.account_id JOIN accounts_product AS p ON p.id = a.product_id
        JOIN accounts_installment AS i ON i.account_id = a.id AND i.due_date = o.due_date AND i.is_open
        WHERE (o.due_date = '{day.isoformat()}' AND (a.id + {turn}) % {FAILS_ONE_IN} <> 0)
           OR (o.due_date < '{day.isoformat()}' AND (a.id + {turn}) % {CATCHES_UP_ONE_IN} = 0)
        GROUP BY a.account_no, a.id, p.minor_digits ORDER BY a.id""")
    for account_no, key, digits, unpaid in rows:
        lot = key // 30 % 40
        amount = unpaid // 2 if lot == 0 else unpaid * 3 // 2 if lot == 5 else unpaid
        if amount > 0:
            yield account_no, int(amount), digits


def close_night(site: Site, *, pays: bool = True) -> Night:
    """Close the next day in this process, as the command does, and return what it took."""
    day = next_day()
    if pays:
        bring_payments(site, day)
    _empty_the_outbox()
    settle()
    before = wal_bytes() if is_postgresql() else 0
    started = time.perf_counter()
    with _timed_steps() as by_step:
        run = close_day(day, actor=COMMAND)
    seconds = time.perf_counter() - started
    return night_of(run, seconds=seconds, wal=wal_bytes() - before if is_postgresql() else 0, by_step=by_step)


def _empty_the_outbox() -> None:
    """Take what earlier nights planned out of the queue: by the next close a day's messages have been sent, which none here are.

    Otherwise each night would stop, one by one, the messages of the nights before as overtaken.
    """
    execute("UPDATE outreach_message SET status = 'cancelled', reason = 'benchmark', settled_at = due_at WHERE status = 'queued'")


@contextmanager
def _timed_steps() -> Iterator[dict[str, float]]:
    """Give the seconds that this process spends on the shards of each step, the ends of their transactions within."""
    spent: dict[str, float] = {step.name: 0.0 for step in STEPS}
    perform = shards.perform

    def timed(claimed: CloseShard, step: closing.Step) -> None:
        began = time.perf_counter()
        perform(claimed, step)
        spent[step.name] += time.perf_counter() - began

    shards.perform = timed
    try:
        yield spent
    finally:
        shards.perform = perform


def night_of(run: CloseRun, *, seconds: float, wal: int = 0, by_step: dict[str, float] | None = None) -> Night:
    """Read a run's ledger.

    :param by_step: the seconds of each step where they were measured more closely
    :raises RuntimeError: the run did not complete
    """
    if run.status != CloseRun.Status.COMPLETE:
        raise RuntimeError(f"the close of {run.business_date} is {run.status}, not complete")
    noted: Counter[str] = Counter()
    rows: Counter[str] = Counter()
    longest = 0.0
    for shard in CloseShard.objects.filter(run=run):
        taken = _seconds_between(shard.started_at, shard.finished_at)
        noted[shard.step] += taken  # type: ignore[assignment]
        rows[shard.step] += shard.rows
        if shard.step in AWAITED:
            longest = max(longest, taken)
    return Night(run.business_date, seconds, by_step or dict(noted), dict(rows), longest, wal, run.pk)


def _seconds_between(first: Any, last: Any) -> float:
    return float((last - first).total_seconds())
