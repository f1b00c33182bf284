"""The aging of a range of accounts in one statement; looks only at those that can have changed, writes only those that have.

Between two closes an account changes by an entry, by an instalment that is booked or falls due, or because it is late. Each
aging notes in `moves_on` the first day on which time alone will do something to the account; whoever makes an entry empties
it (the posting step, the rebuild, the import). Six accounts in seven need no look on an ordinary night.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from accounts.bulk import expressions
from riskops.shared.sql import date_literal, days_between, execute, next_day

#: What the statement computes; credit and the write-off mark are the posting's, the tier its own step's.
AGED_COLUMNS: Final = (
    "oldest_unpaid_due_date",
    "days_past_due",
    "bucket",
    "overdue_principal_minor",
    "overdue_interest_minor",
    "overdue_fee_minor",
    "penalty_due_minor",
    "outstanding_principal_minor",
    "outstanding_interest_minor",
    "outstanding_fee_minor",
    "category",
    "stage",
    "has_booked",
)


#: What stands in `moves_on` where no day to come changes anything.
NEVER: Final = date(9999, 12, 31)


def age_accounts(*, as_of: date, first_account_id: int, last_account_id: int, looks_at_all: bool = False) -> int:
    """Bring the state of every account of the range to the close of the day and return how many rows changed.

    :param looks_at_all: at accounts on which nothing can have happened since the close of the day before, too
    """
    figures = _figures(as_of, first_account_id, last_account_id, looks_at_all)
    written = (*AGED_COLUMNS, "moves_on")
    assignments = ", ".join(f"{column} = n.{column}" for column in written)
    changed = " OR ".join(f"s.{column} IS DISTINCT FROM n.{column}" for column in written)
    return execute(
        f"UPDATE accounts_accountstate AS s SET {assignments} FROM ({figures}) AS n "
        f"WHERE s.account_id = n.account_id AND s.account_id BETWEEN {first_account_id:d} AND {last_account_id:d} "
        f"{_looked_at('s', as_of, looks_at_all)} AND ({changed})"
    )


def _looked_at(state: str, as_of: date, looks_at_all: bool) -> str:
    """Return the condition on a state row of an account that may have changed since the close before."""
    if looks_at_all:
        return ""
    due = f"{state}.moves_on IS NULL OR {state}.moves_on <= {date_literal(as_of)}"
    return f"AND ({due} OR {state}.oldest_unpaid_due_date IS NOT NULL)"


def _figures(as_of: date, first: int, last: int, looks_at_all: bool) -> str:
    """Return the query of the figures: a row an account that is looked at, zeros where nothing is open."""
    day, looked_at = date_literal(as_of), _looked_at("a", as_of, looks_at_all)
    days = f"COALESCE({days_between(day, 'g.oldest')}, 0)"
    sums = ("overdue_principal", "overdue_interest", "overdue_fee", "penalty_due")
    left = ("outstanding_principal", "outstanding_interest", "outstanding_fee")
    # A sum of bigints is numeric on PostgreSQL; the cast keeps the comparison with the stored column cheap.
    amounts = ", ".join(f"CAST(COALESCE(g.{name}, 0) AS BIGINT) AS {name}_minor" for name in sums + left)
    return f"""
        SELECT k.account_id, k.oldest AS oldest_unpaid_due_date, k.days AS days_past_due,
               {expressions.bucket("k.days", bucket_map="p.bucket_map")} AS bucket,
               k.overdue_principal_minor, k.overdue_interest_minor, k.overdue_fee_minor, k.penalty_due_minor,
               k.outstanding_principal_minor, k.outstanding_interest_minor, k.outstanding_fee_minor,
               {expressions.category("k.days")} AS category, {expressions.stage("k.days")} AS stage, k.has_booked, k.moves_on
        FROM (
            SELECT a.account_id, a.product_id, g.oldest, {days} AS days, {amounts},
                   (a.has_booked OR COALESCE(g.has_booked, 0) > 0) AS has_booked,
                   CASE WHEN a.opened_on > {day} THEN a.opened_on ELSE COALESCE(g.moves_on, {date_literal(NEVER)}) END AS moves_on
            FROM accounts_accountstate AS a
            LEFT JOIN ({_open_installments(as_of, first, last, looked_at)}) AS g
              ON g.account_id = a.account_id AND a.opened_on <= {day}
            WHERE a.account_id BETWEEN {first:d} AND {last:d} {looked_at}
        ) AS k JOIN accounts_product AS p ON p.id = k.product_id"""


def _open_installments(as_of: date, first: int, last: int, looked_at: str) -> str:
    """Return the query of the open instalments of these accounts, summed by account: amounts of the booked ones."""
    day, past_due = date_literal(as_of), expressions.past_due(as_of)
    overdue = ", ".join(
        f"SUM(CASE WHEN {past_due} THEN i.{part}_unpaid_minor ELSE 0 END) AS overdue_{part}"
        for part in ("principal", "interest", "fee")
    )
    # What is past due, or costs penalty, is booked: no instalment is booked after its due date.
    is_booked = f"i.booked_on <= {day}"
    outstanding = ", ".join(
        f"SUM(CASE WHEN {is_booked} THEN i.{part}_unpaid_minor ELSE 0 END) AS outstanding_{part}"
        for part in ("principal", "interest", "fee")
    )
    moves_on = f"CASE WHEN NOT {is_booked} THEN i.booked_on WHEN i.due_date >= {day} THEN {next_day('i.due_date')} END"
    return f"""
            SELECT i.account_id, MIN(CASE WHEN {past_due} THEN i.due_date END) AS oldest, {overdue}, {outstanding},
                   SUM({expressions.penalty_due(as_of)}) AS penalty_due, MIN({moves_on}) AS moves_on,
                   MAX(CASE WHEN {is_booked} THEN 1 ELSE 0 END) AS has_booked
            FROM accounts_accountstate AS a
            JOIN accounts_installment AS i ON i.account_id = a.account_id
            JOIN accounts_product AS p ON p.id = i.product_id
            WHERE a.account_id BETWEEN {first:d} AND {last:d} {looked_at}
              AND i.account_id BETWEEN {first:d} AND {last:d} AND i.is_open
            GROUP BY i.account_id"""
