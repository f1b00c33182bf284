"""The instalments an amount makes, and which plans are suggested: worked out by hand, and what must always hold."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.rules.plans import (
    Affordability,
    Due,
    Owed,
    PaysLessThanItAccrues,
    TooLong,
    by_amount,
    expected_minor,
    interest_minor,
    least_amount,
    month_later,
    suggest,
)

FIRST = date(2025, 4, 30)
#: 100.00 of principal, 6.00 of fees and penalty.
OWED = Owed(10_000, 0, 600)


def test_fees_are_paid_first_then_interest_then_principal_and_the_last_instalment_is_what_is_left() -> None:
    dues = by_amount(Owed(10_000, 500, 600), 3_534, first_due=FIRST, month_ppm=0)

    assert dues == (
        Due(date(2025, 4, 30), 2_434, 500, 600),
        Due(date(2025, 5, 30), 3_534, 0, 0),
        Due(date(2025, 6, 30), 3_534, 0, 0),
        Due(date(2025, 7, 30), 498, 0, 0),
    )


def test_interest_that_goes_on_is_of_the_principal_left_rounded_half_up() -> None:
    # 1 % a month: 100.00 costs 1.00, the 51.00 left 0.51, the 1.51 left 0.0151.
    dues = by_amount(Owed(10_000, 0, 0), 5_000, first_due=FIRST, month_ppm=10_000)

    assert dues == (
        Due(date(2025, 4, 30), 4_900, 100, 0),
        Due(date(2025, 5, 30), 4_949, 51, 0),
        Due(date(2025, 6, 30), 151, 2, 0),
    )


def test_an_amount_that_does_not_pay_the_interest_of_a_month_is_no_plan() -> None:
    with pytest.raises(PaysLessThanItAccrues) as refused:
        by_amount(Owed(10_000, 0, 0), 100, first_due=FIRST, month_ppm=10_000)
    assert refused.value.accrues_minor == 100

    assert by_amount(Owed(10_000, 0, 0), 101, first_due=FIRST, month_ppm=10_000, most=1_000)[0] == Due(FIRST, 1, 100, 0)


def test_an_amount_that_takes_too_long_says_what_would_not() -> None:
    with pytest.raises(TooLong) as refused:
        by_amount(OWED, 100, first_due=FIRST, month_ppm=0, most=60)
    # 106.00 in sixty: 1.7667, so 1.77.
    assert refused.value.least_minor == 177
    assert len(by_amount(OWED, 177, first_due=FIRST, month_ppm=0, most=60)) == 60


def test_months_later_keep_to_the_last_day_of_a_short_one() -> None:
    assert month_later(date(2025, 1, 31), 1) == date(2025, 2, 28)
    assert month_later(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert month_later(date(2025, 3, 11), -60) == date(2020, 3, 11)
    assert month_later(date(2025, 11, 30), 15) == date(2027, 2, 28)


def test_what_is_left_of_an_income_is_shared_and_never_below_nothing() -> None:
    assert Affordability(20_000, 12_000, 0).can_pay_minor(share_bp=5_000) == 4_000
    assert Affordability(20_000, 12_000, 1).can_pay_minor(share_bp=5_000) == 3_999
    assert Affordability(20_000, 12_000, 9_000).left_minor == -1_000
    assert Affordability(20_000, 12_000, 9_000).can_pay_minor(share_bp=5_000) == 0


def test_what_is_expected_is_each_instalment_times_the_chance_that_the_plan_stands() -> None:
    dues = by_amount(OWED, 3_534, first_due=FIRST, month_ppm=0)
    # 35.34 × 0.97 + 35.34 × 0.9409 + 35.32 × 0.912673 = 99.7668…
    assert [due.total_minor for due in dues] == [3_534, 3_534, 3_532]
    assert expected_minor(dues, break_bp=300) == 9_976
    assert expected_minor(dues, break_bp=0) == 10_600


def test_what_can_be_paid_comes_first_and_of_that_what_brings_most() -> None:
    found = suggest(OWED, 4_000, first_due=FIRST, month_ppm=0, break_bp=300, most=6)

    assert [(one.number, one.monthly_minor, one.fits) for one in found] == [
        (3, 3_534, True),
        (4, 2_650, True),
        (6, 1_767, True),
        (2, 5_300, False),
        (1, 10_600, False),
    ]
    assert found[0].expected_minor == 9_976


owed = st.builds(
    Owed,
    principal_minor=st.integers(0, 3_000_000),
    interest_minor=st.integers(0, 50_000),
    fee_minor=st.integers(0, 50_000),
).filter(lambda o: o.total_minor)


@given(owed=owed, number=st.integers(1, 60), month_ppm=st.sampled_from([0, 1, 5_000, 20_000]))
def test_a_plan_holds_exactly_what_it_takes_over_and_its_interest_and_a_cent_less_would_not_do(
    owed: Owed, number: int, month_ppm: int
) -> None:
    amount = least_amount(owed, number, month_ppm=month_ppm)
    dues = by_amount(owed, amount, first_due=FIRST, month_ppm=month_ppm, most=number)

    assert 1 <= len(dues) <= number
    assert sum(due.principal_minor for due in dues) == owed.principal_minor
    assert sum(due.fee_minor for due in dues) == owed.fee_minor
    left, price = owed.principal_minor, 0
    for due in dues:
        price += interest_minor(left, month_ppm=month_ppm)
        left -= due.principal_minor
    assert sum(due.interest_minor for due in dues) == owed.interest_minor + price
    assert all(due.total_minor == amount for due in dues[:-1]) and 0 < dues[-1].total_minor <= amount
    assert [due.due_date for due in dues] == sorted({due.due_date for due in dues})
    if amount > 1:
        with pytest.raises((TooLong, PaysLessThanItAccrues)):
            by_amount(owed, amount - 1, first_due=FIRST, month_ppm=month_ppm, most=number)
