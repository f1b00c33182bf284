"""Which part of the book a question is about, and the month-ends there are to ask about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from django.db.models import Exists, OuterRef

from accounts.models.account import CreditAccount
from accounts.models.customer import Customer
from accounts.models.product import Product
from accounts.models.snapshot import AccountSnapshot
from accounts.rules.terms import BUCKET_MAPS
from dashboards.rules.months import is_month_end
from dashboards.rules.states import BUCKETS, State
from dashboards.segments import Segment, segment
from riskops.shared.day import book_state
from riskops.shared.scope import Scope as PersonScope
from riskops.shared.sql import as_day, date_literal, fetch


class MonthEnd(NamedTuple):
    """A closed month-end that has snapshots; `provenance` is reported (found by its close) or rebuilt (filled in later)."""

    as_of: date
    provenance: str

    @property
    def is_rebuilt(self) -> bool:
        """Whether the month was filled in later from the entries."""
        return self.provenance == AccountSnapshot.Provenance.REBUILT


def month_ends() -> tuple[MonthEnd, ...]:
    """Return the month-ends with snapshots up to the last closed day, oldest first.

    Hops from day to day along the primary key, so that it costs a look-up a day and not a scan.
    """
    business_date = book_state().business_date
    if business_date is None:
        return ()
    table = AccountSnapshot._meta.db_table
    rows = fetch(
        f"WITH RECURSIVE d(as_of) AS (SELECT MIN(as_of) FROM {table} UNION ALL "
        f"SELECT (SELECT MIN(t.as_of) FROM {table} t WHERE t.as_of > d.as_of) FROM d WHERE d.as_of IS NOT NULL) "
        f"SELECT d.as_of, (SELECT t.provenance FROM {table} t WHERE t.as_of = d.as_of LIMIT 1) "
        f"FROM d WHERE d.as_of <= {date_literal(business_date)} ORDER BY d.as_of"
    )
    found = ((as_day(as_of), provenance) for as_of, provenance in rows)
    return tuple(MonthEnd(as_of, provenance) for as_of, provenance in found if is_month_end(as_of))


@dataclass(frozen=True, slots=True)
class Scope:
    """Products by id (None: all of them) and the segment that figures are split by."""

    products: tuple[Product, ...]
    segment_name: str = ""
    is_whole_book: bool = True

    def segment(self, *, tier_of: str = "s") -> Segment:
        """Return the segment as SQL; `tier_of` "" refuses tiers."""
        return segment(self.segment_name, tier_of=tier_of)

    @property
    def product_ids(self) -> tuple[int, ...]:
        """The products' ids, in order."""
        return tuple(sorted(product.pk for product in self.products))

    @property
    def currencies(self) -> tuple[str, ...]:
        """The currencies of the scope's products, in order."""
        return tuple(sorted({product.currency for product in self.products}))

    @property
    def buckets(self) -> tuple[State, ...]:
        """The buckets of the scope's bucket maps, m0 first."""
        count = max((len(BUCKET_MAPS[product.bucket_map]) for product in self.products), default=len(BUCKETS) - 1)
        return BUCKETS[: count + 1]

    def condition(self, row: str) -> str:
        """Return the SQL condition that a row with a product_id is of the scope."""
        if self.is_whole_book:
            return "1 = 1"
        return f"{row}.product_id IN ({', '.join(map(str, self.product_ids)) or 'NULL'})"

    def digits(self, segment_value: str) -> int:
        """Return the decimals of amounts in a segment: of its currency if split by that, else of the scope's only one."""
        currency = segment_value if self.segment_name == "currency" else next(iter(self.currencies), "CNY")
        return next((product.minor_digits for product in self.products if product.currency == currency), 2)


class UnknownScope(ValueError):
    """No product or currency of that code has accounts; the message lists those that do."""


def scope(*, visible: PersonScope, segment_name: str = "", product: str = "", currency: str = "") -> Scope:
    """Return the scope of the products with accounts that a person may see, or those of them of one code or currency.

    :raises UnknownScope: nothing of that code has accounts
    """
    return scope_of(products_with_accounts(), visible=visible, segment_name=segment_name, product=product, currency=currency)


def scope_of(
    every: Sequence[Product], *, visible: PersonScope, segment_name: str = "", product: str = "", currency: str = ""
) -> Scope:
    """Return the scope that `scope` returns, from the products with accounts."""
    seen = visible.among(every)
    chosen = [p for p in seen if product in ("", p.product_code) and currency in ("", p.currency)]
    if not chosen and (product or currency):
        codes = ", ".join(p.product_code for p in seen) or "none yet"
        money = ", ".join(sorted({p.currency for p in seen})) or "none yet"
        asked = " ".join(part for part in (product, currency) if part)
        raise UnknownScope(f"no accounts of {asked!r}; products with accounts: {codes}; their currencies: {money}")
    return Scope(tuple(chosen), segment_name, is_whole_book=len(chosen) == len(every))


def products_with_accounts() -> list[Product]:
    """Return the products that have an account, by code."""
    has_account = Exists(CreditAccount.objects.filter(product_id=OuterRef("pk")))
    return list(Product.objects.filter(has_account).order_by("product_code"))


def is_attribute(name: str) -> bool:
    """Return whether any account, customer or product has the attribute."""
    return any(model._default_manager.filter(attributes__has_key=name).exists() for model in (CreditAccount, Customer, Product))


def segment_joins(cut: Segment, *, of: str, always_account: bool = False) -> str:
    """Return the joins a segment's SQL needs, from a row that has account_id and product_id; on request the account's anyway."""
    joins = f"JOIN {Product._meta.db_table} r ON r.id = {of}.product_id"
    if cut.needs_account or cut.needs_customer or always_account:
        joins += f" JOIN {CreditAccount._meta.db_table} a ON a.id = {of}.account_id"
    if cut.needs_customer:
        joins += f" JOIN {Customer._meta.db_table} c ON c.id = a.customer_id"
    return joins
