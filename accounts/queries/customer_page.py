"""The customer page: one person with all accounts that the reader may see, in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import Q

from accounts.customer_panels import Panel, PanelAsk, panels
from accounts.models import AccountSnapshot, CreditAccount, Customer, CustomerNameToken, Decision, Restriction, Review
from accounts.tiers import ShownTier, tiers
from riskops.shared.day import book_shown
from riskops.shared.personal import link_indexes, masked, masked_name
from riskops.shared.roles import may
from riskops.shared.scope import Scope

#: Month-ends of the aging curve.
MONTHS_SHOWN: Final = 24
#: Accounts and linked customers on one page; more say how many there are.
MOST_ACCOUNTS: Final = 100
MOST_LINKED: Final = 30
DECISIONS_SHOWN: Final = 10


class NoSuchCustomer(LookupError):
    """No customer of that number is in the book, or none in sight."""


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One account of the customer; amounts in minor units of its currency. Figures are zero before the first close."""

    account_id: int
    account_no: str
    product_code: str
    product_name: str
    currency: str
    opened_on: date
    credit_limit_minor: int
    is_aged: bool
    days_past_due: int
    bucket: int
    overdue_minor: int
    exposure_minor: int
    principal_minor: int
    category: int
    stage: int
    tier: str
    is_written_off: bool
    score: int | None
    score_change: int | None
    flags: tuple[str, ...]
    reviewed_on: date | None


@dataclass(frozen=True, slots=True)
class CurrencyTotal:
    """What the customer owes in one currency, in its minor units."""

    currency: str
    accounts: int
    exposure_minor: int
    overdue_minor: int
    credit_limit_minor: int
    principal_minor: int


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """A month-end: the latest account's days past due and bucket, overdue by currency. `accounts` 0: nothing is kept of it."""

    day: date
    days_past_due: int
    bucket: int
    accounts: int
    overdue: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class LinkedCustomer:
    """Another customer who shares something exactly. `by`: what, e.g. phone; `worst_days`: of their accounts in sight."""

    customer_no: str
    masked_name: str
    by: tuple[str, ...]
    accounts: tuple[tuple[str, int], ...]
    worst_days: int
    worst_bucket: int
    is_written_off: bool
    is_fraud_suspected: bool


@dataclass(frozen=True, slots=True)
class FilledPanel:
    """A panel of an upper room with what it loaded."""

    panel: Panel
    loaded: Any


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """Everything on the page but its timeline."""

    customer: Customer
    masked_name: str
    masked_phone: str
    masked_national_id: str
    business_date: date | None
    accounts: tuple[AccountLine, ...]
    is_cut: bool
    totals: tuple[CurrencyTotal, ...]
    curve: tuple[CurvePoint, ...]
    linked: tuple[LinkedCustomer, ...]
    linked_cut: bool
    decisions: tuple[Decision, ...]
    restricted: tuple[str, ...]
    reviews: tuple[Review, ...]
    panels: tuple[FilledPanel, ...]
    tiers: Mapping[str, ShownTier]

    @property
    def numbers(self) -> dict[int, str]:
        """The account numbers by id."""
        return {line.account_id: line.account_no for line in self.accounts}

    @property
    def currencies(self) -> dict[int, str]:
        """The currencies by account id."""
        return {line.account_id: line.currency for line in self.accounts}

    @property
    def worst(self) -> AccountLine | None:
        """The account that is late longest."""
        return max(self.accounts, key=lambda line: line.days_past_due, default=None)

    @property
    def scored(self) -> tuple[AccountLine, ...]:
        """The accounts with a score."""
        return tuple(line for line in self.accounts if line.score is not None)


@dataclass(frozen=True, slots=True)
class CustomerHead:
    """A customer with the numbers and currencies of their accounts in sight: enough for the timeline and for notes."""

    customer: Customer
    numbers: dict[int, str]
    currencies: dict[int, str]
    accounts: tuple[CreditAccount, ...]


#: The signals shown as warnings, by their column.
FLAGS: Final = (
    "is_fraud_suspected",
    "is_disputed",
    "is_in_legal",
    "is_on_hold",
    "has_hardship_plan",
    "has_open_promise",
    "is_restricted",
    "refuses_automated_decisions",
)


