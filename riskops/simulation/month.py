"""One account's month: the purchases, and the payments that bring it where the chain sends it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from math import exp
from random import Random
from typing import Final

from accounts.rules.terms import Component
from riskops.simulation import targets
from riskops.simulation.population import MEDIAN_INCOME, Life
from riskops.simulation.products import BILL, MINOR

CHANNEL_OF_HABIT: Final = {"autopay": "autopay", "punctual": "app", "tardy": "bank_transfer"}
DESK_CHANNEL: Final = "counter"
# Of payments: made at the desk, brought a day or two late, bounced once before, rounded up to ten yuan.
_AT_DESK: Final = 0.004
_BROUGHT_LATE: Final = 0.004
_BOUNCED: Final = 0.004
_ROUNDED_UP: Final = 0.02
#: Of the payments of people who are not late at the month's end: those after the due day.
_AFTER_DUE_DAY: Final = {"autopay": 0.01, "punctual": 0.06, "tardy": 0.45}
_PAYS_PART: Final = 0.25
_PAYS_OFF_EARLY: Final = 0.008
_PENALTY_WAIVED: Final = 0.04
_RECOVERS: Final = 0.05
_GOES_DORMANT: Final = 0.008
#: Of those who cure from two or more months late: the line is not used again.
_LINE_UNUSED: Final = 0.35
#: Purchases of those who go late this month, against those who do not.
_BUYS_BEFORE_LATE: Final = 0.5
_FIRST_STATEMENT_DAY: Final = 20
_SMALLEST_ORDER: Final = 100 * MINOR
_ORDER_SPREAD: Final = 0.6


class LifeMonth:
    """Plans one month of one life. `outcome`: months late at its end; None: nothing is owed that could be late."""

    def __init__(self, life: Life, month: int, draw: Random) -> None:
        self.life, self.month, self.draw = life, month, draw
        self.account = life.account
        self.window = life.account.window
        self.last = self.window.month_end(month)
        self._happenings: list[tuple[date, int, Callable[[date], None]]] = []

    def live(self, outcome: int | None) -> None:
        """Plan the month and bring the life to its end."""
        life = self.life
        before = life.months_late
        if life.is_written_off:
            self._recover()
        elif outcome is not None and outcome > before and before >= targets.WRITE_OFF_AFTER_MONTHS:
            day = self.window.day(self.month, targets.WRITE_OFF_DAY)
            life.is_written_off = True
            self.account.write_off(day, reason=f"{before} months late, no payment expected")
        else:
            self._shop(goes_late=bool(outcome))
            if outcome is not None:
                self._pay(outcome)
        for day, _, happen in sorted(self._happenings, key=lambda one: one[:2]):
            happen(day)
        life.months_late = self.account.months_late(self.month)
        if before and not life.months_late:
            life.cured_in = self.month
            life.is_dormant = life.is_dormant or (before > 1 and self.draw.random() < _LINE_UNUSED)

    def _at(self, day: date, happen: Callable[[date], None]) -> None:
        self._happenings.append((day, len(self._happenings), happen))

    # --- purchases ------------------------------------------------------------------------------------------------------

    def _shop(self, *, goes_late: bool) -> None:
        """Book what is bought; who is late cannot, and who goes late this month buys less, and only before the due day."""
        life, draw = self.life, self.draw
        product = self.account.product
        is_new = life.month == self.month
        life.is_dormant = life.is_dormant or draw.random() < _GOES_DORMANT
        if life.is_dormant or life.months_late:
            return
        if is_new and draw.random() < product.first_order:
            self._at(life.opening.opened_on, self._order)
            return
        life.order_ends = [end for end in life.order_ends if end >= self.month]
        chance = product.next_orders[min(len(life.order_ends), len(product.next_orders) - 1)]
        if draw.random() >= chance * (_BUYS_BEFORE_LATE if goes_late else 1.0):
            return
        if product is BILL:
            day = self.window.day(self.month, _FIRST_STATEMENT_DAY + life.opening.person_number % 8)
        else:
            day = self.window.day(self.month, draw.randint(1, self.account.due_day if goes_late else 28))
        if day >= life.opening.opened_on:
            self._at(day, self._order)

    def _order(self, day: date) -> None:
        life, draw, product = self.life, self.draw, self.account.product
        free = life.opening.credit_limit_minor - self.account.ledger.outstanding_minor
        median = product.median_order_minor * (life.income / MEDIAN_INCOME) ** 0.7
        amount = min(free, int(median * exp(draw.gauss(0, _ORDER_SPREAD))))
        if product is not BILL:
            amount -= amount % MINOR
        if amount < _SMALLEST_ORDER:
            return
        parts = draw.choices(*product.parts)[0]
        fee = amount * product.fee_ppm // 1_000_000
        self.account.order(day, amount_minor=amount, parts=parts, first_due_month=self.month + 1, fee_minor=fee)
        life.order_ends.append(self.month + parts)

    # --- payments -------------------------------------------------------------------------------------------------------

    def _pay(self, outcome: int) -> None:
        before, draw, month = self.life.months_late, self.draw, self.month
        if outcome > before:
            if draw.random() < _PAYS_PART * 0.8**before:
                first = self.account.due_day if not before else 2
                self._at(self.window.day(month, draw.randint(first, 28)), self._pay_part)
        elif before == 0:
            early = self.account.product.monthly_interest_ppm and draw.random() < _PAYS_OFF_EARLY
            self._at(self._usual_day(), lambda day: self._pay_through(day, month + 12 if early else month))
        elif outcome:
            self._at(self._any_day(), lambda day: self._catch_up(day, month - outcome))
        else:
            day = self._any_day()
            if day.day < self.account.due_day:
                self._at(day, lambda day: self._catch_up(day, month - 1))
                self._at(self.account.due_date(month), lambda day: self._pay_through(day, month))
            else:
                self._at(day, lambda day: self._catch_up(day, month))

    def _usual_day(self) -> date:
        """Return when somebody pays who will not be late at the month's end."""
        draw, habit, due = self.draw, self.life.habit, self.account.due_date(self.month)
        if draw.random() < _AFTER_DUE_DAY[habit]:
            return min(self.last, due + timedelta(days=1 + min(int(draw.expovariate(0.3)), 15)))
        return due if habit == "autopay" else due - timedelta(days=draw.randint(0, 8))

    def _any_day(self) -> date:
        return self.window.day(self.month, self.draw.randint(2, 28))

    def _catch_up(self, day: date, through_month: int) -> None:
        """Pay the oldest months whole; now and then the largest penalty is given up first."""
        penalty = self.account.ledger.largest_penalty(on=day) if self.draw.random() < _PENALTY_WAIVED else None
        if penalty is not None:
            state, amount_minor = penalty
            entry, component = state.entry, Component.PENALTY
            self.account.waive(day, entry.order_no, entry.sequence, component, amount_minor, reason="goodwill on catching up")
        # A transfer that bounces later on this day still counts this morning: then nothing would be there to waive.
        self._pay_through(day, through_month, may_bounce=penalty is None)

    def _pay_through(self, day: date, through_month: int, *, may_bounce: bool = True) -> None:
        """Pay all that is due by the end of a month, the way people pay."""
        draw, account = self.draw, self.account
        amount_minor = account.owed_minor(day, through_month=through_month)
        if not amount_minor:
            return
        channel = CHANNEL_OF_HABIT[self.life.habit]
        way = draw.random()
        if way < _AT_DESK:
            account.pay(day, amount_minor, channel=DESK_CHANNEL, desk_reason="paid at the counter")
            return
        way -= _AT_DESK
        arrives_on = None
        if way < _BROUGHT_LATE:
            arrives_on = min(self.last, day + timedelta(days=draw.randint(1, 2)))
        elif way < _BROUGHT_LATE + _BOUNCED and may_bounce:
            tried_on = max(day.replace(day=1), day - timedelta(days=draw.randint(1, 3)), self.life.opening.opened_on)
            account.bounce(tried_on, amount_minor, channel="bank_transfer", reversed_on=day)
        elif way < _BROUGHT_LATE + _BOUNCED + _ROUNDED_UP and not account.product.terms.holds_prepayment:
            amount_minor += -amount_minor % (10 * MINOR)
        account.pay(day, amount_minor, channel=channel, arrives_on=arrives_on)

    def _pay_part(self, day: date) -> None:
        """Pay a tenth to six tenths of the oldest month that is due: it stays the oldest."""
        oldest = self.account.ledger.oldest_unpaid(due_by=self.last)
        if oldest is None:
            return
        owed = self.account.owed_minor(day, through_month=self.window.month_of(oldest))
        amount_minor = int(owed * self.draw.uniform(0.1, 0.6))
        if amount_minor >= 10 * MINOR:
            self.account.pay(day, amount_minor, channel=CHANNEL_OF_HABIT[self.life.habit])

    def _recover(self) -> None:
        """Pay something on a written-off account: recovery."""
        if self.draw.random() < _RECOVERS:
            amount_minor = int(self.account.ledger.outstanding_minor * self.draw.uniform(0.05, 0.3))
            if amount_minor >= 10 * MINOR:
                self._at(self._any_day(), lambda day: self._pay_recovery(day, amount_minor))

    def _pay_recovery(self, day: date, amount_minor: int) -> None:
        self.account.pay(day, amount_minor, channel="bank_transfer")
