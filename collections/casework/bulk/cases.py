"""The cases of a range of accounts: what opened, moved and closed is found against the states in one look; only that is written.

The one-account path is casework/operations/cases/following.py; both give the same rows (tests/casework/test_cases.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from django.db.models import Max

from accounts.models import AccountState, CreditAccount
from accounts.queries.entries import in_chunks
from accounts.rules.terms import LATE_BUCKETS
from casework.models import Case, CaseEvent
from casework.queries.cases.open_cases import bounds_of, figures_in_force
from casework.rules.case_stages import CURED, KEPT_STAGES, PURSUE, REMIND, WORK, WRITTEN_OFF, StageBounds
from riskops.shared.audit import CLOSE
from riskops.shared.rows import insert_rows, update_rows
from riskops.shared.sql import as_day, boolean, fetch, moment, without_nested_loops

#: The step of the close that does this.
EPISODES_STEP: Final = "episodes"

_CASES: Final = Case._meta.db_table
_EVENTS: Final = CaseEvent._meta.db_table
_STATES: Final = AccountState._meta.db_table
_LATE_BUCKETS: Final = ", ".join(map(str, LATE_BUCKETS))
_OVERDUE_COLUMNS: Final = ("overdue_principal_minor", "overdue_interest_minor", "overdue_fee_minor", "penalty_due_minor")
_OVERDUE: Final = " + ".join(f"s.{column}" for column in _OVERDUE_COLUMNS)


class _Found(NamedTuple):
    """An account whose case is not what its state says: it has none, or one in another stage."""

    account_id: int
    case_id: int | None
    stage: str | None
    becomes: str
    days_past_due: int
    overdue_minor: int | None
    has_reason: bool
    product_id: int
    since: date | None


def follow_cases(*, as_of: date, now: datetime, first_account_id: int, last_account_id: int) -> int:
    """Open, move and close the cases of a range of accounts by how they stand on a day; return how many did.

    :param now: the moment the events are recorded
    """
    figures = figures_in_force()
    within = f"BETWEEN {first_account_id:d} AND {last_account_id:d}"
    found = _find(within, bounds_of(figures))
    moved = [row for row in found if row.case_id is not None]
    late = [row for row in found if row.case_id is None and row.since is not None]
    _move(moved, as_of, now)
    _open(late, as_of, now, within, since=as_of - timedelta(days=figures.redefault_days))
    return len(moved) + len(late)


def _standing(bounds: StageBounds) -> str:
    """Return SQL for `rules.case_stages.standing_stage` over a state `s` that is past due."""
    return (
        f"CASE WHEN s.is_written_off THEN '{WRITTEN_OFF}' WHEN s.days_past_due >= {bounds.pursue_from_days:d} THEN '{PURSUE}' "
        f"WHEN s.days_past_due >= {bounds.work_from_days:d} THEN '{WORK}' ELSE '{REMIND}' END"
    )


def _find(within: str, bounds: StageBounds) -> list[_Found]:
    kept = ", ".join(f"'{stage}'" for stage in KEPT_STAGES)
    # By hash or in order: nobody has counted the cases of a new site, and one by one they would be looked up for every account.
    with without_nested_loops():
        rows = fetch(
            # Named bucket by bucket: so the late ones are found by an index, and the others, most of a range, are not read.
            f"WITH late AS MATERIALIZED (SELECT s.account_id, s.product_id, s.oldest_unpaid_due_date, s.days_past_due, "
            f"{_OVERDUE} AS overdue_minor, {_standing(bounds)} AS standing FROM {_STATES} AS s "
            f"WHERE s.bucket IN ({_LATE_BUCKETS}) AND s.account_id {within} AND s.days_past_due > 0), "
            f"found AS (SELECT l.account_id, p.id, p.stage, CASE WHEN p.stage IN ({kept}) THEN p.stage ELSE l.standing END "
            f"AS becomes, l.days_past_due, l.overdue_minor, {boolean(False)} AS has_reason, l.product_id, "
            # By the table's index: SQLite compares two tables made within a statement row by row.
            f"l.oldest_unpaid_due_date FROM late AS l LEFT JOIN {_CASES} AS p ON p.account_id = l.account_id "
            f"AND p.closed_on IS NULL AND p.account_id {within} "
            # Who is not among the late ones has nothing past due.
            f"UNION ALL SELECT c.account_id, c.id, c.stage, '{CURED}', 0, NULL, c.reason_id IS NOT NULL, c.product_id, NULL "
            f"FROM {_CASES} AS c WHERE c.closed_on IS NULL AND c.account_id {within} "
            f"AND c.account_id NOT IN (SELECT account_id FROM late)) "
            f"SELECT * FROM found AS f WHERE f.id IS NULL OR f.becomes <> f.stage ORDER BY f.account_id"
        )
    return [_Found(*row)._replace(since=as_day(row[-1]) if row[-1] else None) for row in rows]


def _move(moved: Sequence[_Found], as_of: date, now: datetime) -> None:
    """Put cases in the stage that their accounts stand in; close those that are cured."""
    if not moved:
        return
    cured = [row for row in moved if row.becomes == CURED]
    left = _left_overdue(row.account_id for row in cured)
    update_rows(
        Case,
        ("stage", "stage_since", "closed_on"),
        [(row.case_id, row.becomes, as_of, as_of if row.becomes == CURED else None) for row in moved],
    )
    # The next episode has a reason of its own.
    update_rows(AccountState, ("lateness_reason",), [(row.account_id, "") for row in cured if row.has_reason])
    _append(
        as_of,
        now,
        [
            (
                row.case_id,
                CaseEvent.Kind.CLOSED if row.becomes == CURED else CaseEvent.Kind.MOVED,
                row.stage,
                row.becomes,
                row.days_past_due,
                left[row.account_id] if row.becomes == CURED else row.overdue_minor,
            )
            for row in moved
        ],
    )


def _left_overdue(account_ids: Iterable[int]) -> dict[int, int]:
    """Return what is overdue, penalty included, where nothing is past due any more."""
    left: dict[int, int] = {}
    for chunk in in_chunks(account_ids):
        rows = AccountState.objects.filter(pk__in=chunk).values_list("pk", *_OVERDUE_COLUMNS)
        left |= {account_id: sum(figures) for account_id, *figures in rows}
    return left


def _open(late: Sequence[_Found], as_of: date, now: datetime, within: str, *, since: date) -> None:
    """Open cases; an account's earlier case that was closed on `since` or later is named as the one it comes back from."""
    if not late:
        return
    customers: dict[int, int] = {}
    before: dict[int, tuple[int, int | None]] = {}
    for chunk in in_chunks(row.account_id for row in late):
        customers |= dict(CreditAccount.objects.filter(pk__in=chunk).values_list("pk", "customer_id"))
        earlier = Case.objects.filter(account__in=chunk).order_by("account_id", "episode")
        before |= {
            account_id: (episode, key if closed_on is not None and closed_on >= since else None)
            for account_id, episode, key, closed_on in earlier.values_list("account_id", "episode", "pk", "closed_on")
        }
    last = Case.objects.aggregate(last=Max("pk"))["last"] or 0
    columns = ("account", "customer", "product", "episode", "since", "opened_on", "stage", "stage_since", "previous")
    rows = []
    for row in late:
        episode, previous = before.get(row.account_id, (0, None))
        standing = (row.since, as_of, row.becomes, as_of, previous)
        rows.append((row.account_id, customers[row.account_id], row.product_id, episode + 1, *standing))
    insert_rows(Case, columns, rows)
    # The step holds its range: no other case of it is beyond the mark.
    opened = dict(fetch(f"SELECT account_id, id FROM {_CASES} WHERE id > {last:d} AND account_id {within}"))
    _append(
        as_of,
        now,
        [(opened[row.account_id], CaseEvent.Kind.OPENED, "", row.becomes, row.days_past_due, row.overdue_minor) for row in late],
    )


def _append(as_of: date, now: datetime, events: Sequence[tuple[int | None, str, str | None, str, int, int | None]]) -> None:
    """Append events: case, kind, stage before and after, days past due, overdue."""
    columns = ("case", "kind", "day", "recorded_at", "from_stage", "to_stage", "actor_name", "days_past_due", "overdue_minor")
    at = moment(now)
    insert_rows(
        CaseEvent,
        (*columns, "details"),
        [(case, str(kind), as_of, at, was, becomes, CLOSE.name, *figures, "{}") for case, kind, was, becomes, *figures in events],
    )
