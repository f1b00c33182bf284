"""The statistics of experiments: known figures, A/A runs that show nothing, effects found where they are."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from scipy.stats import binom

from outreach.rules.experiment_results import (
    Counted,
    Interval,
    Question,
    customers_needed,
    days_needed,
    difference_of_means,
    difference_of_shares,
    is_mismatch,
    power_of,
    share_mismatch,
    smallest_effect,
)

RUNS = 200
#: Of 200 runs so many may miss at 5 %, in 999 of 1,000 cases: from 2 to 21.
FEWEST_MISSED, MOST_MISSED = (int(bound) for bound in binom.interval(0.999, RUNS, 0.05))


def test_the_bounds_of_the_simulations_are_those_of_the_binomial() -> None:
    assert (FEWEST_MISSED, MOST_MISSED) == (2, 21)


def test_newcombe_s_interval_is_that_of_his_paper() -> None:
    """Newcombe 1998, Statistics in Medicine 17, 873–890, table II, method 10: 56/70 less 48/80 is 0.0524 to 0.3339."""
    found = difference_of_shares(Counted(56, 70), Counted(48, 80))
    assert found is not None
    assert found.difference == pytest.approx(0.2)
    assert (found.low, found.high) == (pytest.approx(0.0524, abs=5e-5), pytest.approx(0.3339, abs=5e-5))
    assert found.shows_something


@pytest.mark.parametrize(("arm", "champion"), [(Counted(0, 10), Counted(0, 10)), (Counted(10, 10), Counted(10, 10))])
def test_nobody_and_everybody_have_an_interval_around_nothing(arm: Counted, champion: Counted) -> None:
    found = difference_of_shares(arm, champion)
    assert found is not None
    assert found.low < 0 < found.high and not found.shows_something


def test_welch_s_interval_is_as_by_hand() -> None:
    """1, 2, 3 against 2, 4, 6: difference -2, variance 1/3 + 4/3, 2.94 degrees of freedom, t 3.2196: -6.156 to 2.156."""
    found = difference_of_means({1: 1, 2: 1, 3: 1}, {2: 1, 4: 1, 6: 1})
    assert found is not None
    assert (found.difference, found.low, found.high) == (-2, pytest.approx(-6.156, abs=2e-3), pytest.approx(2.156, abs=2e-3))


def test_amounts_that_many_paid_count_as_often_as_they_were_paid() -> None:
    once = difference_of_means({0: 1, 500: 1, 900: 1}, {0: 2, 700: 1})
    twice = difference_of_means({0: 2, 500: 2, 900: 2}, {0: 4, 700: 2})
    assert once is not None and twice is not None
    assert twice.difference == pytest.approx(once.difference)
    assert twice.high - twice.low < once.high - once.low


def test_where_everybody_paid_the_same_there_is_no_spread() -> None:
    assert difference_of_means({100: 5}, {0: 9}) == Interval(100, 100, 100)


def test_of_one_customer_nothing_is_said() -> None:
    assert difference_of_shares(Counted(1, 1), Counted(5, 10)) is None
    assert difference_of_means({5: 1}, {5: 10}) is None


def test_shares_that_chance_does_not_explain_are_told() -> None:
    """5,000 to 4,600 of halves: chi-square 400² / 9,600 = 16.67, one in 22,000. 5,000 to 4,900: 1.01, one in 3."""
    wrong, right = share_mismatch([5_000, 4_600], [5_000, 5_000]), share_mismatch([5_000, 4_900], [5_000, 5_000])
    assert wrong == pytest.approx(4.5e-5, rel=0.02) and is_mismatch(wrong)
    assert right == pytest.approx(0.315, abs=0.001) and not is_mismatch(right)
    assert share_mismatch([0, 0], [5_000, 5_000]) is None and not is_mismatch(None)


def missed_shares(rng: np.random.Generator, *, base: float, effect: float, size: int) -> bool:
    found = difference_of_shares(
        Counted(int(rng.binomial(size, base + effect)), size), Counted(int(rng.binomial(size, base)), size)
    )
    assert found is not None
    return not found.low <= effect <= found.high


def paid(rng: np.random.Generator, *, size: int, rate: float, mean_minor: float) -> Counter[int]:
    """Return amounts as customers pay them: most nothing, some a little, few much."""
    amounts = rng.lognormal(np.log(mean_minor) - 0.5, 1.0, size) * (rng.random(size) < rate)
    return Counter(int(amount) for amount in amounts)


def test_runs_of_the_same_against_the_same_show_nothing_more_often_than_chance() -> None:
    """An A/A run: both arms are treated alike, so one in twenty intervals leaves out zero, and no more."""
    shown_shares = shown_means = 0
    for seed in range(RUNS):
        rng = np.random.default_rng(seed)
        shown_shares += missed_shares(rng, base=0.3, effect=0.0, size=800)
        found = difference_of_means(
            paid(rng, size=800, rate=0.3, mean_minor=50_000), paid(rng, size=800, rate=0.3, mean_minor=50_000)
        )
        assert found is not None
        shown_means += found.shows_something
    assert FEWEST_MISSED <= shown_shares <= MOST_MISSED
    assert FEWEST_MISSED <= shown_means <= MOST_MISSED


def test_the_check_of_the_shares_is_as_strict_as_it_says() -> None:
    """With right shares it gives alarm once in 1,000: of 200 runs never, or once; with wrong ones always."""
    alarms = wrong = 0
    for seed in range(RUNS):
        rng = np.random.default_rng(seed)
        first, shifted = int(rng.binomial(10_000, 0.9)), int(rng.binomial(10_000, 0.87))
        alarms += is_mismatch(share_mismatch([first, 10_000 - first], [9_000, 1_000]))
        wrong += is_mismatch(share_mismatch([shifted, 10_000 - shifted], [9_000, 1_000]))
    assert alarms <= 3
    assert wrong == RUNS


def test_an_effect_of_known_size_lies_in_19_of_20_intervals() -> None:
    missed = sum(missed_shares(np.random.default_rng(1_000 + seed), base=0.2, effect=0.05, size=900) for seed in range(RUNS))
    assert FEWEST_MISSED <= missed <= MOST_MISSED


def test_a_known_difference_of_amounts_lies_in_19_of_20_intervals() -> None:
    missed = 0
    for seed in range(RUNS):
        rng = np.random.default_rng(2_000 + seed)
        found = difference_of_means(
            paid(rng, size=900, rate=0.35, mean_minor=50_000), paid(rng, size=900, rate=0.30, mean_minor=50_000)
        )
        assert found is not None
        # 0.05 of the customers more pay 50,000 on average; fractions of a minor unit are cut, half of one on average.
        missed += not found.low <= 0.05 * 50_000 <= found.high
    assert FEWEST_MISSED <= missed <= MOST_MISSED


def test_an_experiment_of_the_size_asked_for_finds_the_effect_as_often_as_was_asked_for() -> None:
    """30 % against 35 %, power 80 %, halves: the textbook's 1,377 in each arm (Fleiss, without continuity correction)."""
    question = Question(0.30, 0.05, 0.80, 5_000, 5_000)
    needed = customers_needed(question)
    assert needed is not None and needed == pytest.approx(2 * 1_377, abs=4)
    power = power_of(question, needed)
    assert power == pytest.approx(0.80, abs=0.001)
    assert smallest_effect(question, needed) == pytest.approx(0.05, abs=2e-5)
    found = 0
    for seed in range(RUNS):
        rng = np.random.default_rng(3_000 + seed)
        hits, of_champion = int(rng.binomial(1_377, 0.35)), int(rng.binomial(1_377, 0.30))
        interval = difference_of_shares(Counted(hits, 1_377), Counted(of_champion, 1_377))
        assert interval is not None
        found += interval.low > 0
    low, high = binom.interval(0.999, RUNS, 0.80)
    assert low <= found <= high


