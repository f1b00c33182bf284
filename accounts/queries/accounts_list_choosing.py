"""Which accounts the list's filters choose: conditions in the forms that its indexes answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import F, Q, QuerySet
from django.db.models.lookups import Exact, GreaterThanOrEqual, LessThanOrEqual

from accounts.facts import ACCOUNT_FACTS, account_rows
from accounts.models import AccountState, CreditAccount, Product
from accounts.queries.accounts_list_filters import ListFilters
from accounts.queries.finding import Found
from accounts.rules.aging import CLASS_FROM_DAYS, CLASSES
from accounts.rules.terms import BUCKET_MAPS
from riskops.shared.money import parse_amount
from riskops.shared.rule_language import Rule, holding
from riskops.shared.scope import Scope


@dataclass(frozen=True, slots=True)
class ByRule:
    """A rule that the accounts of a page must hold on, at the figures of the last closed day."""

    rule: Rule
    business_date: date | None

    def accounts(self) -> QuerySet[AccountState]:
        """Return the states on which the rule holds; none before the first close, when there are no figures."""
        if self.business_date is None:
            return AccountState.objects.none()
        return holding(self.rule, ACCOUNT_FACTS, account_rows(), self.business_date)


@dataclass(frozen=True, slots=True)
class Source:
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


_FROM_STATES: Final = Source(AccountState, "account_id", "", "account__")
FROM_ACCOUNTS: Final = Source(CreditAccount, "pk", "state__", "")


def source_of(filters: ListFilters) -> Source:
    """Return the states where the filters ask for figures; the accounts else, since an account may have no state yet."""
    days = (filters.days_from, filters.days_to)
    asks_for_figures = filters.buckets or filters.delinquency_class or filters.tier or filters.overdue_from or filters.overdue_to
    is_by_state = filters.is_late_only or asks_for_figures or filters.rule or any(day is not None for day in days)
    return _FROM_STATES if is_by_state else FROM_ACCOUNTS


def chosen(
    filters: ListFilters,
    source: Source,
    products: tuple[Product, ...],
    found: Found | None,
    scope: Scope,
    by_rule: ByRule | None,
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


def by_days(filters: ListFilters, source: Source) -> Q:
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


def by_days_unestimated(filters: ListFilters, source: Source) -> Q:
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


def late_since(filters: ListFilters, source: Source, business_date: date | None) -> Q:
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


def _within_amounts(filters: ListFilters, source: Source, products: tuple[Product, ...]) -> Q:
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
