"""The accounts list: one page of rows by keyset, a fixed number of queries whatever the book.

Orders that hold at a million accounts are the ones an index gives: how late (the due date an account is late since, which
does not change nightly) and the account number. An order by amount has no index, on purpose (an index on a figure that
changes nightly would cost the close its heap-only updates), so it is offered up to `MOST_SORTED` accounts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from accounts.facts import ACCOUNT_FACTS
from accounts.models import CreditAccount, Product
from accounts.queries import accounts_list_choosing as choosing
from accounts.queries.accounts_list_choosing import ByRule, Source
from accounts.queries.accounts_list_filters import ListFilters
from accounts.queries.finding import find_accounts
from accounts.queries.rule_cost import RuleTooSlow, rule_time_bound
from accounts.tiers import ShownTier, tiers
from riskops.shared.day import book_shown
from riskops.shared.personal import masked_name
from riskops.shared.rule_language import RuleRefusal, parse_rule
from riskops.shared.scope import Scope

PAGE_ROWS: Final = 50
#: Counting stops here: "3,000+" says enough, and a whole count of a million rows does not.
MOST_COUNTED: Final = 3_000
#: Accounts that are sorted by an amount, which no index gives.
MOST_SORTED: Final = 20_000
_LATENESS_SORTS: Final = ("latest", "earliest")
_AMOUNT_SORTS: Final = ("overdue", "outstanding")

_COLUMNS: Final = (
    "pk",
    "account_no",
    "customer__customer_no",
    "customer__person",
    "product_id",
    "opened_on",
    "credit_limit_minor",
    "state__oldest_unpaid_due_date",
    "state__days_past_due",
    "state__bucket",
    "overdue_total_minor",
    "state__outstanding_principal_minor",
    "state__category",
    "state__stage",
    "state__is_written_off",
    "state__tier",
)


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One line of the list; amounts in minor units of `currency`, the name masked. Figures are None before the first close."""

    account_id: int
    account_no: str
    customer_no: str
    masked_name: str
    product_code: str
    product_name: str
    currency: str
    minor_digits: int
    opened_on: date
    credit_limit_minor: int
    oldest_unpaid_due_date: date | None
    days_past_due: int | None
    bucket: int | None
    overdue_total_minor: int | None
    outstanding_principal_minor: int | None
    category: int | None
    stage: int | None
    is_written_off: bool
    tier: str


@dataclass(frozen=True, slots=True)
class AccountsPage:
    """One page of the list. `count` stops at `MOST_COUNTED`, then `is_counted_to_the_end` is False."""

    rows: tuple[AccountRow, ...]
    filters: ListFilters
    sort: str
    products: tuple[Product, ...]
    next_after: str
    count: int
    is_counted_to_the_end: bool
    business_date: date | None
    is_search_cut: bool = False
    refused_sort: str = ""
    rule_refusal: RuleRefusal | RuleTooSlow | None = None
    tiers: Mapping[str, ShownTier] = field(default_factory=dict)


def accounts_page(filters: ListFilters, *, scope: Scope, page_rows: int = PAGE_ROWS) -> AccountsPage:
    """Return the page that the filters ask for, of the accounts in scope; the count and the products offered are of those too.

    Two steps: the ids of the page from as few tables as the filters need, then the columns of those few accounts. Where at
    most `MOST_COUNTED` accounts fit, their ids are known from counting them, and any order is cheap. A rule that cannot be
    used, or would take too long, leaves the page empty and says why.
    """
    business_date = book_shown().business_date
    if business_date is None:
        filters = replace(filters, sort="account")
    products = scope.among(Product.objects.order_by("product_code"))
    if not filters.rule:
        return _page(filters, page_rows, business_date, products, scope=scope, by_rule=None)
    try:
        by_rule = ByRule(parse_rule(filters.rule, ACCOUNT_FACTS), business_date)
        with rule_time_bound():
            return _page(filters, page_rows, business_date, products, scope=scope, by_rule=by_rule)
    except (RuleRefusal, RuleTooSlow) as refusal:
        empty = AccountsPage((), filters, filters.sorts[0], products, "", 0, True, business_date)
        return replace(empty, rule_refusal=refusal, tiers=_tiers(business_date))


def _page(
    filters: ListFilters,
    page_rows: int,
    business_date: date | None,
    products: tuple[Product, ...],
    *,
    scope: Scope,
    by_rule: ByRule | None,
) -> AccountsPage:
    found = find_accounts(filters.search, scope=scope, is_number=not filters.hidden_search) if filters.search else None
    source = choosing.source_of(filters)
    chosen = choosing.chosen(filters, source, products, found, scope, by_rule)
    by_days = choosing.by_days(filters, source)
    late_since = choosing.late_since(filters, source, business_date)
    # A bucket has its own index; days past due have only that of the due dates.
    plain = chosen.filter(by_days, Q() if filters.buckets else late_since)
    fitting = list(plain.order_by().values_list(source.pk, flat=True)[: MOST_COUNTED + 1])
    sort, refused = _sort(filters, source, plain, len(fitting))
    unestimated = choosing.by_days_unestimated(filters, source)
    if sort in _LATENESS_SORTS:
        chosen = chosen.filter(late_since, unestimated)
    else:
        # Most accounts are in m0: a walk of the account numbers has a page of them at once, their index has all of them to sort.
        chosen = chosen.filter(unestimated) if 0 in filters.buckets else plain
    if len(fitting) <= MOST_COUNTED:
        chosen = source.model._default_manager.filter(**{f"{source.pk}__in": fitting})
    ordered = _ordered(chosen, source, sort, filters.after)
    page_ids = list(ordered.values_list(source.pk, flat=True)[: page_rows + 1])
    shown = _rows(page_ids[:page_rows], products)
    if business_date is None:
        shown = tuple(_without_figures(row) for row in shown)
    return AccountsPage(
        rows=shown,
        filters=filters,
        sort=sort,
        products=products,
        next_after=_mark(shown[-1], sort) if len(page_ids) > page_rows else "",
        count=min(len(fitting), MOST_COUNTED),
        is_counted_to_the_end=len(fitting) <= MOST_COUNTED,
        business_date=business_date,
        is_search_cut=bool(found and found.is_cut),
        refused_sort=refused,
        tiers=_tiers(business_date),
    )


