"""A dozen lives written by hand, each showing one thing the crowd shows only by chance. docs/simulated-book.md tells them.

Months are numbered from the window's first; in a shorter window a story is told as far as it goes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

from accounts.rules.terms import Component
from riskops.simulation.entries import MonthPlan, NewAccount
from riskops.simulation.planned import PlannedAccount
from riskops.simulation.products import BILL, CASH, INSTALLMENTS, MINOR, SimulatedProduct
from riskops.simulation.window import Window

#: Invented people of the stories come after those of the crowd.
FIRST_STORY_PERSON: Final = 60_001
_STATEMENT_DAY: Final = 20
_LIMIT: Final = 20_000 * MINOR

Script = Callable[[PlannedAccount, int], None]


class Story:
    """One account with a script: called once for each month from its opening on."""

    def __init__(self, number: int, told: _Told, window: Window) -> None:
        self.account_no = f"S-{number:03d}"
        self.title = told.title
        self._opened = told.opened
        self._script = told.script
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
        return self.account.months_late(month)


class _Told(NamedTuple):
    """What a story is made of. `opened` is the month, its second day the opening day."""

    title: str
    product: SimulatedProduct
    opened: int
    due_day: int
    script: Script


def _bill(a: PlannedAccount, month: int, yuan: int) -> None:
    """Send the month's bill, due the month after."""
    a.order(a.window.day(month, _STATEMENT_DAY), amount_minor=yuan * MINOR, parts=1, first_due_month=month + 1)


def _day(a: PlannedAccount, month: int, day_of_month: int) -> date:
    return a.window.day(month, day_of_month)


def _pay_when_due(a: PlannedAccount, month: int, *, days_after: int = 0, channel: str = "autopay") -> None:
    """Pay everything due this month so many days after the due day."""
    a.pay_owed(a.due_date(month) + timedelta(days=days_after), through_month=month, channel=channel)


def _forgotten_autopay(a: PlannedAccount, month: int) -> None:
    if month == 10:
        a.pay_owed(_day(a, month, 3), through_month=9, channel="app")
    if month != 9:
        _pay_when_due(a, month)
    _bill(a, month, 640)


def _first_payment_default(a: PlannedAccount, month: int) -> None:
    if month == 15:
        a.order(_day(a, month, 2), amount_minor=3_600 * MINOR, parts=6, first_due_month=16, fee_minor=36 * MINOR)


def _written_off_then_recovers(a: PlannedAccount, month: int) -> None:
    if month == 0:
        a.order(_day(a, month, 2), amount_minor=9_000 * MINOR, parts=12, first_due_month=1)
    if month in (1, 2, 3):
        _pay_when_due(a, month)
    if month == 13:
        a.write_off(_day(a, month, 15), reason="nine months late, phone and address no longer answer")
    if yuan := {16: 500, 19: 800, 22: 300}.get(month):
        a.pay(_day(a, month, 11), yuan * MINOR, channel="bank_transfer")


def _partial_payer(a: PlannedAccount, month: int) -> None:
    if month in (5, 6, 7):
        a.pay(a.due_date(month), 400 * MINOR, channel="app")
    elif month == 8:
        a.pay_owed(_day(a, month, 22), through_month=8, channel="counter", desk_reason="settled after three part payments")
    else:
        _pay_when_due(a, month)
    if month not in (5, 6, 7):
        _bill(a, month, 1_600)


def _reversed_transfer(a: PlannedAccount, month: int) -> None:
    if month == 7:
        amount = a.owed_minor(a.due_date(month), through_month=month)
        a.pay(a.due_date(month), amount, channel="bank_transfer")
    elif month == 8:
        # Undone on the 15th of the month before, which the bank says only now: reported m0, known m1.
        undone = next(iter(a.payments_of(7)))
        a.reverse(undone, on=_day(a, 8, 4), value_date=_day(a, 7, 15), reason="bank recalled the transfer: account without funds")
        a.pay_owed(_day(a, 8, 6), through_month=8, channel="bank_transfer")
    else:
        _pay_when_due(a, month)
    if month != 7:
        _bill(a, month, 520)


