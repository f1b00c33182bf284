"""The worklist: a page of a queue by keyset, and its figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from accounts.facts import ACCOUNT_FACTS, account_rows
from accounts.models import Product
from accounts.queries.rule_cost import RuleTooSlow, rule_time_bound
from casework.blocks import block_label
from casework.calendars import business_hours
from casework.models import Claim, Queue, SavedView, WorkItem
from casework.models.worklist import in_language
from casework.operations.claiming import own_queues
from casework.outcomes import outcome_labels
from casework.policies import live_policy_row
from casework.rules.business_time import BusinessHours, minutes_between
from casework.trained import WITH_CARE
from riskops.shared.day import book_shown
from riskops.shared.people.conflicts import conflicted_customers
from riskops.shared.personal import masked_name
from riskops.shared.request_context import once_a_request
from riskops.shared.roles import Role, roles_of
from riskops.shared.rule_language import Rule, RuleRefusal, condition, parse_rule
from riskops.shared.scope import Scope, scope_of

PAGE_ROWS: Final = 50
SHOWN: Final = ("open", "mine", "escalated", "blocked", "snoozed", "done")
#: A clock is counted over so many days at most; beyond, the days themselves are shown.
_MOST_CLOCK_DAYS: Final = 21
Status = WorkItem.Status


@dataclass(frozen=True, slots=True)
class WorkFilters:
    """What the worklist's address asks for. `refusal`: why the rule was left out."""

    queue: str = ""
    show: str = "open"
    rule_text: str = ""
    rule: Rule | None = None
    refusal: str = ""
    after: str = ""
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Clock:
    """How a service time stands: minutes of working time left, or overdrawn. Paused while the item is blocked."""

    minutes: int
    is_late: bool
    is_paused: bool
    due_at: datetime | None

    @property
    def text(self) -> str:
        """`3 h 20 m`, `2 d`."""
        if self.minutes >= _MOST_CLOCK_DAYS * 9 * 60:
            return _("over %(days)s d") % {"days": _MOST_CLOCK_DAYS}
        hours, minutes = divmod(self.minutes, 60)
        return _("%(hours)s h %(minutes)s m") % {"hours": hours, "minutes": minutes} if hours else _("%s m") % minutes


@dataclass(frozen=True, slots=True)
class WorkRow:
    """A line of the worklist; amounts in minor units, the name masked."""

    item_id: int
    version: int
    account_no: str
    masked_name: str
    currency: str
    days_past_due: int
    bucket: int
    overdue_minor: int
    score: int | None
    score_change: int | None
    broken_promises: int
    tier: str
    priority: int
    boost_factor: int
    clock: Clock | None
    block: Any
    assigned_to: str
    is_escalated: bool
    held_by: str
    is_mine: bool
    is_conflicted: bool
    care: Promise | str
    snoozed_until: datetime | None
    outcome: Any
    queue_code: str
    queue_name: str

    @property
    def priority_text(self) -> str:
        """The value of a minute, in major units with two decimals."""
        return value_text(self.priority)

    @property
    def score_change_size(self) -> int:
        """How far the score moved, whichever way."""
        return abs(self.score_change or 0)


@dataclass(frozen=True, slots=True)
class Figures:
    """The line above a queue: open items, how many are blocked, since when the oldest waits, how many are due today."""

    open: int
    blocked: int
    snoozed: int
    oldest: datetime | None
    due_today: int
    late: int


@dataclass(frozen=True, slots=True)
class WorkPage:
    """A page of the worklist."""

    filters: WorkFilters
    queue: Queue | None
    queues: tuple[Queue, ...]
    rows: tuple[WorkRow, ...]
    next_after: str
    figures: Figures | None
    business_date: date | None


def read_work_filters(parameters: Mapping[str, str], *, user: Any) -> WorkFilters:
    """Return the filters that query parameters ask for; `view` names a saved view that the others change."""
    values = dict(parameters.items())
    if (number := values.get("view", "")).isdecimal() and len(number) < 10:
        view = SavedView.objects.filter(Q(owner=user.pk) | Q(is_shared=True), pk=int(number)).first()
        saved = dict(parse_qsl(view.query)) if view else {}
        values = saved | {name: value for name, value in values.items() if value}
    text, rule, refusal = values.get("rule", "").strip(), None, ""
    if text:
        try:
            rule = parse_rule(text, ACCOUNT_FACTS)
        except RuleRefusal as refused:
            refusal = str(refused)
    at = values.get("at", "")
    show = values.get("show", "open")
    return WorkFilters(
        queue=values.get("queue", ""),
        show=show if show in SHOWN else "open",
        rule_text=text,
        rule=rule,
        refusal=refusal,
        after=values.get("after", ""),
        at=int(at) if at.isdecimal() and len(at) < 19 else None,
    )


