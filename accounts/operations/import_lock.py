"""One import at a time: the lock that imports hold from their first byte to their last."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import connection

from riskops.shared.sql import execute, fetch, is_postgresql

#: An arbitrary number that nothing else in the database uses as an advisory lock.
_LOCK_NUMBER: Final = 7_204_311
_POLL_SECONDS: Final = 0.5


class AnotherImportRuns(Exception):
    """An import is under way."""


@contextmanager
def import_lock(*, waits: bool = True) -> Iterator[None]:
    """Wait until no other import runs, and keep others out. The lock goes with the process, however it ends.

    PostgreSQL: an advisory lock of the session. SQLite lives on one machine: a locked file beside the book.

    :param waits: False refuses instead of waiting
    :raises AnotherImportRuns: one is under way
    """
    if is_postgresql():
        while not fetch("SELECT pg_try_advisory_lock(%s)", (_LOCK_NUMBER,))[0][0]:
            if not waits:
                raise AnotherImportRuns
            time.sleep(_POLL_SECONDS)
        try:
            yield
        finally:
            # In a broken transaction, or without a connection, nothing can be asked; the session's end lets go of the lock.
            if connection.is_usable() and not connection.needs_rollback:
                execute("SELECT pg_advisory_unlock(%s)", (_LOCK_NUMBER,))
        return
    with (Path(settings.VAR_DIR) / "import.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX if waits else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AnotherImportRuns from None
        yield
