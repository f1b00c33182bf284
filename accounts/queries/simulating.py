"""What an account, or one that is made up, would owe: the pages' and the API's questions put to accounts/rules/simulation.py."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from accounts.models import AccountState, CreditAccount, Product
from accounts.queries.account_page import LoadedAccount
from accounts.queries.conduct_figures import conduct_figures
from accounts.queries.entries import AccountEntries, load_entries
from accounts.queries.previews import open_day
from accounts.rules import simulation
from accounts.rules.conduct_figures import ConductCode
from accounts.rules.entries import InstallmentEntry, PaymentEntry
from accounts.rules.explanation import PenaltyExplanation, explain
from accounts.rules.replay import InstallmentState, RebuiltAccount, rebuild
from accounts.rules.simulation import Course, Offer, Paid, Subject, Way
from accounts.rules.yearly_cost import is_over_line, simple_yearly_ppm
from accounts.simulation_offers import offers_to
from riskops.shared.day import book_state

#: What is looked ahead unless asked otherwise, in days.
USUAL_DAYS: Final = 180


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a simulation; amounts in minor units.

    :param days: how far ahead
    :param once, monthly: a payment on a day, or each month from a day on; None: not asked
    :param plans: so many equal instalments each, from `plans_from` on, with `plan_fee_minor` in each
    :param offers: schedules that somebody offers, compared as they are
    """

    days: int = USUAL_DAYS
    is_daily: bool = False
    once: Paid | None = None
    monthly: Paid | None = None
    plans: tuple[int, ...] = ()
    plans_from: date | None = None
    plan_fee_minor: int = 0
    offers: tuple[Offer, ...] = ()


@dataclass(frozen=True, slots=True)
class MadeUp:
    """An account that is made up: an amount bought on a day under a product, to be paid in monthly instalments.

    :param fee_minor: of each instalment
    """

    amount_minor: int
    number: int
    bought_on: date
    first_due_on: date
    fee_minor: int = 0


@dataclass(frozen=True, slots=True)
class Formula:
    """How the penalty of one instalment comes about by the last day, if nothing is paid."""

    entry: InstallmentEntry
    installment: InstallmentState
    explanation: PenaltyExplanation


@dataclass(frozen=True, slots=True)
class Simulated:
    """The ways side by side. Amounts in minor units of `currency`.

    :param owed_minor: everything owed on the first day; `due_minor` what of it is due by then
    """

    currency: str
    minor_digits: int
    subject: Subject
    owed_minor: int
    due_minor: int
    courses: tuple[Course, ...]
    formulas: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class YearlyCost:
    """What lateness costs a year under a product, by the simple way, against the line; parts per million and hundredths of
    a percent.
    """

    product: Product
    daily_ppm: int
    yearly_ppm: int
    line_bp: int

    @property
    def is_over(self) -> bool:
        """Whether it costs more than the line."""
        return is_over_line(self.daily_ppm, self.line_bp)


def yearly_costs(products: Iterable[Product]) -> tuple[YearlyCost, ...]:
    """Return what products cost a year, in their order."""
    line = conduct_figures()[ConductCode.YEARLY_COST_LINE]
    return tuple(
        YearlyCost(product, product.penalty_rate_ppm, simple_yearly_ppm(product.penalty_rate_ppm), line) for product in products
    )


def first_day_of(loaded: LoadedAccount) -> date:
    """Return the first day on which something can still be paid: the open day, or the one that the account stands on."""
    return max(loaded.head.stands_on, open_day(loaded.head.business_date) or loaded.head.stands_on)


def simulate_account(loaded: LoadedAccount, asked: Asked) -> Simulated:
    """Return how an account goes on. What is in the book already, dated ahead, counts on its day."""
    return _of_account(loaded.entries, first_day_of(loaded), asked, loaded.head.account.product)