def customer_head(customer_no: str, *, scope: Scope) -> CustomerHead:
    """Return a customer and their accounts in sight, in two queries.

    :raises NoSuchCustomer: no customer of that number, or none of their accounts in sight
    """
    customer = Customer.objects.filter(customer_no=customer_no).first()
    if customer is None:
        raise NoSuchCustomer(customer_no)
    owned = scope.accounts(CreditAccount.objects.filter(customer_id=customer.pk))
    accounts = tuple(owned.select_related("product", "state", "signals").order_by("account_no")[: MOST_ACCOUNTS + 1])
    if not accounts and scope.is_limited:
        raise NoSuchCustomer(customer_no)
    shown = accounts[:MOST_ACCOUNTS]
    return CustomerHead(
        customer, {row.pk: row.account_no for row in shown}, {row.pk: row.product.currency for row in shown}, accounts
    )


def customer_page(head: CustomerHead, *, scope: Scope, user: Any, today: date) -> CustomerPage:
    """Return the page of a customer.

    :param today: stands in for the business date before the first close
    """
    business_date = book_shown().business_date
    lines = tuple(_line(row) for row in head.accounts[:MOST_ACCOUNTS])
    ids = list(head.numbers)
    customer = head.customer
    linked = _linked(customer, scope)
    ask = PanelAsk(customer.pk, head.numbers, business_date or today, user)
    filled = [FilledPanel(panel, panel.load(ask)) for panel in panels() if may(user, panel.operation)]
    decisions = Decision.objects.filter(account__in=ids).select_related("reason", "account__product").order_by("-id")
    restricted = Restriction.objects.filter(account__in=ids).values_list("account_id", flat=True)
    reviews = Review.objects.filter(customer_id=customer.pk, account__in=ids, is_open=True).select_related("assigned_to")
    return CustomerPage(
        customer=customer,
        masked_name=masked_name(customer.person.get("name", "")),
        masked_phone=masked(customer.person.get("phone", "")),
        masked_national_id=masked(customer.person.get("national_id", "")),
        business_date=business_date,
        accounts=lines,
        is_cut=len(head.accounts) > MOST_ACCOUNTS,
        totals=_totals(lines),
        curve=_curve(lines, business_date or today, business_date),
        linked=linked[:MOST_LINKED],
        linked_cut=len(linked) > MOST_LINKED,
        decisions=tuple(decisions[:DECISIONS_SHOWN]),
        restricted=tuple(sorted({head.numbers[pk] for pk in restricted})),
        reviews=tuple(reviews.order_by("opened_on", "id")),
        panels=tuple(panel for panel in filled if panel.loaded is not None),
        tiers=tiers().shown(business_date) if business_date else {},
    )


def _line(row: CreditAccount) -> AccountLine:
    state, signals = getattr(row, "state", None), getattr(row, "signals", None)
    score = signals.score if signals else None
    before = signals.score_month_end if signals else None
    owed = 0
    if state is not None:
        owed = state.outstanding_principal_minor + state.outstanding_interest_minor + state.outstanding_fee_minor
        owed += state.penalty_due_minor
    return AccountLine(
        account_id=row.pk,
        account_no=row.account_no,
        product_code=row.product.product_code,
        product_name=str(row.product),
        currency=row.product.currency,
        opened_on=row.opened_on,
        credit_limit_minor=row.credit_limit_minor,
        is_aged=state is not None,
        days_past_due=state.days_past_due if state else 0,
        bucket=state.bucket if state else 0,
        overdue_minor=state.overdue_total_minor if state else 0,
        exposure_minor=owed,
        principal_minor=state.outstanding_principal_minor if state else 0,
        category=state.category if state else 0,
        stage=state.stage if state else 1,
        tier=state.tier if state else "",
        is_written_off=bool(state and state.is_written_off),
        score=score,
        score_change=score - before if score is not None and before is not None else None,
        flags=tuple(name for name in FLAGS if signals and getattr(signals, name)),
        reviewed_on=signals.reviewed_on if signals else None,
    )


def _totals(lines: Sequence[AccountLine]) -> tuple[CurrencyTotal, ...]:
    by_currency: defaultdict[str, list[AccountLine]] = defaultdict(list)
    for line in lines:
        by_currency[line.currency].append(line)
    return tuple(
        CurrencyTotal(
            currency,
            len(of),
            sum(line.exposure_minor for line in of),
            sum(line.overdue_minor for line in of),
            sum(line.credit_limit_minor for line in of),
            sum(line.principal_minor for line in of),
        )
        for currency, of in sorted(by_currency.items())
    )


