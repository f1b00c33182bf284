"""A comparable split of accounts among agencies: the same strata for each, by chance with a recorded seed, measured afterwards.

Accounts stand in the order of their strata, and within a stratum of what they owe. Cut into short blocks, each block is
shuffled; then every account goes to the agency that is furthest behind its share. So each agency has of every stratum, and of
small and large amounts within it, what its share says to the account, and which account it is, is chance alone.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt
from typing import Final

#: Variables whose standardised difference stays below this are taken as alike (the usual bound of matched samples is 0.1).
LARGEST_DIFFERENCE: Final = 0.05
#: Accounts that are shuffled among one another, next to each other by amount, for each agency.
_BLOCK_PER_AGENCY: Final = 2


@dataclass(frozen=True, slots=True)
class Candidate:
    """An account to be placed. `stratum`: the values of the stratum variables, in their order; amounts in minor units."""

    account_id: int
    stratum: tuple[str, ...]
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Share:
    """What an agency gets: a weight beside the others', and the most it can take.

    :param most_accounts: None: no bound
    :param most_minor: of what is owed, in minor units; None: no bound
    """

    code: str
    weight: int
    most_accounts: int | None = None
    most_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """How much a level of a variable differs between the two agencies that differ most in it, in standard deviations."""

    variable: str
    level: str
    value: float


@dataclass(frozen=True, slots=True)
class Split:
    """Who got what. `agency_of`: by account id; who is in none was over every agency's capacity."""

    agency_of: dict[int, str]
    differences: tuple[Difference, ...]

    @property
    def largest(self) -> Difference | None:
        """The largest difference of a stratum variable; None where there is nothing to compare."""
        return max(self.differences, key=lambda found: found.value, default=None)


def split(candidates: Sequence[Candidate], shares: Sequence[Share], *, variables: Sequence[str], seed: int) -> Split:
    """Split accounts among agencies; the same accounts, shares and seed give the same split.

    :param variables: names of the stratum variables, as many as each candidate's stratum has values
    """
    rng = random.Random(seed)
    quotas = quotas_of(len(candidates), shares)
    chosen = _shuffled(candidates, rng, len(shares))
    if sum(quotas.values()) < len(candidates):
        # Who stays at home is chance too, over all strata alike.
        chosen = _thinned(chosen, sum(quotas.values()), rng)
    agency_of = _within_amounts(_dealt(chosen, shares, quotas, rng), chosen, shares, rng)
    return Split(agency_of, differences(candidates, agency_of, [share.code for share in shares], variables))


def quotas_of(accounts: int, shares: Sequence[Share]) -> dict[str, int]:
    """Return how many accounts each agency gets by its weight, none over its capacity; what one cannot take goes to the others.

    Whole numbers by the largest remainder, the first named first among equals.
    """
    quotas: dict[str, int] = {}
    open_shares = [share for share in shares if share.weight > 0]
    left = accounts
    while open_shares:
        whole = sum(share.weight for share in open_shares)
        full = [s for s in open_shares if s.most_accounts is not None and s.most_accounts * whole < left * s.weight]
        if not full:
            break
        for share in full:
            quotas[share.code] = share.most_accounts or 0
            left -= quotas[share.code]
            open_shares.remove(share)
    if open_shares:
        whole = sum(share.weight for share in open_shares)
        for share in open_shares:
            quotas[share.code] = left * share.weight // whole
        rest = left - sum(quotas[share.code] for share in open_shares)
        by_remainder = sorted(open_shares, key=lambda share: -(left * share.weight % whole))
        for share in by_remainder[:rest]:
            quotas[share.code] += 1
    return {share.code: quotas.get(share.code, 0) for share in shares}


def differences(
    candidates: Sequence[Candidate], agency_of: Mapping[int, str], codes: Sequence[str], variables: Sequence[str]
) -> tuple[Difference, ...]:
    """Return the largest standardised difference of each level of each variable between any two agencies.

    Of a level it is that of its share: (p - q) / sqrt((p(1-p) + q(1-q)) / 2).
    """
    counts: dict[tuple[int, str], Counter[str]] = defaultdict(Counter)
    totals: Counter[str] = Counter()
    for candidate in candidates:
        code = agency_of.get(candidate.account_id)
        if code is not None:
            totals[code] += 1
            for place, level in enumerate(candidate.stratum):
                counts[place, level][code] += 1
    there = [code for code in codes if totals[code]]
    found = []
    for (place, level), counted in sorted(counts.items()):
        portions = {code: counted[code] / totals[code] for code in there}
        value = max((_standardised(portions[a], portions[b]) for a, b in combinations(there, 2)), default=0.0)
        found.append(Difference(variables[place], level, value))
    return tuple(found)


def _standardised(p: float, q: float) -> float:
    spread = sqrt((p * (1 - p) + q * (1 - q)) / 2)
    return abs(p - q) / spread if spread else float(p != q)


def _shuffled(candidates: Sequence[Candidate], rng: random.Random, agencies: int) -> list[Candidate]:
    """Return the candidates by stratum and amount, shuffled in short blocks: neighbours are alike, their order is chance."""
    ordered = sorted(candidates, key=lambda one: (one.stratum, one.amount_minor, one.account_id))
    size = max(2, agencies * _BLOCK_PER_AGENCY)
    mixed: list[Candidate] = []
    for begin in range(0, len(ordered), size):
        block = ordered[begin : begin + size]
        rng.shuffle(block)
        mixed += block
    return mixed


def _thinned(ordered: list[Candidate], wanted: int, rng: random.Random) -> list[Candidate]:
    """Return so many of them, spread evenly over the order from a start that is chance."""
    if wanted <= 0:
        return []
    count, start = len(ordered), rng.randrange(len(ordered))
    # Every candidate's step over the line of `wanted` evenly spaced marks: exactly `wanted` of them cross one.
    return [
        one for place, one in enumerate(ordered) if ((place + start + 1) * wanted) // count > ((place + start) * wanted) // count
    ]


def _dealt(
    ordered: Sequence[Candidate], shares: Sequence[Share], quotas: Mapping[str, int], rng: random.Random
) -> dict[int, str]:
    """Deal the accounts out, each to the agency that is furthest behind its quota; among equals by chance."""
    codes = [share.code for share in shares if quotas[share.code]]
    whole = sum(quotas.values())
    behind = dict.fromkeys(codes, 0)
    left = {code: quotas[code] for code in codes}
    dealt: dict[int, str] = {}
    for candidate in ordered:
        rng.shuffle(codes)
        code = max((c for c in codes if left[c]), key=lambda c: behind[c] + quotas[c], default=None)
        if code is None:
            break
        for c in codes:
            behind[c] += quotas[c]
        behind[code] -= whole
        left[code] -= 1
        dealt[candidate.account_id] = code
    return dealt


def _within_amounts(
    dealt: dict[int, str], ordered: Sequence[Candidate], shares: Sequence[Share], rng: random.Random
) -> dict[int, str]:
    """Leave out by chance what is over an agency's money, until the rest is within."""
    owned: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in ordered:
        if candidate.account_id in dealt:
            owned[dealt[candidate.account_id]].append(candidate)
    for share in shares:
        if share.most_minor is None:
            continue
        held = sum(candidate.amount_minor for candidate in owned[share.code])
        if held <= share.most_minor:
            continue
        leaving = owned[share.code][:]
        rng.shuffle(leaving)
        for candidate in leaving:
            if held <= share.most_minor:
                break
            held -= candidate.amount_minor
            del dealt[candidate.account_id]
    return dealt
