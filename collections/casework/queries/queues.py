"""The queues page: each queue with what waits in it and what its people can work today; what was skipped, and what came back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.db.models import Count, Min, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from accounts.models import CreditAccount
from casework.models import BulkAction, PriorityWeights, Queue, WorkItem, WorkRecord
from casework.queries.effectiveness import current_weights, effectiveness
from casework.queries.worklist import Figures, product_ids
from casework.rules.priority import Effectiveness
from riskops.shared.models import Team
from riskops.shared.people.conflicts import conflicted_customers
from riskops.shared.people.teams import members_on
from riskops.shared.scope import Scope, scope_of

#: Skips that are read.
MOST_SKIPS: Final = 200
#: Days for which the lists say what came back from people who are away.
DAYS_SHOWN: Final = 14


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A queue with its figures, its people's capacity today, and what its priority goes by."""

    queue: Queue
    figures: Figures
    teams: tuple[str, ...]
    capacity: int
    worked_today: int
    effectiveness: Effectiveness

    @property
    def days_of_work(self) -> int | None:
        """How many days the open items are for the people there are today, rounded up; None without people."""
        workable = self.figures.open - self.figures.blocked
        return -(-workable // self.capacity) if self.capacity else None


@dataclass(frozen=True, slots=True)
class QueuesPage:
    """Every queue, and the weights in force. `came_back`: today, from people who are away."""

    rows: tuple[QueueRow, ...]
    closed: tuple[Queue, ...]
    weights: PriorityWeights
    came_back: int


def queues_page(*, user: Any, now: datetime) -> QueuesPage:
    """Return all queues with their figures in the person's scope: one pass over the open items."""
    scope, today = scope_of(user), timezone.localdate(now)
    queues = list(Queue.objects.select_related("team"))
    opened = [queue for queue in queues if queue.is_open]
    items = WorkItem.objects.order_by()
    if scope.products is not None:
        items = items.filter(product_id__in=product_ids(scope))
    start = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    midnight = start + timedelta(days=1)
    counted: dict[int, dict[str, Any]] = {
        row["queue_id"]: dict(row)
        for row in items.filter(status=WorkItem.Status.OPEN)
        .values("queue_id")
        .annotate(
            open=Count("pk"),
            blocked=Count("pk", filter=~Q(blocked_by="")),
            oldest=Min("entered_at"),
            due_today=Count("pk", filter=Q(due_at__lt=midnight, due_at__gte=now)),
            late=Count("pk", filter=Q(due_at__lt=now)),
        )
    }
    asleep = dict(items.filter(status=WorkItem.Status.SNOOZED).values_list("queue_id").annotate(Count("pk")))
    outcomes = WorkRecord.objects.filter(act=WorkRecord.Act.OUTCOME, undone_at=None, recorded_at__gte=start).order_by()
    worked = dict(outcomes.values_list("queue_id").annotate(Count("pk")))
    weights = current_weights()
    found = effectiveness(opened, weights=weights, now=now)
    teams = list(Team.objects.filter(is_open=True).order_by("name"))
    members = members_on([team.pk for team in teams], today)
    rows = []
    for queue in opened:
        own = [t for t in teams if (t.pk == queue.team_id if queue.team_id else t.kind == queue.owner_kind)]
        people = {m.user_id: m.capacity for team in own for m in members.get(team.pk, ())}
        figures = counted.get(queue.pk, {"open": 0, "blocked": 0, "oldest": None, "due_today": 0, "late": 0})
        names = ("open", "blocked", "oldest", "due_today", "late")
        rows.append(
            QueueRow(
                queue=queue,
                figures=Figures(**{name: figures[name] for name in names}, snoozed=asleep.get(queue.pk, 0)),
                teams=tuple(team.name for team in own),
                capacity=sum(people.values()),
                worked_today=worked.get(queue.pk, 0),
                effectiveness=found[queue.pk],
            )
        )
    closed = tuple(queue for queue in queues if not queue.is_open)
    return QueuesPage(tuple(rows), closed, weights, _handed_back(scope, since=start).count())


@dataclass(frozen=True, slots=True)
class Skip:
    """An item that somebody passed on, and why."""

    account_no: str
    queue: Queue
    user_name: str
    reason: str
    recorded_at: datetime


def skips(*, user: Any) -> tuple[Skip, ...]:
    """Return the latest skips of accounts in the person's scope, but of customers they have a conflict with."""
    scope = scope_of(user)
    records = WorkRecord.objects.filter(act=WorkRecord.Act.SKIP, undone_at=None).select_related("item__account", "queue", "user")
    if conflicted := conflicted_customers(user):
        records = records.exclude(item__customer_id__in=conflicted)
    if scope.products is not None:
        records = records.filter(item__product_id__in=product_ids(scope))
    return tuple(
        Skip(
            account_no=found.item.account.account_no,
            queue=found.queue,
            user_name=(found.user.get_full_name() or found.user.get_username()) if found.user else "",
            reason=found.text,
            recorded_at=found.recorded_at,
        )
        for found in records.order_by("-recorded_at")[:MOST_SKIPS]
    )


def report_in_sight(bulk: BulkAction, *, user: Any) -> list[list[Any]]:
    """Return the lines of a bulk action's report about accounts that a person may see.

    Of somebody else's also none about customers they have a conflict with; one's own was told when it was done.
    """
    accounts = CreditAccount.objects.filter(account_no__in=[line[0] for line in bulk.report])
    seen = scope_of(user).accounts(accounts)
    if bulk.user_id != user.pk:
        seen = seen.exclude(customer_id__in=conflicted_customers(user))
    # What was in no worklist stands there with the item's number, and names no account.
    hidden = set(accounts.values_list("account_no", flat=True)) - set(seen.values_list("account_no", flat=True))
    return [line for line in bulk.report if line[0] not in hidden]


@dataclass(frozen=True, slots=True)
class HandedBack:
    """How many items of a queue came back on a day from somebody who was away."""

    on: date
    queue: Queue
    user_name: str
    items: int


def handed_back(*, user: Any, now: datetime) -> tuple[HandedBack, ...]:
    """Return what came back lately from people who were away, in the person's scope, the latest day first."""
    found = _handed_back(scope_of(user), since=now - timedelta(days=DAYS_SHOWN)).annotate(on=TruncDate("recorded_at"))
    rows = list(found.values_list("on", "queue_id", "user_id").annotate(Count("pk")).order_by("-on", "queue_id", "user_id"))
    queues = Queue.objects.in_bulk({queue_id for _on, queue_id, _user_id, _items in rows})
    people = get_user_model().objects.in_bulk({user_id for _on, _queue_id, user_id, _items in rows})
    return tuple(
        HandedBack(on, queues[queue_id], people[user_id].get_full_name() or people[user_id].get_username(), items)
        for on, queue_id, user_id, items in rows
    )


def _handed_back(scope: Scope, *, since: datetime) -> QuerySet[WorkRecord]:
    records = WorkRecord.objects.filter(act=WorkRecord.Act.HAND_BACK, recorded_at__gte=since)
    return records if scope.products is None else records.filter(item__product_id__in=product_ids(scope))
