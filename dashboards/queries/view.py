"""Which part of the book a dashboard shows, as the address bar says it, and everything its panels are drawn from."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Final
from urllib.parse import urlencode

from django.db.models import Max
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models.product import Product
from accounts.rules.terms import BUCKET_MAPS
from dashboards.metrics.base import Ask, Cell, Measure, Metric
from dashboards.models import DailyAggregate, FlowAggregate
from dashboards.rules.months import shifted
from dashboards.scope import MonthEnd, Scope, UnknownScope, month_ends, products_with_accounts, scope_of
from dashboards.selections import Selection
from dashboards.tallies import Tallies
from riskops.shared.scope import Scope as PersonScope
from riskops.shared.wording import amount_text, day_text, money_text, month_text, number_text, percent_text

#: Month-ends on a chart: a year and the same month of the year before.
MONTHS_SHOWN: Final = 13
#: How the pages count: shares of the balance, balances, accounts.
MEASURES: Final = ("share", "amount", "count")


@dataclass(frozen=True, slots=True)
class View:
    """What is asked for and what there is. `days` are the month-ends on the charts, oldest first; `month` the chosen one.

    `products` are those to choose from: of the currency shown, so that no product is offered that does not fit it.
    """

    scope: Scope
    products: tuple[Product, ...]
    currencies: tuple[str, ...]
    product: str
    currency: str
    measure: str
    is_late_only: bool
    closed: tuple[MonthEnd, ...]
    month: MonthEnd | None
    tallies: Tallies
    behind_url: str
    refused: tuple[str, ...] = ()

    @property
    def days(self) -> tuple[MonthEnd, ...]:
        """The month-ends on the charts."""
        return self.closed[-MONTHS_SHOWN:]

    @property
    def by_heads(self) -> bool:
        """Whether accounts are counted, and not their balances."""
        return self.measure == "count"

    @property
    def maps(self) -> str:
        """The bucket maps of the products shown, in words: `default: m1 1–30, m2 31–60, …`."""
        names = dict.fromkeys(product.bucket_map for product in self.scope.products)
        return "; ".join(f"{name}: {map_in_words(name)}" for name in names)

    def ask(self, metric: Metric, *, measure: Measure | None = None, days: tuple[MonthEnd, ...] | None = None) -> list[Cell]:
        """Return the metric's cells for the view: its days (or others), its measure (or another)."""
        wanted = measure or (Measure.COUNT if self.by_heads else Measure.AMOUNT)
        chosen = self.days if days is None else days
        options = {option.name: option.value for option in metric.options}
        ask = Ask(
            tuple(day.as_of for day in chosen),
            tuple(day.as_of for day in self.closed),
            wanted,
            self.scope,
            self.tallies,
            options,
        )
        return metric.compute(ask)

    def behind(self, selection: Selection) -> str:
        """Return the address of the accounts of a selection."""
        return f"{self.behind_url}?{selection.query}"

    def selection(self, as_of: date, **chosen: object) -> Selection:
        """Return a selection within the view's part of the book."""
        currency = self.currency if len(self.currencies) > 1 else ""
        return Selection(as_of=as_of, product=self.product, currency=currency, **chosen)  # type: ignore[arg-type]

    def csv_url(self, metric: Metric, *, days: tuple[MonthEnd, ...] | None = None, measure: str = "") -> str:
        """Return the address of a metric's cells as CSV, for what the view shows."""
        chosen = self.days if days is None else days
        parameters = {
            "from": chosen[0].as_of.isoformat(),
            "to": chosen[-1].as_of.isoformat(),
            "measure": measure or ("count" if self.by_heads else "amount"),
            "product": self.product,
            "currency": self.currency if len(self.currencies) > 1 else "",
        }
        query = urlencode({name: value for name, value in parameters.items() if value})
        return f"{reverse('dashboards:metric_csv', args=[metric.name])}?{query}"

    @property
    def stamp(self) -> str:
        """What changes whenever the figures could: the newest rows of the sums, the products, the month-ends, the choices."""
        newest = (
            DailyAggregate.objects.aggregate(newest=Max("pk"))["newest"],
            FlowAggregate.objects.aggregate(newest=Max("pk"))["newest"],
        )
        book = tuple((p.pk, p.product_code, str(p), p.bucket_map) for p in self.products)
        chosen = (
            self.scope.is_whole_book, self.product, self.currency, self.currencies, self.measure, self.is_late_only, self.month,
            self.closed,
        )  # fmt: skip
        return sha256(repr((newest, book, chosen, get_language())).encode()).hexdigest()

    def size_text(self, minor_or_count: int, *, measure: Measure) -> str:
        """Return money with its currency, or a number of accounts."""
        return number_text(minor_or_count) if measure is Measure.COUNT else money_text(minor_or_count, self.currency)

    def figure_text(self, cell: Cell) -> str:
        """Return a bucket's figure as the chosen measure shows it."""
        if self.measure == "share":
            return percent_text(cell.numerator, cell.denominator, digits=2)
        if self.by_heads:
            return number_text(cell.numerator)
        return amount_text(cell.numerator, self.currency)


