"""The close against the smallest SQL: as a whole, by step, at a month-end; shards, heap-only updates, seven nights in a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Final

from django.db import transaction

from accounts.bulk.snapshot import attach_snapshot, snapshot_accounts
from riskops import doorbell
from riskops.close_of_business import LAST_ACCOUNT_ID, STEPS, close_day, is_month_end, shard_ranges, work_on
from riskops.shared.audit import COMMAND
from riskops.shared.closing import Shard
from riskops.shared.models import BookState, CloseRun, CloseShard
from riskops.shared.sql import execute, fetch, is_postgresql, prepare_for_bulk_work
from tests.benchmarks.copies import multiply_book
from tests.benchmarks.machine import machine
from tests.benchmarks.nights import OF_THE_WORK, Night, bring_payments, close_night, next_day, night_of
from tests.benchmarks.rows import Row, at_least, at_most, note
from tests.benchmarks.site import (
    BOOK_TABLES,
    Site,
    earlier_facts,
    seconds_of,
    settle,
    table_bytes,
    tuple_counts,
    vacuum,
    wal_bytes,
)
from tests.benchmarks.smallest_sql import COLUMNS, smallest_sql
from tests.benchmarks.workers import running_worker

A_MILLION: Final = 1_000_000
PAIRS: Final = 3
NIGHTS: Final = 7
#: The tables that closes update in place.
UPDATED: Final = ("accounts_accountstate", "accounts_installment")


def measure_first_close(site: Site, day: date) -> Iterator[Row]:
    """Close the first day: it posts every payment the book came with, from the entries, account by account.

    A worker helps where it can. And one night more: nobody in the book has paid on its last day, so on the next all who
    should have turn late at once.
    """
    helpers = [running_worker(site.folder / "first-close.log", [])] if is_postgresql() else []
    with ExitStack() as stack:
        for helper in helpers:
            stack.enter_context(helper)
        seconds = seconds_of(lambda: work_on(doorbell.start(business_date=day, through=day, actor=COMMAND).pk))
    close_night(site)
    if site.copies > 1:
        copying = seconds_of(lambda: multiply_book(site.copies, accounts=site.imported))
        yield note("first close", f"the closed accounts copied to {site.accounts:,}", f"{copying:.0f} s")
    vacuum()
    who = f"{1 + len(helpers)} process{'es' if helpers else ''}"
    yield note("first close", f"every payment there is posted from the entries, {who}", f"{seconds:.1f} s")


def measure_nights(site: Site) -> Iterator[Row]:
    """Close seven nights in a row and compare the last ones with the first ones."""
    nights, sizes = [], []
    before = tuple_counts() if is_postgresql() else {}
    for _ in range(NIGHTS):
        nights.append(close_night(site))
        sizes.append(sum(table_bytes(table) for table in UPDATED))
    first, last = median(n.seconds for n in nights[:3]), median(n.seconds for n in nights[-3:])
    yield note("nights", "seconds, night by night", " · ".join(f"{night.seconds:.2f}" for night in nights))
    yield at_most("nights", "nights 5–7 / nights 1–3, time", last / first, 1.2, "×")
    yield at_most("nights", "night 7 / night 1, size of states and instalments", sizes[-1] / sizes[0], 1.05, "×", digits=3)
    if is_postgresql():
        after = tuple_counts()
        shares = {}
        for table in UPDATED:
            updated, hot = (after[table][name] - before[table][name] for name in ("n_tup_upd", "n_tup_hot_upd"))
            shares[table] = (100 * hot / updated, updated)
        states, installments = (shares[table] for table in UPDATED)
        yield at_least("nights", f"heap-only updates of account states ({states[1]:,} updates)", states[0], 95, "%", digits=1)
        # An instalment that is paid leaves the index of the open ones, once in its life: such an update cannot be heap-only.
        yield note("nights", "  of instalments, written when paid", f"{installments[0]:.1f} % of {installments[1]:,}")


def measure_close(site: Site) -> Iterator[Row]:
    """Alternate nights of hand-written SQL with nights of the close, then close a month-end."""
    _stand_in_for_last_month_end(next_day())
    smallest, nights, differing = [], [], 0
    for _ in range(PAIRS):
        seconds, left_to_change = _hand_written_night(site)
        smallest.append(seconds)
        differing += left_to_change
        nights.append(close_night(site))
    yardstick, close = median(smallest), median(night.book_seconds for night in nights)
    site.facts |= {"smallest_seconds": yardstick, "close_seconds": close, "close_ratio": close / yardstick}
    yield note("close", "smallest SQL", f"{yardstick:.2f} s")
    yield at_most("close", "accounts whose columns differ from the smallest SQL's", differing, 0, digits=0)
    yield at_most("close", "one close, the steps of the book / smallest SQL", close / yardstick, 2, "×")
    whole = median(night.seconds for night in nights)
    yield note("close", "one close, all steps there are", f"{whole / yardstick:.2f} × ({whole:.2f} s)")
    yield from _split(nights, yardstick)
    yield note("close", "seconds per million accounts", f"{close / site.millions:.2f}")
    yield from _against_a_million(site)
    yield at_most("close", "longest transaction of a shard", max(night.longest for night in nights), 0.5, "s")
    while not is_month_end(next_day()):
        close_night(site, pays=False)
    month_end = close_night(site)
    yield at_most("close", "a month-end adds, / smallest SQL", (month_end.book_seconds - close) / yardstick, 1, "×")
    yield at_most("close", "longest transaction of a shard at a month-end", month_end.longest, 0.5, "s")


def _split(nights: list[Night], yardstick: float) -> Iterator[Row]:
    for step in STEPS:
        seconds = median(night.by_step[step.name] for night in nights)
        rows = int(median(night.rows[step.name] for night in nights))
        yield note("close", f"  step {step.name}", f"{seconds / yardstick:.2f} × ({seconds:.2f} s, {rows:,} rows)")
    # The steps of the book itself: all but those that rules brought.
    own = sum(median(night.by_step[step.name] for night in nights) for step in STEPS if step.name not in OF_THE_WORK)
    tiering = median(night.by_step["tier"] for night in nights)
    yield at_most("close", "step tier / the steps post, age, snapshot, publish", 100 * tiering / own, 15, "%", digits=1)
    planning = median(night.by_step["outreach"] for night in nights)
    yield at_most("close", "step outreach / the steps post, age, snapshot, publish", 100 * planning / own, 20, "%", digits=1)
    ledger = median(night.ledger_seconds for night in nights)
    yield note("close", "  run ledger, between the steps", f"{ledger / yardstick:.2f} × ({ledger:.2f} s)")


def _against_a_million(site: Site) -> Iterator[Row]:
    """Compare a larger book with the latest run over a million accounts on this machine."""
    kept = Path(__file__).resolve().parent / "kept"
    then = earlier_facts(kept, site.folder.parent, engine=site.engine, accounts=A_MILLION, machine=machine()["processor"])
    if site.accounts <= A_MILLION or not then:
        return
    now = site.facts
    yield at_most("close", "ratio to the smallest SQL, here / at 1,000,000", now["close_ratio"] / then["close_ratio"], 1.2, "×")
    per_million = now["close_seconds"] / site.millions / then["close_seconds"]
    yield at_most("close", "seconds per million, here / at 1,000,000", per_million, 1.2, "×")


def _hand_written_night(site: Site) -> tuple[float, int]:
    """Bring the next day's columns about with the smallest SQL; return its seconds and the accounts the close left otherwise.

    The payments are posted before by the close's own step: the yardstick is the account columns alone.
    """
    day = next_day()
    bring_payments(site, day)
    post = STEPS[0]
    for number, (first, last) in enumerate(shard_ranges()):
        with transaction.atomic():
            prepare_for_bulk_work()
            post.work(Shard(0, day, number, first, last))
    settle()
    seconds = seconds_of(lambda: _run_smallest(day))
    columns = ", ".join(COLUMNS)
    execute("DROP TABLE IF EXISTS by_hand")
    execute(f"CREATE TEMPORARY TABLE by_hand AS SELECT account_id, {columns} FROM accounts_accountstate")
    close_day(day, actor=COMMAND)
    differs = " OR ".join(f"s.{column} IS DISTINCT FROM h.{column}" for column in COLUMNS)
    ((accounts,),) = fetch(
        f"SELECT COUNT(*) FROM accounts_accountstate AS s JOIN by_hand AS h USING (account_id) WHERE {differs}"
    )
    return seconds, int(accounts)


def _run_smallest(day: date) -> None:
    with transaction.atomic():
        prepare_for_bulk_work()
        execute(smallest_sql(day, is_postgresql=is_postgresql()))


def _stand_in_for_last_month_end(day: date) -> None:
    """Give the month-end before a snapshot (today's states), for the next month-end to have moves to count as always."""
    before = day.replace(day=1) - timedelta(days=1)
    if fetch("SELECT 1 FROM accounts_accountsnapshot WHERE as_of = %s LIMIT 1", (before.isoformat(),)):
        return
    with transaction.atomic():
        snapshot_accounts(as_of=before, first_account_id=0, last_account_id=LAST_ACCOUNT_ID)
        attach_snapshot(as_of=before)


def measure_repeat(site: Site) -> Iterator[Row]:
    """Close a night, forget that it was done, and do all of it again."""
    night = close_night(site)
    _forget(night)
    # What the night left to tidy up is the night's: else whoever reads a page next prunes it, and writes that to the log.
    vacuum()
    settle()
    if is_postgresql():
        before, wal = tuple_counts(), wal_bytes()
        _again(night)
        written = wal_bytes() - wal
        after = tuple_counts()
        changed = {
            table: sum(after[table][name] - before[table][name] for name in ("n_tup_ins", "n_tup_upd", "n_tup_del"))
            for table in after
            if table in before
        }
        in_book = sum(rows for table, rows in changed.items() if table in BOOK_TABLES)
        elsewhere = {table: rows for table, rows in changed.items() if rows and table not in BOOK_TABLES}
        yield at_most("repeat", "business rows a repeated run writes", in_book, 0, digits=0)
        yield note("repeat", "  other rows", ", ".join(f"{table} {rows}" for table, rows in sorted(elsewhere.items())))
        share = 100 * written / night.wal
        yield at_most("repeat", f"its WAL ({written:,} of {night.wal:,} bytes)", share, 5, "%", digits=1)
        return
    with _counted_writes() as count:
        _again(night)
        in_book = count()
    yield at_most("repeat", "business rows a repeated run writes", in_book, 0, digits=0)


def _forget(night: Night) -> None:
    """Set every mark of the run back, as if the ledger alone had been lost."""
    with transaction.atomic():
        BookState.objects.update(business_date=night.day - timedelta(days=1))
        CloseRun.objects.filter(pk=night.run_id).update(status=CloseRun.Status.RUNNING, is_open=True, finished_at=None)
        CloseShard.objects.filter(run_id=night.run_id).update(
            status=CloseShard.Status.PENDING, attempts=0, rows=0, lease_until=None, claimed_by=""
        )


def _again(night: Night) -> None:
    night_of(close_day(night.day, actor=COMMAND), seconds=0.0)


@contextmanager
def _counted_writes() -> Iterator[Callable[[], int]]:
    """Count every row that this connection writes to the book (SQLite): temporary triggers, gone with the block."""
    execute("CREATE TEMP TABLE written (rows INTEGER)")
    execute("INSERT INTO written VALUES (0)")
    names = [f"count_{event}_{table}" for table in BOOK_TABLES for event in ("INSERT", "UPDATE", "DELETE")]
    for name in names:
        _, event, table = name.split("_", 2)
        execute(f"CREATE TEMP TRIGGER {name} AFTER {event} ON main.{table} BEGIN UPDATE written SET rows = rows + 1; END")
    try:
        yield lambda: int(fetch("SELECT rows FROM written")[0][0])
    finally:
        for name in names:
            execute(f"DROP TRIGGER temp.{name}")
        execute("DROP TABLE temp.written")
