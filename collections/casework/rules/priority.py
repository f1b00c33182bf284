"""What an item is worth: the loss that a minute of work on it is expected to avoid.

    priority = exposure × chance of loss × loss given default × effect ÷ minutes

The exposure is the account's; the chance belongs to its bucket; effect (the share of the loss that working avoids) and minutes
are its queue's, from recorded outcomes or from a prior. Whole numbers throughout, so that one account computed alone
and the whole book in SQL come to the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

#: Hundredths of a percent in a whole.
WHOLE_BP: Final = 10_000
#: A weight is in thousand-millionths of the exposure, for each minute.
WEIGHT_SCALE: Final = 10**9
#: Amounts come in ten-thousandths of a major unit; they are weighed in hundredths, which leaves room in eight bytes.
AMOUNT_STEP: Final = 100
#: The most hundredths that are weighed (90 million major units): times the largest weight it still fits in eight bytes.
MOST_WEIGHED: Final = 9 * 10**9
BUCKETS: Final = 8
#: Bounds of what is believed and of what is measured: nothing takes less than one minute, or more than a day.
LEAST_MINUTES, MOST_MINUTES = 1, 480


@dataclass(frozen=True, slots=True)
class Effectiveness:
    """How much working in a queue avoids, and how long it takes.

    :param outcomes: how many recorded outcomes it rests on; 0: a prior, of `author`
    """

    effect_bp: int
    minutes: int
    outcomes: int = 0
    author: str = ""

    @property
    def is_prior(self) -> bool:
        """Whether it is a belief and nothing measured."""
        return self.outcomes == 0


@dataclass(frozen=True, slots=True)
class Weights:
    """What the formula takes: the chance of loss of each bucket and the loss given default, in hundredths of a percent."""

    chance_bp: Sequence[int]
    loss_bp: int

    def by_bucket(self, effectiveness: Effectiveness) -> tuple[int, ...]:
        """Return the weight of each bucket in a queue."""
        return tuple(
            chance * self.loss_bp * effectiveness.effect_bp * WEIGHT_SCALE // (WHOLE_BP**3 * effectiveness.minutes)
            for chance in self.chance_bp
        )


def priority(exposure: int, weight: int) -> int:
    """Return the value of a minute, in ten-thousandths of a major unit, as the exposure is."""
    return min(exposure // AMOUNT_STEP, MOST_WEIGHED) * weight // (WEIGHT_SCALE // AMOUNT_STEP)


def measured(successes: int, outcomes: int, worked_seconds: int, timed: int, *, prior: Effectiveness) -> Effectiveness:
    """Return what recorded outcomes say of a queue.

    A success avoids what the prior believes that working avoids at best: effect = prior × success rate, doubled, at most a
    whole; so a queue where half of the outcomes succeed keeps its prior.

    :param worked_seconds: over the `timed` outcomes that were claimed before; without any, the prior's minutes stay
    """
    effect = min(WHOLE_BP, 2 * prior.effect_bp * successes // outcomes)
    minutes = prior.minutes if not timed else min(MOST_MINUTES, max(LEAST_MINUTES, (worked_seconds + 30 * timed) // (60 * timed)))
    return Effectiveness(effect, minutes, outcomes=outcomes)


def refused_weights(chance_bp: Sequence[int], loss_bp: int, priors: Mapping[str, tuple[int, int]]) -> str:
    """Return what is wrong with weights: the name of the part, "" if nothing is.

    :param priors: effect and minutes by queue
    """
    if len(chance_bp) != BUCKETS or not all(0 <= chance <= WHOLE_BP for chance in chance_bp):
        return "chance_bp"
    if not 0 <= loss_bp <= WHOLE_BP:
        return "loss_bp"
    for effect_bp, minutes in priors.values():
        if not 0 <= effect_bp <= WHOLE_BP or not LEAST_MINUTES <= minutes <= MOST_MINUTES:
            return "priors"
    return ""
