"""Databases of the benchmark's own, made and dropped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql


@contextmanager
def fresh_database(url: str) -> Iterator[None]:
    """Have an empty database under a URL for the block; one of that name from before is dropped first."""
    drop(url)
    if not url.startswith("sqlite"):
        _on_server(url, "CREATE DATABASE {}")
    try:
        yield
    finally:
        drop(url)


def drop(url: str) -> None:
    """Drop a database, if it is there."""
    if url.startswith("sqlite"):
        path = url.removeprefix("sqlite:///")
        for suffix in ("", "-wal", "-shm"):
            Path(path + suffix).unlink(missing_ok=True)
        return
    _on_server(url, "DROP DATABASE IF EXISTS {} WITH (FORCE)")


def _on_server(url: str, statement: str) -> None:
    parts = urlsplit(url)
    server = urlunsplit(parts._replace(scheme="postgresql", path="/postgres"))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(parts.path.lstrip("/"))))  # type: ignore[arg-type]