def test_a_small_arm_takes_more_customers_in_all() -> None:
    halves, tenth = Question(0.3, 0.05, 0.8, 5_000, 5_000), Question(0.3, 0.05, 0.8, 9_000, 1_000)
    more, fewer = customers_needed(tenth), customers_needed(halves)
    assert more is not None and fewer is not None
    assert 2.5 * fewer < more < 3 * fewer


def test_fewer_who_pay_are_found_as_well_as_more() -> None:
    question = Question(0.35, -0.05, 0.80, 5_000, 5_000)
    needed = customers_needed(question)
    assert needed is not None and needed == pytest.approx(2 * 1_377, abs=4)


@pytest.mark.parametrize(("base", "effect"), [(0.3, 0.0), (0.0, 0.1), (0.95, 0.05), (0.05, -0.05)])
def test_what_no_size_answers_has_no_size(base: float, effect: float) -> None:
    assert customers_needed(Question(base, effect, 0.8, 5_000, 5_000)) is None


def test_the_days_are_those_until_there_are_enough_customers() -> None:
    assert days_needed(1_000, at_once=1_000, a_day=0) == 1
    assert days_needed(1_000, at_once=400, a_day=100) == 7
    assert days_needed(1_001, at_once=400, a_day=100) == 8
    assert days_needed(1_001, at_once=1_000, a_day=0) is None


def test_pages_that_compare_nothing_do_not_load_the_statistics() -> None:
    lines = (
        "import sys",
        "sys.path.append('collections')",
        "from outreach.rules import experiment_results",
        "print({'scipy', 'statsmodels', 'pandas', 'numpy'} & set(sys.modules))",
    )
    said = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "set()"
