"""What borrowing costs a year, against published examples and values worked out by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.rules.yearly_cost import Flow, effective_rate, is_over_line, simple_rate, simple_yearly_ppm

MONTHS = 12


def in_percent(rate: Decimal | None) -> str:
    """Return a rate as the directive prints it: one decimal of a percent."""
    assert rate is not None
    return f"{rate * 100:.1f}"


def test_the_examples_of_the_directive_on_consumer_credit_come_out_as_printed() -> None:
    """Directive 98/7/EC, Annex II (the equation of 2008/48/EC, Annex I), examples 1 to 4."""
    # 1: 1,000 lent, 1,200 paid after 18 months.
    assert in_percent(effective_rate([Flow(0, -1_000_00), Flow(18, 1_200_00)], days_a_year=MONTHS)) == "12.9"
    # 2: 50 of it kept back as costs.
    assert in_percent(effective_rate([Flow(0, -950_00), Flow(18, 1_200_00)], days_a_year=MONTHS)) == "16.9"
    # 3: 600 after one year and after two.
    assert in_percent(effective_rate([Flow(0, -1_000_00), Flow(12, 600_00), Flow(24, 600_00)], days_a_year=MONTHS)) == "13.1"
    # 4: 272 after three and after six months, 544 after twelve.
    paid = [Flow(3, 272_00), Flow(6, 272_00), Flow(12, 544_00)]
    assert in_percent(effective_rate([Flow(0, -1_000_00), *paid], days_a_year=MONTHS)) == "13.2"


def test_a_quadratic_is_solved_to_the_last_digit_shown() -> None:
    # 1000 = 600 v + 600 v²: v = (−3 + √69) / 6, rate = 1 / v − 1 = 0.1306623…
    found = effective_rate([Flow(0, -1_000_00), Flow(365, 600_00), Flow(730, 600_00)])
    assert found == Decimal("0.130662")


def test_twelve_equal_instalments_give_the_annuity_rate_and_its_simple_twin() -> None:
    # A monthly rate of 1 % on 12,000.00 is twelve payments of 1,066.19 (annuity): nominal 12 %, effective 1.01^12 − 1 = 12.68 %.
    flows = [Flow(0, -12_000_00), *(Flow(month, 1_066_19) for month in range(1, 13))]
    effective, simple = effective_rate(flows, days_a_year=MONTHS), simple_rate(flows, days_a_year=MONTHS)
    assert effective is not None and simple is not None
    assert abs(effective - Decimal("0.126825")) < Decimal("0.00001")
    assert abs(simple - Decimal("0.12")) < Decimal("0.00001")


def test_a_flat_fee_each_month_costs_nearly_twice_what_it_says() -> None:
    # 0.6 % of 12,000.00 each month for a year: said to be 7.2 %. Twelve payments of 1,072.00: 1.08 % a month.
    flows = [Flow(0, -12_000_00), *(Flow(month, 1_072_00) for month in range(1, 13))]
    assert in_percent(simple_rate(flows, days_a_year=MONTHS)) == "13.0"
    assert in_percent(effective_rate(flows, days_a_year=MONTHS)) == "13.8"


def test_seven_ten_thousandths_a_day_are_25_55_percent_a_year_by_the_simple_way() -> None:
    assert simple_rate([Flow(0, -10_000_00), Flow(1, 10_007_00)]) == Decimal("0.255500")
    assert simple_rate([Flow(0, -10_000_00), Flow(100, 10_700_00)]) == Decimal("0.255500")
    assert simple_yearly_ppm(700) == 255_500
    assert is_over_line(700, 2_400)


def test_the_line_itself_is_allowed_and_one_more_a_day_is_not() -> None:
    # 24 % ÷ 365 = 657.53… ppm a day.
    assert not is_over_line(657, 2_400)
    assert is_over_line(658, 2_400)
    assert not is_over_line(100, 365)
    assert is_over_line(101, 365)


def test_a_payment_takes_what_accrued_first_and_nothing_accrues_on_that() -> None:
    # 100 days of 0.1 % on 1,000.00 are 100.00; 50.00 leaves 50.00 accrued, 100 more days add 100.00: 1,150.00 settle it.
    flows = [Flow(0, -1_000_00), Flow(100, 50_00), Flow(200, 1_150_00)]
    assert simple_rate(flows) == Decimal("0.365000")


@pytest.mark.parametrize(
    "flows",
    [[], [Flow(0, -100)], [Flow(0, 100)], [Flow(0, -100), Flow(0, 100)], [Flow(0, 100), Flow(10, -100)]],
    ids=["nothing", "only lent", "only paid", "all on one day", "paid first"],
)
def test_where_there_is_no_rate_none_is_given(flows: list[Flow]) -> None:
    assert effective_rate(flows) is None
    assert simple_rate(flows) is None


def test_paying_back_what_was_lent_costs_nothing() -> None:
    flows = [Flow(0, -300), Flow(10, 100), Flow(20, 200)]
    assert abs(effective_rate(flows) or 0) < Decimal("0.000001")
    assert abs(simple_rate(flows) or 0) < Decimal("0.000001")


def test_paying_back_less_is_a_rate_below_zero() -> None:
    # Half of it is given up over a year.
    assert effective_rate([Flow(0, -200), Flow(365, 100)]) == Decimal("-0.500000")
    assert simple_rate([Flow(0, -200), Flow(365, 100)]) == Decimal("-0.500000")


@given(
    st.integers(1, 10**10),
    st.lists(st.tuples(st.integers(1, 1_800), st.integers(1, 10**9)), min_size=1, max_size=20),
)
def test_the_rate_found_makes_what_is_paid_worth_what_was_lent(lent: int, paid: list[tuple[int, int]]) -> None:
    flows = [Flow(0, -lent), *(Flow(days, amount) for days, amount in paid)]
    rate = effective_rate(flows)
    if rate is None:
        return
    assert Decimal("-0.99") <= rate <= 100
    # A step of what is shown to either side stands on either side of zero.
    step = 0.000002

    def worth(at: float) -> float:
        return sum(flow.amount_minor / (1 + at) ** (flow.days / 365) for flow in flows)

    noise = 1e-9 * (lent + sum(amount for _days, amount in paid)) * 10
    assert worth(float(rate) - step) >= -noise
    assert worth(float(rate) + step) <= noise
