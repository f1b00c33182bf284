"""The states and the moves between them as SQL, over rows with the aging columns. The rules are those of dashboards/rules.

Aliases: `s` is an account at the day asked about (its state row or its snapshot), `p` its snapshot before, `w` its write-off.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from accounts.models.payment import WriteOff
from accounts.models.snapshot import AccountSnapshot
from dashboards.rules.states import THRESHOLDS, State
from riskops.shared.sql import date_literal

#: The amounts of a day's aggregate.
AMOUNTS: Final = (
    "overdue_principal_minor",
    "overdue_interest_minor",
    "overdue_fee_minor",
    "penalty_due_minor",
    "outstanding_principal_minor",
    "outstanding_interest_minor",
    "outstanding_fee_minor",
    "credit_balance_minor",
)
#: The amounts of a move.
MOVED: Final = ("principal_before_minor", "principal_after_minor", "written_off_minor")
#: True of rows `s` that are in a state; a line never used is in none.
HAS_STATE: Final = "(s.has_booked OR s.is_written_off)"


def state_sql(row: str) -> str:
    """Return the SQL of a row's state (`State`). Paid off means that nothing at all is owed, penalty included."""
    owed = (
        f"{row}.outstanding_principal_minor + {row}.outstanding_interest_minor"
        f" + {row}.outstanding_fee_minor + {row}.penalty_due_minor"
    )
    return (
        f"CASE WHEN {row}.is_written_off THEN {State.WRITTEN_OFF:d} WHEN NOT {row}.has_booked THEN {State.NEVER_USED:d} "
        f"WHEN {owed} = 0 THEN {State.PAID_OFF:d} ELSE {row}.bucket END"
    )


def days_from_sql(row: str) -> str:
    """Return the SQL of the largest threshold that a row's days past due have reached (`days_from`)."""
    cases = " ".join(f"WHEN {row}.days_past_due >= {n} THEN {n}" for n in reversed(THRESHOLDS))
    return f"CASE {cases} ELSE 0 END"


def sums_sql(columns: tuple[str, ...], row: str) -> str:
    """Return the SQL of the sums of columns, comma between. PostgreSQL sums bigints into numeric; the cast brings them back."""
    return ", ".join(f"CAST(SUM({row}.{column}) AS bigint)" for column in columns)


def from_state_sql() -> str:
    """Return the SQL of the state before, with a line never used, or not there, as `new`."""
    return (
        f"CASE WHEN p.account_id IS NULL OR NOT (p.has_booked OR p.is_written_off) THEN {State.NEW:d} ELSE {state_sql('p')} END"
    )


def before_joins_sql(before: date) -> str:
    """Return the join that gives rows `s` their snapshot of an earlier day; a condition on `p` may follow it."""
    return f"LEFT JOIN {AccountSnapshot._meta.db_table} p ON p.account_id = s.account_id AND p.as_of = {date_literal(before)}"


def write_off_join_sql() -> str:
    """Return the join that gives rows `s` their write-off; a condition on `w` may follow it."""
    return f"LEFT JOIN {WriteOff._meta.db_table} w ON w.account_id = s.account_id AND s.is_written_off"


def moved_sums_sql() -> str:
    """Return the SQL of the three amounts of a move (`MOVED`)."""
    return (
        "CAST(COALESCE(SUM(p.outstanding_principal_minor), 0) AS bigint), CAST(SUM(s.outstanding_principal_minor) AS bigint), "
        "CAST(COALESCE(SUM(CASE WHEN s.is_written_off AND NOT COALESCE(p.is_written_off, false) "
        "THEN w.principal_minor END), 0) AS bigint)"
    )
