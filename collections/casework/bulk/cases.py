"""The cases of a range of accounts: what opened, moved and closed is found against the states, and only that is written.

The one-account path is casework/operations/cases/following.py; both give the same rows (tests/casework/test_cases.py).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from django.db.models import Max

from accounts.models import AccountState, CreditAccount
from casework.models import Case, CaseEvent
from casework.queries.cases.open_cases import bounds_of, figures_in_force
from casework.rules.case_stages import CURED, KEPT_STAGES, PURSUE, REMIND, WORK, WRITTEN_OFF, StageBounds
from riskops.shared.audit import CLOSE
from riskops.shared.sql import date_literal, execute, moment, without_nested_loops

#: The step of the close that does this.
EPISODES_STEP: Final = "episodes"

_CASES: Final = Case._meta.db_table
_EVENTS: Final = CaseEvent._meta.db_table
_STATES: Final = AccountState._meta.db_table
_ACCOUNTS: Final = CreditAccount._meta.db_table
_OVERDUE: Final = "s.overdue_principal_minor + s.overdue_interest_minor + s.overdue_fee_minor + s.penalty_due_minor"


def follow_cases(*, as_of: date, now: datetime, first_account_id: int, last_account_id: int) -> int:
    """Open, move and close the cases of a range of accounts by how they stand on a day; return how many did.

    :param now: the moment the events are recorded
    """
    figures = figures_in_force()
    within = f"BETWEEN {first_account_id:d} AND {last_account_id:d}"
    bounds, last = bounds_of(figures), CaseEvent.objects.aggregate(last=Max("pk"))["last"] or 0
    # Those that are open move first, so that nothing is looked at twice.
    # By hash or in order: nobody has counted the cases of a new site, nor the events just written, and one by one they are
    # looked up for every open case.
    with without_nested_loops():
        moved = _move(as_of, now, within, bounds)
        if moved:
            # The step holds its range: no other event of these cases is beyond the mark.
            execute(
                f"UPDATE {_CASES} AS c SET stage = e.to_stage, stage_since = e.day, "
                f"closed_on = CASE WHEN e.to_stage = '{CURED}' THEN e.day END FROM {_EVENTS} AS e "
                f"WHERE e.id > {last:d} AND e.case_id = c.id AND c.account_id {within} AND c.closed_on IS NULL"
            )
            # The next episode has a reason of its own.
            execute(
                f"UPDATE {_STATES} SET lateness_reason = '' WHERE account_id {within} AND lateness_reason <> '' "
                f"AND account_id IN (SELECT c.account_id FROM {_CASES} AS c JOIN {_EVENTS} AS e ON e.case_id = c.id "
                f"WHERE e.id > {last:d} AND e.kind = 'closed' AND c.account_id {within})"
            )
    return moved + _open(as_of, now, within, bounds, redefault_days=figures.redefault_days)


def _standing(bounds: StageBounds) -> str:
    """Return SQL for `rules.case_stages.standing_stage` over a state `s`."""
    return (
        f"CASE WHEN s.days_past_due <= 0 THEN '{CURED}' WHEN s.is_written_off THEN '{WRITTEN_OFF}' "
        f"WHEN s.days_past_due >= {bounds.pursue_from_days:d} THEN '{PURSUE}' "
        f"WHEN s.days_past_due >= {bounds.work_from_days:d} THEN '{WORK}' ELSE '{REMIND}' END"
    )


def _move(as_of: date, now: datetime, within: str, bounds: StageBounds) -> int:
    kept = ", ".join(f"'{stage}'" for stage in KEPT_STAGES)
    day = date_literal(as_of)
    return execute(
        f"INSERT INTO {_EVENTS} (case_id, kind, day, recorded_at, from_stage, to_stage, actor_name, days_past_due, "
        f"overdue_minor, details) "
        f"SELECT n.case_id, CASE WHEN n.becomes = '{CURED}' THEN 'closed' ELSE 'moved' END, {day}, %s, n.stage, n.becomes, "
        f"'{CLOSE.name}', n.days_past_due, n.overdue_minor, '{{}}' FROM ("
        f"SELECT c.id AS case_id, c.account_id, c.stage, s.days_past_due, {_OVERDUE} AS overdue_minor, "
        f"CASE WHEN c.stage IN ({kept}) AND s.days_past_due > 0 THEN c.stage ELSE {_standing(bounds)} END AS becomes "
        f"FROM {_CASES} AS c JOIN {_STATES} AS s ON s.account_id = c.account_id "
        f"WHERE c.closed_on IS NULL AND c.account_id {within} AND s.account_id {within}) AS n "
        f"WHERE n.becomes <> n.stage ORDER BY n.account_id",
        (moment(now),),
    )


def _open(as_of: date, now: datetime, within: str, bounds: StageBounds, *, redefault_days: int) -> int:
    day, since = date_literal(as_of), date_literal(as_of - timedelta(days=redefault_days))
    last = Case.objects.aggregate(last=Max("pk"))["last"] or 0
    opened = execute(
        f"INSERT INTO {_CASES} (account_id, customer_id, product_id, episode, since, opened_on, stage, stage_since, "
        f"previous_id) "
        f"SELECT s.account_id, a.customer_id, s.product_id, COALESCE(p.episode, 0) + 1, s.oldest_unpaid_due_date, {day}, "
        f"{_standing(bounds)}, {day}, CASE WHEN p.closed_on >= {since} THEN p.id END "
        f"FROM {_STATES} AS s JOIN {_ACCOUNTS} AS a ON a.id = s.account_id "
        f"LEFT JOIN {_CASES} AS p ON p.account_id = s.account_id AND p.episode = "
        f"(SELECT MAX(x.episode) FROM {_CASES} AS x WHERE x.account_id = s.account_id) "
        f"WHERE s.account_id {within} AND s.oldest_unpaid_due_date IS NOT NULL AND s.days_past_due > 0 AND NOT EXISTS "
        f"(SELECT 1 FROM {_CASES} AS o WHERE o.account_id = s.account_id AND o.account_id {within} AND o.closed_on IS NULL) "
        f"ORDER BY s.account_id"
    )
    if opened:
        execute(
            f"INSERT INTO {_EVENTS} (case_id, kind, day, recorded_at, from_stage, to_stage, actor_name, days_past_due, "
            f"overdue_minor, details) "
            f"SELECT c.id, 'opened', {day}, %s, '', c.stage, '{CLOSE.name}', s.days_past_due, {_OVERDUE}, '{{}}' "
            f"FROM {_CASES} AS c JOIN {_STATES} AS s ON s.account_id = c.account_id "
            f"WHERE c.id > {last:d} AND c.account_id {within} ORDER BY c.id",
            (moment(now),),
        )
    return opened
