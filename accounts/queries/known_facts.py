"""What rules would have seen of accounts at the close of any day, from the entries of today (portfolio-format, rule 7).

Rebuilt from the entries: everything that days past due, amounts, payments and the month-ends before give. Not rebuilt, since
no history of it is kept: the credit limit, score, disputes, fraud, legal, holds, plans, refusals of automated decisions. Those
are as they stand now, unless a room above that keeps their history tells them (`register_known`), as it does of promises. A
restriction or a review dated after the day had not happened on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any, Final, NamedTuple

from accounts.bulk.signals import month_ends_before
from accounts.models import AccountSignals, CreditAccount
from accounts.queries.entries import AccountEntries
from accounts.rules.aging import CATEGORIES
from accounts.rules.replay import RebuiltAccount
from accounts.rules.terms import Component
from riskops.shared.rule_language import Plain
from riskops.shared.rule_language.facts import AMOUNT_DIGITS

#: Facts that are columns of the signals, as they stand now.
_AS_NOW: Final = {
    "score": "score",
    "broken_promises_6m": "broken_promises_6m",
    "open_promise": "has_open_promise",
    "disputed": "is_disputed",
    "fraud_suspected": "is_fraud_suspected",
    "in_legal": "is_in_legal",
    "on_hold": "is_on_hold",
    "hardship_plan": "has_hardship_plan",
    "placed": "is_placed",
    "vulnerable": "is_vulnerable",
    "failed_debits_3m": "failed_debits_3m",
    "no_automated_decisions": "refuses_automated_decisions",
}


#: Tells facts of accounts at the days they were rebuilt for, by account id; in a fixed number of queries.
TellKnown = Callable[[Sequence[tuple[AccountEntries, RebuiltAccount]]], Mapping[int, Mapping[str, Plain]]]

_TELLERS: Final[dict[str, TellKnown]] = {}


def register_known(name: str, tell: TellKnown) -> None:
    """Let a room above tell facts of past days that it keeps the history of; a second one of the name replaces the first."""
    _TELLERS[name] = tell


class MonthEnd(NamedTuple):
    """An account at a month-end, as its entries say now."""

    days_past_due: int
    outstanding_principal_minor: int


class KnownFacts(Mapping[str, Plain]):
    """The facts of one account at the close of a day, each worked out when a rule first asks for it."""

    def __init__(
        self,
        entries: AccountEntries,
        rebuilt: RebuiltAccount,
        *,
        limit_minor: int,
        product: str,
        currency: str,
        signals: AccountSignals,
        told: Mapping[str, Plain],
    ) -> None:
        self.entries = entries
        self.rebuilt = rebuilt
        self.as_of = rebuilt.as_of
        self.limit_minor = limit_minor
        self.product = product
        self.currency = currency
        self.signals = signals
        self.told = told

    def __getitem__(self, name: str) -> Plain:
        if name in self.told:
            return self.told[name]
        if name in _AS_NOW:
            now: Plain = getattr(self.signals, _AS_NOW[name])
            return now
        work_out = _WORKED_OUT[name]
        return work_out(self)

    def __iter__(self) -> Iterator[str]:
        yield from _AS_NOW
        yield from _WORKED_OUT

    def __len__(self) -> int:
        return len(_AS_NOW) + len(_WORKED_OUT)

    def major(self, minor: int) -> int:
        """Return an amount as facts hold it: ten-thousandths of a major unit."""
        scaled: int = minor * 10 ** (AMOUNT_DIGITS - self.entries.minor_digits)
        return scaled

    def utilization(self, principal_minor: int) -> int | None:
        """Return outstanding principal in hundredths of a percent of the limit; None with a limit of 0."""
        return principal_minor * 10_000 // self.limit_minor if self.limit_minor else None

    def days_since(self, day: date | None) -> int | None:
        """Return the days from a day to the one asked for; None without one, or where it had not come."""
        return None if day is None or day > self.as_of else (self.as_of - day).days

    @cached_property
    def history(self) -> list[MonthEnd]:
        """The last six month-ends before the day, newest first."""
        return [month_end_of(self.entries, self.rebuilt, day) for day in month_ends_before(self.as_of)]


def _change(now: int | None, before: int | None) -> int | None:
    return None if now is None or before is None else now - before


def _owed(facts: KnownFacts) -> int:
    state = facts.rebuilt.state
    owed = state.outstanding_principal_minor + state.outstanding_interest_minor + state.outstanding_fee_minor
    return facts.major(owed + state.penalty_due_minor)


def _utilization(facts: KnownFacts) -> int | None:
    return facts.utilization(facts.rebuilt.state.outstanding_principal_minor)


_WORKED_OUT: Final[dict[str, Any]] = {
    "dpd": lambda facts: facts.rebuilt.state.days_past_due,
    "dpd_change": lambda facts: facts.rebuilt.state.days_past_due - facts.history[0].days_past_due,
    "bucket": lambda facts: facts.rebuilt.state.bucket,
    "worst_dpd_6m": lambda facts: max(month.days_past_due for month in facts.history),
    "late_months_6m": lambda facts: sum(month.days_past_due > 0 for month in facts.history),
    "overdue": lambda facts: facts.major(facts.rebuilt.state.overdue_total_minor),
    "exposure": _owed,
    "credit_limit": lambda facts: facts.major(facts.limit_minor),
    "available": lambda facts: facts.major(max(0, facts.limit_minor - facts.rebuilt.state.outstanding_principal_minor)),
    "utilization": _utilization,
    "utilization_change": lambda facts: _change(
        _utilization(facts), facts.utilization(facts.history[0].outstanding_principal_minor)
    ),
    "days_since_payment": lambda facts: facts.days_since(facts.entries.last_payment_on(facts.as_of)),
    "months_on_book": lambda facts: (
        (facts.as_of.year - facts.entries.opened_on.year) * 12 + facts.as_of.month - facts.entries.opened_on.month
    ),
    "category": lambda facts: CATEGORIES[facts.rebuilt.state.category],
    "stage": lambda facts: facts.rebuilt.state.stage,
    "written_off": lambda facts: facts.entries.is_written_off(facts.as_of),
    "product": lambda facts: facts.product,
    "currency": lambda facts: facts.currency,
    "score_change": lambda facts: _change(facts.signals.score, facts.signals.score_month_end),
    "restricted": lambda facts: (
        facts.signals.is_restricted and (facts.signals.restricted_on is None or facts.signals.restricted_on <= facts.as_of)
    ),
    "days_since_restriction": lambda facts: facts.days_since(facts.signals.restricted_on),
    "days_since_failed_debit": lambda facts: facts.days_since(facts.signals.debit_failed_on),
    "days_since_review": lambda facts: facts.days_since(facts.signals.reviewed_on),
}


def known_facts(accounts: Iterable[tuple[AccountEntries, RebuiltAccount]]) -> dict[int, KnownFacts]:
    """Return what rules would have seen of accounts, each at the day it was rebuilt for; as many queries for all as for one."""
    listed = list(accounts)
    ids = [entries.account_id for entries, _rebuilt in listed]
    own = CreditAccount.objects.filter(pk__in=ids).values_list(
        "pk", "credit_limit_minor", "product__product_code", "product__currency"
    )
    columns = {pk: (limit, product, currency) for pk, limit, product, currency in own}
    signals = AccountSignals.objects.in_bulk(ids)
    quiet = AccountSignals()
    told: dict[int, dict[str, Plain]] = {}
    for tell in _TELLERS.values():
        for account_id, facts in tell(listed).items():
            told.setdefault(account_id, {}).update(facts)
    found = {}
    for entries, rebuilt in listed:
        limit, product, currency = columns[entries.account_id]
        found[entries.account_id] = KnownFacts(
            entries,
            rebuilt,
            limit_minor=limit,
            product=product,
            currency=currency,
            signals=signals.get(entries.account_id, quiet),
            told=told.get(entries.account_id, {}),
        )
    return found


def _has_undone_the_past(entries: AccountEntries, day: date, as_of: date) -> bool:
    """Return whether something since the day makes what is known at its end say less of the day itself."""
    return (
        any(p.value_date <= day and p.reversed_on is not None and day < p.reversed_on <= as_of for p in entries.payments)
        or any(i.cancelled_on is not None and day < i.cancelled_on <= as_of for i in entries.installments)
        or bool(entries.changes)
    )


def month_end_of(entries: AccountEntries, rebuilt: RebuiltAccount, day: date) -> MonthEnd:
    """Return an account at an earlier day than it was rebuilt for.

    Read off the allocations, which say when each took place, instead of replaying the entries once more; where a payment
    that counted on the day was reversed since, an instalment cancelled, or a schedule changed, they no longer tell, and the
    entries are replayed.
    """
    if day < entries.opened_on:
        return MonthEnd(0, 0)
    if _has_undone_the_past(entries, day, rebuilt.as_of):
        state = entries.rebuilt(day).state
        return MonthEnd(state.days_past_due, state.outstanding_principal_minor)
    paid: dict[int, int] = {}
    paid_principal: dict[int, int] = {}
    lines = [(a.installment, a.component, a.amount_minor) for a in rebuilt.allocations if a.allocated_on <= day]
    lines += [(w.installment, w.component, w.amount_minor) for w in rebuilt.waived if w.waived_on <= day]
    for key, component, amount in lines:
        if component is not Component.PENALTY:
            paid[key] = paid.get(key, 0) + amount
        if component is Component.PRINCIPAL:
            paid_principal[key] = paid_principal.get(key, 0) + amount
    oldest, principal = None, 0
    for installment in rebuilt.installments:
        entry = installment.entry
        if entry.booked_on > day:
            continue
        principal += entry.principal_minor - paid_principal.get(entry.key, 0)
        is_unpaid = paid.get(entry.key, 0) < entry.principal_minor + entry.interest_minor + entry.fee_minor
        if is_unpaid and entry.due_date < day and (oldest is None or entry.due_date < oldest):
            oldest = entry.due_date
    return MonthEnd((day - oldest).days if oldest else 0, principal)
