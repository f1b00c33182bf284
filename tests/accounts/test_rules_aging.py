"""Days past due, buckets, classes and the figures of an account. Source: portfolio-format, "Aging, exactly", rules 1–3 and 8."""

from __future__ import annotations

from datetime import date

import pytest
from small_books import account, due, paid

from accounts.rules import aging
from accounts.rules.terms import Component

MAR, APR = date(2025, 3, 10), date(2025, 4, 10)


@pytest.mark.parametrize(
    ("days", "expected"),
    list(
        {0: 0, 1: 1, 30: 1, 31: 2, 60: 2, 61: 3, 90: 3, 91: 4, 120: 4, 121: 5, 150: 5, 151: 6, 180: 6, 181: 7, 9_999: 7}.items()
    ),
)
def test_the_default_buckets_are_thirty_days_wide(days: int, expected: int) -> None:
    assert aging.bucket(days, bucket_map="default") == expected


@pytest.mark.parametrize(
    ("days", "expected"),
    [(0, 0), (1, 1), (29, 1), (30, 2), (59, 2), (60, 3), (89, 3), (90, 4), (119, 4), (120, 5), (149, 5), (150, 6), (9_999, 6)],
)
def test_the_calendar_buckets_start_a_day_earlier_and_end_at_six(days: int, expected: int) -> None:
    assert aging.bucket(days, bucket_map="calendar-29") == expected


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (0, "normal"),
        (1, "special_mention"),
        (90, "special_mention"),
        (91, "substandard"),
        (270, "substandard"),
        (271, "doubtful"),
        (360, "doubtful"),
        (361, "loss"),
    ],
)
def test_the_five_categories_follow_the_days(days: int, expected: str) -> None:
    assert aging.CATEGORIES[aging.category(days)] == expected


@pytest.mark.parametrize(("days", "expected"), [(0, 1), (30, 1), (31, 2), (90, 2), (91, 3), (9_999, 3)])
def test_the_stages_follow_the_days(days: int, expected: int) -> None:
    assert aging.stage(days) == expected


@pytest.mark.parametrize(
    ("days", "expected"), [(0, "current"), (1, "short"), (30, "short"), (31, "medium"), (90, "medium"), (91, "long")]
)
def test_the_classes_are_short_medium_and_long(days: int, expected: str) -> None:
    assert aging.CLASSES[aging.delinquency_class(days)] == expected


def test_an_instalment_is_past_due_from_the_day_after_its_due_date() -> None:
    states = [account(day, [due(MAR, 500)]).state for day in (MAR, date(2025, 3, 11))]

    assert [state.days_past_due for state in states] == [0, 1]
    assert [state.oldest_unpaid_due_date for state in states] == [None, MAR]
    assert [state.overdue_principal_minor for state in states] == [0, 500]


@pytest.mark.parametrize("part", ["principal", "interest", "fee"])
def test_a_cent_of_any_part_keeps_an_instalment_past_due(part: str) -> None:
    parts = {"principal": 0, "interest": 0, "fee": 0, part: 1}
    found = account(APR, [due(MAR, parts["principal"], interest=parts["interest"], fee=parts["fee"])])

    assert (found.state.days_past_due, getattr(found.state, f"overdue_{part}_minor")) == (31, 1)


def test_penalty_alone_keeps_nothing_past_due() -> None:
    order = (Component.PRINCIPAL, Component.INTEREST, Component.FEE, Component.PENALTY)
    found = account(APR, [due(MAR, 1_000)], [paid(date(2025, 3, 20), 1_000)], penalty_rate_ppm=1_000, allocation_order=order)

    assert (found.state.days_past_due, found.state.bucket, found.state.oldest_unpaid_due_date) == (0, 0, None)
    assert (found.state.penalty_due_minor, found.state.overdue_total_minor) == (10, 10)


def test_the_oldest_past_due_instalment_sets_the_days_and_all_of_them_the_amounts() -> None:
    installments = [
        due(APR, 300, key=3, interest=3),
        due(MAR, 500, key=1, interest=5, fee=1),
        due(date(2025, 3, 20), 700, key=2),
        due(date(2025, 6, 1), 900, key=4, interest=9),
    ]

    found = account(date(2025, 4, 11), installments, [paid(MAR, 506)], penalty_rate_ppm=1_000)

    # Penalty: 700 × 22 days = 15.4 and 300 × 1 day = 0.3, each rounded: 15 and 0.
    assert found.state._asdict() == {
        "oldest_unpaid_due_date": date(2025, 3, 20),
        "days_past_due": 22,
        "bucket": 1,
        "overdue_principal_minor": 1_000,
        "overdue_interest_minor": 3,
        "overdue_fee_minor": 0,
        "penalty_due_minor": 15,
        "outstanding_principal_minor": 1_900,
        "outstanding_interest_minor": 12,
        "outstanding_fee_minor": 0,
        "credit_balance_minor": 0,
        "category": 1,
        "stage": 1,
        "has_booked": True,
    }
    assert found.state.overdue_total_minor == 1_018


def test_grace_delays_the_penalty_and_not_the_days_past_due() -> None:
    state = account(date(2025, 3, 11), [due(MAR, 500)], grace_days=10, penalty_rate_ppm=10_000).state

    assert (state.days_past_due, state.bucket, state.penalty_due_minor) == (1, 1, 0)


def test_a_leap_day_is_a_day() -> None:
    assert account(date(2024, 3, 1), [due(date(2024, 2, 28), 500, booked_on=date(2024, 1, 1))]).state.days_past_due == 2
    assert account(date(2025, 3, 1), [due(date(2025, 2, 28), 500)]).state.days_past_due == 1


def test_the_product_chooses_the_buckets() -> None:
    installments = [due(MAR, 500)]
    on_day_30 = date(2025, 4, 9)

    assert account(on_day_30, installments).state.bucket == 1
    assert account(on_day_30, installments, bucket_map="calendar-29").state.bucket == 2


def test_an_account_without_instalments_owes_nothing_and_was_never_used() -> None:
    state = account(MAR, []).state

    assert (state.days_past_due, state.overdue_total_minor, state.has_booked) == (0, 0, False)