def month_ends_before(day: date, months: int) -> tuple[date, ...]:
    """Return the last month-ends up to a day, oldest first; the day itself if it is one."""
    days: list[date] = []
    first = (day + timedelta(days=1)).replace(day=1)
    while len(days) < months:
        end = first - timedelta(days=1)
        days.append(end)
        first = end.replace(day=1)
    return tuple(reversed(days))


def _curve(lines: Sequence[AccountLine], day: date, business_date: date | None) -> tuple[CurvePoint, ...]:
    """Return the month-ends as they were reported (one query), and the last closed day where it is none of them."""
    days = month_ends_before(day, MONTHS_SHOWN)
    by_id = {line.account_id: line for line in lines}
    found: defaultdict[date, list[Any]] = defaultdict(list)
    for row in AccountSnapshot.objects.filter(as_of__in=days, account_id__in=list(by_id)):
        found[row.as_of].append(row)
    points = [_point(end, [(by_id[row.account_id].currency, row.overdue_total_minor, row) for row in found[end]]) for end in days]
    if business_date is not None and days[-1] != business_date:
        points.append(_point(business_date, [(line.currency, line.overdue_minor, line) for line in lines if line.is_aged]))
    return tuple(points)


def _point(day: date, rows: Sequence[tuple[str, int, Any]]) -> CurvePoint:
    overdue: defaultdict[str, int] = defaultdict(int)
    for currency, minor, _row in rows:
        overdue[currency] += minor
    worst = max((row for _currency, _minor, row in rows), key=lambda row: row.days_past_due, default=None)
    return CurvePoint(
        day, worst.days_past_due if worst else 0, worst.bucket if worst else 0, len(rows), tuple(sorted(overdue.items()))
    )


#: What two customers can share, by the column that holds its index.
_LINK_COLUMNS: Final = {"phone_index": "phone", "national_id_index": "national_id", "email_index": "email"}


def _linked(customer: Customer, scope: Scope) -> tuple[LinkedCustomer, ...]:
    """Return the customers who share phone, identity, e-mail, address or a device, in two queries; those out of sight are not."""
    same = {column: getattr(customer, column) for column in _LINK_COLUMNS if getattr(customer, column) is not None}
    tokens = {index: kind for kind, indexes in link_indexes(customer.person).items() for index in indexes}
    shared: defaultdict[int, dict[str, None]] = defaultdict(dict)
    for owner, index in CustomerNameToken.objects.filter(token_index__in=list(tokens)).values_list("customer_id", "token_index"):
        shared[owner][tokens[index]] = None
    wanted = Q(customer_id__in=list(shared))
    for column, index in same.items():
        wanted |= Q(**{f"customer__{column}": index})
    if not same and not shared:
        return ()
    rows = scope.accounts(CreditAccount.objects.filter(wanted)).exclude(customer_id=customer.pk)
    accounts = rows.select_related("customer", "state", "signals").order_by("customer_id", "account_no")[: 10 * MOST_LINKED]
    by_customer: defaultdict[int, list[CreditAccount]] = defaultdict(list)
    for account in accounts:
        by_customer[account.customer_id].append(account)
    found = [_link(of, same, tuple(shared.get(owner, ()))) for owner, of in by_customer.items()]
    return tuple(sorted(found, key=lambda link: (-len(link.by), -link.worst_days, link.customer_no)))


def _link(accounts: Sequence[CreditAccount], same: Mapping[str, int], shared: tuple[str, ...]) -> LinkedCustomer:
    other = accounts[0].customer
    by = [kind for column, kind in _LINK_COLUMNS.items() if column in same and getattr(other, column) == same[column]]
    states = [state for account in accounts if (state := getattr(account, "state", None))]
    worst = max(states, key=lambda state: state.days_past_due, default=None)
    return LinkedCustomer(
        customer_no=other.customer_no,
        masked_name=masked_name(other.person.get("name", "")),
        by=(*by, *shared),
        accounts=tuple((row.account_no, s.days_past_due if (s := getattr(row, "state", None)) else 0) for row in accounts),
        worst_days=worst.days_past_due if worst else 0,
        worst_bucket=worst.bucket if worst else 0,
        is_written_off=any(state.is_written_off for state in states),
        is_fraud_suspected=any(s.is_fraud_suspected for row in accounts if (s := getattr(row, "signals", None))),
    )
