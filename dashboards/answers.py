"""A question to the registry in words (as commands, the API and pages put it), and its answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from dashboards.metrics import METRICS
from dashboards.metrics.base import Ask, Basis, Cell, Measure, Metric
from dashboards.scope import MonthEnd, Scope, UnknownScope, is_attribute, month_ends, scope
from dashboards.segments import UnknownSegment
from dashboards.tallies import Tallies
from riskops.shared.money import plain_amount
from riskops.shared.scope import WHOLE_BOOK
from riskops.shared.scope import Scope as PersonScope

#: Options that every metric takes, with what they mean.
COMMON_OPTIONS = ("product", "currency", "provenance")
PROVENANCES = ("all", "reported")


class UnusableQuestion(ValueError):
    """The question cannot be put; the message says what there is instead."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The cells of a metric, in order, and what they were made from: `looked_at` are month-ends besides those asked for."""

    metric: Metric
    measure: Measure
    scope: Scope
    options: Mapping[str, str]
    cells: list[Cell]
    days: tuple[MonthEnd, ...]
    closed: tuple[MonthEnd, ...]
    looked_at: frozenset[date]

    @property
    def basis(self) -> Basis:
        """Which truth the cells were made from."""
        return self.metric.basis_with(self.options)

    @property
    def rebuilt_days(self) -> tuple[date, ...]:
        """The month-ends that were filled in later, of those asked for and looked at; empty for a metric made from entries."""
        if self.basis is Basis.KNOWN:
            return ()
        return tuple(day.as_of for day in self.closed if day.is_rebuilt and (day in self.days or day.as_of in self.looked_at))

    def number(self, value: int, segment: str) -> str:
        """Return a numerator or denominator as exports write it: an amount with its currency's digits, or a plain count."""
        if self.measure is Measure.COUNT:
            return str(value)
        return plain_amount(value, digits=self.scope.digits(segment))


def find_metric(name: str) -> Metric:
    """Return the metric of a name.

    :raises UnusableQuestion: no such metric; lists those there are
    """
    if name not in METRICS:
        raise UnusableQuestion(f"no metric {name!r}; there are {', '.join(METRICS)}")
    return METRICS[name]


def answer(
    name: str,
    *,
    first: date,
    last: date,
    measure: str = "",
    segment: str = "",
    options: Mapping[str, str] | None = None,
    visible: PersonScope = WHOLE_BOOK,
) -> Answer:
    """Return the metric's cells at the month-ends in [first, last] that have snapshots.

    :param measure: `amount` or `count`; "" takes the one that the definition states first
    :param options: the metric's own, and `product`, `currency` (a part of the book), `provenance` (`reported` leaves out
        months that were filled in later)
    :param visible: what the person who asks may see; commands ask for the whole book
    :raises UnusableQuestion: anything unknown, or amounts across currencies; the message lists what there is
    """
    metric = find_metric(name)
    if first > last:
        raise UnusableQuestion(f"from {first:%Y-%m-%d} lies after to {last:%Y-%m-%d}; give the earlier day first")
    chosen = _measure(metric, measure)
    given = dict(options or {})
    product, currency = given.pop("product", ""), given.pop("currency", "")
    provenance = given.pop("provenance", "all")
    if provenance not in PROVENANCES:
        raise UnusableQuestion(f"option provenance={provenance!r}: takes {', '.join(PROVENANCES)}")
    settled = _options(metric, given)
    try:
        part = scope(visible=visible, segment_name=segment, product=product, currency=currency)
        part.segment(tier_of="s" if metric.has_tier else "")
    except (UnknownScope, UnknownSegment) as error:
        raise UnusableQuestion(str(error)) from error
    if chosen is Measure.AMOUNT and len(part.currencies) > 1 and segment != "currency":
        raise UnusableQuestion(
            f"the book is in {', '.join(part.currencies)} and amounts never add across currencies: "
            "split them with --segment currency, choose one with --option currency=…, or ask for --measure count"
        )
    closed = tuple(day for day in month_ends() if provenance == "all" or not day.is_rebuilt)
    days = tuple(day for day in closed if first <= day.as_of <= last)
    ask = Ask(tuple(day.as_of for day in days), tuple(day.as_of for day in closed), chosen, part, Tallies(part), settled)
    found = metric.compute(ask)
    if segment.startswith("x_") and found and not any(cell.segment for cell in found) and not is_attribute(segment):
        raise UnusableQuestion(f"no account, customer or product has the attribute {segment}")
    return Answer(metric, chosen, part, settled, found, days, closed, frozenset(ask.looked_at))


def _measure(metric: Metric, name: str) -> Measure:
    if not name:
        return metric.measures[0]
    if name not in metric.measures:
        raise UnusableQuestion(f"{metric.name} has no measure {name!r}; it has {', '.join(metric.measures)}")
    return Measure(name)


def _options(metric: Metric, given: Mapping[str, str]) -> dict[str, str]:
    known = {option.name: option for option in metric.options}
    for name, value in given.items():
        if name not in known:
            there_are = ", ".join((*known, *COMMON_OPTIONS))
            raise UnusableQuestion(f"{metric.name} has no option {name!r}; there are {there_are}")
        if value not in known[name].choices:
            raise UnusableQuestion(f"option {name}={value!r} of {metric.name}: takes {known[name].values}")
    return {name: given.get(name, option.value) for name, option in known.items()}
