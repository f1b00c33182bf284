"""The few words in which SQLite and PostgreSQL differ, so that one SQL text serves both.

Traps on SQLite that these avoid: CAST('2025-06-16' AS date) is 2025, and date + integer is silently wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, Final

from django.db import connection, connections

#: See `commit_without_waiting`.
_WITHOUT_WAITING: Final = "SET LOCAL synchronous_commit = off"


def is_postgresql() -> bool:
    """Return whether the default database is PostgreSQL."""
    return connection.vendor == "postgresql"


def date_literal(day: date) -> str:
    """Return a date as SQL text."""
    return f"DATE '{day.isoformat()}'" if is_postgresql() else f"'{day.isoformat()}'"


def moment(value: datetime) -> Any:
    """Return a moment as the database takes it as a parameter of a statement of ours."""
    return connection.ops.adapt_datetimefield_value(value)


def as_day(value: date | str) -> date:
    """Return a date that a query of ours gave: SQLite keeps it as text."""
    return value if isinstance(value, date) else date.fromisoformat(value)


def as_moment(value: Any) -> datetime:
    """Return a moment that a query of ours gave: SQLite keeps it as text, in UTC and without saying so."""
    read = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)


def places(values: Sequence[Any]) -> str:
    """Return the placeholders of a list of parameters; one of none is no SQL, and is not asked for."""
    return ", ".join(["%s"] * len(values))


def unindexed(column: str) -> str:
    """Return a column in SQL that SQLite takes no index for.

    For one that is NULL in nearly every row, asked for IS NULL: without statistics SQLite takes its unique index to find one.
    """
    return column if is_postgresql() else f"+{column}"


def days_between(later: str, earlier: str) -> str:
    """Return SQL for the whole days from one date expression to another."""
    if is_postgresql():
        return f"({later} - {earlier})"
    # Dates are text at midnight here, so both Julian days end in .5 and the difference is whole.
    return f"CAST(julianday({later}) - julianday({earlier}) AS INTEGER)"


def next_day(day: str) -> str:
    """Return SQL for the day after a date expression."""
    return f"({day} + 1)" if is_postgresql() else f"date({day}, '+1 day')"


def days_after(day: str, days: str) -> str:
    """Return SQL for the day that lies so many days after a date expression (before it where they are below 0)."""
    return f"({day} + {days})" if is_postgresql() else f"date({day}, {days} || ' days')"


def boolean(value: bool) -> str:
    """Return a boolean as SQL text."""
    return ("TRUE" if value else "FALSE") if is_postgresql() else ("1" if value else "0")


def execute(sql: str, parameters: tuple[Any, ...] = ()) -> int:
    """Run one statement and return the number of rows it wrote."""
    with connection.cursor() as cursor:
        # Without parameters the text goes as it is: a literal % needs no doubling.
        cursor.execute(sql, parameters or None)
        return int(cursor.rowcount)


def fetch(sql: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Run one query and return its rows."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters or None)
        return list(cursor.fetchall())


@contextmanager
def side_cursor() -> Iterator[Any]:
    """Give a cursor outside of the running transaction: what it writes, others see at once."""
    side = connections.create_connection("default")
    try:
        with side.cursor() as cursor:
            yield cursor
    finally:
        side.close()


def prepare_for_bulk_work() -> None:
    """Set this transaction up for statements over a whole shard (PostgreSQL; nothing to do on SQLite).

    Measured on a shard of 50,000 accounts: the just-in-time compiler costs more than it gives (60 of 580 ms), and with
    the default 4 MB the grouping sorts on disk.
    """
    if is_postgresql():
        execute(f"SET LOCAL jit = off; SET LOCAL work_mem = '96MB'; {_WITHOUT_WAITING}")


@contextmanager
def without_nested_loops() -> Iterator[None]:
    """Join by hash or by order only, within the running transaction (PostgreSQL; nothing to do on SQLite).

    For tables of which the planner cannot know how many rows they have, since this transaction has just written them: taken for
    a row or two, a hundred thousand are joined to a hundred thousand one by one.
    """
    if not is_postgresql():
        yield
        return
    execute("SET LOCAL enable_nestloop = off")
    yield
    execute("SET LOCAL enable_nestloop = on")


def commit_without_waiting() -> None:
    """Let this transaction end before the disk has it (PostgreSQL): for work that a ledger has redone if it is not there.

    The log is written in order, so nothing that was committed later can be there without it, and the transaction that
    completes the run waits for all of them.
    """
    if is_postgresql():
        execute(_WITHOUT_WAITING)
