"""The accounts list: one page of rows by keyset, a fixed number of queries whatever the book.

Orders that hold at a million accounts are the ones an index gives: how late (the due date an account is late since, which
does not change nightly) and the account number. An order by amount has no index, on purpose (an index on a figure that
changes nightly would cost the close its heap-only updates), so it is offered up to `MOST_SORTED` accounts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact, GreaterThanOrEqual, LessThanOrEqual

from accounts.facts import ACCOUNT_FACTS, account_rows
from accounts.models import AccountState, CreditAccount, Product
from accounts.queries.finding import Found, find_accounts, shown_search
from accounts.queries.rule_cost import RuleTooSlow, rule_time_bound
from accounts.rules.aging import CLASS_FROM_DAYS, CLASSES
from accounts.rules.terms import BUCKET_MAPS
from accounts.tiers import ShownTier, tiers
from riskops.shared.day import book_shown
from riskops.shared.money import MalformedAmount, parse_amount
from riskops.shared.personal import masked_name
from riskops.shared.rule_language import Rule, RuleRefusal, holding, parse_rule
from riskops.shared.scope import Scope

PAGE_ROWS: Final = 50
#: Counting stops here: "3,000+" says enough, and a whole count of a million rows does not.
MOST_COUNTED: Final = 3_000
#: Accounts that are sorted by an amount, which no index gives.
MOST_SORTED: Final = 20_000
SCOPES: Final = ("past_due", "all", "written_off")
SORTS: Final = ("latest", "earliest", "account", "overdue", "outstanding")
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
class ListFilters:
    """What the address bar asks for. Days and amounts are inclusive; amounts in major units, as typed."""

    scope: str = "past_due"
    sort: str = "latest"
    buckets: frozenset[int] = frozenset()
    delinquency_class: str = ""
    tier: str = ""
    product: str = ""
    days_from: int | None = None
    days_to: int | None = None
    overdue_from: str = ""
    overdue_to: str = ""
    opened_from: date | None = None
    opened_to: date | None = None
    search: str = ""
    #: The search as the address holds it encrypted; one that stands there in clear is for a number only.
    hidden_search: str = ""
    rule: str = ""
    after: str = ""
    unread: tuple[str, ...] = ()

    @property
    def is_late_only(self) -> bool:
        """Whether only past-due accounts are asked for. What is searched for, and m0, may not be late at all."""
        return self.scope == "past_due" and not self.search and 0 not in self.buckets and self.delinquency_class != "current"

    @property
    def sorts(self) -> tuple[str, ...]:
        """The orders that make sense here, the one it has of itself first."""
        return SORTS if self.is_late_only else SORTS[2:]

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the scope and the order is chosen."""
        chosen = (self.buckets, self.delinquency_class, self.tier, self.product, self.overdue_from, self.overdue_to)
        days = (self.days_from, self.days_to, self.opened_from, self.opened_to)
        return any(chosen) or bool(self.search or self.rule) or any(value is not None for value in days)


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


def read_filters(parameters: Mapping[str, str], *, buckets: Iterable[str] = ()) -> ListFilters:
    """Return the filters that query parameters ask for; names of those that cannot be read are in `unread`."""
    reader = _Reader(parameters)
    hidden = parameters.get("find", "")
    rule = parameters.get("rule", "").strip()
    return ListFilters(
        # A rule, or a tier, says itself whom it means.
        scope=reader.choice("scope", SCOPES) or ("all" if rule or parameters.get("tier") else "past_due"),
        sort=reader.choice("sort", SORTS) or "",
        buckets=reader.buckets(buckets),
        delinquency_class=reader.choice("class", CLASSES),
        tier=parameters.get("tier", ""),
        product=parameters.get("product", ""),
        days_from=reader.whole("days_from"),
        days_to=reader.whole("days_to"),
        overdue_from=reader.amount("overdue_from"),
        overdue_to=reader.amount("overdue_to"),
        opened_from=reader.day("opened_from"),
        opened_to=reader.day("opened_to"),
        search=(shown_search(hidden) if hidden else parameters.get("q", "")).strip(),
        hidden_search=hidden,
        rule=rule,
        after=parameters.get("after", ""),
        unread=tuple(reader.unread),
    )


