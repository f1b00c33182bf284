"""A site of its own for each fault test: its folder, its database, its broker, and the processes it starts."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

from forking import NURSERY, Forked, run
from migrated import SQLITE_NAME, Migrated, drop, name_of, named, server

ROOT = Path(__file__).resolve().parent.parent.parent
CHILD = Path(__file__).with_name("child.py")
Process = subprocess.Popen[str] | Forked
#: Closed before the tests begin, a month-end among them; the tests close FIRST to LAST, over the next month-end.
CLOSED_FROM, CLOSED_THROUGH = "2025-01-30", "2025-02-26"
FIRST, LAST = "2025-02-27", "2025-03-01"
#: A process that has not ended by then hangs.
CHILD_SECONDS = 120


@dataclass
class Site:
    """One book with everything around it. Closed with `close`, which ends every process it started."""

    folder: Path
    database_url: str
    redis_url: str
    processes: list[Process] = field(default_factory=list)

    def environment(self, faults: list[dict[str, Any]] | None) -> dict[str, str]:
        """Return the environment of a process; FAULTS say where it dies, waits or fails."""
        passed = {k: v for k, v in os.environ.items() if k not in ("DJANGO_SETTINGS_MODULE", "DATABASE_URL", "REDIS_URL")}
        return passed | {
            "RISKOPS_VAR": str(self.folder / "var"),
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "CLOSE_SHARD_ACCOUNTS": "6",
            "FAULTS_FOLDER": str(self.folder),
            "FAULTS": json.dumps(faults or []),
        }

    def begin(self, *words: str, faults: list[dict[str, Any]] | None = None) -> Process:
        """Start a process in a session of its own; its output goes to a file beside the book.

        Workers and beat are begun from nothing, as the site begins them.
        """
        process: Process
        if words[0] == "celery":
            process = self._begin_from_nothing(*words, faults=faults)
        else:
            log = self.folder / "processes.log"
            process = NURSERY.begin(CHILD, words, environment=self.environment(faults), folder=ROOT, out=log, err=log)
        self.processes.append(process)
        return process

    def _begin_from_nothing(self, *words: str, faults: list[dict[str, Any]] | None) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(CHILD), *words],
            env=self.environment(faults),
            stdin=subprocess.DEVNULL,
            stdout=self._log(),
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def _log(self) -> IO[str]:
        return (self.folder / "processes.log").open("a")

    @property
    def log(self) -> str:
        """What the processes wrote, for the message of a test that fails."""
        path = self.folder / "processes.log"
        return path.read_text(errors="replace")[-8_000:] if path.exists() else ""

    def run(self, *words: str, faults: list[dict[str, Any]] | None = None) -> int:
        """Run a process to its end and return its status; -9 when it was killed."""
        return self.begin(*words, faults=faults).wait(CHILD_SECONDS)

    def ask(self, word: str, **arguments: Any) -> Any:
        """Have something done in the site's environment and return the answer."""
        words = (word, json.dumps(arguments))
        done = run(CHILD, words, environment=self.environment(None), folder=ROOT, timeout=CHILD_SECONDS)
        assert done.returncode == 0, f"{word} ended with {done.returncode}: {done.stderr[-4_000:]}\n{self.log}"
        return json.loads(done.stdout.splitlines()[-1])

    def ask_each(self, *asked: str | tuple[str, dict[str, Any]]) -> list[Any]:
        """Have several things done one after the other by one process and return the answers."""
        return list(self.ask("each", asked=[(each, {}) if isinstance(each, str) else each for each in asked]))

    def close_days(self, first: str, last: str, faults: list[dict[str, Any]] | None = None) -> int:
        """Run the command that closes days; return its status."""
        return self.run("manage", "close_of_business", "--date", first, "--through", last, faults=faults)

    def worker(self, *, faults: list[dict[str, Any]] | None = None) -> Process:
        """Start a Celery worker: one process on SQLite, which has one writer, two on PostgreSQL."""
        writers = "2" if self.database_url.startswith("postgres") else "1"
        options = ("--without-gossip", "--without-mingle", "--without-heartbeat")
        return self.begin("celery", "worker", "--concurrency", writers, *options, faults=faults)

    def has_happened(self, name: str, seconds: float = CHILD_SECONDS) -> bool:
        """Wait until a named fault happened."""
        until = time.monotonic() + seconds
        while not (self.folder / name).exists():
            if time.monotonic() > until:
                return False
            time.sleep(0.02)
        return True

    def go_on(self, name: str) -> None:
        """Let the process go on that waits at a named fault."""
        (self.folder / f"{name}.go").touch()

    def lose_the_broker(self) -> None:
        """Delete every message, as an emptied Redis or a deleted folder does."""
        if self.redis_url:
            import redis

            redis.Redis.from_url(self.redis_url).flushdb()
        else:
            shutil.rmtree(self.folder / "var" / "broker")

    def close(self) -> None:
        """End the processes and drop the database."""
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)
        if self.redis_url:
            self.lose_the_broker()
        drop(self.database_url)


def new_site(folder: Path, *, copy_of: Site | Migrated, redis_url: str = "") -> Site:
    """Return a site with the book of another one, or with the empty one of the run, on the same kind of database."""
    # On PostgreSQL too: the keys of the personal data.
    shutil.copytree(copy_of.folder / "var", folder / "var")
    if not copy_of.database_url.startswith("postgres"):
        return Site(folder, f"sqlite:///{folder / 'var' / SQLITE_NAME}", redis_url)
    name = f"faults_{uuid4().hex[:12]}"
    with server(copy_of.database_url) as cursor:
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{name_of(copy_of.database_url)}"')
    return Site(folder, named(copy_of.database_url, name), redis_url)


def redis_of_this_worker() -> str:
    """Return the Redis database that this test process may empty, "" where the site runs without Redis.

    The last ones of the sixteen, one for each process of pytest-xdist.
    """
    url = os.environ.get("REDIS_URL", "")
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw") or 0)
    return urlunsplit(urlsplit(url)._replace(path=f"/{15 - worker % 12}")) if url else ""
