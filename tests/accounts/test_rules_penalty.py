"""The penalty of one instalment, worked out by hand. Source: portfolio-format, "Aging, exactly", rule 4.

Unless told: 100.00 of principal due on 10 March 2025 at 500 ppm, so that a day costs 10,000 × 500 = 5,000,000 micro = 5.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from small_books import account, due, paid, waived

from accounts.rules.terms import Component

DUE = date(2025, 3, 10)


def march(day: int) -> date:
    return date(2025, 3, day)


def penalty(as_of: date, *entries: Any, installment: Any = None, waivers: Any = (), **terms: Any) -> int:
    """Return the penalty due on a day."""
    found = account(as_of, [installment or due(DUE, 10_000)], entries, waivers, **{"penalty_rate_ppm": 500, **terms})
    return found.state.penalty_due_minor


@pytest.mark.parametrize(("as_of", "expected"), [(9, 0), (10, 0), (11, 5), (12, 10), (20, 50)])
def test_without_grace_each_day_late_costs_a_day(as_of: int, expected: int) -> None:
    assert penalty(march(as_of)) == expected


@pytest.mark.parametrize(("as_of", "expected"), [(10, 0), (14, 0), (15, 0), (16, 30), (17, 35)])
def test_from_the_due_date_the_days_of_grace_appear_the_day_after_it_ends(as_of: int, expected: int) -> None:
    # G is the 15th: nothing at its close, at the close of the 16th the six days from the 11th on.
    assert penalty(march(as_of), grace_days=5) == expected


@pytest.mark.parametrize(("as_of", "expected"), [(10, 0), (15, 0), (16, 5), (17, 10)])
def test_from_the_grace_end_the_first_day_after_it_is_the_first_charged(as_of: int, expected: int) -> None:
    assert penalty(march(as_of), grace_days=5, penalty_from_grace_end=True) == expected


def test_paid_in_full_on_the_last_day_of_grace_costs_nothing_for_good() -> None:
    for from_grace_end in (False, True):
        terms = {"grace_days": 5, "penalty_from_grace_end": from_grace_end}
        assert penalty(march(15), paid(march(15), 10_000), **terms) == 0
        assert penalty(march(31), paid(march(15), 10_000), **terms) == 0


def test_paid_in_full_a_day_after_grace_costs_its_days() -> None:
    # By the 16th six days (from the due date) or one (from the grace end), taken before the principal: 30, or 5, is left of it.
    late = account(march(31), [due(DUE, 10_000)], [paid(march(16), 10_000)], penalty_rate_ppm=500, grace_days=5)
    assert (late.state.outstanding_principal_minor, late.state.days_past_due) == (30, 21)
    # 30 × 500 ppm × 15 days = 0.225, so nothing more is due yet.
    assert late.state.penalty_due_minor == 0
    assert penalty(march(31), paid(march(16), 10_005), grace_days=5, penalty_from_grace_end=True) == 0


def test_paid_in_full_but_for_a_cent_of_fee_inside_grace_costs_the_days_the_base_stood() -> None:
    # All principal paid on the 13th, the fee of 0.01 left open: the base stood on three days (11th, 12th, 13th).
    found = account(
        march(16),
        [due(DUE, 10_000, fee=1)],
        [paid(march(13), 10_000)],
        penalty_rate_ppm=500,
        grace_days=5,
        allocation_order=(Component.PRINCIPAL, Component.FEE, Component.INTEREST, Component.PENALTY),
    )
    assert (found.state.penalty_due_minor, found.state.overdue_fee_minor) == (15, 1)


def test_a_part_payment_inside_grace_lowers_the_base_from_the_next_day() -> None:
    # 10,000 on the 11th, 12th and 13th (15), then 4,000 on the 14th, 15th, 16th (2 a day: 6).
    terms = {"grace_days": 5}
    assert penalty(march(15), paid(march(13), 6_000), **terms) == 0
    assert penalty(march(16), paid(march(13), 6_000), **terms) == 21
    # From the grace end only the 16th counts, on the 4,000 left.
    assert penalty(march(16), paid(march(13), 6_000), penalty_from_grace_end=True, **terms) == 2


def test_the_rest_paid_inside_grace_takes_back_what_had_run_up() -> None:
    assert penalty(march(31), paid(march(13), 6_000), paid(march(15), 4_000, key=2), grace_days=5) == 0


def test_a_payment_lowers_the_base_from_the_day_after_it() -> None:
    # Order principal first: 5 for the 11th, 5 for the 12th (paid that day), then 2.5 a day.
    order = (Component.PRINCIPAL, Component.INTEREST, Component.FEE, Component.PENALTY)
    assert [penalty(march(d), paid(march(12), 5_000), allocation_order=order) for d in (11, 12, 13, 14)] == [5, 10, 13, 15]


def test_a_day_of_payment_on_the_due_date_is_no_late_day() -> None:
    assert penalty(march(20), paid(DUE, 10_000)) == 0
    # Half of it paid on the due date: 2.5 a day for ten days.
    assert penalty(march(20), paid(DUE, 5_000)) == 25


def test_paying_three_days_late_costs_three_days() -> None:
    found = account(march(13), [due(DUE, 10_000)], [paid(march(13), 10_015)], penalty_rate_ppm=500)
    assert (found.state.outstanding_principal_minor, found.state.penalty_due_minor, found.state.credit_balance_minor) == (0, 0, 0)


def test_a_cap_of_nothing_means_no_penalty() -> None:
    assert penalty(march(31), penalty_cap_bp=0) == 0


def test_the_cap_is_a_percent_of_the_scheduled_principal_with_decimals() -> None:
    # 0.37 % of 100.00 is 0.37: reached within the eighth day; 0.01 % of 33.33 is 0.3333 minor, rounded to 0.
    assert [penalty(march(d), penalty_cap_bp=37) for d in (17, 18, 31)] == [35, 37, 37]
    assert penalty(march(31), installment=due(DUE, 3_333), penalty_cap_bp=1) == 0
    # 0.02 % of 33.33 is 0.6666 minor, rounded to 1.
    assert penalty(march(31), installment=due(DUE, 3_333), penalty_cap_bp=2) == 1


def test_a_cap_of_a_hundred_percent_is_the_principal() -> None:
    # 5 a day reaches 10,000 after 2,000 days: 31 August 2030.
    days = (date(2030, 8, 30), date(2030, 8, 31), date(2030, 9, 30))
    assert [penalty(day, penalty_cap_bp=10_000) for day in days] == [9_995, 10_000, 10_000]
    assert penalty(days[2], penalty_cap_bp=1_050) == 1_050


def test_the_cap_bounds_what_accrued_and_not_what_is_left_of_it() -> None:
    # Capped at 37 in all: 30 paid on the 16th, so 7 more is all there will ever be.
    found = account(date(2025, 12, 31), [due(DUE, 10_000)], [paid(march(16), 30)], penalty_rate_ppm=500, penalty_cap_bp=37)
    assert found.state.penalty_due_minor == 7


def test_the_cap_follows_the_principal_even_when_interest_is_in_the_base() -> None:
    installment = due(DUE, 1_000, interest=9_000)
    assert penalty(march(20), installment=installment, penalty_on_interest=True, penalty_cap_bp=300) == 30
    # An instalment without principal has a cap of nothing.
    assert penalty(march(20), installment=due(DUE, 0, interest=9_000), penalty_on_interest=True, penalty_cap_bp=300) == 0


def test_interest_is_in_the_base_only_if_the_product_says_so() -> None:
    installment = due(DUE, 10_000, interest=2_000, fee=5_000)
    assert penalty(march(20), installment=installment) == 50
    assert penalty(march(20), installment=installment, penalty_on_interest=True) == 60


@pytest.mark.parametrize(
    ("principal", "rate", "expected"), [(999, 500, 0), (1_000, 500, 1), (1_001, 500, 1), (2_999, 500, 1), (3_000, 500, 2)]
)
def test_penalty_is_rounded_half_up_to_a_minor_unit(principal: int, rate: int, expected: int) -> None:
    # One day: 0.4995, 0.5, 0.5005, 1.4995, 1.5 minor units.
    assert penalty(march(11), installment=due(DUE, principal), penalty_rate_ppm=rate) == expected


def test_rounding_happens_once_and_not_day_by_day() -> None:
    # 0.3 a day: 0.3, 0.6, 0.9, 1.2, 1.5 → 0, 1, 1, 1, 2.
    assert [penalty(march(d), installment=due(DUE, 600)) for d in range(11, 16)] == [0, 1, 1, 1, 2]


def test_what_was_paid_of_a_rounded_penalty_is_not_asked_for_again() -> None:
    # 0.6 a day. On the 11th 1 is due and paid; 1.2 by the 12th is 1, so nothing is left; 1.8 by the 13th is 2, so 1 is.
    installment = due(DUE, 1_200)
    assert [penalty(march(d), paid(march(11), 1), installment=installment) for d in (11, 12, 13)] == [0, 0, 1]


def test_penalty_paid_later_than_the_rest_stays_what_it_was() -> None:
    order = (Component.PRINCIPAL, Component.INTEREST, Component.FEE, Component.PENALTY)
    on_the_20th = paid(march(20), 10_000)
    assert [penalty(march(d), on_the_20th, allocation_order=order) for d in (20, 21, 31)] == [50, 50, 50]
    assert penalty(march(31), on_the_20th, paid(march(25), 20, key=2), allocation_order=order) == 30
    assert penalty(march(31), on_the_20th, paid(march(25), 50, key=2), allocation_order=order) == 0


def test_a_waived_penalty_is_off_and_later_days_cost_as_before() -> None:
    waiver = waived(march(14), 20, Component.PENALTY)
    assert [penalty(march(d), waivers=[waiver]) for d in (13, 14, 15)] == [15, 0, 5]


def test_a_waiver_never_takes_more_than_is_due_on_its_day() -> None:
    assert penalty(march(15), waivers=[waived(march(12), 999, Component.PENALTY)]) == 15
    # Inside the grace period nothing is due yet, so there is nothing to waive.
    assert penalty(march(16), waivers=[waived(march(12), 999, Component.PENALTY)], grace_days=5) == 30


def test_waived_principal_lowers_the_base() -> None:
    # 5 for the 11th and 12th, then 2 a day on 4,000.
    assert penalty(march(14), waivers=[waived(march(12), 6_000, Component.PRINCIPAL)]) == 14


def test_an_instalment_waived_inside_grace_counts_as_paid_by_then() -> None:
    waiver = waived(march(15), 4_000, Component.PRINCIPAL)
    assert penalty(march(31), paid(march(12), 6_000), waivers=[waiver], grace_days=5) == 0


def test_a_reversal_brings_the_penalty_of_the_covered_days_back() -> None:
    payment = paid(DUE, 10_000, undone=march(20))
    assert [penalty(march(d), payment) for d in (19, 20, 21)] == [0, 50, 55]


def test_a_reversal_can_undo_what_kept_an_instalment_inside_its_grace() -> None:
    payment = paid(march(15), 10_000, undone=march(20))
    assert [penalty(march(d), payment, grace_days=5) for d in (19, 20)] == [0, 50]


def test_the_penalty_of_the_longest_and_dearest_instalment_is_exact() -> None:
    # 100,000,000.00 at 1 % a day for 40,176 days (1990 to 2099): 10^10 × 10^4 × 40,176 micro.
    installment = due(date(1990, 1, 1), 10_000_000_000, booked_on=date(1990, 1, 1))
    assert penalty(date(2099, 12, 31), installment=installment, penalty_rate_ppm=10_000) == 100_000_000 * 40_176
