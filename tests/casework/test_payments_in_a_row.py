"""Months in which enough was paid: each by itself, or one sum for as many as it takes."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from casework.rules.payments_in_a_row import Month, months_up_to, paid_in_a_row

ENDS = [date(2025, 3, 11), date(2025, 2, 11), date(2025, 1, 11), date(2024, 12, 11)]
_months = st.lists(st.builds(Month, paid_minor=st.integers(0, 300), least_minor=st.integers(1, 100)), max_size=8)


def test_the_least_is_what_fell_due_in_the_month_or_last_before_it() -> None:
    due = [(date(2024, 12, 12), 100), (date(2025, 1, 11), 50), (date(2025, 3, 11), 70), (date(2025, 3, 12), 999)]
    payments = [(date(2024, 12, 11), 5), (date(2025, 1, 12), 10), (date(2025, 2, 11), 20), (date(2025, 3, 1), 40)]
    assert months_up_to(ENDS, payments=payments, due=due) == [Month(40, 70), Month(30, 50), Month(0, 150)]


def test_before_anything_fell_due_the_smallest_amount_is_the_least() -> None:
    assert months_up_to(ENDS[:2], payments=[], due=[(date(2025, 4, 1), 100)]) == [Month(0, 1)]


@given(_months, st.integers(1, 6))
def test_a_month_counts_by_its_own_least_or_all_that_are_wanted_by_their_sum(months: list[Month], wanted: int) -> None:
    found = paid_in_a_row(months, wanted=wanted)
    own = 0
    while own < len(months) and months[own].paid_minor >= months[own].least_minor:
        own += 1
    latest = months[:wanted]
    is_sum = len(latest) == wanted and sum(m.paid_minor for m in latest) >= sum(m.least_minor for m in latest)
    assert found == (max(own, wanted) if is_sum else own)
    assert (found >= wanted) == (own >= wanted or is_sum)
