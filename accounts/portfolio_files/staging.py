"""The staging area: the rows of a delivery in tables of their own, so that checks and loading are set-based.

Temporary tables, filled by COPY on PostgreSQL and by executemany on SQLite: writing them takes no lock on the book, and
nothing of them outlives the process. No clear personal value is staged: persons are encrypted before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from django.db import connection

from riskops.shared.sql import execute, is_postgresql

#: Table → columns with their types. `T` is text compared by code point, `B` bytes, `D` a date, `I` a 64-bit whole number,
#: `L` (logical) a boolean.
_TABLES: Final[dict[str, str]] = {
    "stage_products": (
        "line I, product_code T, name T, currency T, grace_days I, penalty_rate_ppm I, penalty_base T, penalty_from T, "
        "penalty_cap_bp I, allocation_order T, prepayment T, bucket_map T, attributes T, content_hash I"
    ),
    # person is empty for a row that the book holds already.
    "stage_customers": (
        "line I, customer_no T, person B, name_index I, phone_index I, phone_last4_index I, email_index I, national_id_index I, "
        "national_id_last4_index I, language T, time_zone T, consent_sms L, consent_email L, consent_push L, "
        "attributes T, content_hash I"
    ),
    "stage_name_tokens": "customer_no T, token_index I",
    "stage_accounts": (
        "line I, account_no T, customer_no T, product_code T, opened_on D, credit_limit I, attributes T, content_hash I"
    ),
    "stage_installments": (
        "line I, account_no T, order_no T, sequence I, booked_on D, due_date D, principal I, interest I, fee I, "
        "attributes T, content_hash I"
    ),
    "stage_payments": (
        "line I, payment_no T, account_no T, paid_on D, amount I, channel T, order_no T, sequence I, reverses T, "
        "attributes T, content_hash I"
    ),
    # Who applies is one encrypted value, as with customers; the indexes are what checks need of it.
    "stage_applications": (
        "line I, application_no T, customer_no T, product_code T, person B, national_id_index I, language T, requested_limit I, "
        "declared_income I, employment T, purpose T, channel T, repayment T, term_months I, agreement T, disclosure T, "
        "accepted_on D, refuses_automated L, consent_bureau L, consent_sms L, consent_email L, consent_push L, "
        "consent_source T, consented_at T, bureau_source T, bureau_on D, bureau_score I, bureau_debt I, bureau_overdue_days I, "
        "bureau_queries_6m I, attributes T, content_hash I"
    ),
    # Every bad record; its key where it has a readable one (an instalment's in three parts). is_root: bad by itself.
    "stage_refused": "file T, line I, key_1 T, key_2 T, key_3 T, is_root L",
    # Further copies of a row: counted once, dropped without fault.
    "stage_repeats": "file T, line I",
    # The terms of every product a row can mean; divisor: ten-thousandths of the major unit in one minor unit.
    "stage_terms": ("product_code T, product_id I, currency T, digits I, divisor I, rate_ppm I, on_interest L, cap_bp I"),
    # Every account a row can mean; account_id is empty for one that comes with this delivery.
    "stage_directory": (
        "account_no T, account_id I, opened_on D, currency T, digits I, divisor I, rate_ppm I, on_interest L, cap_bp I"
    ),
    # Keys that came more than once in the file being checked.
    "stage_groups": "key_1 T, key_2 T, key_3 T, first_line I, last_line I, differs L",
    # Lines of the file being checked that break some rule.
    "stage_suspects": "line I",
    # Instalments of the book that the delivery changes.
    "stage_changed_installments": (
        "line I, installment_id I, account_id I, booked_on D, due_date D, principal_minor I, interest_minor I, fee_minor I, "
        "attributes T, content_hash I, old_booked_on D"
    ),
    # Accounts of the book with entries of a day that is closed, or that their state includes already.
    "stage_touched": "account_id I",
}
_POSTGRESQL_TYPES: Final = {"T": 'text COLLATE "C"', "B": "bytea", "D": "date", "I": "bigint", "L": "boolean"}
_SQLITE_TYPES: Final = {"T": "text", "B": "blob", "D": "date", "I": "integer", "L": "bool"}


def columns_of(table: str) -> list[str]:
    """Return the columns of a staging table, in the order in which rows are written."""
    return [column.split()[0] for column in _TABLES[table].split(", ")]


def write_rows(table: str, rows: Sequence[Sequence[Any]]) -> None:
    """Append rows to a staging table; each holds the table's columns in order."""
    if not rows:
        return
    columns = columns_of(table)
    if is_postgresql():
        with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    places = ", ".join("?" * len(columns))
    with _light_transaction() as plain:
        plain.executemany(f"INSERT INTO {table} VALUES ({places})", rows)


@contextmanager
def _light_transaction() -> Iterator[Any]:
    """Give SQLite's own connection, in one transaction. Deferred: temporary tables are written, the book stays unlocked."""
    connection.ensure_connection()
    plain: Any = connection.connection
    if connection.in_atomic_block:
        yield plain
        return
    plain.execute("BEGIN DEFERRED")
    try:
        yield plain
    except BaseException:
        plain.execute("ROLLBACK")
        raise
    plain.execute("COMMIT")


@contextmanager
def staging_area() -> Iterator[None]:
    """Make the empty staging tables, and drop them at the end."""
    with _tuned_for_staging():
        types = _POSTGRESQL_TYPES if is_postgresql() else _SQLITE_TYPES
        for table, layout in _TABLES.items():
            columns = ", ".join(f"{name} {types[kind]}" for name, kind in (column.split() for column in layout.split(", ")))
            execute(f"CREATE TEMPORARY TABLE {table} ({columns})")
        try:
            yield
        finally:
            _drop()


def _drop() -> None:
    # After a failure the transaction around may be broken (then its end drops them) or the connection gone (then they are).
    if not connection.needs_rollback and connection.is_usable():
        for table in _TABLES:
            execute(f"DROP TABLE {table}")


@contextmanager
def _tuned_for_staging() -> Iterator[None]:
    """Bound the memory that staging takes: the site's settings for SQLite are made for pages."""
    if is_postgresql():
        # Sorts and hashes of millions of rows; only this session, only while it imports.
        execute("SET work_mem = '96MB'")
        try:
            yield
        finally:
            if not connection.needs_rollback and connection.is_usable():
                execute("RESET work_mem")
        return
    if connection.in_atomic_block:
        yield
        return
    # In this order: a change of temp_store throws the temporary database away.
    tuning = ("temp_store = FILE", "temp.cache_size = -32768", "mmap_size = 0")
    for pragma in tuning:
        execute(f"PRAGMA {pragma}")
    try:
        yield
    finally:
        execute("PRAGMA temp_store = MEMORY")
        execute("PRAGMA mmap_size = 268435456")