def own_first_day(account: CreditAccount, *, today: date) -> date:
    """Return the first day on which a customer can still pay on an account.

    :param today: stands in for the business date before the first close
    """
    business_date = book_state().business_date
    ahead_on = AccountState.objects.filter(pk=account.pk).values_list("ahead_on", flat=True).first()
    stands_on = max((day for day in (business_date, ahead_on) if day), default=today)
    return max(stands_on, open_day(business_date) or stands_on)


def simulate_own(account: CreditAccount, asked: Asked, *, start: date) -> Simulated:
    """Return how an account goes on, as its customer asks.

    :param account: read with its product
    :param start: see `own_first_day`
    """
    return _of_account(load_entries([account.pk])[account.pk], start, asked, account.product)


def _of_account(entries: AccountEntries, start: date, asked: Asked, product: Product) -> Simulated:
    def rebuilt(extra: Sequence[PaymentEntry], as_of: date) -> RebuiltAccount:
        return replace(entries, payments=[*entries.payments, *extra]).rebuilt(as_of)

    until = start + timedelta(days=asked.days)
    subject = Subject(entries.terms, rebuilt, start, simulation.series_days(start, until, is_daily=asked.is_daily))
    drawn = offers_to(entries.account_id, rebuilt((), start))
    return _simulated(subject, replace(asked, offers=(*drawn, *asked.offers)), product.currency, product.minor_digits)


def simulate_made_up(product: Product, made_up: MadeUp, asked: Asked) -> Simulated:
    """Return how an account goes on that does not exist."""
    terms = product.terms
    offer = simulation.equal_installments(
        "", owed_minor=made_up.amount_minor, number=made_up.number, first=made_up.first_due_on, fee_minor=made_up.fee_minor
    )
    slips = [
        InstallmentEntry(number, "", number, made_up.bought_on, one.due_date, one.principal_minor, 0, one.fee_minor)
        for number, one in enumerate(offer.schedule, 1)
    ]

    def rebuilt(extra: Sequence[PaymentEntry], as_of: date) -> RebuiltAccount:
        return rebuild(terms=terms, installments=slips, payments=extra, as_of=as_of)

    start = made_up.bought_on
    until = start + timedelta(days=asked.days)
    subject = Subject(terms, rebuilt, start, simulation.series_days(start, until, is_daily=asked.is_daily))
    return _simulated(subject, asked, product.currency, product.minor_digits)


def _simulated(subject: Subject, asked: Asked, currency: str, minor_digits: int) -> Simulated:
    now = subject.rebuild((), subject.start)
    owed = simulation.owed(now)
    ways: list[tuple[Way, Sequence[Paid]]] = [
        (Way.NOTHING, ()),
        (Way.MINIMUM, simulation.minimum_payments(subject)),
        (Way.WHOLE, simulation.whole(subject)),
    ]
    if asked.once is not None:
        ways.append((Way.ONCE, simulation.once(subject, *asked.once)))
    if asked.monthly is not None:
        ways.append((Way.MONTHLY, simulation.monthly(subject, *asked.monthly)))
    courses = [simulation.simulate(subject, way, paid) for way, paid in ways]
    first = asked.plans_from or simulation.months_later(subject.start, 1)
    offers = [
        *(
            simulation.equal_installments(
                str(number), owed_minor=owed, number=number, first=first, fee_minor=asked.plan_fee_minor
            )
            for number in asked.plans
            if owed
        ),
        *asked.offers,
    ]
    courses += [simulation.simulate_offer(subject, offer) for offer in offers]
    return Simulated(
        currency=currency,
        minor_digits=minor_digits,
        subject=subject,
        owed_minor=owed,
        due_minor=simulation.due_by(now),
        courses=tuple(courses),
        formulas=tuple(_formulas(subject.rebuild((), subject.until))),
    )


def _formulas(rebuilt: RebuiltAccount) -> Iterable[Formula]:
    for installment in rebuilt.installments:
        explanation = explain(rebuilt, installment)
        if explanation.spans and explanation.due_minor:
            yield Formula(installment.entry, installment, explanation)
