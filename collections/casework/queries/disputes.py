"""The list of disputes with their clock, one dispute with all that stands on it, and what open disputes hold back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.held_back import HeldBack
from accounts.models import Product
from accounts.rules.decisions import Action
from casework.models import Dispute, DisputeKind
from casework.models.disputes import LANE_CHOICES
from casework.rules.disputes import DemandTerms, days_left
from riskops.shared.day import book_shown
from riskops.shared.people.conflicts import conflicted_customers
from riskops.shared.personal import masked_name
from riskops.shared.scope import Scope

PAGE_ROWS: Final = 50
#: Counting stops here.
MOST_COUNTED: Final = 1_000
WHOSE: Final = ("all", "mine", "nobody")
#: Not closed, closed, and those that wait for the second person.
STATES: Final = ("open", "proposed", "closed")
LANES: Final = tuple(value for value, _label in LANE_CHOICES)
_RESTRICTIONS: Final = frozenset({Action.SUSPEND_USE.value, Action.LOWER_LIMIT.value})
#: Days before the answer is due in which the clock warns.
SOON_DAYS: Final = 3


@dataclass(frozen=True, slots=True)
class DisputeFilters:
    """What the address bar asks for."""

    state: str = "open"
    whose: str = "all"
    lane: str = ""
    kind: str = ""
    product: str = ""
    late: bool = False
    after: str = ""

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the state is chosen."""
        return self.whose != "all" or self.late or any((self.lane, self.kind, self.product))


@dataclass(frozen=True, slots=True)
class Clock:
    """How long is left to answer; `days_left` below zero: late by so many. A closed one stands still at its last day."""

    answer_by: date
    days_left: int
    is_running: bool

    @property
    def is_late(self) -> bool:
        """Whether the answer came, or will come, after its day."""
        return self.days_left < 0

    @property
    def days_late(self) -> int:
        """How many days late it is."""
        return max(0, -self.days_left)

    @property
    def is_soon(self) -> bool:
        """Whether its day is near."""
        return self.is_running and 0 <= self.days_left <= SOON_DAYS


@dataclass(frozen=True, slots=True)
class DisputeRow:
    """One dispute of the list; the name masked."""

    dispute: Dispute
    account_no: str
    customer_no: str
    masked_name: str
    clock: Clock
    is_mine: bool


@dataclass(frozen=True, slots=True)
class DisputesPage:
    """A page of disputes: open ones by their clock, closed ones the latest first."""

    rows: tuple[DisputeRow, ...]
    filters: DisputeFilters
    next_after: str
    count: int
    is_counted_to_the_end: bool
    late: int
    waiting: int
    open_day: date | None
    kinds: tuple[DisputeKind, ...]
    products: tuple[Product, ...]


def read_dispute_filters(parameters: Mapping[str, str]) -> DisputeFilters:
    """Return what query parameters ask for; what is not known is left out."""

    def one_of(name: str, known: Any, default: str = "") -> str:
        value = parameters.get(name, "")
        return value if value in known else default

    return DisputeFilters(
        state=one_of("state", STATES, "open"),
        whose=one_of("whose", WHOSE, "all"),
        lane=one_of("lane", LANES),
        kind=parameters.get("kind", "")[:40],
        product=parameters.get("product", "")[:64],
        late=parameters.get("late", "") == "1",
        after=parameters.get("after", ""),
    )


def open_day() -> date | None:
    """Return the open day for showing: the day after the last closed one, None before the first close."""
    day = book_shown().business_date
    return day + timedelta(days=1) if day else None


def clock_of(dispute: Dispute, today: date | None) -> Clock:
    """Return the clock of a dispute on a day; one that is closed stands at the day it was closed on."""
    day = dispute.closed_on or today or dispute.received_on
    return Clock(dispute.answer_by, days_left(dispute.answer_by, today=day), not dispute.is_closed)


def disputes_page(filters: DisputeFilters, *, scope: Scope, user: Any, page_rows: int = PAGE_ROWS) -> DisputesPage:
    """Return a page of disputes in sight, in a fixed number of queries."""
    today = open_day()
    found, next_after = list_disputes(filters, scope=scope, user=user, page_rows=page_rows)
    count = _chosen(filters, scope, user, today).order_by()[: MOST_COUNTED + 1].count()
    seen = _seen(scope, user)
    late = seen.exclude(status=Dispute.Status.CLOSED).filter(answer_by__lt=today) if today else seen.none()
    return DisputesPage(
        rows=tuple(_row(dispute, today, user) for dispute in found),
        filters=filters,
        next_after=next_after,
        count=min(count, MOST_COUNTED),
        is_counted_to_the_end=count <= MOST_COUNTED,
        late=late.order_by()[: MOST_COUNTED + 1].count(),
        waiting=seen.filter(status=Dispute.Status.PROPOSED).order_by()[: MOST_COUNTED + 1].count(),
        open_day=today,
        kinds=tuple(DisputeKind.objects.order_by("code")),
        products=scope.among(Product.objects.order_by("product_code")),
    )


