"""Failed debits that grow older than a signal counts, taken out of the count by the close."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from accounts.bulk.signals import write_signals_from
from accounts.models import DebitTry
from accounts.rules.simulation import months_later
from riskops.shared.sql import date_literal

#: How far back failures count, in months; accounts/operations/debiting/results.py brings them in.
SIGNAL_MONTHS: Final = 3
#: The failures looked at are those that left the count lately: each night those of one day, after a gap those of some more.
_LATELY: Final = timedelta(days=40)


def forget_failed_debits(*, as_of: date, first_account_id: int, last_account_id: int) -> int:
    """Count the failed debits of three months anew for accounts of which one has left the count; return the rows that changed.

    The others keep theirs: the index of failures by day finds those few.
    """
    since = months_later(as_of, -SIGNAL_MONTHS)
    within = f"account_id BETWEEN {first_account_id:d} AND {last_account_id:d}"
    table, start = DebitTry._meta.db_table, date_literal(since)
    figures = f"""
        SELECT account_id, SUM(CASE WHEN result_on > {start} THEN 1 ELSE 0 END) AS failures
        FROM {table} WHERE status = 'failed' AND {within} AND account_id IN (
            SELECT account_id FROM {table}
            WHERE status = 'failed' AND {within} AND result_on <= {start} AND result_on > {date_literal(since - _LATELY)})
        GROUP BY account_id"""
    return write_signals_from(figures, {"failed_debits_3m": "f.failures"})
