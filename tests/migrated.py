"""A migrated database, made once a run of the tests and copied by whoever needs one: migrating takes many seconds, a copy none.

`python migrated.py` migrates the database that DATABASE_URL names.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

ROOT = Path(__file__).resolve().parent.parent
SQLITE_NAME = "riskops.sqlite3"


@dataclass(frozen=True, slots=True)
class Migrated:
    """A migrated database that nobody writes to; its site's folder is `var` in `folder`."""

    folder: Path
    database_url: str


@contextlib.contextmanager
def server(database_url: str) -> Iterator[Any]:
    """Ask the PostgreSQL server of a database, beside any database of the site."""
    import psycopg

    url = urlunsplit(urlsplit(database_url)._replace(path="/postgres"))
    with psycopg.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        yield cursor


def named(database_url: str, name: str) -> str:
    """Return the address of another database of the same server."""
    return urlunsplit(urlsplit(database_url)._replace(path=f"/{name}"))


def name_of(database_url: str) -> str:
    """Return the name of a database of a server."""
    return urlsplit(database_url).path.lstrip("/")


@contextlib.contextmanager
def shared(run_folder: Path, database_url: str) -> Iterator[Migrated]:
    """Give the run's migrated database, on the server of DATABASE_URL or in a file where that names no PostgreSQL.

    The processes of a run share it by the folder: the first to ask makes it, the last to leave drops it.
    """
    folder = run_folder / "migrated"
    folder.mkdir(exist_ok=True)
    with _alone(folder):
        if not (folder / "address").exists():
            (folder / "address").write_text(_make(folder, database_url))
        migrated = Migrated(folder, (folder / "address").read_text())
        (folder / f"user-{os.getpid()}").touch()
    yield migrated
    with _alone(folder):
        (folder / f"user-{os.getpid()}").unlink()
        if not any(folder.glob("user-*")):
            (folder / "address").unlink()
            drop(migrated.database_url)
            shutil.rmtree(folder / "var", ignore_errors=True)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make(folder: Path, database_url: str) -> str:
    var = folder / "var"
    url = f"sqlite:///{var / SQLITE_NAME}"
    if database_url.startswith("postgres"):
        name = f"migrated_{uuid4().hex[:12]}"
        with server(database_url) as cursor:
            cursor.execute(f'CREATE DATABASE "{name}"')
        url = named(database_url, name)
    # In a process of its own: it leaves no connection open, which PostgreSQL would not copy under.
    passed = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run(
        [sys.executable, str(Path(__file__).resolve())],
        env=passed | {"RISKOPS_VAR": str(var), "DATABASE_URL": url, "REDIS_URL": ""},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        drop(url)
        raise RuntimeError(f"migrating ended with {done.returncode}: {done.stderr[-4_000:]}")
    return url


def drop(database_url: str) -> None:
    """Drop a database of a server; a file goes with its folder."""
    if database_url.startswith("postgres"):
        with server(database_url) as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name_of(database_url)}" WITH (FORCE)')


def main() -> None:
    """Migrate."""
    # Migrating makes every model anew at every step; looking for garbage among them takes two fifths of the time.
    gc.disable()
    sys.path.insert(0, str(ROOT))
    os.environ["DJANGO_SETTINGS_MODULE"] = "riskops.settings"
    import riskops  # noqa: F401, I001  (puts collections/ on the path)
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0, skip_checks=True)


if __name__ == "__main__":
    main()