def list_disputes(filters: DisputeFilters, *, scope: Scope, user: Any, page_rows: int = PAGE_ROWS) -> tuple[list[Dispute], str]:
    """Return a page of disputes in sight, and the mark that the next one begins with, "" on the last."""
    rows = _after(_chosen(filters, scope, user, open_day()), filters)
    found = list(rows.select_related("account__product", "customer", "kind", "assigned_to", "team")[: page_rows + 1])
    shown = found[:page_rows]
    return shown, _mark(shown[-1], filters) if len(found) > page_rows else ""


def dispute_or_none(dispute_id: int, *, scope: Scope) -> Dispute | None:
    """Return a dispute in sight with what its page shows of it."""
    rows = scope.accounts(Dispute.objects.all(), product="account__product")
    related = ("account__product", "account__state", "customer", "kind", "assigned_to", "team", "letter")
    return rows.select_related(*related).filter(pk=dispute_id).first()


def _seen(scope: Scope, user: Any) -> QuerySet[Dispute]:
    """Return the disputes in sight: a dispute says something about its customer, so who has a conflict with them sees none."""
    rows = Dispute.objects.exclude(customer_id__in=conflicted_customers(user))
    return scope.accounts(rows, product="account__product")


def _chosen(filters: DisputeFilters, scope: Scope, user: Any, today: date | None) -> QuerySet[Dispute]:
    rows = _seen(scope, user)
    rows = rows.exclude(status=Dispute.Status.CLOSED) if filters.state == "open" else rows.filter(status=filters.state)
    if filters.whose == "mine":
        rows = rows.filter(assigned_to=user)
    elif filters.whose == "nobody":
        rows = rows.filter(assigned_to=None)
    if filters.late and today is not None:
        late = {"closed_on__gt": F("answer_by")} if filters.state == "closed" else {"answer_by__lt": today}
        rows = rows.filter(**late)
    same = {"lane": filters.lane, "kind__code": filters.kind, "account__product__product_code": filters.product}
    return rows.filter(**{name: value for name, value in same.items() if value})


def _after(rows: QuerySet[Dispute], filters: DisputeFilters) -> QuerySet[Dispute]:
    """Put disputes in order and begin after a mark; a mark of the other state is passed over."""
    is_closed = filters.state == "closed"
    column, beyond, sign = ("closed_on", "lt", "-") if is_closed else ("answer_by", "gt", "")
    rows = rows.order_by(f"{sign}{column}", f"{sign}id")
    state, _tilde, rest = filters.after.partition("~")
    day, _tilde, key = rest.partition("~")
    if state != filters.state or not (key.isdecimal() and len(key) < 19):
        return rows
    try:
        marked = date.fromisoformat(day)
    except ValueError:
        return rows
    start = Q(**{f"{column}__{beyond}e": marked})
    return rows.filter(start, Q(**{f"{column}__{beyond}": marked}) | Q(**{column: marked, f"id__{beyond}": int(key)}))


def _mark(dispute: Dispute, filters: DisputeFilters) -> str:
    day = dispute.closed_on if filters.state == "closed" else dispute.answer_by
    return f"{filters.state}~{day}~{dispute.pk}"


def _row(dispute: Dispute, today: date | None, user: Any) -> DisputeRow:
    return DisputeRow(
        dispute=dispute,
        account_no=dispute.account.account_no,
        customer_no=dispute.customer.customer_no,
        masked_name=masked_name(dispute.customer.person.get("name", "")),
        clock=clock_of(dispute, today),
        is_mine=dispute.assigned_to_id == user.pk,
    )


# What open disputes hold back -------------------------------------------------------------------------------------


def decisions_held_back(account_ids: Collection[int]) -> dict[int, HeldBack]:
    """Return what decisions open disputes hold back, by account, in one query."""
    rows = (
        Dispute.objects.filter(account_id__in=list(account_ids))
        .exclude(status=Dispute.Status.CLOSED)
        .exclude(holds_restrictions=False, demands=DemandTerms.KEEP)
        .order_by("pk")
        .values_list("account_id", "pk", "holds_restrictions", "demands", "received_on")
    )
    found: dict[int, HeldBack] = {}
    for account_id, pk, holds_restrictions, demands, received_on in rows:
        actions = set(_RESTRICTIONS) if holds_restrictions else set()
        if demands != DemandTerms.KEEP:
            actions.add(Action.ACCELERATE.value)
        before = found.get(account_id)
        if before is not None:
            # The one that is open longest is named.
            found[account_id] = HeldBack(before.actions | actions, before.why)
            continue
        why = _("dispute %(id)s is open since %(day)s.") % {"id": pk, "day": received_on.isoformat()}
        found[account_id] = HeldBack(frozenset(actions), why)
    return found
