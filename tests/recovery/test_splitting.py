"""The split: alike, by chance with a recorded seed, within capacity; shown before anything is placed."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery.rules.splitting import Candidate, Share, differences, quotas_of, split

VARIABLES = ("bucket", "balance")


def many(number: int, seed: int = 1) -> list[Candidate]:
    rng = Random(seed)
    return [
        Candidate(n, (f"m{3 + min(4, int(rng.expovariate(1)))}", str(int(rng.random() * 8))), int(rng.lognormvariate(12, 1)))
        for n in range(number)
    ]


def test_four_equal_agencies_get_the_same_number_and_nearly_the_same_of_each_stratum() -> None:
    chosen = many(8_000)
    done = split(chosen, [Share(code, 1) for code in "abcd"], variables=VARIABLES, seed=42)
    assert Counter(done.agency_of.values()) == {"a": 2_000, "b": 2_000, "c": 2_000, "d": 2_000}
    assert done.largest is not None and done.largest.value < 0.02
    owed = Counter[str]()
    for one in chosen:
        owed[done.agency_of[one.account_id]] += one.amount_minor
    assert max(owed.values()) < 1.05 * min(owed.values())


def test_the_same_seed_gives_the_same_split_and_another_seed_another() -> None:
    chosen, shares = many(500), [Share("a", 1), Share("b", 1)]
    first, again, other = (split(chosen, shares, variables=VARIABLES, seed=seed).agency_of for seed in (7, 7, 8))
    assert first == again
    assert first != other


def test_weights_make_a_champion_with_challengers() -> None:
    done = split(many(1_000), [Share("a", 7), Share("b", 2), Share("c", 1)], variables=VARIABLES, seed=1)
    assert Counter(done.agency_of.values()) == {"a": 700, "b": 200, "c": 100}


def test_what_one_agency_cannot_take_goes_to_the_others_and_the_rest_stays_at_home() -> None:
    shares = [Share("a", 1, most_accounts=10), Share("b", 1, most_accounts=30), Share("c", 2)]
    assert quotas_of(100, shares) == {"a": 10, "b": 30, "c": 60}
    assert quotas_of(100, [Share("a", 1, 10), Share("b", 1, 30)]) == {"a": 10, "b": 30}
    done = split(many(100), [Share("a", 1, 10), Share("b", 1, 30)], variables=VARIABLES, seed=1)
    assert Counter(done.agency_of.values()) == {"a": 10, "b": 30}


def test_quotas_are_whole_by_the_largest_remainder() -> None:
    # 10 by 3 : 3 : 1 is 4.29, 4.29, 1.43: the odd one goes to the largest rest.
    assert quotas_of(10, [Share("a", 3), Share("b", 3), Share("c", 1)]) == {"a": 4, "b": 4, "c": 2}


def test_no_agency_is_given_more_money_than_it_has_room_for() -> None:
    chosen = many(400)
    done = split(chosen, [Share("a", 1, most_minor=1_000_000), Share("b", 1)], variables=VARIABLES, seed=3)
    held = sum(one.amount_minor for one in chosen if done.agency_of.get(one.account_id) == "a")
    assert 0 < held <= 1_000_000
    assert Counter(done.agency_of.values())["b"] == 200


def test_the_standardised_difference_is_that_of_the_shares_of_a_level() -> None:
    chosen = [Candidate(n, ("x" if n < 3 else "y",), 1) for n in range(8)]
    # a has x, x, y, y; b has x, y, y, y: 0.5 and 0.25, spread sqrt((0.25 + 0.1875) / 2).
    agency_of = {0: "a", 1: "a", 2: "b", 3: "a", 4: "a", 5: "b", 6: "b", 7: "b"}
    found = {one.level: one.value for one in differences(chosen, agency_of, ["a", "b"], ["v"])}
    assert found["x"] == pytest.approx(0.25 / 0.21875**0.5)
    assert found["y"] == pytest.approx(found["x"])


@given(
    number=st.integers(1, 300),
    weights=st.lists(st.tuples(st.integers(1, 9), st.none() | st.integers(0, 120)), min_size=1, max_size=5),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_account_is_dealt_once_and_nobody_is_over_capacity(
    number: int, weights: list[tuple[int, int | None]], seed: int
) -> None:
    shares = [Share(f"s{place}", weight, most) for place, (weight, most) in enumerate(weights)]
    done = split(many(number), shares, variables=VARIABLES, seed=seed)
    counted = Counter(done.agency_of.values())
    room = sum(number if share.most_accounts is None else share.most_accounts for share in shares)
    assert len(done.agency_of) == min(number, room)
    assert all(share.most_accounts is None or counted[share.code] <= share.most_accounts for share in shares)
