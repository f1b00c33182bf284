"""The queue of reviews, and one review with what its reviewer needs beside the form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db.models import Q, QuerySet

from accounts.facts import ACCOUNT_FACTS, facts_of
from accounts.models import Product, QualityGrade, Review, ReviewReason, ReviewSweep
from accounts.queries.fact_wording import comparison_line, fact_text
from accounts.tiers import ShownTier, tiers
from riskops.shared.day import book_shown
from riskops.shared.models import AuditEntry
from riskops.shared.people.conflicts import conflicted_customers
from riskops.shared.personal import masked_name
from riskops.shared.rule_language import Explanation, FactsRow, Kind, RuleRefusal, explain, parse_rule
from riskops.shared.scope import Scope

PAGE_ROWS: Final = 50
#: Counting stops here.
MOST_COUNTED: Final = 1_000
WHOSE: Final = ("all", "mine", "nobody")
STATES: Final = ("open", "closed")


@dataclass(frozen=True, slots=True)
class QueueFilters:
    """What the address bar asks for."""

    state: str = "open"
    whose: str = "all"
    source: str = ""
    cause: str = ""
    product: str = ""
    outcome: str = ""
    after: str = ""

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the state is chosen."""
        return self.whose != "all" or any((self.source, self.cause, self.product, self.outcome))


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One review of the queue; the name masked. Figures are those of now; None before the first close."""

    review_id: int
    account_no: str
    customer_no: str
    masked_name: str
    source: str
    cause: str
    purpose: str
    opened_on: date
    age_days: int
    assigned_to: str
    is_mine: bool
    days_past_due: int | None
    bucket: int | None
    overdue_minor: int | None
    currency: str
    minor_digits: int
    outcome: str
    closed_on: date | None
    closed_by: str


@dataclass(frozen=True, slots=True)
class QueuePage:
    """A page of the queue: open reviews the oldest first, closed ones the latest first."""

    rows: tuple[QueueRow, ...]
    filters: QueueFilters
    next_after: str
    count: int
    is_counted_to_the_end: bool
    waiting: int
    business_date: date | None
    products: tuple[Product, ...]
    sweeps: tuple[ReviewSweep, ...]


def read_queue_filters(parameters: Mapping[str, str]) -> QueueFilters:
    """Return what query parameters ask for; what is not known is left out."""

    def one_of(name: str, known: Any, default: str = "") -> str:
        value = parameters.get(name, "")
        return value if value in known else default

    return QueueFilters(
        state=one_of("state", STATES, "open"),
        whose=one_of("whose", WHOSE, "all"),
        source=one_of("source", Review.Source.values),
        cause=parameters.get("cause", "")[:48],
        product=parameters.get("product", "")[:64],
        outcome=one_of("outcome", Review.Outcome.values),
        after=parameters.get("after", ""),
    )


def queue_page(filters: QueueFilters, *, scope: Scope, user: Any, today: date, page_rows: int = PAGE_ROWS) -> QueuePage:
    """Return a page of reviews in sight, in a fixed number of queries."""
    business_date = book_shown().business_date
    chosen = _chosen(filters, scope, user)
    shown, next_after = queue_reviews(filters, scope=scope, user=user, page_rows=page_rows)
    count = chosen.order_by()[: MOST_COUNTED + 1].count()
    waiting = _seen(scope, user).filter(is_open=True, assigned_to=None)
    return QueuePage(
        rows=tuple(_row(review, business_date or today, user) for review in shown),
        filters=filters,
        next_after=next_after,
        count=min(count, MOST_COUNTED),
        is_counted_to_the_end=count <= MOST_COUNTED,
        waiting=waiting.order_by()[: MOST_COUNTED + 1].count(),
        business_date=business_date,
        products=scope.among(Product.objects.order_by("product_code")),
        sweeps=tuple(ReviewSweep.objects.order_by("code")),
    )


def queue_reviews(filters: QueueFilters, *, scope: Scope, user: Any, page_rows: int = PAGE_ROWS) -> tuple[list[Review], str]:
    """Return a page of reviews in sight, and the mark that the next one begins with, "" on the last."""
    rows = _after(_chosen(filters, scope, user), filters)
    found = list(rows.select_related("account__product", "account__state", "customer", "assigned_to")[: page_rows + 1])
    shown = found[:page_rows]
    return shown, _mark(shown[-1], filters) if len(found) > page_rows else ""


def _seen(scope: Scope, user: Any) -> QuerySet[Review]:
    """Return the reviews in sight. A review says something about its customer: who has a conflict with them sees none of it."""
    reviews = Review.objects.exclude(customer_id__in=conflicted_customers(user))
    return scope.accounts(reviews, product="account__product")


def _chosen(filters: QueueFilters, scope: Scope, user: Any) -> QuerySet[Review]:
    rows = _seen(scope, user).filter(is_open=filters.state == "open")
    if filters.whose == "mine":
        rows = rows.filter(assigned_to=user) if filters.state == "open" else rows.filter(closed_by=user)
    elif filters.whose == "nobody":
        rows = rows.filter(assigned_to=None)
    same = {"source": filters.source, "cause": filters.cause, "outcome": filters.outcome}
    rows = rows.filter(**{name: value for name, value in same.items() if value})
    return rows.filter(account__product__product_code=filters.product) if filters.product else rows


def _after(rows: QuerySet[Review], filters: QueueFilters) -> QuerySet[Review]:
    """Put the reviews in order and begin after a mark; a mark of the other state is passed over."""
    is_open = filters.state == "open"
    column, beyond, sign = ("opened_on", "gt", "") if is_open else ("closed_on", "lt", "-")
    rows = rows.order_by(f"{sign}{column}", f"{sign}id")
    state, _, rest = filters.after.partition("~")
    day, _, key = rest.partition("~")
    if state != filters.state or not (key.isdecimal() and len(key) < 19):
        return rows
    try:
        marked = date.fromisoformat(day)
    except ValueError:
        return rows
    # The first condition says nothing new; it lets the index begin at the mark.
    start = Q(**{f"{column}__{beyond}e": marked})
    return rows.filter(start, Q(**{f"{column}__{beyond}": marked}) | Q(**{column: marked, f"id__{beyond}": int(key)}))


def _mark(review: Review, filters: QueueFilters) -> str:
    day = review.opened_on if filters.state == "open" else review.closed_on
    return f"{filters.state}~{day}~{review.pk}"


def _row(review: Review, day: date, user: Any) -> QueueRow:
    account = review.account
    state = getattr(account, "state", None)
    return QueueRow(
        review_id=review.pk,
        account_no=account.account_no,
        customer_no=review.customer.customer_no,
        masked_name=masked_name(review.customer.person.get("name", "")),
        source=review.get_source_display(),
        cause=review.cause,
        purpose=review.purpose,
        opened_on=review.opened_on,
        age_days=max(0, ((review.closed_on or day) - review.opened_on).days),
        assigned_to=review.assigned_to.get_username() if review.assigned_to else "",
        is_mine=review.assigned_to_id == user.pk,
        days_past_due=state.days_past_due if state else None,
        bucket=state.bucket if state else None,
        overdue_minor=state.overdue_total_minor if state else None,
        currency=account.product.currency,
        minor_digits=account.product.minor_digits,
        outcome=review.get_outcome_display() if review.outcome else "",
        closed_on=review.closed_on,
        closed_by=review.closed_by_name,
    )


@dataclass(frozen=True, slots=True)
class FactLine:
    """A fact as it was when the review was opened, and as it is now; values in words."""

    name: str
    label: str
    unit: str
    was: str
    now: str
    has_changed: bool


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """One review with its account, the rule that hit explained on the facts of then, those facts beside now, and its trail."""

    review: Review
    masked_name: str
    explanation: Explanation | None
    comparisons: tuple[dict[str, Any], ...]
    facts: tuple[FactLine, ...]
    reasons: tuple[ReviewReason, ...]
    chosen: tuple[ReviewReason, ...]
    files: tuple[Any, ...]
    grades: tuple[QualityGrade, ...]
    trail: tuple[AuditEntry, ...]
    business_date: date | None
    tiers: Mapping[str, ShownTier]


def review_or_none(review_id: int, *, scope: Scope) -> Review | None:
    """Return a review in sight with its account and product."""
    seen = scope.accounts(Review.objects.all(), product="account__product")
    return (
        seen.select_related("account__product", "account__state", "customer", "assigned_to", "sweep").filter(pk=review_id).first()
    )


def review_page(review: Review, *, today: date) -> ReviewPage:
    """Return what stands around the form of a review."""
    business_date = book_shown().business_date
    now = facts_of([review.account_id], business_date or today).get(review.account_id, {})
    reasons = tuple(ReviewReason.objects.order_by("code"))
    explanation = explained(review)
    codes = set(review.reasons)
    return ReviewPage(
        review=review,
        masked_name=masked_name(review.customer.person.get("name", "")),
        explanation=explanation,
        comparisons=tuple(comparison_line(one) for one in explanation.comparisons) if explanation else (),
        facts=fact_lines(review.facts, now),
        reasons=tuple(reason for reason in reasons if reason.is_active or reason.code in codes),
        chosen=tuple(reason for reason in reasons if reason.code in codes),
        files=tuple(review.files.order_by("id")),
        grades=tuple(review.grades.select_related("sample").order_by("id")),
        trail=tuple(
            AuditEntry.objects.filter(
                account_id=review.account_id,
                subject_type="review",
                subject_key=f"{review.account.account_no}/{review.pk}",
            ).order_by("-id")[:50]
        ),
        business_date=business_date,
        tiers=tiers().shown(business_date) if business_date else {},
    )


def explained(review: Review) -> Explanation | None:
    """Return the comparisons of the rule that opened a review, on the facts it saw; None if it no longer parses."""
    if not review.rule:
        return None
    try:
        return explain(parse_rule(review.rule, ACCOUNT_FACTS), review.facts)
    except RuleRefusal:
        return None


def fact_lines(then: FactsRow, now: FactsRow) -> tuple[FactLine, ...]:
    """Return the facts in the order of the catalogue, those that say nothing left out."""
    lines = []
    for fact in ACCOUNT_FACTS:
        was, is_now = then.get(fact.name), now.get(fact.name)
        if any(value not in (None, False, 0, "") for value in (was, is_now)):
            unit = "" if fact.kind in (Kind.PERCENT, Kind.AMOUNT, Kind.TEXT) else str(fact.unit)
            lines.append(FactLine(fact.name, str(fact.label), unit, fact_text(fact, was), fact_text(fact, is_now), was != is_now))
    return tuple(lines)
