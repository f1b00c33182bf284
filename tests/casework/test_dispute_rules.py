"""Disputes as plain values: the clock, the penalty since the intake, the letter."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.rules.disputes import (
    Outcome,
    PenaltyOf,
    PenaltyTerms,
    answer_day,
    days_left,
    is_penalty_waived,
    letter_text,
    penalty_to_waive,
    placeholders_in,
)


def test_the_day_after_the_receipt_is_day_one_and_the_last_day_is_in_time() -> None:
    last = answer_day(date(2025, 2, 20), answer_days=20)
    assert last == date(2025, 3, 12)
    assert [days_left(last, today=date(2025, 3, day)) for day in (11, 12, 13)] == [1, 0, -1]


def test_when_the_penalty_since_is_given_up() -> None:
    table = {(terms, outcome): is_penalty_waived(terms, outcome) for terms in PenaltyTerms for outcome in Outcome}
    assert {key for key, is_waived in table.items() if is_waived} == {
        (PenaltyTerms.IF_UPHELD, Outcome.UPHELD),
        (PenaltyTerms.IF_UPHELD, Outcome.PARTLY),
        *((PenaltyTerms.ALWAYS, outcome) for outcome in Outcome),
    }


@pytest.mark.parametrize(
    ("then", "now", "waived"),
    [
        # Settled and due, when received and now.
        ((0, 0), (0, 30), 30),
        ((0, 160), (0, 190), 30),
        # 100 of it was paid since: of the 90 left 30 are of the time since.
        ((0, 160), (100, 90), 30),
        # All but 10 was paid: no more than is due is given up.
        ((0, 160), (180, 10), 10),
        ((0, 160), (190, 0), 0),
        # Paid in time after all, it costs nothing.
        ((0, 20), (0, 0), 0),
    ],
)
def test_what_accrued_since_is_given_up_as_far_as_it_is_due(then: tuple[int, int], now: tuple[int, int], waived: int) -> None:
    assert penalty_to_waive([PenaltyOf(7, *then, *now)]) == ({7: waived} if waived else {})


@given(st.tuples(*(st.integers(0, 10_000) for _each in range(4))))
def test_never_more_is_given_up_than_accrued_or_is_due(figures: tuple[int, int, int, int]) -> None:
    settled_then, due_then, settled_now, due_now = figures
    waived = penalty_to_waive([PenaltyOf(1, *figures)]).get(1, 0)
    assert 0 <= waived <= due_now
    assert waived <= max(0, settled_now + due_now - settled_then - due_then)


def test_a_letter_leaves_no_gap_where_nothing_is_put_right() -> None:
    template = "About {kind}.\n{answer}\n{corrections}\n\n{day}"
    assert letter_text(template, {"kind": "k", "answer": "a", "corrections": "", "day": "d"}) == "About k.\na\n\nd"
    assert letter_text(template, {"kind": "k", "answer": "a", "corrections": "c\ne", "day": "d"}) == "About k.\na\nc\ne\n\nd"


def test_braces_hold_names_and_nothing_else() -> None:
    assert placeholders_in("{answer} of {day}") == {"answer", "day"}
    for text in ("{answer", "{answer!r}", "{answer:>9}", "{0}", "{a.b}"):
        with pytest.raises(ValueError):
            placeholders_in(text)
