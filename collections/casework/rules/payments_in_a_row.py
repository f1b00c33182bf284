"""Whether payments came month after month, each enough: the condition of a re-age. Plain values, no database.

Source: conduct-rules, "re-age (US profile)": FFIEC counts minimum payments, or one sum that is worth as many.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Month:
    """What was paid in a month, and the least that had to be; minor units."""

    paid_minor: int
    least_minor: int


def months_up_to(ends: Sequence[date], *, payments: Iterable[tuple[date, int]], due: Iterable[tuple[date, int]]) -> list[Month]:
    """Return months by what was paid and had to be paid in each, the latest first.

    The least is what fell due in the month; where nothing did, what fell due on the last day before it on which something did,
    and before anything ever fell due the smallest amount.

    :param ends: the last days of months, the latest first; the last of them only ends the month before the first that is returned
    :param payments: days and amounts, as are those that fell due
    """
    payments, due = list(payments), list(due)
    found = []
    for last, before in pairwise(ends):
        least = sum(amount for day, amount in due if before < day <= last)
        if not least:
            latest = max((day for day, _amount in due if day <= before), default=None)
            least = sum(amount for day, amount in due if day == latest)
        paid = sum(amount for day, amount in payments if before < day <= last)
        found.append(Month(paid, max(1, least)))
    return found


def paid_in_a_row(months: Sequence[Month], *, wanted: int) -> int:
    """Return in how many months in a row the least was paid, the latest first.

    Of as many as are wanted one sum that reaches the least of all of them does as well.
    """
    row = next((at for at, month in enumerate(months) if month.paid_minor < month.least_minor), len(months))
    latest = months[:wanted]
    is_worth_it = len(latest) == wanted and sum(m.paid_minor for m in latest) >= sum(m.least_minor for m in latest)
    return max(row, wanted) if is_worth_it else row
