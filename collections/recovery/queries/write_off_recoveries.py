"""What came in after write-offs: by account, component, way and month, from the allocations of the ledger alone.

A payment counts by its value date. The write-off stands at the close of its day: what is paid on that day was paid before it,
what is paid later is recovery. Allocations are derived from the entries, so what is reversed is recovered no more
(docs/decisions/a-recovery-is-an-allocation-after-the-day.md).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from django.db.models import Case, CharField, Count, Exists, F, OuterRef, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce, TruncMonth

from accounts.models import AccountState, Allocation, CreditAccount, Waiver, WriteOff
from accounts.rules.terms import Component
from casework.models import CaseCost
from casework.rules.plans import month_later
from recovery.models import CommissionLine, DebtSale, LegalCase, LegalStage, Letter, Placement
from recovery.rules.write_offs import Way, curve, months_between
from riskops.shared.personal import masked_name
from riskops.shared.scope import Scope

PAGE_ROWS: Final = 100
#: Months of write-off that are drawn and told.
COHORTS: Final = 12
COMPONENTS: Final = (Component.PRINCIPAL, Component.INTEREST, Component.FEE, Component.PENALTY)
#: Whose work brought money in; what is the buyer's is told apart.
OURS: Final = (Way.OWN, Way.AGENCY, Way.LEGAL)


def written_off_in_sight(scope: Scope) -> QuerySet[WriteOff]:
    """Return the write-offs of accounts that a person may see."""
    return scope.accounts(WriteOff.objects.all(), product="account__product")


def recovered_lines(scope: Scope, account_ids: Collection[int] | None = None) -> QuerySet[Any]:
    """Return what was allocated after the write-off of its account, each line with the `way` it came.

    :param account_ids: of these accounts alone
    """
    rows = scope.accounts(Allocation.objects.all(), product="account__product")
    rows = rows.filter(account__write_off__isnull=False, allocated_on__gt=F("account__write_off__value_date"))
    if account_ids is not None:
        rows = rows.filter(account__in=list(account_ids))
    paid_on, own = OuterRef("payment__paid_on"), {"account_id": OuterRef("account_id")}
    sold = DebtSale.objects.filter(**own, sold_on__lt=paid_on)
    placed = Placement.objects.filter(**own, placed_on__lt=paid_on).filter(Q(tail_until=None) | Q(tail_until__gte=paid_on))
    legal = LegalCase.objects.filter(**own, opened_on__lte=paid_on).filter(Q(closed_on=None) | Q(closed_on__gte=paid_on))
    whens = [
        When(Exists(sold), then=Value(str(Way.BUYER))),
        When(Exists(placed), then=Value(str(Way.AGENCY))),
        When(Exists(legal), then=Value(str(Way.LEGAL))),
    ]
    return rows.annotate(way=Case(*whens, default=Value(str(Way.OWN)), output_field=CharField()))


@dataclass(slots=True)
class Recovered:
    """What one account brought since its write-off, and what it took. Amounts in minor units.

    `added` is what came to it or was corrected since: penalty that went on, later entries, entries of days before that came late.
    So written off + added = recovered + the buyer's + waived + rest, to the minor unit.
    """

    by_component: dict[int, int] = field(default_factory=dict)
    by_way: dict[str, int] = field(default_factory=dict)
    waived_minor: int = 0
    rest_minor: int = 0
    written_off_minor: int = 0
    cost_minor: int = 0

    @property
    def recovered_minor(self) -> int:
        """What came in for us."""
        return sum(self.by_way.get(way, 0) for way in OURS)

    @property
    def of_buyer_minor(self) -> int:
        """What came in after the account was sold: to be passed on."""
        return self.by_way.get(Way.BUYER, 0)

    @property
    def paid_minor(self) -> int:
        """All that was paid since, ours and the buyer's."""
        return self.recovered_minor + self.of_buyer_minor

    @property
    def net_minor(self) -> int:
        """What was recovered less what that cost."""
        return self.recovered_minor - self.cost_minor

    @property
    def added_minor(self) -> int:
        """What came to it or was corrected since."""
        return self.rest_minor + self.recovered_minor + self.of_buyer_minor + self.waived_minor - self.written_off_minor


