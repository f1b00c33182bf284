"""The limitation clock: counted by hand."""

from __future__ import annotations

from datetime import date

import pytest

from recovery.rules.limitation import Cause, Fact, clock, years_after

DUE = date(2022, 3, 31)


def running(*facts: Fact, as_of: date = date(2024, 1, 1), due: date = DUE) -> date | None:
    return clock(last_due_on=due, facts=facts, years=3, as_of=as_of).runs_out_on


def test_it_runs_out_three_years_after_the_last_instalment_fell_due() -> None:
    found = clock(last_due_on=DUE, facts=[], years=3, as_of=date(2025, 3, 31))
    assert (found.runs_out_on, found.days_left, found.has_run_out) == (date(2025, 3, 31), 0, False)
    assert clock(last_due_on=DUE, facts=[], years=3, as_of=date(2025, 4, 1)).has_run_out


def test_a_day_that_the_later_month_lacks_is_its_last() -> None:
    assert years_after(date(2024, 2, 29), 3) == date(2027, 2, 28)
    assert years_after(date(2024, 2, 29), 4) == date(2028, 2, 29)


@pytest.mark.parametrize("cause", [Cause.DEMAND, Cause.PAYMENT, Cause.ACKNOWLEDGEMENT, Cause.MEDIATION])
def test_each_restart_begins_three_years_anew(cause: Cause) -> None:
    assert running(Fact(cause, date(2023, 6, 15))) == date(2026, 6, 15)


def test_the_latest_restart_counts_in_whatever_order_they_are_known() -> None:
    facts = [Fact(Cause.PAYMENT, date(2023, 12, 1)), Fact(Cause.DEMAND, date(2022, 9, 1))]
    assert running(*facts) == running(*reversed(facts)) == date(2026, 12, 1)


def test_what_came_before_it_began_or_is_still_to_come_has_no_part_in_it() -> None:
    assert running(Fact(Cause.PAYMENT, date(2022, 3, 30)), Fact(Cause.DEMAND, date(2024, 1, 2))) == date(2025, 3, 31)


def test_after_it_has_run_out_only_an_acknowledgement_begins_it_anew() -> None:
    late = date(2025, 6, 1)
    found = clock(last_due_on=DUE, facts=[Fact(Cause.DEMAND, late)], years=3, as_of=date(2026, 1, 1))
    assert (found.runs_out_on, [start.counts for start in found.starts]) == (date(2025, 3, 31), [True, False])
    assert running(Fact(Cause.PAYMENT, late), as_of=date(2026, 1, 1)) == date(2025, 3, 31)
    assert running(Fact(Cause.ACKNOWLEDGEMENT, late), as_of=date(2026, 1, 1)) == date(2028, 6, 1)


def test_it_stands_while_proceedings_run_and_begins_anew_when_they_end() -> None:
    begun = date(2024, 5, 6)
    found = clock(last_due_on=DUE, facts=[Fact(Cause.PROCEEDINGS, begun)], years=3, as_of=date(2030, 1, 1))
    assert (found.runs_out_on, found.days_left, found.has_run_out) == (None, None, False)
    ended = Fact(Cause.PROCEEDINGS, begun, until=date(2026, 7, 8))
    assert running(ended, as_of=date(2026, 7, 8)) == date(2029, 7, 8)
    # On a day between, they ran.
    assert running(ended, as_of=date(2026, 7, 7)) is None


def test_proceedings_that_began_before_the_last_due_date_and_still_run_let_it_stand() -> None:
    first, second = date(2021, 1, 10), date(2021, 4, 1)
    assert running(Fact(Cause.PROCEEDINGS, first), as_of=date(2026, 1, 1)) is None
    # A suit that was over before the last instalment fell due, and the enforcement of its judgment.
    suit = Fact(Cause.PROCEEDINGS, first, until=second)
    assert running(suit) == date(2025, 3, 31)
    assert running(suit, Fact(Cause.PROCEEDINGS, second), as_of=date(2026, 1, 1)) is None
    assert running(suit, Fact(Cause.PROCEEDINGS, second, until=date(2023, 5, 6)), as_of=date(2024, 1, 1)) == date(2026, 5, 6)


def test_a_suit_that_came_too_late_changes_nothing() -> None:
    assert running(Fact(Cause.PROCEEDINGS, date(2025, 4, 1)), as_of=date(2025, 5, 1)) == date(2025, 3, 31)
