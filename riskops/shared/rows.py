"""Writing many rows with one statement: what an operation on a thousand accounts needs and the ORM does row by row.

PostgreSQL takes the rows as one array a column (unnest); SQLite, which has no wire to save, runs the statement for each.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django.db import connection, models

from riskops.shared.sql import is_postgresql

Row = tuple[Any, ...]


def _fields(model: type[models.Model], names: Sequence[str]) -> list[Any]:
    return [model._meta.pk if name == "pk" else model._meta.get_field(name) for name in names]


def _column_types(fields: Sequence[Any]) -> list[str]:
    return [str(field.rel_db_type(connection) if field.is_relation else field.cast_db_type(connection)) for field in fields]


def _execute(sql: str, types: Sequence[str], rows: Sequence[Row]) -> None:
    """Run a statement that has one placeholder a column."""
    with connection.cursor() as cursor:
        if is_postgresql():
            cursor.execute(sql, [list(column) for column in zip(*rows, strict=True)])
            return
        dates = [number for number, kind in enumerate(types) if kind == "date"]
        cursor.executemany(sql, [_without_dates(row, dates) for row in rows] if dates else rows)


def _without_dates(row: Row, dates: Sequence[int]) -> Row:
    """Return the row with its dates as SQLite keeps them: text."""
    cells = list(row)
    for number in dates:
        if cells[number] is not None:
            cells[number] = cells[number].isoformat()
    return tuple(cells)


def update_rows(model: type[models.Model], columns: Sequence[str], rows: Sequence[Row]) -> int:
    """Write the columns of existing rows; each row is its primary key, then a value a column. Returns their number."""
    if not rows:
        return 0
    fields = _fields(model, ["pk", *columns])
    names, types, table = [f.column for f in fields], _column_types(fields), model._meta.db_table
    if is_postgresql():
        assignments = ", ".join(f"{name} = n.{name}" for name in names[1:])
        arrays = ", ".join(f"%s::{kind}[]" for kind in types)
        new = f"unnest({arrays}) AS n({', '.join(names)})"
        _execute(f"UPDATE {table} AS o SET {assignments} FROM {new} WHERE o.{names[0]} = n.{names[0]}", types, rows)
    else:
        assignments = ", ".join(f"{name} = %s" for name in names[1:])
        _execute(
            f"UPDATE {table} SET {assignments} WHERE {names[0]} = %s", [*types[1:], types[0]], [(*r[1:], r[0]) for r in rows]
        )
    return len(rows)


def insert_rows(model: type[models.Model], columns: Sequence[str], rows: Sequence[Row]) -> int:
    """Insert rows given as a value a column; columns not named take the table's own default. Returns their number."""
    if not rows:
        return 0
    fields = _fields(model, columns)
    names, types = ", ".join(f.column for f in fields), _column_types(fields)
    values = (
        f"SELECT * FROM unnest({', '.join(f'%s::{kind}[]' for kind in types)})"
        if is_postgresql()
        else f"VALUES ({', '.join(['%s'] * len(fields))})"
    )
    _execute(f"INSERT INTO {model._meta.db_table} ({names}) {values}", types, rows)
    return len(rows)


def upsert_rows(model: type[models.Model], columns: Sequence[str], rows: Sequence[Row]) -> int:
    """Write the columns of rows that are there and insert the others; each row is its primary key, then a value a column.

    A row that somebody else inserts at the same time is waited for and written too. Returns their number.
    """
    if not rows:
        return 0
    fields = _fields(model, ["pk", *columns])
    names, types = [f.column for f in fields], _column_types(fields)
    values = (
        f"SELECT * FROM unnest({', '.join(f'%s::{kind}[]' for kind in types)})"
        if is_postgresql()
        else f"VALUES ({', '.join(['%s'] * len(fields))})"
    )
    assignments = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
    _execute(
        f"INSERT INTO {model._meta.db_table} ({', '.join(names)}) {values} ON CONFLICT ({names[0]}) DO UPDATE SET {assignments}",
        types,
        rows,
    )
    return len(rows)


def delete_rows(model: type[models.Model], keys: Sequence[int]) -> int:
    """Delete rows by primary key, without asking what hangs on them: for derived rows that nothing points at."""
    if not keys:
        return 0
    column = model._meta.pk.column
    match = f"= ANY(%s::{_column_types([model._meta.pk])[0]}[])" if is_postgresql() else "= %s"
    _execute(f"DELETE FROM {model._meta.db_table} WHERE {column} {match}", ["bigint"], [(key,) for key in keys])
    return len(keys)


def write_columns(rows: Collection[models.Model], columns: Sequence[str]) -> None:
    """Write these columns of objects that are in the database, all of one model, as `bulk_update` does.

    Which writes a case for each column and row, and spends far more time on that than the database on running it.
    """
    if not rows:
        return
    model = type(next(iter(rows)))
    fields = _fields(model, columns)
    update_rows(
        model,
        columns,
        [(row.pk, *(field.get_db_prep_save(field.pre_save(row, False), connection) for field in fields)) for row in rows],
    )
