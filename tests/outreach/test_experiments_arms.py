"""Arms of customers: stable, in their shares, independent between experiments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, chi2_contingency

from outreach.rules.arms import Arm, Flaw, arm_of, arms_as_plain, arms_from_plain, flaw_of, no_contact_bp

HALVES = (Arm("as-now", "standard", 5_000), Arm("early", "early", 5_000))
UNEVEN = (Arm("as-now", "standard", 7_000), Arm("early", "early", 2_000), Arm("none", "", 1_000))
SALTS = st.text("0123456789abcdef", min_size=8, max_size=32)


def counts(salt: str, arms: tuple[Arm, ...], ids: range) -> list[int]:
    found = [arm_of(salt, customer_id, arms).code for customer_id in ids]
    return [found.count(arm.code) for arm in arms]


def test_the_arm_of_a_customer_is_the_same_for_ever() -> None:
    """Worked out apart, by BLAKE2b of 8 bytes: places 342, 3,941, 7,787, 1,177, 6,923, 9,206 and 3,333 of 10,000."""
    told = [arm_of("0f1e2d3c", customer_id, UNEVEN).code for customer_id in (1, 2, 3, 4, 5, 6, 2**62)]
    assert told == ["as-now", "as-now", "early", "as-now", "as-now", "none", "as-now"]


@given(SALTS)
def test_the_shares_are_those_of_the_weights_within_what_chance_allows(salt: str) -> None:
    ids = range(1, 2_001)
    for arm, found in zip(UNEVEN, counts(salt, UNEVEN, ids), strict=True):
        # Of 60 salts and three arms none in a million is outside.
        low, high = binom.interval(1 - 1e-8, len(ids), arm.weight_bp / 10_000)
        assert low <= found <= high


@given(SALTS, SALTS)
def test_experiments_of_different_salts_divide_the_book_independently(one: str, other: str) -> None:
    if one == other:
        return
    ids = range(1, 2_001)
    table = [[0, 0], [0, 0]]
    for customer_id in ids:
        table[HALVES.index(arm_of(one, customer_id, HALVES))][HALVES.index(arm_of(other, customer_id, HALVES))] += 1
    assert chi2_contingency(table).pvalue > 1e-8


@given(SALTS, st.sets(st.integers(1, 2**63 - 1), min_size=1, max_size=30), st.integers(1, 2**63 - 1))
def test_a_customer_who_comes_moves_nobody(salt: str, there: set[int], new: int) -> None:
    before = {customer_id: arm_of(salt, customer_id, UNEVEN).code for customer_id in there}
    after = {customer_id: arm_of(salt, customer_id, UNEVEN).code for customer_id in there | {new}}
    assert {customer_id: after[customer_id] for customer_id in there} == before


def test_neighbours_are_divided_like_everybody() -> None:
    """Ids are given in order of arrival: of each hundred, half go to each arm."""
    for first in range(0, 10_000, 1_000):
        low, high = binom.interval(1 - 1e-8, 1_000, 0.5)
        assert low <= counts("a" * 32, HALVES, range(first, first + 1_000))[0] <= high


def test_weights_that_leave_a_gap_are_an_error_and_not_an_arm() -> None:
    short = (Arm("a", "s", 1), Arm("b", "s", 1))
    with pytest.raises(ValueError, match="add up to 2, not to 10000"):
        arm_of("salt", 1, short)


def test_arms_are_kept_as_plain_values_and_read_again() -> None:
    assert arms_from_plain(arms_as_plain(UNEVEN)) == UNEVEN
    assert no_contact_bp(UNEVEN) == 1_000
    assert flaw_of(arms_as_plain(UNEVEN), "as-now") is None


@pytest.mark.parametrize(
    ("arms", "champion", "flaw"),
    [
        ("arms", "a", "shape"),
        ([{"code": "a", "strategy": "s"}], "a", "shape"),
        ([{"code": "a", "strategy": "s", "weight_bp": True}], "a", "shape"),
        ([{"code": "a", "strategy": None, "weight_bp": 1}], "a", "shape"),
        (arms_as_plain([Arm("a", "s", 9_999)]), "a", "number"),
        (arms_as_plain([Arm(code, "s", 2_000) for code in "abcde"]), "a", "number"),
        (arms_as_plain([Arm("A", "s", 5_000), Arm("b", "t", 5_000)]), "A", "code"),
        (arms_as_plain([Arm("", "s", 5_000), Arm("b", "t", 5_000)]), "b", "code"),
        (arms_as_plain([Arm("a", "s", 10_000), Arm("b", "t", 0)]), "a", "weight"),
        (arms_as_plain([Arm("a", "s", 10_001), Arm("b", "t", -1)]), "a", "weight"),
        (arms_as_plain([Arm("a", "s", 5_000), Arm("a", "t", 5_000)]), "a", "twice"),
        (arms_as_plain([Arm("a", "s", 5_000), Arm("b", "t", 4_999)]), "a", "sum"),
        (arms_as_plain(HALVES), "none", "champion"),
        (arms_as_plain([Arm("a", "", 1_000), Arm("b", "t", 9_000)]), "a", "champion_silent"),
    ],
)
def test_arms_that_cannot_be_are_told_by_name(arms: object, champion: str, flaw: str) -> None:
    found = flaw_of(arms, champion)
    assert isinstance(found, Flaw)
    assert found.name == flaw
