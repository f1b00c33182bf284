"""The odds the simulated book is calibrated to. docs/simulated-book.md states them; a test holds it to these."""

from __future__ import annotations

from typing import Final, NamedTuple


class Moves(NamedTuple):
    """Of the accounts in a bucket at a month-end: the shares that a month later are one bucket worse, in the same one, in a
    better one but late, and not late at all."""

    roll: float
    stay: float
    back: float
    cure: float


#: By bucket, m0 to m7. In m7 nobody pays more than `back` and `cure`; who is nine months late is written off in the tenth.
TARGETS: Final = (
    Moves(0.06, 0.94, 0.00, 0.00),
    Moves(0.28, 0.14, 0.00, 0.58),
    Moves(0.55, 0.10, 0.08, 0.27),
    Moves(0.70, 0.08, 0.07, 0.15),
    Moves(0.78, 0.08, 0.05, 0.09),
    Moves(0.82, 0.08, 0.04, 0.06),
    Moves(0.85, 0.07, 0.03, 0.05),
    Moves(0.00, 0.96, 0.015, 0.025),
)
WRITE_OFF_AFTER_MONTHS: Final = 9
WRITE_OFF_DAY: Final = 15

#: m0 to m1 by calendar month, January first: the Spring Festival, the 618 and double-eleven bills falling due.
SEASON: Final = (1.02, 1.14, 0.96, 0.95, 0.97, 0.98, 1.06, 1.00, 0.97, 0.96, 1.00, 1.08)
#: The macro shock: the share of the window's months that it spans, and how much worse m0 rolls and the later buckets roll then.
SHOCK_SPAN: Final = (0.50, 0.67)
SHOCK_ON_ENTRY: Final = 1.35
SHOCK_ON_ROLLS: Final = 1.10
#: Chance from month to month, as the standard deviation of the factor's logarithm.
NOISE: Final = 0.03

#: What an account's odds of rolling are made of, in natural logarithms of odds. Later buckets feel `LATE_SHARE` of it.
LATE_SHARE: Final = 0.35
PRODUCT_ODDS: Final = {"SIM-BILL": 0.0, "SIM-INST": 0.1, "SIM-CASH": 0.45}
CHANNEL_ODDS: Final = {"app": 0.0, "web": 0.1, "store": -0.15, "partner": 0.4}
MERCHANT_ODDS: Final = {"groceries": -0.2, "home": -0.1, "fashion": 0.1, "travel": 0.0, "education": -0.15, "electronics": 0.3}
REGION_ODDS: Final = {"north": 0.0, "east": -0.15, "south": 0.05, "west": 0.2}
#: Per unit of the logarithm of income over the median.
INCOME_ODDS: Final = -0.5
#: Shares of the window's months opened under loose and under tight rules, and what that does.
LOOSE_SPAN: Final = (0.25, 0.42)
LOOSE_ODDS: Final = 0.5
TIGHT_SPAN: Final = (0.62, 0.80)
TIGHT_ODDS: Final = -0.35
#: What nobody can see: the standard deviation of each customer's own odds.
FRAILTY: Final = 0.8
HABIT_ODDS: Final = {"autopay": -0.5, "punctual": 0.0, "tardy": 0.7}
#: On the first due dates, and in the months after a cure (the first one; it wears off evenly).
FIRST_MONTHS_ODDS: Final = (0.0, 0.45, 0.25, 0.1)
AFTER_CURE_ODDS: Final = 1.1
AFTER_CURE_MONTHS: Final = 6
