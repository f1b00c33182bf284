"""Reading a whole book as it was at one moment, while others go on writing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from riskops.shared.sql import is_postgresql


@contextmanager
def one_moment() -> Iterator[None]:
    """Let every query of the block see the book as it was at the first one. Nothing may be written in it.

    Inside a transaction that is open already, its own rules stay.
    """
    if connection.in_atomic_block:
        yield
    elif is_postgresql():
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    else:
        # Django's own transactions on SQLite are IMMEDIATE here and would keep every writer out for as long.
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            connection.cursor().execute("ROLLBACK")