def map_in_words(name: str) -> str:
    """Return a bucket map in words: `m0 0, m1 1–30, …, m7 181+`."""
    starts = BUCKET_MAPS[name]
    ends = [f"{start}–{following - 1}" for start, following in itertools.pairwise(starts)]
    return ", ".join(["m0 0", *(f"m{k} {days}" for k, days in enumerate([*ends, f"{starts[-1]}+"], start=1))])


def read_view(parameters: Mapping[str, str], *, visible: PersonScope) -> View:
    """Return the view that query parameters ask for; what is not there is said in `refused` and passed over.

    Figures are of the products that the person may see, so that each agrees with the rows it opens.
    """
    refused = []
    every = products_with_accounts()
    seen = visible.among(every)
    product, currency = parameters.get("product", ""), parameters.get("currency", "")
    currencies = tuple(dict.fromkeys(p.currency for p in seen))
    try:
        scope = scope_of(every, visible=visible, product=product, currency=currency)
    except UnknownScope:
        asked = " ".join(part for part in (product, currency) if part)
        refused.append(_("no product or currency with accounts fits %(asked)s") % {"asked": asked})
        # A currency that there is stands: it may have been chosen while a product of another one still was.
        product, currency = "", currency if currency in currencies else ""
        scope = scope_of(every, visible=visible, currency=currency)
    if len(scope.currencies) > 1:
        # Amounts never add across currencies: without a choice, the first product's.
        scope = scope_of(every, visible=visible, product=product, currency=currencies[0])
    shown = next(iter(scope.currencies), "CNY")
    closed = month_ends()
    measure = parameters.get("measure", "") or MEASURES[0]
    if measure not in MEASURES:
        refused.append(_("measure: one of %(names)s") % {"names": ", ".join(MEASURES)})
        measure = MEASURES[0]
    asked = parameters.get("month", "")
    month = next((day for day in closed if day.as_of.isoformat() == asked), None)
    if asked and month is None:
        refused.append(_("month: %(asked)s is no closed month-end with snapshots") % {"asked": asked})
    return View(
        scope=scope,
        products=tuple(p for p in seen if p.currency == shown),
        currencies=currencies,
        product=product,
        currency=shown,
        measure=measure,
        is_late_only=parameters.get("buckets") == "late",
        closed=closed,
        month=month or (closed[-1] if closed else None),
        tallies=Tallies(scope),
        behind_url=reverse("dashboards:accounts_behind"),
        refused=tuple(refused),
    )


def month_label(day: MonthEnd) -> str:
    """Return a month-end as the axis names it; one filled in later says so."""
    word = _("rebuilt")
    return f"{month_text(day.as_of)}<br>{word}" if day.is_rebuilt else month_text(day.as_of)


def span_text(days: tuple[MonthEnd, ...]) -> str:
    """Return the days of a chart: `31 Oct 2024 – 31 Oct 2025`."""
    first, last = day_text(days[0].as_of), day_text(days[-1].as_of)
    return first if first == last else f"{first} – {last}"


def has_month_before(view: View, day: MonthEnd) -> bool:
    """Return whether the month-end before has snapshots, so that moves can be told."""
    return any(other.as_of == shifted(day.as_of, -1) for other in view.closed)
