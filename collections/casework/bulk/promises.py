"""The promises of a range of accounts: judged against the payments of the book, and only what changes is written.

The rule is casework/rules/promises.py; the one-account path (casework/operations/promises/observing.py) goes by it, and both
give the same rows (tests/casework/test_promises_alike.py).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from accounts.bulk.signals import write_signals_from
from accounts.models import AccountState, Payment
from casework.models import CaseEvent, Promise, PromisePart
from casework.rules.promises import counted_after
from riskops.shared.audit import CLOSE
from riskops.shared.sql import date_literal, execute, is_postgresql, moment, unindexed

#: The step of the close that does this.
PROMISES_STEP: Final = "promises"

_PROMISES: Final = Promise._meta.db_table
_PARTS: Final = PromisePart._meta.db_table
_EVENTS: Final = CaseEvent._meta.db_table
_STATES: Final = AccountState._meta.db_table
_PAYMENTS: Final = Payment._meta.db_table
#: The table of the session that the verdicts lie in: a row a part.
_VERDICTS: Final = "casework_promise_verdicts"
_COLUMNS: Final = {
    "part_id": "bigint", "promise_id": "bigint", "part_status": "varchar(10)", "part_paid": "bigint", "status": "varchar(10)",
    "paid": "bigint", "next_due_on": "date",
}  # fmt: skip
#: How long after it left the count a broken promise is still looked at: closes go day by day.
_DAYS_SEEN_OUT: Final = 7


def judge_promises(*, as_of: date, now: datetime, first_account_id: int, last_account_id: int) -> int:
    """Decide the promises of a range of accounts by what was paid up to a day that is over; return how many rows changed.

    :param now: the moment the events are recorded
    """
    within = f"BETWEEN {first_account_id:d} AND {last_account_id:d}"
    changed = 0
    if _collect_verdicts(as_of, within):
        changed = _write_verdicts(as_of, now)
    return changed + note_promises(as_of=as_of, within=within)


def _collect_verdicts(as_of: date, within: str) -> int:
    columns = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
    # Made once a session: a new one for every shard is as many dead rows in the catalogue.
    kept = " ON COMMIT DELETE ROWS" if is_postgresql() else ""
    execute(f"CREATE TEMPORARY TABLE IF NOT EXISTS {_VERDICTS} ({columns}){kept}")
    execute(f"DELETE FROM {_VERDICTS}")
    return execute(f"INSERT INTO {_VERDICTS} ({', '.join(_COLUMNS)}) {_verdicts(as_of, within)}")


def _verdicts(as_of: date, within: str) -> str:
    """Return the query of `rules.promises.judge` over the promises whose payments or reversals may still count."""
    day = date_literal(as_of)
    paid = f"""
        SELECT SUM(m.amount_minor) FROM {_PAYMENTS} AS m
        WHERE m.account_id = p.account_id AND m.account_id {within} AND {unindexed("m.reverses_id")} IS NULL
          AND m.paid_on BETWEEN p.made_on AND q.counts_until AND m.paid_on <= {day}
          AND (m.paid_on > p.made_on OR m.id > p.known_payment_id)
          AND NOT EXISTS (SELECT 1 FROM {_PAYMENTS} AS r
                          WHERE r.reverses_id = m.id AND r.paid_on <= {day} AND r.paid_on <= p.watched_until)"""
    owes_nothing = (
        "s.outstanding_principal_minor + s.outstanding_interest_minor + s.outstanding_fee_minor + s.penalty_due_minor = 0"
    )
    summed = f"""
        SELECT q.id AS part_id, q.promise_id, q.number, q.due_on, q.amount_minor, q.through_minor, q.needed_minor,
               q.counts_until, p.part_count, p.partly_from_bp, CAST(COALESCE(({paid}), 0) AS BIGINT) AS paid,
               CASE WHEN p.status = 'open' AND {owes_nothing} THEN 1 ELSE 0 END AS owes_nothing
        FROM {_PROMISES} AS p JOIN {_PARTS} AS q ON q.promise_id = p.id
        JOIN {_STATES} AS s ON s.account_id = p.account_id
        WHERE p.account_id {within} AND s.account_id {within} AND p.status <> 'cancelled'
          AND p.watched_until >= {day} AND p.made_on <= {day}"""
    missed = f"""
        SELECT x.*, MIN(CASE WHEN x.counts_until <= {day} AND x.paid < x.needed_minor THEN x.number END)
                    OVER (PARTITION BY x.promise_id) AS missed,
               MAX(CASE WHEN x.number = x.part_count AND x.paid >= x.needed_minor THEN 1 ELSE 0 END)
                    OVER (PARTITION BY x.promise_id) AS is_reached,
               MAX(CASE WHEN x.number = x.part_count
                        THEN CASE WHEN x.paid < x.through_minor THEN x.paid ELSE x.through_minor END END)
                    OVER (PARTITION BY x.promise_id) AS paid_of_all,
               CASE WHEN x.paid <= x.through_minor - x.amount_minor THEN 0 WHEN x.paid >= x.through_minor THEN x.amount_minor
                    ELSE x.paid - x.through_minor + x.amount_minor END AS own
        FROM ({summed}) AS x"""
    ended = f"""
        SELECT y.*,
               CASE WHEN y.missed IS NULL THEN CASE WHEN y.is_reached = 1 THEN 'kept' ELSE 'open' END
                    WHEN y.owes_nothing = 1 THEN 'cancelled'
                    WHEN MAX(CASE WHEN y.number = y.missed AND y.paid > 0
                                   AND y.paid * 10000 >= y.through_minor * y.partly_from_bp THEN 1 ELSE 0 END)
                         OVER (PARTITION BY y.promise_id) = 1 THEN 'partly'
                    ELSE 'broken' END AS status
        FROM ({missed}) AS y"""
    parted = f"""
        SELECT z.*,
               CASE WHEN z.number > z.missed OR (z.number = z.missed AND z.status = 'cancelled') THEN 'cancelled'
                    WHEN z.paid >= z.needed_minor THEN 'kept'
                    WHEN z.number = z.missed AND z.own > 0 AND z.own * 10000 >= z.amount_minor * z.partly_from_bp THEN 'partly'
                    WHEN z.number = z.missed THEN 'broken' ELSE 'open' END AS part_status
        FROM ({ended}) AS z"""
    return f"""
        SELECT v.part_id, v.promise_id, v.part_status, v.own, v.status, v.paid_of_all,
               MIN(CASE WHEN v.part_status = 'open' THEN v.due_on END) OVER (PARTITION BY v.promise_id)
        FROM ({parted}) AS v"""


def _write_verdicts(as_of: date, now: datetime) -> int:
    day = date_literal(as_of)
    of_promise = f"(SELECT DISTINCT promise_id, status, paid, next_due_on FROM {_VERDICTS})"
    details = (
        '\'{"promise": \' || p.id || \', "was": "\' || p.status || \'", "becomes": "\' || v.status || '
        "'\", \"paid_minor\": ' || v.paid || '}'"
    )
    overdue = "s.overdue_principal_minor + s.overdue_interest_minor + s.overdue_fee_minor + s.penalty_due_minor"
    execute(
        f"INSERT INTO {_EVENTS} (case_id, kind, day, recorded_at, actor_name, days_past_due, overdue_minor, details) "
        f"SELECT p.case_id, 'promise', {day}, %s, '{CLOSE.name}', s.days_past_due, {overdue}, "
        f"CAST({details} AS {'jsonb' if is_postgresql() else 'text'}) FROM {of_promise} AS v "
        f"JOIN {_PROMISES} AS p ON p.id = v.promise_id JOIN {_STATES} AS s ON s.account_id = p.account_id "
        f"WHERE v.status <> p.status ORDER BY p.account_id, p.id",
        (moment(now),),
    )
    execute(
        f"UPDATE {_PARTS} AS q SET status = v.part_status, paid_minor = v.part_paid FROM {_VERDICTS} AS v "
        f"WHERE q.id = v.part_id AND (q.status <> v.part_status OR q.paid_minor <> v.part_paid)"
    )
    return execute(
        f"UPDATE {_PROMISES} AS p SET status = v.status, paid_minor = v.paid, next_due_on = v.next_due_on, "
        f"decided_on = CASE WHEN v.status = 'open' THEN NULL WHEN v.status <> p.status THEN {day} ELSE p.decided_on END "
        f"FROM {of_promise} AS v WHERE p.id = v.promise_id "
        f"AND (p.status <> v.status OR p.paid_minor <> v.paid OR p.next_due_on IS DISTINCT FROM v.next_due_on)"
    )


def note_promises(*, as_of: date, within: str) -> int:
    """Bring what rules and ladders see of promises up to date, as months pass too; return the rows that changed.

    :param within: the range of accounts as SQL, after `account_id`
    """
    columns = {
        "broken_promises_6m": "f.broken",
        "has_open_promise": "f.is_open",
        "promise_due_on": "f.due_on",
        "promise_broken_on": "f.broken_on",
    }
    return write_signals_from(promise_signals(as_of=as_of, within=within), columns)


def promise_signals(*, as_of: date, within: str) -> str:
    """Return the query of what promises say of accounts on a day: broken, is_open, due_on, broken_on.

    `due_on` is the day of the next part of an open promise; `broken_on` the day the last promise was broken or kept in part
    only, while none has been made since. Accounts without a promise of late are not in it.
    """
    after = counted_after(as_of)
    counted, seen = date_literal(after), date_literal(after - timedelta(days=_DAYS_SEEN_OUT))
    return f"""
        SELECT p.account_id, SUM(CASE WHEN p.status = 'broken' AND p.decided_on > {counted} THEN 1 ELSE 0 END) AS broken,
               (MAX(CASE WHEN p.status = 'open' THEN 1 ELSE 0 END) = 1) AS is_open,
               MIN(CASE WHEN p.status = 'open' THEN p.next_due_on END) AS due_on,
               MAX(CASE WHEN p.status IN ('broken', 'partly') AND p.decided_on > {counted} AND p.id = n.last_id
                        THEN p.decided_on END) AS broken_on
        FROM {_PROMISES} AS p LEFT JOIN (
            SELECT account_id, MAX(id) AS last_id FROM {_PROMISES} WHERE account_id {within} AND status <> 'cancelled'
            GROUP BY account_id
        ) AS n ON n.account_id = p.account_id
        WHERE p.account_id {within} AND (p.status = 'open' OR p.decided_on >= {seen})
        GROUP BY p.account_id"""
