"""What an account would owe: the replay with payments that were not made. Values worked out by hand; random accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from book_strategies import RandomAccount, accounts
from hypothesis import given
from hypothesis import strategies as st
from small_books import due, paid

from accounts.rules import simulation
from accounts.rules.entries import InstallmentEntry, PaymentEntry
from accounts.rules.replay import RebuiltAccount, rebuild
from accounts.rules.simulation import Offer, OfferedInstallment, Paid, Subject, Way
from accounts.rules.terms import Terms

START = date(2025, 3, 1)
ONE_DAY = timedelta(days=1)


def subject(
    slips: Sequence[InstallmentEntry],
    *,
    start: date = START,
    days: int = 60,
    payments: Sequence[PaymentEntry] = (),
    is_daily: bool = True,
    **terms: Any,
) -> Subject:
    """Return whose future is asked for, day by day."""
    product = Terms(**terms)

    def rebuilt(extra: Sequence[PaymentEntry], as_of: date) -> RebuiltAccount:
        return rebuild(terms=product, installments=slips, payments=[*payments, *extra], as_of=as_of)

    return Subject(product, rebuilt, start, simulation.series_days(start, start + days * ONE_DAY, is_daily=is_daily))


# Two instalments of 100.00: one past due since 19 February, one due on 20 March; 500 ppm a day.
LATE = [due(date(2025, 2, 19), 10_000, key=1), due(date(2025, 3, 20), 10_000, key=2)]


def test_paying_nothing_costs_the_penalty_of_each_day() -> None:
    found = simulation.simulate(subject(LATE, penalty_rate_ppm=500, days=40), Way.NOTHING, ())
    by_day = {point.day: point for point in found.points}
    # Ten days after 19 February: 100.00 × 500 ppm × 10 = 0.50.
    assert by_day[START].penalty_minor == 50
    assert (by_day[START].days_past_due, by_day[START].bucket) == (10, 1)
    # On 10 April: 100.00 × 500 ppm × 50 = 2.50, and 100.00 × 500 ppm × 21 = 1.05.
    last = by_day[date(2025, 4, 10)]
    assert (last.principal_minor, last.penalty_minor, last.total_minor) == (20_000, 355, 20_355)
    assert (last.days_past_due, last.bucket) == (50, 2)
    assert (found.paid_minor, found.left_minor, found.cost_minor) == (0, 20_355, 305)
    assert found.clear_on is None
    # 3.05 for 40 days of 200.50: 3.05 ÷ 200.50 × 365 ÷ 40 = 13.88 %.
    assert found.simple == (Decimal(305) / Decimal(20_050) * 365 / 40).quantize(Decimal("0.000001"))


def test_the_minimum_is_what_is_past_due_now_and_each_instalment_on_its_day() -> None:
    asked = subject(LATE, penalty_rate_ppm=500, days=40)
    assert simulation.minimum_payments(asked) == (Paid(START, 10_050), Paid(date(2025, 3, 20), 10_000))
    found = simulation.simulate(asked, Way.MINIMUM, simulation.minimum_payments(asked))
    assert found.points[0].days_past_due == 0
    assert found.clear_on == date(2025, 3, 20)
    assert (found.left_minor, found.cost_minor) == (0, 0)
    assert found.simple is not None and abs(found.simple) < Decimal("0.000002")


def test_the_whole_now_leaves_nothing() -> None:
    asked = subject(LATE, penalty_rate_ppm=500)
    assert simulation.whole(asked) == (Paid(START, 20_050),)
    found = simulation.simulate(asked, Way.WHOLE, simulation.whole(asked))
    assert {point.total_minor for point in found.points} == {0}
    assert (found.clear_on, found.cost_minor, found.effective, found.simple) == (START, 0, None, None)


def test_where_payments_wait_for_their_day_the_whole_is_held_as_credit() -> None:
    asked = subject([due(date(2025, 3, 20), 10_000)], holds_prepayment=True)
    found = simulation.simulate(asked, Way.WHOLE, simulation.whole(asked))
    assert (found.points[0].total_minor, found.points[0].credit_minor) == (10_000, 10_000)
    assert (found.points[19].day, found.points[19].total_minor, found.points[19].credit_minor) == (date(2025, 3, 20), 0, 0)
    assert found.clear_on == START


def test_an_amount_paid_once_is_never_more_than_is_owed() -> None:
    asked = subject(LATE, penalty_rate_ppm=500)
    assert simulation.once(asked, START, 5_000) == (Paid(START, 5_000),)
    assert simulation.once(asked, START, 99_999) == (Paid(START, 20_050),)
    # A day later there is 0.05 more.
    assert simulation.once(asked, START + ONE_DAY, 99_999) == (Paid(START + ONE_DAY, 20_055),)


def test_an_amount_paid_monthly_ends_with_what_is_left() -> None:
    asked = subject([due(date(2025, 2, 28), 10_000)], penalty_rate_ppm=500, days=120)
    # 1 March: 100.05 owed, 60.00 paid: 0.05 penalty and 59.95, 40.05 left. 31 days × 40.05 × 500 ppm = 0.620775 → 0.62.
    assert simulation.monthly(asked, START, 6_000) == (Paid(START, 6_000), Paid(date(2025, 4, 1), 4_067))
    found = simulation.simulate(asked, Way.MONTHLY, simulation.monthly(asked, START, 6_000))
    assert (found.clear_on, found.left_minor, found.paid_minor, found.cost_minor) == (date(2025, 4, 1), 0, 10_067, 62)


def test_interest_that_is_not_due_yet_is_the_price_and_not_borrowed() -> None:
    slips = [due(date(2025, 3, 31), 10_000, interest=100)]
    asked = subject(slips)
    assert simulation.borrowed(asked.rebuild((), START)) == 10_000
    assert simulation.owed(asked.rebuild((), START)) == 10_100
    found = simulation.simulate(asked, Way.MINIMUM, simulation.minimum_payments(asked))
    # 1.00 for 100.00 over 30 days.
    assert found.cost_minor == 100
    assert found.simple == (Decimal("0.01") * 365 / 30).quantize(Decimal("0.000001"))
    # Paid at once, the interest is owed all the same under these terms, and has no time to be a rate of.
    at_once = simulation.simulate(asked, Way.WHOLE, simulation.whole(asked))
    assert (at_once.cost_minor, at_once.simple) == (100, None)


def test_what_is_booked_later_counts_as_borrowed_from_then_on() -> None:
    slips = [due(date(2025, 4, 10), 10_000, booked_on=date(2025, 3, 11))]
    found = simulation.simulate(subject(slips, days=60), Way.NOTHING, ())
    assert (found.points[0].total_minor, found.left_minor, found.cost_minor) == (0, 10_000, 0)


def test_equal_instalments_add_up_to_the_minor_unit() -> None:
    offer = simulation.equal_installments("3 months", owed_minor=10_001, number=3, first=date(2025, 1, 31), fee_minor=60)
    assert [one.principal_minor for one in offer.schedule] == [3_334, 3_334, 3_333]
    assert [one.due_date for one in offer.schedule] == [date(2025, 1, 31), date(2025, 2, 28), date(2025, 3, 31)]
    assert sum(one.total_minor for one in offer.schedule) == 10_001 + 180


def test_an_offer_kept_costs_its_fees_and_is_compared_with_what_was_borrowed() -> None:
    asked = subject(LATE, penalty_rate_ppm=500, days=100)
    offer = Offer(
        "two", (OfferedInstallment(date(2025, 3, 31), 10_025, 0, 100), OfferedInstallment(date(2025, 4, 30), 10_025, 0, 100))
    )
    found = simulation.simulate_offer(asked, offer)
    assert found.points[0].total_minor == 20_250
    assert (found.paid_minor, found.left_minor, found.cost_minor) == (20_250, 0, 200)
    assert {point.days_past_due for point in found.points} == {0}
    assert found.clear_on == date(2025, 4, 30)
    # 1.00 on 30 March's 200.50, 1.00 more on what is left a month later.
    assert found.simple is not None and found.effective is not None and found.effective > found.simple > 0


def test_months_end_on_their_last_day() -> None:
    assert simulation.months_later(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert simulation.months_later(date(2024, 1, 31), 12) == date(2025, 1, 31)
    assert simulation.months_later(date(2024, 12, 15), 1) == date(2025, 1, 15)
    assert simulation.series_days(date(2025, 1, 31), date(2025, 3, 15), is_daily=False) == (
        date(2025, 1, 31),
        date(2025, 2, 28),
        date(2025, 3, 15),
    )


@given(accounts(), st.lists(st.tuples(st.integers(0, 30), st.integers(1, 200_000)), max_size=4))
def test_a_simulation_is_the_replay_of_the_same_payments(account: RandomAccount, later: list[tuple[int, int]]) -> None:
    start = account.as_of
    thought_of = [Paid(start + days * ONE_DAY, amount) for days, amount in sorted(later)]

    def rebuilt(extra: Sequence[PaymentEntry], as_of: date) -> RebuiltAccount:
        return replace(account, payments=(*account.payments, *extra)).rebuilt(as_of)

    asked = Subject(account.terms, rebuilt, start, simulation.series_days(start, start + 40 * ONE_DAY, is_daily=True))
    found = simulation.simulate(asked, Way.MONTHLY, thought_of)
    made = [paid(one.day, one.amount_minor, key=900 + number, no=f"\U0010ffff{number}") for number, one in enumerate(thought_of)]
    for point in found.points:
        state = replace(account, payments=(*account.payments, *made)).rebuilt(point.day).state
        assert point == simulation.Point(
            point.day, state.outstanding_principal_minor, state.outstanding_interest_minor, state.outstanding_fee_minor,
            state.penalty_due_minor, state.credit_balance_minor, state.days_past_due, state.bucket,
        )  # fmt: skip


@given(accounts())
def test_whoever_pays_the_minimum_is_past_due_on_no_day(account: RandomAccount) -> None:
    def rebuilt(extra: Sequence[PaymentEntry], as_of: date) -> RebuiltAccount:
        return replace(account, payments=(*account.payments, *extra)).rebuilt(as_of)

    start = account.as_of
    asked = Subject(account.terms, rebuilt, start, simulation.series_days(start, start + 45 * ONE_DAY, is_daily=True))
    ahead = [p for p in account.payments if p.reversed_on is not None and p.reversed_on > start]
    if ahead:
        return
    found = simulation.simulate(asked, Way.MINIMUM, simulation.minimum_payments(asked))
    assert {point.days_past_due for point in found.points} == {0}
