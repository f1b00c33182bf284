"""What must hold of every account: the replay against the day-by-day oracle, and what money and time may not do."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta

import oracle
from book_strategies import FIRST, RandomAccount, accounts, days
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.rules.terms import Component


# More than the others: this is the one that a wrong rule must not slip past.
@settings(max_examples=max(250, settings.default.max_examples if settings.default else 0))
@given(account=accounts())
def test_the_replay_agrees_with_the_oracle_on_every_figure(account: RandomAccount) -> None:
    expected = oracle.ask(
        terms=account.terms,
        installments=account.installments,
        payments=account.payments,
        waivers=account.waivers,
        changes=account.changes,
        refunds=account.refunds,
        as_of=account.as_of,
    )

    found = account.rebuilt()

    assert found.state._asdict() == expected.figures
    assert {tuple(line) for line in found.allocations} == expected.allocations
    assert len(found.allocations) == len(expected.allocations)
    assert found.credit_minor == expected.credit
    assert {
        i.entry.key: (
            i.unpaid[Component.PRINCIPAL],
            i.unpaid[Component.INTEREST],
            i.unpaid[Component.FEE],
            i.penalty_due_minor(account.as_of),
        )
        for i in found.installments
    } == expected.slips
    assert found.refund_shortfall_minor == expected.shortfall


@given(account=accounts())
def test_every_cent_paid_is_allocated_or_credit_or_was_paid_back(account: RandomAccount) -> None:
    found = account.rebuilt()

    paid_back = sum(r.amount_minor for r in account.refunds if r.value_date <= account.as_of) - found.refund_shortfall_minor
    for payment in account.payments:
        counts = payment.value_date <= account.as_of and (payment.reversed_on is None or payment.reversed_on > account.as_of)
        allocated = sum(line.amount_minor for line in found.allocations if line.payment == payment.key)
        left = (payment.amount_minor if counts else 0) - allocated - found.credit_minor.get(payment.key, 0)
        assert left >= 0
        paid_back -= left
    assert paid_back == 0
    assert found.state.credit_balance_minor == sum(found.credit_minor.values()) - found.refund_shortfall_minor


@given(account=accounts())
def test_every_cent_agreed_is_unpaid_or_paid_or_waived_or_moved(account: RandomAccount) -> None:
    found = account.rebuilt()

    lines = (*found.allocations, *found.waived, *found.moved)
    for i in found.installments:
        taken = {c: sum(n.amount_minor for n in lines if (n.installment, n.component) == (i.entry.key, c)) for c in Component}
        assert i.unpaid[Component.PRINCIPAL] == i.entry.principal_minor - taken[Component.PRINCIPAL]
        assert i.unpaid[Component.INTEREST] == i.entry.interest_minor - taken[Component.INTEREST]
        assert i.unpaid[Component.FEE] == i.entry.fee_minor - taken[Component.FEE]
        assert i.penalty_settled_minor == taken[Component.PENALTY]


@given(account=accounts())
def test_a_new_schedule_is_owed_for_no_more_and_no_less_than_it_took_over_and_its_price(account: RandomAccount) -> None:
    for change in account.changes:
        day = change.value_date
        # Of that day alone: before its payments there is no close, so they are left out.
        found = replace(account, payments=tuple(p for p in account.payments if p.value_date < day), waivers=()).rebuilt(day)
        new = [i.entry for i in found.installments if i.entry.change == change.key]
        old = [n for n in found.moved if n.change == change.key and n.installment not in {entry.key for entry in new}]
        short = [n for n in found.moved if n.change == change.key and n.installment in {entry.key for entry in new}]
        scheduled = sum(e.principal_minor + e.interest_minor + e.fee_minor for e in new)
        agreed = sum(p.principal_minor + p.interest_minor + p.fee_minor + p.penalty_minor for p in change.parts)
        if new:
            owed = scheduled - sum(n.amount_minor for n in short)
            assert owed == sum(n.amount_minor for n in old) + (scheduled - agreed)


@given(account=accounts(), seed=st.integers(0, 1_000))
def test_the_order_of_rows_does_not_matter(account: RandomAccount, seed: int) -> None:
    dice = random.Random(seed)
    shuffled = replace(
        account,
        **{name: tuple(dice.sample(rows, len(rows))) for name, rows in vars(account).items() if isinstance(rows, tuple)},
    )

    assert shuffled.rebuilt() == account.rebuilt()


@given(account=accounts())
def test_once_reversed_a_payment_has_never_been(account: RandomAccount) -> None:
    reversed_by_then = all(p.reversed_on is None or p.reversed_on <= account.as_of for p in account.payments)
    day = account.as_of if reversed_by_then else FIRST + timedelta(days=100)

    assert account.rebuilt(day) == account.without_reversed_payments().rebuilt(day)


@given(account=accounts(), first=days, later=st.integers(1, 40))
def test_entries_of_later_days_change_nothing_before_them(account: RandomAccount, first: date, later: int) -> None:
    by_then = replace(
        account,
        payments=tuple(
            p._replace(reversed_on=p.reversed_on if p.reversed_on and p.reversed_on <= first else None)
            for p in account.payments
            if p.value_date <= first
        ),
        waivers=tuple(w for w in account.waivers if w.value_date <= first),
        changes=tuple(
            c._replace(ended_on=c.ended_on if c.ended_on and c.ended_on <= first else None)
            for c in account.changes
            if c.value_date <= first
        ),
        refunds=tuple(r for r in account.refunds if r.value_date <= first),
        installments=tuple(
            i._replace(cancelled_on=i.cancelled_on if i.cancelled_on and i.cancelled_on <= first else None)
            for i in account.installments
        ),
    )

    found, expected = by_then.rebuilt(first), account.rebuilt(first)
    # An instalment knows the day it will have been cancelled on; that says nothing of the days before.
    for state in (*found.installments, *expected.installments):
        state.entry = state.entry._replace(cancelled_on=None)
    assert found == expected


@given(account=accounts())
def test_no_amount_is_ever_below_zero_or_above_what_was_agreed(account: RandomAccount) -> None:
    found = account.rebuilt()

    for i in found.installments:
        assert 0 <= i.unpaid[Component.PRINCIPAL] <= i.entry.principal_minor
        assert 0 <= i.unpaid[Component.INTEREST] <= i.entry.interest_minor
        assert 0 <= i.unpaid[Component.FEE] <= i.entry.fee_minor
        assert min(i.accrued_micro, i.penalty_settled_minor, i.penalty_due_minor(account.as_of)) >= 0
    state = found.state
    assert state.overdue_principal_minor <= state.outstanding_principal_minor
    assert state.overdue_total_minor >= 0


@given(account=accounts())
def test_an_instalment_that_is_closed_owes_nothing_on_any_later_day(account: RandomAccount) -> None:
    for i in account.rebuilt().installments:
        if not i.is_open(account.as_of):
            assert not any(i.unpaid.values())
            assert [i.penalty_due_minor(account.as_of + timedelta(days=n)) for n in (0, 1, 30, 400)] == [0, 0, 0, 0]
