"""The book under measurement: which database, how large, what was found out so far; and how to ask the database about itself."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from django.db import connection, connections

from riskops.shared.sql import fetch, is_postgresql

ROOT: Final = Path(__file__).resolve().parent.parent.parent
MOST_IMPORTED: Final = 1_000_000
#: The tables that hold the book itself; everything else is ledger, trail, report or settings.
BOOK_TABLES: Final = (
    "accounts_product",
    "accounts_customer",
    "accounts_customernametoken",
    "accounts_creditaccount",
    "accounts_accountstate",
    "accounts_reportedstate",
    "accounts_installment",
    "accounts_payment",
    "accounts_allocation",
    "accounts_waiver",
    "accounts_writeoff",
    "accounts_accountsnapshot",
)


@dataclass(slots=True)
class Site:
    """The database under measurement, its folder, and the figures that later scenarios compare with."""

    accounts: int
    folder: Path
    facts: dict[str, float] = field(default_factory=dict)

    @property
    def engine(self) -> str:
        """`postgresql` or `sqlite`."""
        return connection.vendor

    @property
    def imported(self) -> int:
        """How many accounts come in through the importer; on PostgreSQL whole millions above one are copies of the first."""
        return MOST_IMPORTED if self.copies > 1 else self.accounts

    @property
    def copies(self) -> int:
        """How often the imported accounts are in the book."""
        return self.accounts // MOST_IMPORTED if is_postgresql() and self.accounts % MOST_IMPORTED == 0 else 1

    @property
    def millions(self) -> float:
        """The size of the book in millions of accounts."""
        return self.accounts / 1_000_000


def seconds_of(work: Callable[[], Any]) -> float:
    """Return how long a call took on the wall clock."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def settle() -> None:
    """Write back what earlier work left in memory and logs, so that what is measured next does not pay for it."""
    if is_postgresql():
        with connection.cursor() as cursor:
            cursor.execute("CHECKPOINT")
    else:
        fetch("PRAGMA wal_checkpoint(TRUNCATE)")


def vacuum() -> None:
    """Bring statistics and free space to where autovacuum would have brought them after a load (PostgreSQL)."""
    if is_postgresql():
        with connection.cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE)")


def wal_bytes() -> int:
    """Return the position in the write-ahead log; differences are bytes written (PostgreSQL)."""
    return int(fetch("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")[0][0])


def table_bytes(table: str) -> int:
    """Return what a table and its indexes take up."""
    if is_postgresql():
        return int(fetch("SELECT pg_total_relation_size(%s::regclass)", (table,))[0][0])
    its_trees = "SELECT name FROM sqlite_master WHERE tbl_name = %s"
    return int(fetch(f"SELECT SUM(pgsize) FROM dbstat WHERE name IN ({its_trees})", (table,))[0][0])


def tuple_counts() -> dict[str, dict[str, int]]:
    """Return what PostgreSQL counted of each table: rows inserted, updated, updated heap-only, deleted."""
    # Counters arrive when a session ends; this one's would else be missing.
    connections.close_all()
    time.sleep(1.5)
    columns = ("n_tup_ins", "n_tup_upd", "n_tup_hot_upd", "n_tup_del")
    rows = fetch(f"SELECT relname, {', '.join(columns)} FROM pg_stat_user_tables")
    return {name: dict(zip(columns, counts, strict=True)) for name, *counts in rows}


def management_command(*arguments: str) -> tuple[float, int, str]:
    """Run `manage.py …` as people do and return its seconds, its peak memory in bytes and its output.

    :raises RuntimeError: it failed
    """
    started = time.perf_counter()
    # os.wait4 gives the memory of this child alone.
    output = Path(os.environ["RISKOPS_VAR"]) / "command.log"
    with output.open("wb") as log:
        process = subprocess.Popen([sys.executable, "manage.py", *arguments], cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    taken = time.perf_counter() - started
    text = output.read_text(errors="replace")
    if process.returncode:
        raise RuntimeError(f"manage.py {' '.join(arguments)} ended with {process.returncode}:\n{text[-4000:]}")
    return taken, usage.ru_maxrss * 1024, text


def peak_memory(process: int) -> int:
    """Return the most memory a running process has had resident, in bytes (Linux)."""
    status = Path(f"/proc/{process}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found.group(1)) * 1024 if found else 0


def earlier_facts(*results: Path, engine: str, accounts: int, machine: str) -> dict[str, float]:
    """Return what the latest earlier run of that size found on this machine and engine, {} if there is none."""
    found = {path.name: path for folder in results for path in folder.glob("*.json")}
    for _name, path in sorted(found.items(), reverse=True):
        with suppress(ValueError, KeyError):
            run = json.loads(path.read_text())
            if run["accounts"] == accounts and run["machine"]["processor"] == machine:
                facts: dict[str, float] = run["engines"].get(engine, {}).get("facts", {})
                if "close_seconds" in facts:
                    return facts
    return {}
