"""The queues of a range of accounts: what belongs in them is found in a pass, and only what changes is written.

The same statements serve the close (a shard), a queue that was changed, and one account on the spot; for that one what
belongs is worked out apart (casework/bulk/wanted.py), and where its items say so already nothing is written at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.models import CreditAccount
from casework.bulk.waking import LAST_ACCOUNT_ID, run_clocks, wake_items
from casework.bulk.wanted import WANTED, Wanted, as_rows, collect_wanted, wanted_of
from casework.models import Queue, WorkItem
from riskops.shared.sql import date_literal, execute, is_postgresql, moment, without_nested_loops

#: The step of the close that does this.
CASES_STEP: Final = "cases"
#: What an order by service time counts down from, in seconds since 1970: the year 2286.
LAST_SECOND: Final = 10**10

_ITEMS: Final = WorkItem._meta.db_table
_ACCOUNTS: Final = CreditAccount._meta.db_table
Status = WorkItem.Status


@transaction.atomic
def fill_queues(
    *,
    as_of: date,
    now: datetime,
    first_account_id: int = 0,
    last_account_id: int = LAST_ACCOUNT_ID,
    queue_ids: Sequence[int] | None = None,
) -> int:
    """Bring the items of a range of accounts to what their queues say, and return how many rows changed.

    :param as_of: the day the accounts' facts are of
    :param now: the moment that items enter, and their service time begins
    :param queue_ids: only these queues; None: all that are open
    """
    is_whole = first_account_id <= 0 and last_account_id >= LAST_ACCOUNT_ID
    queues = _held_queues(queue_ids, is_shared=not is_whole)
    if not queues:
        return 0
    if first_account_id == last_account_id:
        return _fill_account(first_account_id, queues, as_of=as_of, now=now)
    within = {"first_account_id": first_account_id, "last_account_id": last_account_id}
    changed = wake_items(as_of=as_of, now=now, **within)
    collect_wanted(queues, as_of=as_of, now=now, first=first_account_id, last=last_account_id)
    changed += _write(_Written(queues, first_account_id, last_account_id), now)
    return changed + run_clocks(as_of=as_of, now=now, **within) + order_items(**within)


def _fill_account(account_id: int, queues: Sequence[Queue], *, as_of: date, now: datetime) -> int:
    """Bring the items of one account up to date by the statements that a range takes, and none where nothing differs."""
    items = list(WorkItem.objects.filter(account_id=account_id))
    listed = frozenset(item.queue_id for item in items)
    wanted = wanted_of(account_id, queues, listed=listed, as_of=as_of, now=now)
    if _is_as_wanted(items, wanted, queues, now=now):
        return 0
    within = {"first_account_id": account_id, "last_account_id": account_id}
    is_time_at_work = any(item.status == Status.SNOOZED or item.boost_until is not None for item in items)
    changed = wake_items(as_of=as_of, now=now, **within) if is_time_at_work else 0
    changed += _write(_Written(queues, account_id, account_id, *as_rows(wanted)), now)
    return changed + run_clocks(as_of=as_of, now=now, **within) + order_items(**within)


def _is_as_wanted(items: Sequence[WorkItem], wanted: Sequence[Wanted], queues: Sequence[Queue], *, now: datetime) -> bool:
    """Return whether an account's items are surely as they should be; in doubt the statements look for themselves."""
    kinds = {queue.pk: queue for queue in queues}
    there, belonging = {item.queue_id: item for item in items}, {each.queue_id: each for each in wanted}
    today = timezone.localdate(now)
    if any(kinds[pk].kind == Queue.Kind.DYNAMIC for pk in belonging.keys() - there.keys()):
        return False
    for item in items:
        each, queue = belonging.get(item.queue_id), kinds.get(item.queue_id)
        is_dynamic = queue is not None and queue.kind == Queue.Kind.DYNAMIC
        if item.status == Status.GONE:
            if each is not None and is_dynamic:
                return False
        elif is_dynamic and each is None:
            return False
        elif item.status == Status.DONE:
            if each is not None and item.returns_on is not None and item.returns_on <= today:
                return False
        elif item.status == Status.SNOOZED or not _is_in_its_place(item, queue, each):
            return False
        if item.boost_until is not None and item.boost_until < today:
            return False
    return True


