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
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

CHILD = Path(__file__).with_name("child.py")
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
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

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

    def begin(self, *words: str, faults: list[dict[str, Any]] | None = None) -> subprocess.Popen[str]:
        """Start a process in a session of its own; its output goes to a file beside the book."""
        process = subprocess.Popen(
            [sys.executable, str(CHILD), *words],
            env=self.environment(faults),
            stdin=subprocess.DEVNULL,
            stdout=self._log(),
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.processes.append(process)
        return process

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
        done = subprocess.run(
            [sys.executable, str(CHILD), word, json.dumps(arguments)],
            env=self.environment(None),
            capture_output=True,
            text=True,
            timeout=CHILD_SECONDS,
        )
        assert done.returncode == 0, f"{word} ended with {done.returncode}: {done.stderr[-4_000:]}\n{self.log}"
        return json.loads(done.stdout.splitlines()[-1])

    def ask_each(self, *asked: str | tuple[str, dict[str, Any]]) -> list[Any]:
        """Have several things done one after the other by one process and return the answers."""
        return list(self.ask("each", asked=[(each, {}) if isinstance(each, str) else each for each in asked]))

    def close_days(self, first: str, last: str, faults: list[dict[str, Any]] | None = None) -> int:
        """Run the command that closes days; return its status."""
        return self.run("manage", "close_of_business", "--date", first, "--through", last, faults=faults)

    def worker(self, *, faults: list[dict[str, Any]] | None = None) -> subprocess.Popen[str]:
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
        if self.database_url.startswith("postgres"):
            name = urlsplit(self.database_url).path.lstrip("/")
            with _server(self.database_url) as cursor:
                cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextlib.contextmanager
def _server(database_url: str) -> Iterator[Any]:
    import psycopg

    url = urlunsplit(urlsplit(database_url)._replace(path="/postgres"))
    with psycopg.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        yield cursor


def new_site(folder: Path, *, redis_url: str = "", copy_of: Site | None = None) -> Site:
    """Return a site: empty, or with the book of another one. On PostgreSQL where DATABASE_URL names one, else on SQLite."""
    folder.mkdir(parents=True, exist_ok=True)
    database_url = os.environ.get("DATABASE_URL", "")
    if not database_url.startswith("postgres"):
        if copy_of:
            shutil.copytree(copy_of.folder / "var", folder / "var")
        return Site(folder, f"sqlite:///{folder / 'var' / 'riskops.sqlite3'}", redis_url)
    name = f"faults_{uuid4().hex[:12]}"
    with _server(database_url) as cursor:
        template = f' TEMPLATE "{urlsplit(copy_of.database_url).path.lstrip("/")}"' if copy_of else ""
        cursor.execute(f'CREATE DATABASE "{name}"{template}')
    if copy_of:
        # The keys of the personal data.
        shutil.copytree(copy_of.folder / "var", folder / "var")
    return Site(folder, urlunsplit(urlsplit(database_url)._replace(path=f"/{name}")), redis_url)


def redis_of_this_worker() -> str:
    """Return the Redis database that this test process may empty, "" where the site runs without Redis.

    The last ones of the sixteen, one for each process of pytest-xdist.
    """
    url = os.environ.get("REDIS_URL", "")
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw") or 0)
    return urlunsplit(urlsplit(url)._replace(path=f"/{15 - worker % 12}")) if url else ""
