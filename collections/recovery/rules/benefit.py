"""What a letter or a legal stage is expected to bring, against its cost. Whole minor units; rates in hundredths of a percent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

#: Hundredths of a percent in a whole.
WHOLE_BP: Final = 10_000


class Stage(StrEnum):
    """The stages of legal recovery, in the order of boards."""

    MEDIATION = "mediation"
    ARBITRATION = "arbitration"
    SUIT = "suit"
    JUDGMENT = "judgment"
    ENFORCEMENT = "enforcement"


#: What may follow each stage. An award is enforced like a judgment.
NEXT_STAGES: Final[dict[Stage, tuple[Stage, ...]]] = {
    Stage.MEDIATION: (Stage.ARBITRATION, Stage.SUIT, Stage.ENFORCEMENT),
    Stage.ARBITRATION: (Stage.ENFORCEMENT,),
    Stage.SUIT: (Stage.MEDIATION, Stage.JUDGMENT),
    Stage.JUDGMENT: (Stage.ENFORCEMENT,),
    Stage.ENFORCEMENT: (),
}
#: The stages at which a case may begin.
FIRST_STAGES: Final = (Stage.MEDIATION, Stage.ARBITRATION, Stage.SUIT)


@dataclass(frozen=True, slots=True, order=True)
class Band:
    """A recovery rate, for accounts of at least this bucket whose balance is at least this much."""

    bucket_from: int
    amount_from_minor: int
    rate_bp: int


@dataclass(frozen=True, slots=True)
class StageTerms:
    """What a legal stage costs, and which part of the balance it is expected to bring."""

    stage: Stage
    cost_minor: int
    rate_bp: int


@dataclass(frozen=True, slots=True)
class Benefit:
    """One line of cost against benefit, all in minor units: `expected` is `rate` of `balance`, rounded half up."""

    balance_minor: int
    rate_bp: int
    expected_minor: int
    cost_minor: int

    @property
    def net_minor(self) -> int:
        """What is expected to be left; below zero it loses money."""
        return self.expected_minor - self.cost_minor


def rate_of(bands: Iterable[Band], *, bucket: int, balance_minor: int) -> int:
    """Return the rate of the band that fits, the highest bucket first, then the highest amount; 0 where none fits."""
    fitting = [band for band in bands if band.bucket_from <= bucket and band.amount_from_minor <= balance_minor]
    return max(fitting).rate_bp if fitting else 0


def benefit(*, balance_minor: int, rate_bp: int, cost_minor: int) -> Benefit:
    """Return the line of cost against benefit."""
    expected_minor = (balance_minor * rate_bp + WHOLE_BP // 2) // WHOLE_BP
    return Benefit(balance_minor, rate_bp, expected_minor, cost_minor)


def terms_of(stages: Sequence[StageTerms], stage: Stage) -> StageTerms:
    """Return the terms of a stage; one that has none costs and brings nothing."""
    return next((terms for terms in stages if terms.stage is stage), StageTerms(stage, 0, 0))
