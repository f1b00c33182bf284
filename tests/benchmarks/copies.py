"""A larger book out of a closed one: the same accounts again and again under numbers of their own (PostgreSQL).

Ten million accounts through the importer and a first close of all they ever paid take hours and tell nothing that one million
have not told. The copies are rows of the database like any other: what is measured afterwards, the nights, is all real.
"""

from __future__ import annotations

from typing import Final

from django.db import connection, models, transaction

from accounts.models import (
    AccountSignals,
    AccountState,
    Allocation,
    CreditAccount,
    Customer,
    CustomerNameToken,
    Installment,
    Payment,
)
from accounts.portfolio_files.first_load import take_indexes
from riskops.shared.sql import execute, fetch

#: Parents first. A row of another table that they refer to (a product) is shared by the copies.
COPIED: Final[tuple[type[models.Model], ...]] = (
    Customer,
    CustomerNameToken,
    CreditAccount,
    AccountState,
    AccountSignals,
    Installment,
    Payment,
    Allocation,
)


def multiply_book(times: int, *, accounts: int) -> None:
    """Have the book `times` times in the database: copy k of account A000000001 is A plus 1 + k × `accounts`, in nine digits."""
    shifts = {model: _highest(model) for model in COPIED}
    with connection.cursor() as cursor:
        # Foreign keys are checked by triggers; the copies point to where their originals do, shifted.
        cursor.execute("SET session_replication_role = replica")
    try:
        for model in COPIED:
            with transaction.atomic():
                indexes = take_indexes(model._meta.db_table)
                for copy in range(1, times):
                    _copy(model, copy, shifts, accounts)
                for statement in indexes:
                    execute(statement)
    finally:
        execute("SET session_replication_role = origin")
    for model in COPIED:
        if isinstance(model._meta.pk, models.BigAutoField):
            table = model._meta.db_table
            fetch(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT MAX(id) FROM {table}))")


def _highest(model: type[models.Model]) -> int:
    """Return by how much the keys of a copy are shifted: the highest there is."""
    key = model._meta.pk
    assert key is not None
    return int(fetch(f"SELECT COALESCE(MAX({key.column}), 0) FROM {model._meta.db_table}")[0][0])


def _copy(model: type[models.Model], copy: int, shifts: dict[type[models.Model], int], accounts: int) -> None:
    columns, values = [], []
    for column in model._meta.concrete_fields:
        target = column.related_model if column.is_relation else model if column.primary_key else None
        # A one-to-one key is its parent's.
        shift = shifts.get(target, 0) if isinstance(target, type) else 0  # type: ignore[arg-type]
        columns.append(column.column)
        if shift:
            values.append(f"{column.column} + {copy * shift}")
        elif column.name == "account_no":
            values.append(f"'A' || lpad((substr(account_no, 2)::bigint + {copy * accounts})::text, 9, '0')")
        elif column.unique and not column.primary_key:
            values.append(f"{column.column} || '-{copy}'")
        else:
            values.append(column.column)
    table, key = model._meta.db_table, model._meta.pk
    assert key is not None
    execute(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM {table} "
        f"WHERE {key.column} <= {shifts[model]} ORDER BY {key.column}"
    )
