"""Where the money goes, worked out by hand. Source: portfolio-format, "Aging, exactly", rules 0, 5 and 6."""

from __future__ import annotations

from datetime import date

from small_books import account, allocated, due, paid, waived

from accounts.rules.terms import Component

FEB, MAR, APR, MAY = (date(2025, month, 10) for month in (2, 3, 4, 5))


def march(day: int) -> date:
    return date(2025, 3, day)


def test_the_oldest_due_date_comes_first_and_the_order_of_the_product_inside_it() -> None:
    installments = [due(MAR, 1_000, key=2, interest=100, fee=10), due(FEB, 1_000, key=1, interest=100, fee=10)]

    found = account(MAR, installments, [paid(MAR, 1_650)])

    assert allocated(found) == [
        (1, 1, "fee", 10, MAR),
        (1, 1, "interest", 100, MAR),
        (1, 1, "principal", 1_000, MAR),
        (1, 2, "fee", 10, MAR),
        (1, 2, "interest", 100, MAR),
        (1, 2, "principal", 430, MAR),
    ]


def test_another_allocation_order_is_followed_with_penalty_where_it_stands() -> None:
    order = (Component.INTEREST, Component.PENALTY, Component.PRINCIPAL, Component.FEE)
    # 28 days from 10 February to 10 March at 1,000 ppm on 1,000: 28.
    found = account(
        MAR, [due(FEB, 1_000, interest=100, fee=10)], [paid(MAR, 1_133)], penalty_rate_ppm=1_000, allocation_order=order
    )

    assert allocated(found) == [
        (1, 1, "interest", 100, MAR),
        (1, 1, "penalty", 28, MAR),
        (1, 1, "principal", 1_000, MAR),
        (1, 1, "fee", 5, MAR),
    ]
    # The fee of 5 keeps the instalment past due; no base is left to accrue on.
    assert (found.state.days_past_due, found.state.overdue_fee_minor) == (28, 5)


def test_instalments_of_one_due_date_go_by_order_number_by_code_point_then_sequence() -> None:
    installments = [
        due(MAR, 100, key=1, order_no="a", sequence=1),
        due(MAR, 100, key=2, order_no="B", sequence=10),
        due(MAR, 100, key=3, order_no="B", sequence=9),
        due(MAR, 100, key=4, order_no="é", sequence=1),
        due(MAR, 100, key=5, order_no="10", sequence=1),
        due(MAR, 100, key=6, order_no="9", sequence=1),
    ]

    found = account(MAR, installments, [paid(MAR, 600)])

    assert [line.installment for line in found.allocations] == [5, 6, 3, 2, 1, 4]


def test_several_payments_of_a_day_count_in_payment_number_order_by_code_point() -> None:
    payments = [
        paid(MAR, 40, key=1, no="p2"),
        paid(MAR, 40, key=2, no="P2"),
        paid(MAR, 40, key=3, no="P10"),
        paid(march(9), 40, key=4, no="z"),
    ]

    found = account(MAR, [due(FEB, 100)], payments)

    assert [(line.payment, line.amount_minor) for line in found.allocations] == [(4, 40), (3, 40), (2, 20)]
    assert found.credit_minor == {2: 20, 1: 40}


def test_what_is_left_prepays_the_next_instalments_by_due_date() -> None:
    found = account(march(11), [due(APR, 500, key=3), due(MAR, 500, key=2), due(MAY, 500, key=4)], [paid(march(1), 1_200)])

    assert allocated(found) == [
        (1, 2, "principal", 500, march(1)),
        (1, 3, "principal", 500, march(1)),
        (1, 4, "principal", 200, march(1)),
    ]
    assert (found.state.outstanding_principal_minor, found.state.credit_balance_minor) == (300, 0)