def work_page(filters: WorkFilters, *, user: Any, now: datetime, with_figures: bool = True) -> WorkPage:
    """Return the page of a queue that the filters ask for, in the person's scope."""
    scope = scope_of(user)
    queues = tuple(Queue.objects.filter(is_open=True))
    queue = next((queue for queue in queues if queue.code == filters.queue), None)
    if queue is None and filters.show not in ("mine", "escalated"):
        queue = _first_with_work(own_queues(user.pk, now)) or next(iter(queues), None)
    day = book_shown().business_date
    items = _shown(filters, queue, user=user)
    if scope.products is not None:
        items = items.filter(product_id__in=product_ids(scope))
    in_queue = items
    if filters.rule is not None and day is not None:
        states = ACCOUNT_FACTS.annotated(account_rows(), filters.rule.names, day).filter(condition(filters.rule))
        items = items.filter(Exists(states.filter(pk=OuterRef("account_id"))))
    try:
        with rule_time_bound() if filters.rule is not None else nullcontext():
            found = _first_rows(_after(items, filters.after))
    except RuleTooSlow as slow:
        filters = replace(filters, rule=None, refusal=str(slow))
        found = _first_rows(_after(in_queue, filters.after))
    page = found[:PAGE_ROWS]
    rows = work_rows([pk for pk, _rank in page], user=user, now=now)
    return WorkPage(
        filters=filters,
        queue=queue,
        queues=queues,
        rows=rows,
        next_after=f"{page[-1][1]}.{page[-1][0]}" if len(found) > PAGE_ROWS else "",
        figures=queue_figures(queue, in_queue.none() if queue is None else _of(queue, scope), now)
        if with_figures and queue
        else None,
        business_date=day,
    )


def _first_rows(items: QuerySet[WorkItem]) -> list[tuple[int, int]]:
    """Return id and rank of a page's items, and of one more that says whether another page follows."""
    return list(items.order_by("-rank", "pk").values_list("pk", "rank")[: PAGE_ROWS + 1])


def product_ids(scope: Scope) -> list[int]:
    """Return the ids of the products in scope."""
    return list(Product.objects.filter(product_code__in=scope.products or ()).values_list("pk", flat=True))


def _first_with_work(queues: Iterable[Queue]) -> Queue | None:
    return next((q for q in queues if WorkItem.objects.filter(queue=q, status=Status.OPEN).exists()), None)


def _of(queue: Queue, scope: Scope) -> QuerySet[WorkItem]:
    items = WorkItem.objects.filter(queue=queue)
    return items if scope.products is None else items.filter(product_id__in=product_ids(scope))


def _shown(filters: WorkFilters, queue: Queue | None, *, user: Any) -> QuerySet[WorkItem]:
    items = WorkItem.objects.all()
    if filters.show in ("mine", "escalated"):
        theirs = Q(assigned_to=user.pk)
        if filters.show == "escalated":
            # Escalated and nobody's: whoever had it is away, and no other lead of the queue was there to get it.
            nobodys = Q(assigned_to=None) if roles_of(user) & {Role.TEAM_LEAD, Role.MANAGER} else Q()
            theirs = Q(theirs | nobodys, is_escalated=True)
        items = items.filter(theirs, status=Status.OPEN)
        return items if not filters.queue or queue is None else items.filter(queue=queue)
    items = items.filter(queue=queue)
    if filters.show in ("snoozed", "done"):
        return items.filter(status=filters.show)
    items = items.filter(status=Status.OPEN)
    return items.exclude(blocked_by="") if filters.show == "blocked" else items


def _after(items: QuerySet[WorkItem], mark: str) -> QuerySet[WorkItem]:
    """Return the items beyond a mark, "" for all. The first condition is the one an index walks from."""
    rank, _dot, pk = mark.partition(".")
    try:
        at, last = int(rank), int(pk)
    except ValueError:
        return items
    if abs(at) >= 2**63 or abs(last) >= 2**63:
        return items
    return items.filter(rank__lte=at).filter(Q(rank__lt=at) | Q(pk__gt=last))


_COLUMNS: Final = (
    "pk", "version", "customer_id", "account_id", "account__account_no", "account__customer__person", "product__currency",
    "account__state__days_past_due", "account__state__bucket", "account__state__overdue_principal_minor",
    "account__state__overdue_interest_minor", "account__state__overdue_fee_minor", "account__state__penalty_due_minor",
    "account__state__tier", "account__signals__score", "account__signals__score_month_end",
    "account__signals__broken_promises_6m", "account__signals__is_vulnerable", "priority", "boost_factor", "due_at",
    "minutes_left", "blocked_by",
    "assigned_to__username", "is_escalated", "snoozed_until", "outcome", "status", "queue__code",
    "queue__name_en", "queue__name_zh",
)  # fmt: skip


