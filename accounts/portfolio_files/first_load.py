"""The first load of a book: indexes and foreign keys are taken off, and built or checked in one go over the loaded rows.

Checking a foreign key row by row costs more than everything else a load does; over the whole table it is one join. Only for
an empty book: nobody can miss an index there, nor wait for the locks that this takes. All of it is part of the loading
transaction: whatever ends it early leaves the tables as they were.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from riskops.shared.sql import execute, fetch, is_postgresql

WORTH_IT_FROM_ROWS: Final = 50_000


@contextmanager
def bare_while_loading(tables: Sequence[str], *, rows: int) -> Iterator[None]:
    """Take indexes and foreign keys off the tables if all of them are empty, and put them back at the end.

    Primary keys and unique constraints stay: rows are found and held apart by them while the load runs.

    :param rows: how many are to be loaded; a few are loaded faster as the tables are
    """
    if rows < WORTH_IT_FROM_ROWS or any(fetch(f"SELECT 1 FROM {table} LIMIT 1") for table in tables):
        yield
        return
    if is_postgresql():
        # Rows that this transaction has written wait for their checks, and a table with such rows cannot be altered.
        execute("SET CONSTRAINTS ALL IMMEDIATE")
    foreign_keys = [statement for table in tables for statement in _take_foreign_keys(table)] if is_postgresql() else []
    indexes = [statement for table in tables for statement in take_indexes(table)]
    yield
    for statement in (*indexes, *foreign_keys):
        execute(statement)
    if is_postgresql():
        for table in tables:
            execute(f"ANALYZE {table}")


def _take_foreign_keys(table: str) -> list[str]:
    """Drop the table's foreign keys and return the statements that make them again."""
    found = fetch(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE contype = 'f' AND conrelid = %s::regclass ORDER BY conname",
        (table,),
    )
    for name, _ in found:
        execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    return [f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}' for name, definition in found]


def take_indexes(table: str) -> list[str]:
    """Drop the table's indexes that back no constraint and return the statements that make them again."""
    if is_postgresql():
        found = fetch(
            "SELECT i.indexname, i.indexdef FROM pg_indexes AS i WHERE i.tablename = %s AND i.schemaname = current_schema() "
            "AND NOT EXISTS (SELECT 1 FROM pg_constraint AS c WHERE c.conname = i.indexname AND c.conrelid = %s::regclass) "
            "ORDER BY i.indexname",
            (table, table),
        )
    else:
        # Those that SQLite made for constraints have no statement.
        found = fetch(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = %s AND sql IS NOT NULL "
            "AND sql NOT LIKE 'CREATE UNIQUE%%' ORDER BY name",
            (table,),
        )
    for name, _ in found:
        execute(f'DROP INDEX "{name}"')
    return [definition for _, definition in found]
