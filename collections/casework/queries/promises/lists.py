"""The list of promises: those open by their day, those decided by theirs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import Count, QuerySet, Sum

from casework.models import Promise
from casework.queries.steps import StepFilter
from riskops.shared.personal import masked_name
from riskops.shared.scope import scope_of

#: Lines of a page, and over how many days the share kept is counted.
PAGE_ROWS: Final = 50
DAYS_COUNTED: Final = 30
Status = Promise.Status


@dataclass(frozen=True, slots=True)
class PromiseFilters:
    """What the list is narrowed to; `after` is the mark of the page before. A `step` stands in the place of the status."""

    status: str = Status.OPEN
    after: str = ""
    step: StepFilter | None = None


@dataclass(frozen=True, slots=True)
class PromiseRow:
    """A line of the list."""

    promise: Promise
    account_no: str
    masked_name: str
    currency: str
    is_due: bool


@dataclass(frozen=True, slots=True)
class PromiseFigures:
    """What stands above the list. Kept of those decided in the last 30 days up to `as_of`; amounts by currency, open ones."""

    open: int
    due: int
    kept: int
    partly: int
    broken: int
    amounts: tuple[tuple[str, int], ...]

    @property
    def decided(self) -> int:
        """How many were decided by payments."""
        return self.kept + self.partly + self.broken


@dataclass(frozen=True, slots=True)
class PromisePage:
    """A page of the list with its figures (None on later pages, and of a step); how many there are of a step."""

    rows: tuple[PromiseRow, ...]
    next_after: str
    figures: PromiseFigures | None
    step_count: int = 0


def seen_promises(user: Any) -> QuerySet[Promise]:
    """Return the promises that a person may see."""
    return scope_of(user).accounts(Promise.objects.all())


def promise_page(filters: PromiseFilters, *, user: Any, as_of: date | None) -> PromisePage:
    """Return a page: open ones the next due first, all others the last decided first; of a step those last made or decided.

    :param as_of: the last closed day; None before the first close
    """
    status, step = filters.status if filters.status in Status.values else Status.OPEN, filters.step
    is_open = status == Status.OPEN and step is None
    seen = seen_promises(user)
    rows = step.promises(seen) if step else seen.filter(status=status)
    count = rows.count() if step else 0
    by = "made_on" if step and step.step in ("opened", "open") else "next_due_on" if is_open else "decided_on"
    day, _dot, pk = filters.after.partition(".")
    try:
        mark = (date.fromisoformat(day), int(pk))
    except ValueError:
        mark = None
    if mark is not None:
        side = "gte" if is_open else "lte"
        rows = rows.filter(**{f"{by}__{side}": mark[0]}).exclude(**{by: mark[0], f"pk__{'lte' if is_open else 'gte'}": mark[1]})
    order = (by, "pk") if is_open else (f"-{by}", "-pk")
    found = list(
        rows.select_related("account__customer", "product", "case").prefetch_related("parts").order_by(*order)[: PAGE_ROWS + 1]
    )
    more, found = len(found) > PAGE_ROWS, found[:PAGE_ROWS]
    last = f"{getattr(found[-1], by).isoformat()}.{found[-1].pk}" if more else ""
    worked = as_of + timedelta(days=1) if as_of else None
    lines = tuple(
        PromiseRow(
            promise,
            promise.account.account_no,
            masked_name(promise.account.customer.person.get("name", "")),
            promise.product.currency,
            promise.status == Status.OPEN
            and worked is not None
            and promise.next_due_on is not None
            and promise.next_due_on <= worked,
        )
        for promise in found
    )
    figures = None if mark is not None or step else promise_figures(user=user, as_of=as_of)
    return PromisePage(lines, last, figures, count)


def promise_figures(*, user: Any, as_of: date | None) -> PromiseFigures:
    """Return what stands above the list; three queries."""
    seen = seen_promises(user)
    standing = seen.filter(status=Status.OPEN)
    amounts = standing.values("product__currency").annotate(count=Count("pk"), total=Sum("total_minor"))
    by_currency = [(row["product__currency"], row["total"] or 0, row["count"]) for row in amounts.order_by("product__currency")]
    decided: dict[str, int] = {}
    due = 0
    if as_of is not None:
        due = standing.filter(next_due_on__lte=as_of + timedelta(days=1)).count()
        since = as_of - timedelta(days=DAYS_COUNTED)
        counted = seen.filter(decided_on__gt=since, decided_on__lte=as_of).values("status").annotate(count=Count("pk"))
        decided = {row["status"]: row["count"] for row in counted.order_by("status")}
    return PromiseFigures(
        open=sum(count for _currency, _total, count in by_currency),
        due=due,
        kept=decided.get(Status.KEPT, 0),
        partly=decided.get(Status.PARTLY, 0),
        broken=decided.get(Status.BROKEN, 0),
        amounts=tuple((currency, total) for currency, total, _count in by_currency),
    )