def recovered_of(write_offs: Collection[WriteOff], scope: Scope) -> dict[int, Recovered]:
    """Return what accounts brought since their write-off, by account id; a fixed number of queries."""
    found = {entry.account_id: Recovered(written_off_minor=entry.total_minor) for entry in write_offs}
    since = {entry.account_id: entry.value_date for entry in write_offs}
    ids = list(found)
    by_both = recovered_lines(scope, ids).order_by().values_list("account_id", "component", "way").annotate(Sum("amount_minor"))
    for account_id, component, way, amount in by_both:
        row = found[account_id]
        row.by_component[component] = row.by_component.get(component, 0) + amount
        row.by_way[way] = row.by_way.get(way, 0) + amount
    waived = Waiver.objects.filter(account__in=ids, value_date__gt=F("account__write_off__value_date"))
    for account_id, amount in waived.order_by().values_list("account_id").annotate(Sum("amount_minor")):
        found[account_id].waived_minor = amount
    columns = ("outstanding_principal_minor", "outstanding_interest_minor", "outstanding_fee_minor", "penalty_due_minor")
    for account_id, *owed in AccountState.objects.filter(pk__in=ids).values_list("pk", *columns):
        found[account_id].rest_minor = sum(owed)
    for account_id, day, amount in _costs(ids):
        if day > since[account_id]:
            found[account_id].cost_minor += amount
    return found


def _costs(account_ids: list[int]) -> list[Any]:
    """Return what accounts cost, each with its day: booked in cases, commission, stages of legal cases, letters sent."""
    own = {"account__in": account_ids}
    booked = CaseCost.objects.filter(case__account__in=account_ids)
    commission = CommissionLine.objects.filter(placement__account__in=account_ids)
    stages = LegalStage.objects.filter(case__account__in=account_ids)
    letters = Letter.objects.filter(**own, sent_on__isnull=False)
    return [
        *booked.values_list("case__account_id", "incurred_on", "amount_minor"),
        *commission.values_list("placement__account_id", "value_date", "commission_minor"),
        *stages.values_list("case__account_id", "begun_on", "cost_minor"),
        *letters.values_list("account_id", "sent_on", "cost_minor"),
    ]


# The list ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RecoveryRow:
    """A written-off account in the list; the customer's name masked."""

    write_off: WriteOff
    account_no: str
    masked_name: str
    currency: str
    sold_to: str
    figures: Recovered


@dataclass(frozen=True, slots=True)
class CurrencyTotals:
    """All that was written off in one currency, in its minor units."""

    currency: str
    accounts: int
    written_off_minor: int
    by_way: dict[str, int]
    rest_minor: int

    @property
    def recovered_minor(self) -> int:
        """What came in for us."""
        return sum(self.by_way.get(way, 0) for way in OURS)

    @property
    def own_minor(self) -> int:
        """By our own work."""
        return self.by_way.get(Way.OWN, 0)

    @property
    def agency_minor(self) -> int:
        """While with an agency."""
        return self.by_way.get(Way.AGENCY, 0)

    @property
    def legal_minor(self) -> int:
        """While in legal recovery."""
        return self.by_way.get(Way.LEGAL, 0)

    @property
    def of_buyer_minor(self) -> int:
        """After a sale."""
        return self.by_way.get(Way.BUYER, 0)


@dataclass(frozen=True, slots=True)
class RecoveryPage:
    """A page of the list. `next_after` leads to the next rows; "" at the end."""

    rows: tuple[RecoveryRow, ...]
    totals: tuple[CurrencyTotals, ...]
    next_after: str


def recoveries_page(scope: Scope, *, currency: str = "", after: str = "") -> RecoveryPage:
    """Return written-off accounts, the latest first, with what each brought since.

    :param currency: of this currency alone; "": of all
    :param after: the id of the last row that was shown
    """
    rows = written_off_in_sight(scope)
    if currency:
        rows = rows.filter(account__product__currency=currency)
    shown = rows.select_related("account__customer", "account__product", "account__debt_sale").order_by("-pk")
    if after.isdecimal() and len(after) < 19:
        shown = shown.filter(pk__lt=int(after))
    found = list(shown[: PAGE_ROWS + 1])
    on_page = found[:PAGE_ROWS]
    return RecoveryPage(
        rows=rows_of(on_page, scope),
        totals=tuple(total for total in totals(scope) if not currency or total.currency == currency),
        next_after=str(on_page[-1].pk) if len(found) > PAGE_ROWS else "",
    )