@dataclass(slots=True)
class _Reader:
    """Reads typed parameters and remembers the ones it could not read."""

    parameters: Mapping[str, str]
    unread: list[str] = field(default_factory=list)

    def _refuse(self, name: str) -> None:
        self.unread.append(name)

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        value = self.parameters.get(name, "")
        if value and value not in choices:
            self._refuse(name)
            return ""
        return value

    def buckets(self, values: Iterable[str]) -> frozenset[int]:
        chosen = set()
        for value in values:
            digit = value.removeprefix("m")
            if digit in tuple("01234567"):
                chosen.add(int(digit))
            elif value:
                self._refuse("bucket")
        return frozenset(chosen)

    def whole(self, name: str) -> int | None:
        value = self.parameters.get(name, "").strip()
        if not value:
            return None
        if value.isdecimal() and value.isascii() and len(value) <= 5:
            return int(value)
        self._refuse(name)
        return None

    def amount(self, name: str) -> str:
        value = self.parameters.get(name, "").strip().replace(",", "")
        try:
            if value:
                parse_amount(value, digits=4)
        except MalformedAmount:
            self._refuse(name)
            return ""
        return value

    def day(self, name: str) -> date | None:
        value = self.parameters.get(name, "").strip()
        try:
            return date.fromisoformat(value) if value else None
        except ValueError:
            self._refuse(name)
            return None


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
        by_rule = _ByRule(parse_rule(filters.rule, ACCOUNT_FACTS), business_date)
        with rule_time_bound():
            return _page(filters, page_rows, business_date, products, scope=scope, by_rule=by_rule)
    except (RuleRefusal, RuleTooSlow) as refusal:
        empty = AccountsPage((), filters, filters.sorts[0], products, "", 0, True, business_date)
        return replace(empty, rule_refusal=refusal, tiers=_tiers(business_date))


@dataclass(frozen=True, slots=True)
class _ByRule:
    """A rule that the accounts of a page must hold on, at the figures of the last closed day."""

    rule: Rule
    business_date: date | None

    def accounts(self) -> QuerySet[AccountState]:
        """Return the states on which the rule holds; none before the first close, when there are no figures."""
        if self.business_date is None:
            return AccountState.objects.none()
        return holding(self.rule, ACCOUNT_FACTS, account_rows(), self.business_date)


def _page(
    filters: ListFilters,
    page_rows: int,
    business_date: date | None,
    products: tuple[Product, ...],
    *,
    scope: Scope,
    by_rule: _ByRule | None,
) -> AccountsPage:
    found = find_accounts(filters.search, scope=scope, is_number=not filters.hidden_search) if filters.search else None
    source = _source(filters)
    chosen = _chosen(filters, source, products, found, scope, by_rule)
    by_days = _by_days(filters, source)
    late_since = _late_since(filters, source, business_date)
    # A bucket has its own index; days past due have only that of the due dates.
    plain = chosen.filter(by_days, Q() if filters.buckets else late_since)
    fitting = list(plain.order_by().values_list(source.pk, flat=True)[: MOST_COUNTED + 1])
    sort, refused = _sort(filters, source, plain, len(fitting))
    by_lateness = chosen.filter(late_since, _by_days_unestimated(filters, source))
    chosen = by_lateness if sort in _LATENESS_SORTS else plain
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


