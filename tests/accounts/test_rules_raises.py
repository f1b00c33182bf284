"""A raise weighed with those before it: which count, what a lowering takes back, where the window begins. Worked out by hand."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import count

import pytest

from accounts.rules.decisions import Status
from accounts.rules.raises import LimitStep, WeighedChange, weigh_lowering, weigh_raise, window_start

TODAY = date(2025, 9, 6)
_number = count(1)


def step(before: int, after: int, *, days_ago: int = 10, status: Status = Status.REPLACED) -> LimitStep:
    number = next(_number)
    return LimitStep(number, f"D{number}", status, TODAY - timedelta(days=days_ago), before, after)


def weighed(own: int, *steps: LimitStep, window_days: int = 180) -> WeighedChange:
    return weigh_raise(own, steps, as_of=TODAY, window_days=window_days)


def test_a_raise_without_others_weighs_itself():
    assert (weighed(500).weighed_minor, weighed(500).steps) == (500, ())


def test_small_raises_weigh_what_one_large_one_would():
    one, two = step(1_000, 1_400), step(1_400, 1_900, status=Status.EFFECTIVE)
    found = weighed(100, one, two)
    assert (found.own_minor, found.earlier_minor, found.weighed_minor, found.steps) == (100, 900, 1_000, (one, two))


def test_lowerings_are_weighed_as_raises_are_the_other_way_round():
    one, two = step(1_900, 1_400), step(1_400, 1_000, status=Status.EFFECTIVE)
    found = weigh_lowering(100, [one, two], as_of=TODAY, window_days=180)
    assert (found.weighed_minor, found.steps) == (1_000, (one, two))
    back = step(1_000, 1_700)
    assert weigh_lowering(100, [one, two, back], as_of=TODAY, window_days=180).weighed_minor == 100 + 200
    assert weigh_lowering(100, [step(1_000, 1_700), one], as_of=TODAY, window_days=180).weighed_minor == 100 + 500
    assert weigh_lowering(100, [step(1_900, 1_400, status=Status.LIFTED)], as_of=TODAY, window_days=180).weighed_minor == 100


@pytest.mark.parametrize("status", list(Status))
def test_what_stands_or_will_counts_and_what_gave_the_limit_back_does_not(status):
    counts = status in (Status.SCHEDULED, Status.EFFECTIVE, Status.REPLACED)
    assert weighed(100, step(1_000, 1_400, status=status)).weighed_minor == (500 if counts else 100)


def test_a_lowering_resets_what_it_took_back_and_gives_no_credit():
    raised = step(1_000, 1_400)
    assert weighed(100, raised, step(1_400, 1_150)).weighed_minor == 100 + 150
    under = weighed(100, raised, step(1_400, 600))
    # The line is at 600: going up to 700 is a raise of 100, not one of -300 against what stood before.
    assert (under.weighed_minor, under.steps) == (100, ())
    again = step(600, 900)
    assert weighed(100, raised, step(1_400, 600), again).steps == (again,)
    assert weighed(100, step(1_000, 600), again).weighed_minor == 100 + 300


def test_a_lowering_that_was_lifted_took_nothing_back():
    lifted = step(1_400, 600, status=Status.LIFTED)
    assert weighed(100, step(1_000, 1_400), lifted).weighed_minor == 500


def test_the_window_counts_today_and_begins_with_its_first_day():
    assert window_start(TODAY, window_days=180) == date(2025, 3, 11)
    assert weighed(100, step(1_000, 1_400, days_ago=179)).weighed_minor == 500
    assert weighed(100, step(1_000, 1_400, days_ago=180)).weighed_minor == 100
    assert weighed(100, step(1_000, 1_400, days_ago=0), window_days=1).weighed_minor == 500
    # What takes effect after its buffer counts before it does.
    assert weighed(100, step(1_000, 1_400, days_ago=-7, status=Status.SCHEDULED)).weighed_minor == 500


def test_a_raise_before_the_window_is_not_lowered_by_what_came_in_it():
    assert weighed(100, step(1_000, 1_400, days_ago=200), step(1_400, 1_300), step(1_300, 1_350)).weighed_minor == 150
