"""The dashboards' part of the close: sums of a day and of a month's moves, one statement a shard.

`aggregate_shard` belongs into the transaction of the snapshot step of its shard, `finish_aggregate` after the last one.
Both may be repeated: they replace what they wrote.
"""

from __future__ import annotations

from datetime import date
from typing import Final, NamedTuple

from django.db import models, transaction

from accounts.models.account import AccountState
from accounts.models.snapshot import AccountSnapshot
from dashboards.models import AggregatePartial, DailyAggregate, FlowAggregate, FlowPartial
from dashboards.rules.months import is_month_end, shifted
from dashboards.state_sql import (
    AMOUNTS,
    HAS_STATE,
    MOVED,
    before_joins_sql,
    days_from_sql,
    from_state_sql,
    moved_sums_sql,
    state_sql,
    sums_sql,
    write_off_join_sql,
)
from riskops.shared.sql import date_literal, execute

#: The run of aggregates that no close wrote: months filled in later.
REBUILDING_RUN: Final = 0

_MOVE_KEYS: Final = ("product_id", "from_state", "to_state")


def aggregate_shard(*, as_of: date, run_id: int, shard: int, first_account_id: int, last_account_id: int) -> int:
    """Write the shard's part of the day's sums (at a month-end of its moves too) and return the rows written.

    Reads the account states, which must stand at the close of `as_of`. A repeated call replaces the shard's rows.
    """
    table, of_day = AccountState._meta.db_table, f"s.opened_on <= {date_literal(as_of)}"
    part = _Part(as_of, run_id, shard, first_account_id, last_account_id)
    return _write_day(part, table, of_day) + _write_moves(part, table, of_day)


def aggregate_snapshots(*, as_of: date, run_id: int, shard: int, first_account_id: int, last_account_id: int) -> int:
    """Do what `aggregate_shard` does from the snapshots of a month-end, for months filled in later."""
    table, of_day = AccountSnapshot._meta.db_table, f"s.as_of = {date_literal(as_of)}"
    part = _Part(as_of, run_id, shard, first_account_id, last_account_id)
    return _write_day(part, table, of_day) + _write_moves(part, table, of_day)


def aggregate_moves(as_of: date) -> int:
    """Sum the moves into a month-end from the snapshots of both ends, where both are there; return the rows written.

    For a month-end whose predecessor was filled in after it was closed.
    """
    if not has_snapshots(as_of):
        return 0
    part = _Part(as_of, REBUILDING_RUN, 0, 0, 2**63 - 1)
    with transaction.atomic():
        FlowPartial.objects.filter(as_of=as_of).delete()
        _write_moves(part, AccountSnapshot._meta.db_table, f"s.as_of = {date_literal(as_of)}")
        rows = _sum_up(FlowPartial, FlowAggregate, _MOVE_KEYS, MOVED, as_of, REBUILDING_RUN, "")
        FlowPartial.objects.filter(as_of=as_of).delete()
    return rows


def has_snapshots(as_of: date) -> bool:
    """Return whether any account has a snapshot of the day."""
    return AccountSnapshot.objects.filter(as_of=as_of).exists()


class _Part(NamedTuple):
    """What one shard adds to a day."""

    as_of: date
    run_id: int
    shard: int
    first_account_id: int
    last_account_id: int

    @property
    def labels(self) -> str:
        return f"{date_literal(self.as_of)}, {self.run_id:d}, {self.shard:d}"

    @property
    def range(self) -> str:
        return f"BETWEEN {self.first_account_id:d} AND {self.last_account_id:d}"


def _write_day(part: _Part, source: str, of_day: str) -> int:
    table = AggregatePartial._meta.db_table
    execute(f"DELETE FROM {table} WHERE as_of = {date_literal(part.as_of)} AND shard = {part.shard:d}")
    return execute(
        f"INSERT INTO {table} (as_of, run_id, shard, product_id, state, days_from, accounts, {', '.join(AMOUNTS)}) "
        f"SELECT {part.labels}, s.product_id, {state_sql('s')}, {days_from_sql('s')}, COUNT(*), {sums_sql(AMOUNTS, 's')} "
        f"FROM {source} s WHERE {of_day} AND s.account_id {part.range} GROUP BY 4, 5, 6"
    )


def _write_moves(part: _Part, source: str, of_day: str) -> int:
    before = shifted(part.as_of, -1)
    if not is_month_end(part.as_of) or not has_snapshots(before):
        return 0
    table = FlowPartial._meta.db_table
    execute(f"DELETE FROM {table} WHERE as_of = {date_literal(part.as_of)} AND shard = {part.shard:d}")
    return execute(
        f"INSERT INTO {table} (as_of, run_id, shard, product_id, from_state, to_state, accounts, {', '.join(MOVED)}) "
        f"SELECT {part.labels}, s.product_id, {from_state_sql()}, {state_sql('s')}, COUNT(*), {moved_sums_sql()} "
        f"FROM {source} s {before_joins_sql(before)} AND p.account_id {part.range} "
        f"{write_off_join_sql()} AND w.account_id {part.range} "
        f"WHERE {of_day} AND s.account_id {part.range} AND {HAS_STATE} GROUP BY 4, 5, 6"
    )


def finish_aggregate(*, as_of: date, run_id: int, provenance: str = AccountSnapshot.Provenance.REPORTED) -> int:
    """Sum the partials that the run wrote for the day and return the rows written. Call it once the last shard is done.

    A repeated call gives the same rows. Partials of earlier days are dropped.
    """
    with transaction.atomic():
        rows = _sum_up(AggregatePartial, DailyAggregate, ("product_id", "state", "days_from"), AMOUNTS, as_of, run_id, provenance)
        if is_month_end(as_of):
            rows += _sum_up(FlowPartial, FlowAggregate, _MOVE_KEYS, MOVED, as_of, run_id, "")
        for partial in (AggregatePartial, FlowPartial):
            partial._default_manager.filter(as_of__lt=as_of).delete()
    return rows


def _sum_up(
    partial: type[models.Model],
    total: type[models.Model],
    keys: tuple[str, ...],
    amounts: tuple[str, ...],
    as_of: date,
    run_id: int,
    provenance: str,
) -> int:
    columns = ("accounts", *amounts)
    execute(f"DELETE FROM {total._meta.db_table} WHERE as_of = %s", (as_of,))
    extra_column, extra_value = (", provenance", ", %s") if provenance else ("", "")
    return execute(
        f"INSERT INTO {total._meta.db_table} (as_of, {', '.join(keys)}, {', '.join(columns)}{extra_column}) "
        f"SELECT t.as_of, {', '.join(f't.{key}' for key in keys)}, {sums_sql(columns, 't')}{extra_value} "
        f"FROM {partial._meta.db_table} t WHERE t.as_of = %s AND t.run_id = %s "
        f"GROUP BY t.as_of, {', '.join(f't.{key}' for key in keys)}",
        (*([str(provenance)] if provenance else []), as_of, run_id),
    )