def rows_of(write_offs: list[WriteOff], scope: Scope) -> tuple[RecoveryRow, ...]:
    """Return write-offs as rows of the list; read with account, customer, product and sale."""
    figures = recovered_of(write_offs, scope)
    return tuple(
        RecoveryRow(
            write_off=entry,
            account_no=entry.account.account_no,
            masked_name=masked_name(entry.account.customer.person.get("name", "")),
            currency=entry.account.product.currency,
            sold_to=sale.buyer if (sale := getattr(entry.account, "debt_sale", None)) else "",
            figures=figures[entry.account_id],
        )
        for entry in write_offs
    )


def _total() -> Any:
    return F("principal_minor") + Coalesce(F("interest_minor"), 0) + Coalesce(F("fee_minor"), 0) + Coalesce(F("penalty_minor"), 0)


def totals(scope: Scope) -> tuple[CurrencyTotals, ...]:
    """Return all that was written off and what came in since, by currency."""
    currency = "account__product__currency"
    written = written_off_in_sight(scope).order_by(currency).values_list(currency).annotate(n=Count("pk"), amount=Sum(_total()))
    ways: dict[str, dict[str, int]] = defaultdict(dict)
    for code, way, amount in recovered_lines(scope).order_by().values_list(currency, "way").annotate(Sum("amount_minor")):
        ways[code][way] = amount
    owed = (
        F("outstanding_principal_minor") + F("outstanding_interest_minor") + F("outstanding_fee_minor") + F("penalty_due_minor")
    )
    states = scope.accounts(AccountState.objects.filter(account__write_off__isnull=False))
    rest = dict(states.order_by().values_list("product__currency").annotate(amount=Sum(owed)))
    return tuple(CurrencyTotals(code, accounts, amount, ways[code], rest.get(code, 0)) for code, accounts, amount in written)


def currencies(scope: Scope) -> tuple[str, ...]:
    """Return the currencies in which anything was written off."""
    rows = written_off_in_sight(scope).order_by("account__product__currency")
    return tuple(rows.values_list("account__product__currency", flat=True).distinct())


# By month ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cohort:
    """What was written off in a month, and what came in of it for us by months after, summed up to each."""

    month: date
    accounts: int
    written_off_minor: int
    recovered_minor: tuple[int, ...]

    @property
    def so_far_minor(self) -> int:
        """All that came in so far."""
        return self.recovered_minor[-1] if self.recovered_minor else 0


@dataclass(frozen=True, slots=True)
class ChargeOff:
    """A month's net charge-off: what was written off in it, less what came in during it of whatever was written off before."""

    month: date
    written_off_minor: int
    recovered_minor: int

    @property
    def net_minor(self) -> int:
        """The net charge-off."""
        return self.written_off_minor - self.recovered_minor


@dataclass(frozen=True, slots=True)
class ByMonth:
    """Recovery curves by month of write-off, and net charge-off by month, the earliest first; of one currency."""

    currency: str
    cohorts: tuple[Cohort, ...]
    charge_offs: tuple[ChargeOff, ...]

    @property
    def months_after(self) -> range:
        """The columns of the table."""
        return range(max((len(cohort.recovered_minor) for cohort in self.cohorts), default=0))