@dataclass(frozen=True, slots=True)
class _Source:
    """The table that the ids of a page are asked from, and how it calls what it shares with the other one."""

    model: type[CreditAccount] | type[AccountState]
    pk: str
    state: str
    account: str

    @property
    def overdue(self) -> Any:
        """The overdue total."""
        names = ("overdue_principal_minor", "overdue_interest_minor", "overdue_fee_minor", "penalty_due_minor")
        principal, interest, fee, penalty = (F(self.state + name) for name in names)
        return principal + interest + fee + penalty


_FROM_STATES: Final = _Source(AccountState, "account_id", "", "account__")
_FROM_ACCOUNTS: Final = _Source(CreditAccount, "pk", "state__", "")


def _source(filters: ListFilters) -> _Source:
    """Return the states where the filters ask for figures; the accounts else, since an account may have no state yet."""
    days = (filters.days_from, filters.days_to)
    asks_for_figures = filters.buckets or filters.delinquency_class or filters.tier or filters.overdue_from or filters.overdue_to
    is_by_state = filters.is_late_only or asks_for_figures or filters.rule or any(day is not None for day in days)
    return _FROM_STATES if is_by_state else _FROM_ACCOUNTS


def _sort(filters: ListFilters, source: _Source, chosen: QuerySet[Any], fitting: int) -> tuple[str, str]:
    """Return the order to use, and the one that was asked for but would be too slow on so many accounts."""
    own = filters.sorts[0]
    asked = filters.sort if filters.sort in filters.sorts else own
    if asked not in _AMOUNT_SORTS or fitting <= MOST_COUNTED:
        return asked, ""
    more = chosen.order_by().values(source.pk)[: MOST_SORTED + 1].count()
    return (own, asked) if more > MOST_SORTED else (asked, "")


def _chosen(
    filters: ListFilters,
    source: _Source,
    products: tuple[Product, ...],
    found: Found | None,
    scope: Scope,
    by_rule: _ByRule | None,
) -> QuerySet[Any]:
    """Return the accounts in scope that fit everything but the buckets and the days past due.

    The products are those in scope. The condition names their ids, which both tables carry, so that no join is needed.
    """
    state, account = source.state, source.account
    limits: dict[str, Any] = {}
    if found is not None:
        limits[f"{source.pk}__in"] = found.account_ids
    elif filters.is_late_only and not (filters.buckets or filters.days_from):
        # A bucket, or days, say it already; said twice, planners read a second index for it.
        limits[f"{state}oldest_unpaid_due_date__isnull"] = False
    if filters.scope == "written_off" and found is None:
        limits[f"{account}write_off__isnull"] = False
    if filters.tier:
        limits[f"{state}tier"] = filters.tier
    if filters.product or scope.is_limited:
        limits["product_id__in"] = [p.pk for p in products if filters.product in ("", p.product_code)]
    if filters.opened_from:
        limits["opened_on__gte"] = filters.opened_from
    if filters.opened_to:
        limits["opened_on__lte"] = filters.opened_to
    accounts = by_rule.accounts() if by_rule else source.model._default_manager.all()
    return accounts.filter(_within_amounts(filters, source, products), **limits)


def _by_days(filters: ListFilters, source: _Source) -> Q:
    """Return the condition on buckets and days past due."""
    limits = Q()
    days_from, days_to = _days(filters)
    if days_from is not None:
        limits &= Q(**{f"{source.state}days_past_due__gte": days_from})
    if days_to is not None:
        limits &= Q(**{f"{source.state}days_past_due__lte": days_to})
    if filters.buckets:
        limits &= Q(**{f"{source.state}bucket__in": sorted(filters.buckets)})
    return limits


