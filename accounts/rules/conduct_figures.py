"""The figures of conduct that are configuration: what each bounds, its unit and the range a site may choose from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class ConductCode(StrEnum):
    """What a figure is for."""

    YEARLY_COST_LINE = "yearly_cost_line_bp"
    DEBIT_NOTICE = "debit_notice_days"
    DEBIT_TRIES = "debit_tries"
    DEBIT_SPACING = "debit_spacing_days"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a figure ships with, where that comes from, and the range it may be set to, both ends included."""

    shipped: int
    lowest: int
    highest: int
    source: str


FIGURES: Final[dict[ConductCode, Bounds]] = {
    ConductCode.YEARLY_COST_LINE: Bounds(2_400, 1, 100_000, "supervisory line, 24 % a year"),
    ConductCode.DEBIT_NOTICE: Bounds(
        3, 1, 60, "our own default; SEPA core: 14 days unless agreed otherwise; Regulation E, 12 CFR 1005.10(d): 10 days"
    ),
    ConductCode.DEBIT_TRIES: Bounds(3, 1, 10, "our own default; Nacha: two more after the first return"),
    ConductCode.DEBIT_SPACING: Bounds(3, 1, 60, "our own default"),
}
