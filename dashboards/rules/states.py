"""The states an account can be in at a month-end, and the day thresholds of n+ rates. Source: metrics.md, "Notation"."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class State(IntEnum):
    """What an account is at the close of a day. Numbers are stored in the aggregates; buckets keep their own number.

    `NEVER_USED` is no state in the words of the metrics: such an account is in no cell. `NEW` is only ever the "before" of
    a flow: the account had no state at the month-end before.
    """

    M0 = 0
    M1 = 1
    M2 = 2
    M3 = 3
    M4 = 4
    M5 = 5
    M6 = 6
    M7 = 7
    PAID_OFF = 10
    WRITTEN_OFF = 11
    NEVER_USED = 12
    NEW = 13

    @property
    def key(self) -> str:
        """The word for it in exports: `m0` … `m7`, `paid_off`, `written_off`, `never_used`, `new`."""
        return self.name.lower()


BUCKETS: Final = (State.M0, State.M1, State.M2, State.M3, State.M4, State.M5, State.M6, State.M7)
#: The states of the metrics, in the order of tables and matrices.
STATES: Final = (*BUCKETS, State.PAID_OFF, State.WRITTEN_OFF)
STATE_BY_KEY: Final = {state.key: state for state in State}
#: The n of the n+ rates: days past due of n and more.
THRESHOLDS: Final = (1, 30, 60, 90)


def days_from(days_past_due: int) -> int:
    """Return the largest threshold the days have reached, 0 for none: 30 for 45 days."""
    return max((n for n in THRESHOLDS if days_past_due >= n), default=0)