def test_prepaid_credit_goes_to_an_instalment_on_the_day_it_is_booked_and_not_before() -> None:
    installments = [due(MAR, 500, key=1), due(MAY, 500, key=2, booked_on=march(20))]
    payments = [paid(march(1), 800)]

    before = account(march(19), installments, payments)
    after = account(march(20), installments, payments)

    assert (before.state.credit_balance_minor, before.state.outstanding_principal_minor) == (300, 0)
    assert [i.entry.key for i in before.installments] == [1]
    assert allocated(after)[1:] == [(1, 2, "principal", 300, march(20))]
    assert (after.state.credit_balance_minor, after.state.outstanding_principal_minor) == (0, 200)


def test_held_money_waits_for_each_due_date_and_pays_nothing_before() -> None:
    installments = [due(MAR, 500, key=1), due(APR, 500, key=2)]
    payments = [paid(march(1), 800)]
    states = [
        account(day, installments, payments, holds_prepayment=True).state
        for day in (march(9), MAR, date(2025, 4, 9), APR, date(2025, 4, 11))
    ]

    assert [state.credit_balance_minor for state in states] == [800, 300, 300, 0, 0]
    assert [state.outstanding_principal_minor for state in states] == [1_000, 500, 500, 200, 200]
    # 200 short on 10 April: past due from the 11th.
    assert [state.days_past_due for state in states] == [0, 0, 0, 0, 1]


def test_held_money_that_meets_its_due_date_in_full_costs_no_penalty() -> None:
    found = account(date(2025, 4, 30), [due(APR, 500)], [paid(march(1), 500)], holds_prepayment=True, penalty_rate_ppm=10_000)

    assert allocated(found) == [(1, 1, "principal", 500, APR)]
    assert (found.state.penalty_due_minor, found.state.days_past_due) == (0, 0)


def test_waiting_credit_is_used_in_the_order_in_which_it_came() -> None:
    payments = [paid(march(2), 300, key=1), paid(march(1), 300, key=2)]

    found = account(APR, [due(APR, 400)], payments, holds_prepayment=True)

    assert allocated(found) == [(2, 1, "principal", 300, APR), (1, 1, "principal", 100, APR)]
    assert found.credit_minor == {1: 200}


def test_a_directed_payment_takes_its_own_instalment_first_due_or_not_in_either_mode() -> None:
    installments = [due(FEB, 500, key=1), due(MAY, 500, key=2)]
    for holds in (False, True):
        found = account(MAR, installments, [paid(MAR, 700, to=2)], holds_prepayment=holds)
        assert allocated(found) == [(1, 2, "principal", 500, MAR), (1, 1, "principal", 200, MAR)]
        assert (found.state.overdue_principal_minor, found.state.days_past_due) == (300, 28)


def test_a_directed_payment_for_an_instalment_not_booked_yet_is_an_ordinary_one() -> None:
    installments = [due(APR, 500, key=1), due(MAY, 500, key=2, booked_on=march(20))]
    payments = [paid(MAR, 700, to=2)]

    ahead = account(march(20), installments, payments)
    assert allocated(ahead) == [(1, 1, "principal", 500, MAR), (1, 2, "principal", 200, march(20))]
    held = account(MAY, installments, payments, holds_prepayment=True)
    assert allocated(held) == [(1, 1, "principal", 500, APR), (1, 2, "principal", 200, MAY)]


def test_a_directed_payment_on_the_booking_day_finds_its_instalment() -> None:
    installments = [due(APR, 500, key=1), due(MAY, 500, key=2, booked_on=MAR)]

    found = account(MAR, installments, [paid(MAR, 500, to=2)], holds_prepayment=True)

    assert allocated(found) == [(1, 2, "principal", 500, MAR)]


def test_what_a_directed_payment_leaves_waits_as_credit_when_money_is_held() -> None:
    found = account(MAR, [due(APR, 500, key=1), due(MAY, 500, key=2)], [paid(MAR, 700, to=2)], holds_prepayment=True)

    assert (found.state.credit_balance_minor, found.state.outstanding_principal_minor) == (200, 500)