def _is_in_its_place(item: WorkItem, queue: Queue | None, each: Wanted | None) -> bool:
    """Return whether an open item surely has its block, its rank and its clock."""
    if queue is None or queue.order == Queue.Order.SERVICE_TIME or item.rank != item.basis * item.boost_factor:
        return False
    if (item.due_at if item.blocked_by else item.minutes_left) is not None:
        return False
    return each is None or (item.priority, item.blocked_by, item.basis) == (each.priority, each.blocked_by, each.basis)


def _held_queues(queue_ids: Sequence[int] | None, *, is_shared: bool) -> list[Queue]:
    """Return the open queues to be filled, held until the transaction ends.

    What belongs in them is read first and written afterwards. Ranges of accounts go side by side (a shard and one of its
    accounts keep off each other by the shard's mark); what fills a queue whole waits for them and they for it, or it would
    write over a hold that came between its reading and its writing.
    """
    if is_shared and is_postgresql():
        # Django has no word for it. One that was changed while this waited comes as it is by then.
        held = Queue.objects.raw(f"SELECT * FROM {Queue._meta.db_table} WHERE is_open ORDER BY id FOR SHARE")
        queues = [queue for queue in held if queue_ids is None or queue.pk in queue_ids]
    else:
        rows = Queue.objects.filter(is_open=True, **({} if queue_ids is None else {"pk__in": list(queue_ids)}))
        queues = list(rows.order_by("pk").select_for_update(no_key=True))
    return sorted(queues, key=lambda queue: (queue.position, queue.code))


@dataclass(frozen=True, slots=True)
class _Written:
    """What the statements that write items go by: the queues, the accounts, and where they read what is wanted.

    :param wanted: the table of the session, or rows in its place, whose parameters come after those of the statement
    """

    queues: Sequence[Queue]
    first: int
    last: int
    wanted: str = WANTED
    parameters: tuple[Any, ...] = ()

    @property
    def within(self) -> str:
        return f"BETWEEN {self.first:d} AND {self.last:d}"

    @property
    def chosen(self) -> str:
        return "(" + ", ".join(f"{queue.pk:d}" for queue in self.queues) + ")"

    @property
    def dynamic(self) -> str:
        """The queues whose items come and go; "()" for none."""
        return "(" + ", ".join(f"{queue.pk:d}" for queue in self.queues if queue.kind == Queue.Kind.DYNAMIC) + ")"

    def run(self, sql: str, parameters: tuple[Any, ...] = ()) -> int:
        return execute(sql, (*parameters, *self.parameters))


def _write(to: _Written, now: datetime) -> int:
    # Items and what is wanted are joined row by row otherwise, where a queue is new: nobody has counted its items yet.
    with without_nested_loops():
        changed = _revive(to, now)
        if to.dynamic != "()":
            changed += _leave(to)
    if to.dynamic != "()":
        # Accounts are looked up one by one, by their keys.
        changed += _enter(to, now)
    with without_nested_loops():
        return changed + _refresh(to)


def _enter(to: _Written, now: datetime) -> int:
    """Make the items of accounts that are in a queue for the first time. Their clock starts with `run_clocks`."""
    return to.run(
        f"INSERT INTO {_ITEMS} (queue_id, account_id, customer_id, product_id, status, episode, entered_at, minutes_left, "
        f"priority, basis, boost_factor, rank, blocked_by, is_escalated, wake_on, noted_broken, outcome, version) "
        f"SELECT w.queue_id, w.account_id, a.customer_id, a.product_id, 'open', 1, %s, w.minutes, w.priority, w.basis, 1, "
        f"w.basis, w.blocked_by, FALSE, '', 0, '', 1 "
        f"FROM {to.wanted} AS w JOIN {_ACCOUNTS} AS a ON a.id = w.account_id "
        f"LEFT JOIN {_ITEMS} AS i ON i.account_id = w.account_id AND i.queue_id = w.queue_id "
        f"WHERE i.id IS NULL AND w.queue_id IN {to.dynamic} ORDER BY w.account_id ON CONFLICT DO NOTHING",
        (moment(now),),
    )


