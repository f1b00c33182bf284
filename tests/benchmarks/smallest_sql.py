"""The yardstick: the smallest SQL, written by hand, that brings the account columns of a whole book to a day.

One UPDATE … FROM a grouped subquery, on the tables as they are, in one transaction, once the day's payments are posted. It
knows no shards, no ledger, no audit trail and no report; it writes changed rows only, because that is faster. Where the
close does more, its time over this one says what that costs. The close that follows it must leave each of these columns as
it is: that both compute the same is checked each time.
"""

from __future__ import annotations

from datetime import date
from typing import Final

#: What it computes: how an account stands, without the site's own marks (`moves_on`, `ahead_on`).
COLUMNS: Final = (
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

_TEXT: Final = """
UPDATE accounts_accountstate AS s SET {assignments}
FROM (
    SELECT f.*,
           CASE WHEN p.bucket_map = 'calendar-29'
                THEN CASE WHEN days_past_due >= 150 THEN 6 WHEN days_past_due >= 120 THEN 5 WHEN days_past_due >= 90 THEN 4
                          WHEN days_past_due >= 60 THEN 3 WHEN days_past_due >= 30 THEN 2
                          WHEN days_past_due >= 1 THEN 1 ELSE 0 END
                ELSE CASE WHEN days_past_due >= 181 THEN 7 WHEN days_past_due >= 151 THEN 6 WHEN days_past_due >= 121 THEN 5
                          WHEN days_past_due >= 91 THEN 4 WHEN days_past_due >= 61 THEN 3 WHEN days_past_due >= 31 THEN 2
                          WHEN days_past_due >= 1 THEN 1 ELSE 0 END
           END AS bucket,
           CASE WHEN days_past_due >= 361 THEN 4 WHEN days_past_due >= 271 THEN 3 WHEN days_past_due >= 91 THEN 2
                WHEN days_past_due >= 1 THEN 1 ELSE 0 END AS category,
           CASE WHEN days_past_due >= 91 THEN 3 WHEN days_past_due >= 31 THEN 2 ELSE 1 END AS stage
    FROM (
        SELECT a.account_id, a.product_id, a.has_booked OR o.account_id IS NOT NULL AS has_booked,
               o.oldest AS oldest_unpaid_due_date, COALESCE({days_since_oldest}, 0) AS days_past_due,
               CAST(COALESCE(o.overdue_principal, 0) AS BIGINT) AS overdue_principal_minor,
               CAST(COALESCE(o.overdue_interest, 0) AS BIGINT) AS overdue_interest_minor,
               CAST(COALESCE(o.overdue_fee, 0) AS BIGINT) AS overdue_fee_minor,
               CAST(COALESCE(o.penalty_due, 0) AS BIGINT) AS penalty_due_minor,
               CAST(COALESCE(o.principal, 0) AS BIGINT) AS outstanding_principal_minor,
               CAST(COALESCE(o.interest, 0) AS BIGINT) AS outstanding_interest_minor,
               CAST(COALESCE(o.fee, 0) AS BIGINT) AS outstanding_fee_minor
        FROM accounts_accountstate AS a
        LEFT JOIN (
            SELECT account_id, SUM(principal) AS principal, SUM(interest) AS interest, SUM(fee) AS fee,
                   MIN(due_date) FILTER (WHERE is_late) AS oldest,
                   SUM(principal) FILTER (WHERE is_late) AS overdue_principal,
                   SUM(interest) FILTER (WHERE is_late) AS overdue_interest,
                   SUM(fee) FILTER (WHERE is_late) AS overdue_fee,
                   SUM(CASE WHEN days > grace_days AND rate > 0
                            THEN {greatest}(0, ({least}(accrued + CASE WHEN charged > 0 THEN base * rate * charged ELSE 0 END,
                                                        COALESCE(cap, 9223372036854275807)) + 500000) / 1000000 - settled)
                            ELSE 0 END) AS penalty_due
            FROM (
                SELECT i.account_id, i.due_date, i.principal_unpaid_minor AS principal, i.interest_unpaid_minor AS interest,
                       i.fee_unpaid_minor AS fee,
                       i.due_date < {day}
                       AND i.principal_unpaid_minor + i.interest_unpaid_minor + i.fee_unpaid_minor > 0 AS is_late,
                       {days_since_due} AS days, p.grace_days, p.penalty_rate_ppm AS rate, i.accrued_micro AS accrued,
                       i.penalty_settled_minor AS settled, i.principal_minor * p.penalty_cap_bp * 100 AS cap,
                       i.principal_unpaid_minor
                       + CASE WHEN p.penalty_base = 'principal_interest' THEN i.interest_unpaid_minor ELSE 0 END AS base,
                       COALESCE({days_since_accrual}, {days_since_due}
                                - CASE WHEN p.penalty_from = 'grace_end' THEN p.grace_days ELSE 0 END) AS charged
                FROM accounts_installment AS i JOIN accounts_product AS p ON p.id = i.product_id
                WHERE i.is_open AND i.booked_on <= {day}
            ) AS i
            GROUP BY account_id
        ) AS o ON o.account_id = a.account_id AND a.opened_on <= {day}
    ) AS f JOIN accounts_product AS p ON p.id = f.product_id
) AS n
WHERE n.account_id = s.account_id AND ({changed})"""


def smallest_sql(day: date, *, is_postgresql: bool) -> str:
    """Return the statement for a day."""
    literal = f"DATE '{day.isoformat()}'" if is_postgresql else f"'{day.isoformat()}'"

    def days_since(column: str) -> str:
        if is_postgresql:
            return f"({literal} - {column})"
        return f"CAST(julianday({literal}) - julianday({column}) AS INTEGER)"

    return _TEXT.format(
        assignments=", ".join(f"{column} = n.{column}" for column in COLUMNS),
        changed=" OR ".join(f"s.{column} IS DISTINCT FROM n.{column}" for column in COLUMNS),
        day=literal,
        days_since_oldest=days_since("o.oldest"),
        days_since_due=days_since("i.due_date"),
        days_since_accrual=days_since("i.accrued_through"),
        least="LEAST" if is_postgresql else "MIN",
        greatest="GREATEST" if is_postgresql else "MAX",
    )