def _by_days_unestimated(filters: ListFilters, source: _Source) -> Q:
    """Return the same condition in a form that planners neither estimate nor look up.

    It says almost what the range of due dates beside it says. Planners take the two for independent, expect a handful of rows
    and sort them all (380 ms for m3 of a million accounts); left with a rough guess they walk the index of due dates in order
    and stop after a page (3 ms).
    """
    days, bucket = F(f"{source.state}days_past_due"), F(f"{source.state}bucket")
    limits = Q()
    days_from, days_to = _days(filters)
    if days_from is not None:
        limits &= Q(GreaterThanOrEqual(days + 0, days_from))
    if days_to is not None:
        limits &= Q(LessThanOrEqual(days + 1, days_to + 1))
    if filters.buckets:
        first, last = min(filters.buckets), max(filters.buckets)
        limits &= Q(GreaterThanOrEqual(bucket + 0, first)) & Q(LessThanOrEqual(bucket + 1, last + 1))
        for missing in sorted(set(range(first, last)) - filters.buckets):
            limits &= ~Q(Exact(bucket + 0, missing))
    return limits


def _days(filters: ListFilters) -> tuple[int | None, int | None]:
    """Return the range of days past due that the class and the typed days leave."""
    lows, highs = [filters.days_from], [filters.days_to]
    if filters.delinquency_class:
        index = CLASSES.index(filters.delinquency_class)
        lows.append((0, *CLASS_FROM_DAYS)[index])
        highs.append((*(day - 1 for day in CLASS_FROM_DAYS), None)[index])
    return max((d for d in lows if d is not None), default=None), min((d for d in highs if d is not None), default=None)


def _late_since(filters: ListFilters, source: _Source, business_date: date | None) -> Q:
    """Return a range of due dates that holds every account of the asked days and buckets, for the index on them.

    Wider than what is asked where accounts stand at the open day, a day ahead; the exact conditions stand beside it.
    """
    lows = [filters.days_from] if filters.days_from else []
    if filters.delinquency_class and filters.delinquency_class != "current":
        lows.append(CLASS_FROM_DAYS[CLASSES.index(filters.delinquency_class) - 1])
    highs = [high for high in (_days(filters)[1],) if high is not None]
    if filters.buckets and 0 not in filters.buckets:
        lows.append(min(days[min(filters.buckets) - 1] for days in BUCKET_MAPS.values() if len(days) >= min(filters.buckets)))
        ends = [(*days, 10**6)[min(max(filters.buckets), len(days))] - 1 for days in BUCKET_MAPS.values()]
        highs.append(max(ends))
    limits, since = Q(), f"{source.state}oldest_unpaid_due_date"
    if business_date is None:
        return limits
    if lows and max(lows) > 0:
        limits &= Q(**{f"{since}__lte": business_date + timedelta(days=1 - max(lows))})
    if highs and 0 < min(highs) < 20_000 and lows and max(lows) > 0:
        limits &= Q(**{f"{since}__gte": business_date - timedelta(days=min(highs))})
    return limits


def _within_amounts(filters: ListFilters, source: _Source, products: tuple[Product, ...]) -> Q:
    """Return the condition on the overdue total, in the minor units of each product's currency."""
    if not (filters.overdue_from or filters.overdue_to):
        return Q()
    within = Q(pk__in=[])
    for digits in {product.minor_digits for product in products}:
        limits = Q(product_id__in=[product.pk for product in products if product.minor_digits == digits])
        if filters.overdue_from:
            limits &= Q(GreaterThanOrEqual(source.overdue, _minor(filters.overdue_from, digits)))
        if filters.overdue_to:
            limits &= Q(LessThanOrEqual(source.overdue, _minor(filters.overdue_to, digits)))
        within |= limits
    return within


def _minor(text: str, digits: int) -> int:
    """Return minor units; decimals that the currency does not have are dropped."""
    return parse_amount(text, digits=4) // 10 ** (4 - digits)


def _ordered(chosen: QuerySet[Any], source: _Source, sort: str, after: str) -> QuerySet[Any]:
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


def _by_lateness(chosen: QuerySet[Any], source: _Source, sort: str, mark: list[str] | None) -> QuerySet[Any]:
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
    columns = CreditAccount.objects.annotate(overdue_total_minor=_FROM_ACCOUNTS.overdue).values_list(*_COLUMNS)
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