def test_an_instalment_takes_no_money_and_is_in_no_figure_before_it_is_booked() -> None:
    found = account(march(9), [due(MAR, 500, booked_on=MAR)], [paid(march(1), 500)])

    assert (found.installments, found.state.outstanding_principal_minor, found.state.has_booked) == ((), 0, False)
    assert found.state.credit_balance_minor == 500


def test_penalty_left_from_an_older_instalment_comes_before_the_next_one() -> None:
    order = (Component.PRINCIPAL, Component.INTEREST, Component.FEE, Component.PENALTY)
    payments = [paid(march(20), 1_000, key=1), paid(APR, 15, key=2)]

    found = account(
        APR, [due(MAR, 1_000, key=1), due(APR, 1_000, key=2)], payments, penalty_rate_ppm=1_000, allocation_order=order
    )

    # Ten days at 1 a day; paid on 10 April before the instalment of that day.
    assert allocated(found)[1:] == [(2, 1, "penalty", 10, APR), (2, 2, "principal", 5, APR)]


def test_money_left_over_stays_as_credit_and_is_never_lost() -> None:
    found = account(MAR, [due(FEB, 500)], [paid(MAR, 700), paid(march(9), 100, key=2)])

    assert (found.state.credit_balance_minor, found.state.outstanding_principal_minor) == (300, 0)
    assert sum(line.amount_minor for line in found.allocations) == 500


def test_a_payment_counts_until_the_day_before_its_reversal() -> None:
    payment = paid(march(1), 500, undone=march(20))
    states = [account(day, [due(MAR, 500)], [payment]).state for day in (march(1), march(19), march(20), march(21))]

    assert [state.outstanding_principal_minor for state in states] == [0, 0, 500, 500]
    assert [state.days_past_due for state in states] == [0, 0, 10, 11]


def test_a_payment_reversed_on_its_own_day_never_counts() -> None:
    found = account(march(1), [due(MAR, 500)], [paid(march(1), 500, undone=march(1))])

    assert (found.allocations, found.state.credit_balance_minor, found.state.outstanding_principal_minor) == ((), 0, 500)


def test_a_reversal_lets_later_payments_move_up() -> None:
    installments = [due(FEB, 500, key=1), due(MAR, 500, key=2)]
    payments = [paid(FEB, 500, key=1, undone=march(20)), paid(MAR, 500, key=2)]

    assert allocated(account(march(19), installments, payments)) == [(1, 1, "principal", 500, FEB), (2, 2, "principal", 500, MAR)]
    after = account(march(20), installments, payments)
    assert allocated(after) == [(2, 1, "principal", 500, MAR)]
    assert (after.state.days_past_due, after.state.overdue_principal_minor) == (10, 500)


def test_a_payment_dated_back_is_used_before_the_later_ones() -> None:
    installments = [due(FEB, 500, key=1), due(MAR, 500, key=2)]
    payments = [paid(MAR, 500, key=1), paid(FEB, 500, key=2)]

    found = account(MAR, installments, payments)

    assert allocated(found) == [(2, 1, "principal", 500, FEB), (1, 2, "principal", 500, MAR)]


def test_a_waiver_counts_before_the_payments_of_its_day() -> None:
    found = account(MAR, [due(FEB, 500, fee=50)], [paid(MAR, 500)], [waived(MAR, 50, Component.FEE)])

    assert allocated(found) == [(1, 1, "principal", 500, MAR)]
    assert (found.state.outstanding_fee_minor, found.state.outstanding_principal_minor) == (0, 0)


def test_a_waiver_of_a_later_day_is_not_there_yet() -> None:
    states = [account(day, [due(FEB, 500, fee=50)], (), [waived(MAR, 50, Component.FEE)]).state for day in (march(9), MAR)]

    assert [state.overdue_fee_minor for state in states] == [50, 0]