def _prepayer(a: PlannedAccount, month: int) -> None:
    if month == 2:
        a.order(_day(a, month, 2), amount_minor=1_200 * MINOR, parts=6, first_due_month=3, fee_minor=12 * MINOR)
    if month == 4:
        a.pay(_day(a, month, 9), 2_000 * MINOR, channel="app")
    elif month == 8:
        a.order(_day(a, month, 5), amount_minor=3_000 * MINOR, parts=6, first_due_month=9, fee_minor=30 * MINOR)
    elif month > 2:
        _pay_when_due(a, month)


def _hardship(a: PlannedAccount, month: int) -> None:
    if month == 2:
        a.order(_day(a, month, 2), amount_minor=6_000 * MINOR, parts=12, first_due_month=3, fee_minor=60 * MINOR)
    elif month in (3, 4, 5) or month > 14:
        _pay_when_due(a, month)
    elif 9 <= month <= 13:
        a.pay(_day(a, month, 6), 750 * MINOR, channel="counter", desk_reason="as agreed on the phone after loss of income")
    elif month == 14:
        a.pay_owed(_day(a, month, 18), through_month=14, channel="app")


def _serial_five_days_late(a: PlannedAccount, month: int) -> None:
    _pay_when_due(a, month, days_after=5, channel="bank_transfer")
    _bill(a, month, 780)


def _re_default(a: PlannedAccount, month: int) -> None:
    if month == 4:
        a.order(_day(a, month, 2), amount_minor=4_800 * MINOR, parts=12, first_due_month=5, fee_minor=48 * MINOR)
    elif month == 8:
        a.pay_owed(_day(a, month, 24), through_month=8, channel="bank_transfer")
    elif month == 16:
        a.pay_owed(_day(a, month, 12), through_month=16, channel="bank_transfer")
    elif month in (5, 9, 10):
        _pay_when_due(a, month)


def _grace_saver(a: PlannedAccount, month: int) -> None:
    _pay_when_due(a, month, days_after=BILL.terms.grace_days, channel="app")
    _bill(a, month, 910)


def _directed_payments(a: PlannedAccount, month: int) -> None:
    second = f"{a.account_no}-O{a.window.label(3)}-1"
    if month in (2, 3):
        amount = (1_800 if month == 2 else 1_200) * MINOR
        a.order(_day(a, month, 12), amount_minor=amount, parts=6, first_due_month=4, fee_minor=0)
        return
    if 4 <= month <= 6:
        # The goods of the first order are disputed; only the second one is paid, by name.
        owed = a.owed_on(second, month - 3, on=a.due_date(month))
        a.pay(a.due_date(month), owed, channel="app", directed_to=(second, month - 3))
    elif month == 7:
        a.pay_owed(_day(a, month, 21), through_month=7, channel="app")
    else:
        _pay_when_due(a, month)


def _fee_waiver(a: PlannedAccount, month: int) -> None:
    if month == 5:
        a.order(_day(a, month, 9), amount_minor=6_000 * MINOR, parts=6, first_due_month=6, fee_minor=60 * MINOR)
    elif month == 6:
        order = f"{a.account_no}-O{a.window.label(5)}-1"
        a.waive(_day(a, month, 2), order, 1, Component.FEE, 60 * MINOR, reason="fee not shown at the till; waived on complaint")
    if month > 5:
        _pay_when_due(a, month)


_TOLD: Final = (
    _Told("paid once late: forgotten autopay", BILL, 1, 16, _forgotten_autopay),
    _Told("first-payment default", INSTALLMENTS, 15, 13, _first_payment_default),
    _Told("rolls straight to m7, is written off, then recovers", CASH, 0, 10, _written_off_then_recovers),
    _Told("partial payer with penalty", BILL, 2, 19, _partial_payer),
    _Told("reversed bank transfer", BILL, 3, 13, _reversed_transfer),
    _Told("prepayer with credit", INSTALLMENTS, 2, 16, _prepayer),
    _Told("hardship", INSTALLMENTS, 2, 22, _hardship),
    _Told("serial five days late", BILL, 1, 13, _serial_five_days_late),
    _Told("re-default after cure", INSTALLMENTS, 4, 16, _re_default),
    _Told("grace-period saver", BILL, 1, 19, _grace_saver),
    _Told("directed payments", INSTALLMENTS, 2, 10, _directed_payments),
    _Told("fee waiver", INSTALLMENTS, 5, 13, _fee_waiver),
)


def stories(window: Window) -> Sequence[Story]:
    """Return the stories that begin within a window, by account number."""
    return [Story(number, told, window) for number, told in enumerate(_TOLD, start=1) if told.opened < window.months]
