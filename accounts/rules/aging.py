"""Days past due, buckets, classes, categories and stages. Source: portfolio-format, "Aging, exactly", rules 1–3."""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

from accounts.rules.terms import BUCKET_MAPS

#: The smallest days past due of each category after `normal`.
CATEGORIES: Final = ("normal", "special_mention", "substandard", "doubtful", "loss")
CATEGORY_FROM_DAYS: Final = (1, 91, 271, 361)
#: The smallest days past due of IFRS 9 stages 2 and 3.
STAGE_FROM_DAYS: Final = (31, 91)
#: The smallest days past due of each class after `current`.
CLASSES: Final = ("current", "short", "medium", "long")
CLASS_FROM_DAYS: Final = (1, 31, 91)


def bucket(days_past_due: int, *, bucket_map: str) -> int:
    """Return the bucket's number: 0 for m0 up to 7 for m7 (6 with `calendar-29`)."""
    return bisect_right(BUCKET_MAPS[bucket_map], days_past_due)


def category(days_past_due: int) -> int:
    """Return the index into `CATEGORIES` (five-category classification)."""
    return bisect_right(CATEGORY_FROM_DAYS, days_past_due)


def stage(days_past_due: int) -> int:
    """Return the IFRS 9 stage, 1 to 3, that the days alone give."""
    return 1 + bisect_right(STAGE_FROM_DAYS, days_past_due)


def delinquency_class(days_past_due: int) -> int:
    """Return the index into `CLASSES`: short 1–30, medium 31–90, long over 90."""
    return bisect_right(CLASS_FROM_DAYS, days_past_due)
