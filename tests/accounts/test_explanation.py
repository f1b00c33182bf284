"""The day-by-day explanation of a penalty tells the same figure as the ledger, and tells it right."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from factories import make_account, make_installment, make_payment, make_product, make_waiver
from random_books import FIRST_DAY, make_random_book

from accounts.models import Installment, Product
from accounts.queries.entries import load_entries
from accounts.rules.explanation import PenaltyExplanation, explain
from accounts.rules.terms import Component

pytestmark = pytest.mark.django_db
DUE = date(2025, 3, 10)


def explained(installment: Installment, as_of: date) -> PenaltyExplanation:
    """Return the explanation of an instalment as of a day."""
    rebuilt = load_entries([installment.account_id])[installment.account_id].rebuilt(as_of)
    state = next(state for state in rebuilt.installments if state.entry.key == installment.pk)
    return explain(rebuilt, state)


def owed(product: Product, *, principal: int = 100_000, interest: int = 0) -> Installment:
    """Return an instalment due on DUE."""
    return make_installment(make_account(product=product), due_date=DUE, principal=principal, interest=interest)


def test_two_spans_meet_at_a_part_payment() -> None:
    # 1,000.00 at 500 ppm is 0.50 a day; after 400.00 is paid on day 4, 600.00 costs 0.30 a day.
    installment = owed(make_product(penalty_rate_ppm=500, allocation_order="principal,interest,fee,penalty"))
    make_payment(installment.account, paid_on=DUE + timedelta(days=4), amount=40_000)
    told = explained(installment, DUE + timedelta(days=10))
    assert [(s.first_day, s.last_day, s.days, s.base_minor, s.charged_micro) for s in told.spans] == [
        (date(2025, 3, 11), date(2025, 3, 14), 4, 100_000, 200_000_000),
        (date(2025, 3, 15), date(2025, 3, 20), 6, 60_000, 180_000_000),
    ]
    assert (told.accrued_minor, told.settled_minor, told.due_minor) == (380, 0, 380)


def test_the_days_of_a_span_run_up_to_its_total() -> None:
    installment = owed(make_product(penalty_rate_ppm=500))
    (span,) = explained(installment, DUE + timedelta(days=3)).spans
    assert [(d.day, d.base_minor, d.charged_micro, d.accrued_micro) for d in span.each_day()] == [
        (date(2025, 3, 11), 100_000, 50_000_000, 50_000_000),
        (date(2025, 3, 12), 100_000, 50_000_000, 100_000_000),
        (date(2025, 3, 13), 100_000, 50_000_000, 150_000_000),
    ]


def test_the_cap_ends_the_charge_in_the_middle_of_a_day() -> None:
    # 0.12 % of 1,000.00 is 1.20: two days of 0.50, a third of 0.20, then nothing.
    installment = owed(make_product(penalty_rate_ppm=500, penalty_cap_bp=12))
    told = explained(installment, DUE + timedelta(days=5))
    (span,) = told.spans
    assert [d.charged_micro for d in span.each_day()] == [50_000_000, 50_000_000, 20_000_000, 0, 0]
    assert (told.cap_minor, told.due_minor, span.is_capped) == (120, 120, True)


def test_inside_the_grace_period_it_is_listed_and_not_due() -> None:
    installment = owed(make_product(penalty_rate_ppm=500, grace_days=3))
    inside = explained(installment, DUE + timedelta(days=3))
    assert (inside.due_minor, inside.accrued_minor, inside.hidden_until) == (0, 150, DUE + timedelta(days=4))
    after = explained(installment, DUE + timedelta(days=4))
    assert (after.due_minor, after.hidden_until) == (200, None)


def test_paid_in_full_within_the_grace_period_costs_nothing() -> None:
    installment = owed(make_product(penalty_rate_ppm=500, grace_days=3))
    make_payment(installment.account, paid_on=DUE + timedelta(days=3), amount=100_000)
    told = explained(installment, DUE + timedelta(days=30))
    assert (told.forgiven, told.spans, told.due_minor) == (True, (), 0)


def test_counting_from_the_end_of_grace_leaves_its_days_out() -> None:
    installment = owed(make_product(penalty_rate_ppm=500, grace_days=3, penalty_from="grace_end"))
    (span,) = explained(installment, DUE + timedelta(days=5)).spans
    assert (span.first_day, span.days, span.charged_micro) == (DUE + timedelta(days=4), 2, 100_000_000)


def test_waived_principal_lowers_the_base_and_waived_penalty_the_amount_due() -> None:
    installment = owed(make_product(penalty_rate_ppm=500))
    make_waiver(installment, component=Component.PRINCIPAL, amount=50_000, value_date=DUE + timedelta(days=2))
    make_waiver(installment, component=Component.PENALTY, amount=30, value_date=DUE + timedelta(days=2))
    told = explained(installment, DUE + timedelta(days=4))
    assert [(s.days, s.base_minor) for s in told.spans] == [(2, 100_000), (2, 50_000)]
    assert (told.accrued_minor, told.settled_minor, told.due_minor) == (150, 30, 120)


def test_interest_is_in_the_base_only_where_the_product_says_so() -> None:
    with_interest = owed(make_product(penalty_rate_ppm=500, penalty_base="principal_interest"), interest=20_000)
    without = owed(make_product(penalty_rate_ppm=500), interest=20_000)
    assert explained(with_interest, DUE + timedelta(days=1)).accrued_micro == 60_000_000
    assert explained(without, DUE + timedelta(days=1)).accrued_micro == 50_000_000


@pytest.mark.parametrize("seed", range(6))
def test_on_random_books_every_explanation_adds_up_to_the_ledger_s_penalty(seed: int) -> None:
    book = make_random_book(seed=seed, accounts=8, days=150)
    dice = random.Random(seed)
    for entries in load_entries([account.pk for account in book]).values():
        for as_of in (FIRST_DAY + timedelta(days=dice.randrange(200)) for _ in range(5)):
            rebuilt = entries.rebuilt(as_of)
            for state in rebuilt.installments:
                told = explain(rebuilt, state)
                assert told.due_minor == state.penalty_due_minor(as_of), (seed, as_of, state.entry)
                for span in told.spans:
                    days = list(span.each_day())
                    assert days[-1].accrued_micro == span.accrued_micro
                    assert sum(d.charged_micro for d in days) == span.charged_micro
