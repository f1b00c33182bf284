"""The signals that the close writes, a statement a range of accounts; only rows that change, and none for quiet accounts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from accounts.models import AccountSignals, AccountSnapshot, AccountState, Payment
from riskops.shared.sql import date_literal, execute

#: How far back the history of rules goes, in month-ends.
MONTHS_OF_HISTORY: Final = 6

_SIGNALS: Final = AccountSignals._meta.db_table
_NOTHING: Final = {
    field.column: "NULL" if field.get_default() is None else str(field.get_default()).upper()
    for field in AccountSignals._meta.concrete_fields
    if not field.primary_key
}


def month_ends_before(as_of: date) -> list[date]:
    """Return the last six month-ends before a day, newest first."""
    days: list[date] = []
    day = as_of
    for _ in range(MONTHS_OF_HISTORY):
        day = day.replace(day=1) - timedelta(days=1)
        days.append(day)
    return days


def write_signals_from(figures: str, columns: Mapping[str, str]) -> int:
    """Write columns of signals from a query and return the number of rows that changed.

    Accounts whose figures are those of an account without signals get no row. No two rows of the query may be of one account.

    :param figures: a query with a column `account_id`
    :param columns: the SQL of each column's value, over the query as `f` and the row that is there, if one is, as `x`
    """
    names = ", ".join(columns)
    values = ", ".join(columns.values())
    differs = " OR ".join(
        f"{value} IS DISTINCT FROM (CASE WHEN x.account_id IS NULL THEN {_NOTHING[name]} ELSE x.{name} END)"
        for name, value in columns.items()
    )
    return execute(
        f"INSERT INTO {_SIGNALS} (account_id, {names}) SELECT f.account_id, {values} FROM ({figures}) AS f "
        f"LEFT JOIN {_SIGNALS} AS x ON x.account_id = f.account_id WHERE {differs} "
        f"ON CONFLICT (account_id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in columns)}"
    )


def note_payments(*, as_of: date, within: str) -> int:
    """Note the day as that of the last payment for accounts whose plain payments of the day are being posted.

    Part of the posting, before it marks them posted: those that wait have an index, and what is more than plain went through
    the rebuild, which notes it too.

    :param within: the range of accounts as SQL, after `account_id`
    """
    waiting = (
        f"SELECT DISTINCT account_id FROM {Payment._meta.db_table} WHERE account_id {within} AND NOT is_posted "
        f"AND paid_on = {date_literal(as_of)}"
    )
    return write_signals_from(waiting, {"last_payment_on": date_literal(as_of)})


def write_history(*, as_of: date, first_account_id: int, last_account_id: int, keep_scores: bool) -> int:
    """Write what stood at the last six month-ends before a day, from their snapshots, and return the rows that changed.

    Utilisation is of the limit of today: snapshots keep none. A month-end without snapshots is one without lateness.

    :param keep_scores: the present score becomes that of the last month-end; for the first close after it, before scoring
    """
    within = f"BETWEEN {first_account_id:d} AND {last_account_id:d}"
    days = month_ends_before(as_of)
    literals = ", ".join(map(date_literal, days))
    last = date_literal(days[0])
    figures = f"""
        SELECT a.account_id, COALESCE(g.dpd, 0) AS dpd, COALESCE(g.worst, 0) AS worst, COALESCE(g.late, 0) AS late,
               CASE WHEN a.credit_limit_minor > 0
                    THEN CAST(COALESCE(g.principal, 0) AS BIGINT) * 10000 / a.credit_limit_minor ELSE 0 END AS utilization
        FROM {AccountState._meta.db_table} AS a LEFT JOIN (
            SELECT account_id, MAX(days_past_due) AS worst, SUM(CASE WHEN days_past_due > 0 THEN 1 ELSE 0 END) AS late,
                   MAX(CASE WHEN as_of = {last} THEN days_past_due ELSE 0 END) AS dpd,
                   MAX(CASE WHEN as_of = {last} THEN outstanding_principal_minor ELSE 0 END) AS principal
            FROM {AccountSnapshot._meta.db_table} WHERE as_of IN ({literals}) AND account_id {within} GROUP BY account_id
        ) AS g ON g.account_id = a.account_id
        WHERE a.account_id {within}"""
    columns = {
        "dpd_month_end": "f.dpd",
        "utilization_month_end_bp": "f.utilization",
        "worst_dpd_6m": "f.worst",
        "late_months_6m": "f.late",
    }
    if keep_scores:
        columns["score_month_end"] = "x.score"
    return write_signals_from(figures, columns)