def by_month(scope: Scope, currency: str, *, business_date: date) -> ByMonth:
    """Return the last months of write-offs in a currency.

    :param business_date: the last closed day, whose month is the last one shown
    """
    this_month = business_date.replace(day=1)
    own = written_off_in_sight(scope).filter(account__product__currency=currency)
    written = {
        month: (accounts, amount)
        for month, accounts, amount in own.annotate(month=TruncMonth("value_date"))
        .order_by()
        .values_list("month")
        .annotate(n=Count("pk"), amount=Sum(_total()))
    }
    lines = recovered_lines(scope).filter(account__product__currency=currency, way__in=[str(way) for way in OURS])
    grouped = (
        lines.annotate(month=TruncMonth("account__write_off__value_date"), came=TruncMonth("allocated_on"))
        .order_by()
        .values_list("month", "came")
        .annotate(Sum("amount_minor"))
    )
    after: dict[date, dict[int, int]] = defaultdict(dict)
    came_in: dict[date, int] = defaultdict(int)
    for month, came, amount in grouped:
        after[month][months_between(month, came)] = amount
        came_in[came] += amount
    # What is of the open day stands in the month after the last closed one.
    last = max([this_month, *written, *came_in])
    cohorts = tuple(
        Cohort(month, accounts, amount, curve(after[month], months_between(month, last)))
        for month, (accounts, amount) in sorted(written.items())[-COHORTS:]
    )
    first = min([last, *written, *came_in])
    months = [month_later(first, number) for number in range(months_between(first, last) + 1)][-COHORTS:]
    charge_offs = tuple(ChargeOff(month, written.get(month, (0, 0))[1], came_in.get(month, 0)) for month in months)
    return ByMonth(currency, cohorts, charge_offs)


# One account -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RecoveryLine:
    """What one payment brought on one day, by component; `way` says by whose work."""

    payment_no: str
    paid_on: date
    way: str
    by_component: tuple[int, ...]

    @property
    def amount_minor(self) -> int:
        """All of it."""
        return sum(self.by_component)


@dataclass(frozen=True, slots=True)
class RecoveryAccount:
    """A written-off account with each payment since. `written` by component; None: not kept when it was written off."""

    row: RecoveryRow
    written: tuple[int | None, ...]
    recovered: tuple[int, ...]
    rest: tuple[int, ...]
    lines: tuple[RecoveryLine, ...]
    sale: DebtSale | None


def recovery_account(account: CreditAccount, scope: Scope) -> RecoveryAccount | None:
    """Return what one account brought since its write-off; None where it is not written off."""
    rows = WriteOff.objects.select_related("account__customer", "account__product", "account__debt_sale")
    entry = rows.filter(account=account).first()
    if entry is None:
        return None
    (row,) = rows_of([entry], scope)
    kept: dict[tuple[str, date, str], dict[int, int]] = defaultdict(dict)
    columns = ("payment__payment_no", "payment__paid_on", "way", "component")
    lines = recovered_lines(scope, [account.pk]).order_by("payment__paid_on", "payment_id").values_list(*columns)
    for number, paid_on, way, component, amount in lines.annotate(Sum("amount_minor")):
        kept[number, paid_on, way][component] = amount
    state = AccountState.objects.filter(pk=account.pk).first() or AccountState(account=account)
    return RecoveryAccount(
        row=row,
        written=(entry.principal_minor, entry.interest_minor, entry.fee_minor, entry.penalty_minor),
        recovered=tuple(row.figures.by_component.get(part, 0) for part in COMPONENTS),
        rest=(
            state.outstanding_principal_minor,
            state.outstanding_interest_minor,
            state.outstanding_fee_minor,
            state.penalty_due_minor,
        ),
        lines=tuple(
            RecoveryLine(number, paid_on, way, tuple(parts.get(part, 0) for part in COMPONENTS))
            for (number, paid_on, way), parts in kept.items()
        ),
        sale=getattr(account, "debt_sale", None),
    )


# Sold --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SoldRow:
    """A sold account, and what its customer paid us since: the buyer's."""

    sale: DebtSale
    account_no: str
    currency: str
    of_buyer_minor: int


def sold_rows(scope: Scope) -> tuple[SoldRow, ...]:
    """Return the accounts that were sold, the latest first, each with what is to be passed on to its buyer."""
    rows = scope.accounts(DebtSale.objects.all(), product="account__product").select_related("account__product")
    sales = list(rows.order_by("-sold_on", "-pk")[:500])
    lines = recovered_lines(scope, [sale.account_id for sale in sales]).filter(way=str(Way.BUYER))
    paid = dict(lines.order_by().values_list("account_id").annotate(Sum("amount_minor")))
    return tuple(
        SoldRow(sale, sale.account.account_no, sale.account.product.currency, paid.get(sale.account_id, 0)) for sale in sales
    )