def _revive(to: _Written, now: datetime) -> int:
    """Open a new episode where an account came back to a queue, or its rest after an outcome is over."""
    today = date_literal(timezone.localdate(now))
    return to.run(
        f"UPDATE {_ITEMS} AS i SET status = 'open', episode = i.episode + 1, entered_at = %s, due_at = NULL, "
        f"minutes_left = w.minutes, assigned_to_id = NULL, is_escalated = FALSE, returns_on = NULL, snoozed_until = NULL, "
        f"wake_on = '', version = i.version + 1 "
        f"FROM {to.wanted} AS w WHERE i.account_id = w.account_id AND i.queue_id = w.queue_id "
        f"AND i.queue_id IN {to.chosen} AND i.account_id {to.within} "
        f"AND ((i.status = 'gone' AND i.queue_id IN (SELECT id FROM {Queue._meta.db_table} WHERE kind = 'dynamic')) "
        f"OR (i.status = 'done' AND i.returns_on <= {today}))",
        (moment(now),),
    )


def _leave(to: _Written) -> int:
    """Take out what no longer belongs. One that is in somebody's hand goes too; what came of it they record all the same."""
    return to.run(
        f"UPDATE {_ITEMS} AS i SET status = 'gone', due_at = NULL, minutes_left = NULL, assigned_to_id = NULL, "
        f"returns_on = NULL, snoozed_until = NULL, version = i.version + 1 "
        f"WHERE i.queue_id IN {to.dynamic} AND i.account_id {to.within} AND i.status <> 'gone' AND NOT EXISTS "
        f"(SELECT 1 FROM {to.wanted} AS w WHERE w.account_id = i.account_id AND w.queue_id = i.queue_id)"
    )


def _refresh(to: _Written) -> int:
    """Bring priority, basis, rank and block of the items that stay up to date. No version counts them: nobody's form is stale.

    The rank with the rest, in one writing of the row: `order_items` then finds only what a clock or a boost has moved.
    """
    names = ("priority", "blocked_by")
    differs = " OR ".join(f"i.{name} <> w.{name}" for name in names)
    by_basis = f"i.queue_id NOT IN (SELECT id FROM {Queue._meta.db_table} WHERE \"order\" = 'service_time')"
    return to.run(
        f"UPDATE {_ITEMS} AS i SET priority = w.priority, blocked_by = w.blocked_by, "
        f"basis = CASE WHEN {by_basis} THEN w.basis ELSE i.basis END, "
        f"rank = CASE WHEN {by_basis} THEN w.basis ELSE i.basis END * i.boost_factor "
        f"FROM {to.wanted} AS w WHERE i.account_id = w.account_id AND i.queue_id = w.queue_id "
        f"AND i.queue_id IN {to.chosen} AND i.account_id {to.within} AND i.status IN ('open', 'snoozed') "
        f"AND ({differs} OR (i.basis <> w.basis AND {by_basis}))"
    )


def order_items(*, first_account_id: int = 0, last_account_id: int = LAST_ACCOUNT_ID) -> int:
    """Bring the ranks up to date with basis and boost. Return how many changed."""
    within = f"i.account_id BETWEEN {first_account_id:d} AND {last_account_id:d} AND i.status IN ('open', 'snoozed')"
    second = "CAST(EXTRACT(EPOCH FROM i.due_at) AS BIGINT)" if is_postgresql() else "CAST(strftime('%s', i.due_at) AS INTEGER)"
    basis = f"COALESCE({LAST_SECOND} - {second}, 0)"
    by_time = f"i.queue_id IN (SELECT id FROM {Queue._meta.db_table} WHERE \"order\" = 'service_time')"
    changed = execute(f"UPDATE {_ITEMS} AS i SET basis = {basis} WHERE {within} AND {by_time} AND i.basis <> {basis}")
    return changed + execute(
        f"UPDATE {_ITEMS} AS i SET rank = i.basis * i.boost_factor WHERE {within} AND i.rank <> i.basis * i.boost_factor"
    )