def work_rows(item_ids: Sequence[int], *, user: Any, now: datetime) -> tuple[WorkRow, ...]:
    """Return the lines of some items, in the order given."""
    found = {row["pk"]: row for row in WorkItem.objects.filter(pk__in=item_ids).values(*_COLUMNS)}
    holders = {
        customer_id: (user_id, f"{first} {last}".strip() or username)
        for customer_id, user_id, first, last, username in Claim.objects.filter(
            customer_id__in={row["customer_id"] for row in found.values()}, lease_until__gt=now
        ).values_list("customer_id", "user_id", "user__first_name", "user__last_name", "user__username")
    }
    conflicted = conflicted_customers(user, on=timezone.localdate(now))
    clocks = _Clocks(now)
    labels = outcome_labels() if any(row["outcome"] for row in found.values()) else {}
    return tuple(
        _row(found[pk], holders.get(found[pk]["customer_id"]), conflicted, clocks, user, labels) for pk in item_ids if pk in found
    )


def _row(
    row: dict[str, Any],
    holder: tuple[int, str] | None,
    conflicted: frozenset[int],
    clocks: _Clocks,
    user: Any,
    labels: Mapping[str, str],
) -> WorkRow:
    state = "account__state__"
    overdue = ("overdue_principal_minor", "overdue_interest_minor", "overdue_fee_minor", "penalty_due_minor")
    score, before = row["account__signals__score"], row["account__signals__score_month_end"]
    is_running = row["status"] in (Status.OPEN, Status.SNOOZED)
    return WorkRow(
        item_id=row["pk"],
        version=row["version"],
        account_no=row["account__account_no"],
        masked_name=masked_name((row["account__customer__person"] or {}).get("name", "")),
        currency=row["product__currency"],
        days_past_due=row[state + "days_past_due"] or 0,
        bucket=row[state + "bucket"] or 0,
        overdue_minor=sum(row[state + name] or 0 for name in overdue),
        score=score,
        score_change=None if score is None or before is None else score - before,
        broken_promises=row["account__signals__broken_promises_6m"] or 0,
        tier=row[state + "tier"] or "",
        priority=row["priority"],
        boost_factor=row["boost_factor"],
        clock=clocks.of(row["due_at"], row["minutes_left"]) if is_running else None,
        block=block_label(row["blocked_by"]) if row["blocked_by"] else "",
        assigned_to=row["assigned_to__username"] or "",
        is_escalated=row["is_escalated"],
        held_by=holder[1] if holder else "",
        is_mine=holder is not None and holder[0] == user.pk,
        is_conflicted=row["customer_id"] in conflicted,
        care=WITH_CARE if row["account__signals__is_vulnerable"] else "",
        snoozed_until=row["snoozed_until"] if row["status"] == Status.SNOOZED else None,
        outcome=labels.get(row["outcome"], row["outcome"]),
        queue_code=row["queue__code"],
        queue_name=in_language(row["queue__name_en"], row["queue__name_zh"]),
    )


def _hours_on(day: date) -> BusinessHours | None:
    policy = live_policy_row(day)
    return business_hours(policy.calendar) if policy else None


class _Clocks:
    """Service clocks at one moment; items that entered together share theirs."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.known: dict[datetime, Clock] = {}
        self._hours: BusinessHours | None = None

    @property
    def hours(self) -> BusinessHours | None:
        """The working time of the live policy's calendar."""
        if self._hours is None:
            day = timezone.localdate(self.now)
            self._hours = once_a_request(("working hours", day), lambda: _hours_on(day))
        return self._hours

    def of(self, due_at: datetime | None, minutes_left: int | None) -> Clock | None:
        """Return the clock of an item, None where none runs."""
        if due_at is None:
            return None if minutes_left is None else Clock(minutes_left, False, True, None)
        if due_at not in self.known and self.hours is not None:
            first, last = sorted((self.now, due_at))
            last = min(last, first + timedelta(days=2 * _MOST_CLOCK_DAYS))
            self.known[due_at] = Clock(minutes_between(first, last, self.hours), due_at < self.now, False, due_at)
        return self.known.get(due_at)


def queue_figures(queue: Queue, items: QuerySet[WorkItem], now: datetime) -> Figures:
    """Return the figures of a queue: what is open in one pass of its index, what sleeps from another."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    counted = items.filter(status=Status.OPEN).aggregate(
        open=Count("pk"),
        blocked=Count("pk", filter=~Q(blocked_by="")),
        oldest=Min("entered_at"),
        due_today=Count("pk", filter=Q(due_at__lt=midnight, due_at__gte=now)),
        late=Count("pk", filter=Q(due_at__lt=now)),
    )
    return Figures(**counted, snoozed=items.filter(status=Status.SNOOZED).count())


def value_text(value: int) -> str:
    """Return ten-thousandths of a major unit with two decimals, half up."""
    hundredths = (value + 50) // 100
    return f"{hundredths // 100:,}.{hundredths % 100:02d}"
