"""What a story is: one account with a script, called month by month; and what scripts of all stories use."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final, NamedTuple

from riskops.simulation.entries import MonthPlan, NewAccount
from riskops.simulation.planned import PlannedAccount
from riskops.simulation.products import MINOR, SimulatedProduct
from riskops.simulation.window import Window

#: Invented people of the stories come after those of the crowd.
FIRST_STORY_PERSON: Final = 60_001
_STATEMENT_DAY: Final = 20
_LIMIT: Final = 20_000 * MINOR

Script = Callable[[PlannedAccount, int], None]


class Story:
    """One account with a script: called once for each month from its opening on."""

    def __init__(self, number: int, told: Told, window: Window) -> None:
        self.account_no = f"S-{number:03d}"
        self.title = told.title
        self._opened = told.opened
        self._script = told.script
        self._late = told.late
        self.account = PlannedAccount(self.account_no, told.product, window, due_day=told.due_day, remembers=True)
        self._opening = NewAccount(
            self.account_no,
            f"S-C{number:03d}",
            FIRST_STORY_PERSON + number - 1,
            True,
            told.product.code,
            window.day(told.opened, 2),
            _LIMIT,
            ("app", "electronics", "east", "6500"),
        )

    def is_open(self, month: int) -> bool:
        """Whether the account is open at a month's end."""
        return month >= self._opened

    def tell(self, month: int, plan: MonthPlan) -> None:
        """Plan a month of the story."""
        if not self.is_open(month):
            return
        self.account.plan = plan
        if month == self._opened:
            plan[self._opening.opened_on].accounts.append(self._opening)
        self._script(self.account, month)

    def months_late(self, month: int) -> int:
        """Return the months late at a month's end, as they were known then."""
        stated = self._late(month) if self._late else None
        return self.account.months_late(month) if stated is None else stated


class Told(NamedTuple):
    """What a story is made of. `opened` is the month, its second day the opening day.

    :param late: the months late at a month's end, where the account's own ledger cannot know them; None there: as it says
    """

    title: str
    product: SimulatedProduct
    opened: int
    due_day: int
    script: Script
    late: Callable[[int], int | None] | None = None


def bill(a: PlannedAccount, month: int, yuan: int) -> None:
    """Send the month's bill, due the month after."""
    a.order(a.window.day(month, _STATEMENT_DAY), amount_minor=yuan * MINOR, parts=1, first_due_month=month + 1)


def day_of(a: PlannedAccount, month: int, day_of_month: int) -> date:
    """Return a day of a month of the window."""
    return a.window.day(month, day_of_month)


def pay_when_due(a: PlannedAccount, month: int, *, days_after: int = 0, channel: str = "autopay") -> None:
    """Pay everything due this month so many days after the due day."""
    a.pay_owed(a.due_date(month) + timedelta(days=days_after), through_month=month, channel=channel)