def _tiers(business_date: date | None) -> Mapping[str, ShownTier]:
    """Return the tiers that accounts are in; none before the first close."""
    return tiers().shown(business_date) if business_date else {}


def _sort(filters: ListFilters, source: Source, chosen: QuerySet[Any], fitting: int) -> tuple[str, str]:
    """Return the order to use, and the one that was asked for but would be too slow on so many accounts."""
    own = filters.sorts[0]
    asked = filters.sort if filters.sort in filters.sorts else own
    if asked not in _AMOUNT_SORTS or fitting <= MOST_COUNTED:
        return asked, ""
    more = chosen.order_by().values(source.pk)[: MOST_SORTED + 1].count()
    return (own, asked) if more > MOST_SORTED else (asked, "")


def _ordered(chosen: QuerySet[Any], source: Source, sort: str, after: str) -> QuerySet[Any]:
    """Put the accounts in order and begin after a mark; a mark of another order is passed over."""
    mark = after.split("~", 2) if after.startswith(f"{sort}~") and after.count("~") >= 2 else None
    if sort == "account":
        number = f"{source.account}account_no"
        chosen = chosen.order_by(number)
        return chosen.filter(**{f"{number}__gt": mark[2]}) if mark else chosen
    if sort in _LATENESS_SORTS:
        return _by_lateness(chosen, source, sort, mark)
    amount = source.overdue if sort == "overdue" else F(f"{source.state}outstanding_principal_minor")
    # Before the first close there are no figures to sort by.
    chosen = chosen.annotate(sort_minor=Coalesce(amount, -1)).order_by("-sort_minor", source.pk)
    if mark and mark[1].lstrip("-").isdecimal() and mark[2].isdecimal():
        minor, pk = int(mark[1]), int(mark[2])
        chosen = chosen.filter(Q(sort_minor__lt=minor) | Q(**{"sort_minor": minor, f"{source.pk}__gt": pk}))
    return chosen


def _by_lateness(chosen: QuerySet[Any], source: Source, sort: str, mark: list[str] | None) -> QuerySet[Any]:
    since, pk = f"{source.state}oldest_unpaid_due_date", source.pk
    beyond, sign = ("gt", "") if sort == "latest" else ("lt", "-")
    chosen = chosen.order_by(f"{sign}{since}", f"{sign}{pk}")
    if mark is None or not mark[2].isdecimal():
        return chosen
    try:
        day = date.fromisoformat(mark[1])
    except ValueError:
        return chosen
    # The first condition says nothing new; it lets the index begin at the mark.
    start = Q(**{f"{since}__{beyond}e": day})
    return chosen.filter(start, Q(**{f"{since}__{beyond}": day}) | Q(**{since: day, f"{pk}__{beyond}": int(mark[2])}))


def _mark(row: AccountRow, sort: str) -> str:
    """Return the mark after which the next page begins: order, value, tie-breaker."""
    if sort == "account":
        return f"account~~{row.account_no}"
    if sort in _LATENESS_SORTS:
        return f"{sort}~{row.oldest_unpaid_due_date}~{row.account_id}"
    amount = row.overdue_total_minor if sort == "overdue" else row.outstanding_principal_minor
    return f"{sort}~{-1 if amount is None else amount}~{row.account_id}"


def _rows(account_ids: list[int], products: tuple[Product, ...]) -> tuple[AccountRow, ...]:
    """Return the accounts in the order of the ids."""
    columns = CreditAccount.objects.annotate(overdue_total_minor=choosing.FROM_ACCOUNTS.overdue).values_list(*_COLUMNS)
    rows = {row.account_id: row for row in _read(columns.filter(pk__in=account_ids), products)}
    return tuple(rows[account_id] for account_id in account_ids)


def _without_figures(row: AccountRow) -> AccountRow:
    """Return the row as it stands before the first close: an import gives each account a state, but nothing has aged it yet."""
    return replace(
        row,
        oldest_unpaid_due_date=None,
        days_past_due=None,
        bucket=None,
        overdue_total_minor=None,
        outstanding_principal_minor=None,
        category=None,
        stage=None,
    )


def _read(rows: Iterable[Any], products: tuple[Product, ...]) -> Iterator[AccountRow]:
    by_id = {product.pk: product for product in products}
    for pk, account_no, customer_no, person, product_id, opened_on, limit, *figures in rows:
        since, days, bucket, overdue, outstanding, category, stage, is_written_off, tier = figures
        product = by_id[product_id]
        yield AccountRow(
            account_id=pk,
            account_no=account_no,
            customer_no=customer_no,
            masked_name=masked_name(person.get("name", "")),
            product_code=product.product_code,
            product_name=str(product),
            currency=product.currency,
            minor_digits=product.minor_digits,
            opened_on=opened_on,
            credit_limit_minor=limit,
            oldest_unpaid_due_date=since,
            days_past_due=days,
            bucket=bucket,
            overdue_total_minor=overdue,
            outstanding_principal_minor=outstanding,
            category=category,
            stage=stage,
            is_written_off=bool(is_written_off),
            tier=tier or "",
        )
