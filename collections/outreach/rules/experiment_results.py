"""What arms of an experiment came to, compared: differences with their 95 % intervals, the check of the shares, sizes.

The statistics are those of statsmodels and scipy; nothing here is a formula of ours. Both take a second to load, so they are
loaded where they are used: a page that compares nothing does not wait for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, isfinite
from typing import Any, Final

#: Two-sided: one in twenty intervals does not hold the truth.
ALPHA: Final = 0.05
#: Below this the shares of the arms are not what was planned, and no result counts. A book is looked at often, so it is strict.
MISMATCH_ALPHA: Final = 0.001
#: Fewer in one arm than this, and an interval says nothing.
FEWEST: Final = 2
#: The largest size that the calculator answers with.
MOST_CUSTOMERS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Interval:
    """A difference from the champion with its 95 % interval: of shares from -1 to 1, of amounts in minor units."""

    difference: float
    low: float
    high: float

    @property
    def shows_something(self) -> bool:
        """Whether no difference at all is outside of it."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class Counted:
    """How many of an arm's customers did something."""

    hits: int
    customers: int


def difference_of_shares(arm: Counted, champion: Counted) -> Interval | None:
    """Return how much larger an arm's share is than the champion's, by Newcombe's hybrid score interval; None for too few."""
    if min(arm.customers, champion.customers) < FEWEST:
        return None
    from statsmodels.stats.proportion import confint_proportions_2indep

    low, high = confint_proportions_2indep(
        arm.hits, arm.customers, champion.hits, champion.customers, method="newcomb", compare="diff", alpha=ALPHA
    )
    return Interval(arm.hits / arm.customers - champion.hits / champion.customers, float(low), float(high))


#: Values with how many customers have each: amounts in minor units.
Amounts = Mapping[int, int]


def difference_of_means(arm: Amounts, champion: Amounts) -> Interval | None:
    """Return how much more an arm's customers paid on average than the champion's, by Welch's interval; None for too few."""
    if min(sum(arm.values()), sum(champion.values())) < FEWEST:
        return None
    from statsmodels.stats.weightstats import CompareMeans

    one, other = _described(arm), _described(champion)
    if one.var == 0 and other.var == 0:
        # Everybody paid the same: there is no spread to make an interval of.
        return Interval(float(one.mean - other.mean), float(one.mean - other.mean), float(one.mean - other.mean))
    low, high = CompareMeans(one, other).tconfint_diff(alpha=ALPHA, usevar="unequal")
    return Interval(float(one.mean - other.mean), float(low), float(high))


def _described(amounts: Amounts) -> Any:
    from statsmodels.stats.weightstats import DescrStatsW

    return DescrStatsW([float(amount) for amount in amounts], weights=[float(times) for times in amounts.values()], ddof=1)


def share_mismatch(assigned: Sequence[int], weights_bp: Sequence[int]) -> float | None:
    """Return how likely shares as far off as these are by chance (chi-square), None before anybody is assigned."""
    total, whole = sum(assigned), sum(weights_bp)
    if not total:
        return None
    from scipy.stats import chisquare

    return float(chisquare(list(assigned), [total * weight / whole for weight in weights_bp]).pvalue)


def is_mismatch(probability: float | None) -> bool:
    """Return whether the shares are not what was planned."""
    return probability is not None and probability < MISMATCH_ALPHA


@dataclass(frozen=True, slots=True)
class Question:
    """What the calculator is asked. Rates are shares from 0 to 1.

    :param base_rate: how many do it under the champion
    :param effect: the smallest difference worth finding; below 0 for fewer
    :param power: how often a difference of that size is to be found
    :param champion_bp, arm_bp: the shares of the two that are compared; the smallest arm decides
    """

    base_rate: float
    effect: float
    power: float
    champion_bp: int
    arm_bp: int


def customers_needed(question: Question) -> int | None:
    """Return how many customers the whole experiment takes to find the difference; None if no number of them does."""
    rate = question.base_rate + question.effect
    if not (0 < question.base_rate < 1 and 0 < rate < 1 and question.effect):
        return None
    from statsmodels.stats.proportion import samplesize_proportions_2indep_onetail

    # By arm; the tail that lies beyond the other side is left out, which is nothing at powers worth asking for.
    of_arm = samplesize_proportions_2indep_onetail(
        question.effect,
        question.base_rate,
        question.power,
        ratio=question.champion_bp / question.arm_bp,
        alpha=ALPHA,
        alternative="two-sided",
    )
    if not isfinite(of_arm):
        return None
    whole = ceil(float(of_arm) * 10_000 / question.arm_bp)
    return whole if whole <= MOST_CUSTOMERS else None


def power_of(question: Question, customers: int) -> float | None:
    """Return how often so many customers in the whole experiment would find the difference; None where it cannot be asked."""
    rate = question.base_rate + question.effect
    arm = customers * question.arm_bp / 10_000
    if not (0 < question.base_rate < 1 and 0 < rate < 1) or arm < FEWEST:
        return None
    from statsmodels.stats.proportion import power_proportions_2indep

    ratio = question.champion_bp / question.arm_bp
    found = power_proportions_2indep(
        question.effect, question.base_rate, arm, ratio=ratio, alpha=ALPHA, alternative="two-sided", return_results=False
    )
    return float(found)


def smallest_effect(question: Question, customers: int) -> float | None:
    """Return the smallest rise of the rate that so many customers find with the power asked for; None if they find none."""
    from scipy.optimize import brentq

    def lacking(effect: float) -> float:
        found = power_of(Question(question.base_rate, effect, question.power, question.champion_bp, question.arm_bp), customers)
        return (found or 0.0) - question.power

    most = 1 - question.base_rate - 1e-9
    if most <= 1e-9 or lacking(most) < 0:
        return None
    return float(brentq(lacking, 1e-9, most, xtol=1e-7))


def days_needed(customers: int, *, at_once: int, a_day: int) -> int | None:
    """Return on how many days customers come in until there are so many; None if there are never.

    :param at_once: those who come in on the first day
    :param a_day: those who come in on every day after it
    """
    if customers <= at_once:
        return 1
    return 1 + ceil((customers - at_once) / a_day) if a_day > 0 else None
