"""The per-account snapshots of a month-end: loaded shard by shard, then attached as a partition (PostgreSQL)."""

from __future__ import annotations

from datetime import date
from typing import Final

from django.db import connection

from accounts.bulk.age import AGED_COLUMNS
from riskops.shared.sql import date_literal, execute, fetch, is_postgresql

TABLE: Final = "accounts_accountsnapshot"
_KEPT: Final = (*AGED_COLUMNS, "credit_balance_minor", "is_written_off", "tier", "lateness_reason")


def partition_name(as_of: date) -> str:
    """Return the name of the partition that holds a day."""
    return f"{TABLE}_{as_of:%Y%m%d}"


def snapshot_accounts(*, as_of: date, first_account_id: int, last_account_id: int) -> int:
    """Copy the state of the range's accounts as what the close of the day reports; return the number of rows."""
    columns = ", ".join(_KEPT)
    target = _partition_to_load(as_of) if is_postgresql() else TABLE
    return execute(
        f"INSERT INTO {target} (as_of, account_id, product_id, opened_on, provenance, {columns}) "
        f"SELECT {date_literal(as_of)}, account_id, product_id, opened_on, 'reported', {columns} "
        f"FROM accounts_accountstate WHERE account_id BETWEEN {first_account_id:d} AND {last_account_id:d} "
        f"AND opened_on <= {date_literal(as_of)}"
    )


def _exists(name: str) -> bool:
    return bool(fetch("SELECT to_regclass(%s) IS NOT NULL", (name,))[0][0])


def _partition_to_load(as_of: date) -> str:
    """Return the table that will become the day's partition, made on first use and not attached while it is loaded."""
    name = partition_name(as_of)
    if not _exists(name):
        # Two shards may come here at once: the second waits for the first one's transaction and then finds the table.
        execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (name,))
        if not _exists(name):
            execute(f"CREATE TABLE {name} (LIKE {TABLE} INCLUDING DEFAULTS)")
    return name


def attach_snapshot(*, as_of: date) -> int:
    """Make the loaded rows of a day part of the snapshot table; a repeat changes nothing. Returns the number of rows."""
    if not is_postgresql():
        return 0
    name = partition_name(as_of)
    if not _exists(name):
        return 0
    attached = fetch("SELECT 1 FROM pg_inherits WHERE inhrelid = to_regclass(%s)", (name,))
    if attached:
        return 0
    day = as_of.isoformat()
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {name} ADD PRIMARY KEY (as_of, account_id)")
        # The check lets PostgreSQL attach without reading the rows again; it is of no use afterwards.
        cursor.execute(f"ALTER TABLE {name} ADD CONSTRAINT {name}_day CHECK (as_of = DATE '{day}')")
        cursor.execute(f"ALTER TABLE {TABLE} ATTACH PARTITION {name} FOR VALUES IN (DATE '{day}')")
        cursor.execute(f"ALTER TABLE {name} DROP CONSTRAINT {name}_day")
        cursor.execute(f"ANALYZE {name}")
        cursor.execute(f"SELECT count(*) FROM {name}")
        return int(cursor.fetchone()[0])


def partition_for_rebuilt(as_of: date) -> None:
    """Make sure that rows of a past day have a partition to go to."""
    if is_postgresql() and not _exists(partition_name(as_of)):
        execute(
            f"CREATE TABLE IF NOT EXISTS {partition_name(as_of)} PARTITION OF {TABLE} FOR VALUES IN (DATE '{as_of.isoformat()}')"
        )
