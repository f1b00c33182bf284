"""The stage of a case, from how its account stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

REMIND: Final = "remind"
WORK: Final = "work"
PURSUE: Final = "pursue"
LEGAL: Final = "legal"
AGENCY: Final = "agency"
WRITTEN_OFF: Final = "written_off"
CURED: Final = "cured"

#: Stages that the rooms above set and leave; days past due do not move a case out of them, being paid up does.
KEPT_STAGES: Final = (LEGAL, AGENCY)
#: Stages that follow days past due.
AGED_STAGES: Final = (REMIND, WORK, PURSUE)


@dataclass(frozen=True, slots=True)
class StageBounds:
    """The first days past due of the stages `work` and `pursue`."""

    work_from_days: int
    pursue_from_days: int


def standing_stage(*, days_past_due: int, is_written_off: bool, bounds: StageBounds) -> str:
    """Return the stage of a case that nobody keeps elsewhere; `cured` where nothing is past due."""
    if days_past_due <= 0:
        return CURED
    if is_written_off:
        return WRITTEN_OFF
    if days_past_due >= bounds.pursue_from_days:
        return PURSUE
    return WORK if days_past_due >= bounds.work_from_days else REMIND


def following_stage(stage: str, *, days_past_due: int, is_written_off: bool, bounds: StageBounds) -> str:
    """Return the stage that an open case has after a look at its account: the same where nothing moves it."""
    standing = standing_stage(days_past_due=days_past_due, is_written_off=is_written_off, bounds=bounds)
    return stage if stage in KEPT_STAGES and standing != CURED else standing
