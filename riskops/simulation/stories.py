"""Twelve lives written by hand, each showing one thing the crowd shows only by chance. docs/simulated-book.md tells them.

Months are numbered from the window's first; in a shorter window a story is told as far as it goes. What people of casework and
recovery do is told in stories_of_acts.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from accounts.rules.terms import Component
from riskops.simulation.planned import PlannedAccount
from riskops.simulation.products import BILL, CASH, INSTALLMENTS, MINOR
from riskops.simulation.stories_of_acts import TOLD_OF_ACTS
from riskops.simulation.telling import Story, Told, bill, day_of, pay_when_due
from riskops.simulation.window import Window


def _forgotten_autopay(a: PlannedAccount, month: int) -> None:
    if month == 10:
        a.pay_owed(day_of(a, month, 3), through_month=9, channel="app")
    if month != 9:
        pay_when_due(a, month)
    bill(a, month, 640)


def _first_payment_default(a: PlannedAccount, month: int) -> None:
    if month == 15:
        a.order(day_of(a, month, 2), amount_minor=3_600 * MINOR, parts=6, first_due_month=16, fee_minor=36 * MINOR)
    elif month in (17, 18):
        a.cue(day_of(a, month, 8), "call", how="no_answer")


def _written_off_then_recovers(a: PlannedAccount, month: int) -> None:
    if month == 0:
        a.order(day_of(a, month, 2), amount_minor=9_000 * MINOR, parts=12, first_due_month=1)
    if month in (1, 2, 3):
        pay_when_due(a, month)
    if month == 6:
        a.cue(day_of(a, month, 9), "call", how="refuses", why="over_indebted")
    if month == 13:
        a.write_off(day_of(a, month, 15), reason="nine months late, phone and address no longer answer")
    if yuan := {16: 500, 19: 800, 22: 300}.get(month):
        a.pay(day_of(a, month, 11), yuan * MINOR, channel="bank_transfer")


def _partial_payer(a: PlannedAccount, month: int) -> None:
    if month in (5, 6, 7):
        a.pay(a.due_date(month), 400 * MINOR, channel="app")
    elif month == 8:
        a.pay_owed(day_of(a, month, 22), through_month=8, channel="counter", desk_reason="settled after three part payments")
    else:
        pay_when_due(a, month)
    if month not in (5, 6, 7):
        bill(a, month, 1_600)


def _reversed_transfer(a: PlannedAccount, month: int) -> None:
    if month == 7:
        amount = a.owed_minor(a.due_date(month), through_month=month)
        a.pay(a.due_date(month), amount, channel="bank_transfer")
    elif month == 8:
        # Undone on the 15th of the month before, which the bank says only now: reported m0, known m1.
        undone = next(iter(a.payments_of(7)))
        a.reverse(undone, on=day_of(a, 8, 4), value_date=day_of(a, 7, 15), reason="bank recalled the transfer: no funds")
        a.pay_owed(day_of(a, 8, 6), through_month=8, channel="bank_transfer")
    else:
        pay_when_due(a, month)
    if month != 7:
        bill(a, month, 520)


def _prepayer(a: PlannedAccount, month: int) -> None:
    if month == 2:
        a.order(day_of(a, month, 2), amount_minor=1_200 * MINOR, parts=6, first_due_month=3, fee_minor=12 * MINOR)
    if month == 4:
        a.pay(day_of(a, month, 9), 2_000 * MINOR, channel="app")
    elif month == 8:
        a.order(day_of(a, month, 5), amount_minor=3_000 * MINOR, parts=6, first_due_month=9, fee_minor=30 * MINOR)
    elif month > 2:
        pay_when_due(a, month)


def _hardship(a: PlannedAccount, month: int) -> None:
    if month == 2:
        a.order(day_of(a, month, 2), amount_minor=6_000 * MINOR, parts=12, first_due_month=3, fee_minor=60 * MINOR)
    elif month in (3, 4, 5) or month > 14:
        pay_when_due(a, month)
    elif month == 8:
        a.cue(day_of(a, month, 11), "call", how="cannot_pay", why="income_lost")
    elif 9 <= month <= 13:
        if month == 9:
            a.cue(day_of(a, month, 4), "call", how="promise", amount_minor=750 * MINOR, by=day_of(a, month, 6))
        a.pay(day_of(a, month, 6), 750 * MINOR, channel="counter", desk_reason="as agreed on the phone after loss of income")
    elif month == 14:
        a.pay_owed(day_of(a, month, 18), through_month=14, channel="app")


def _serial_five_days_late(a: PlannedAccount, month: int) -> None:
    pay_when_due(a, month, days_after=5, channel="bank_transfer")
    bill(a, month, 780)


def _re_default(a: PlannedAccount, month: int) -> None:
    if month == 4:
        a.order(day_of(a, month, 2), amount_minor=4_800 * MINOR, parts=12, first_due_month=5, fee_minor=48 * MINOR)
    elif month == 8:
        a.pay_owed(day_of(a, month, 24), through_month=8, channel="bank_transfer")
    elif month == 16:
        a.pay_owed(day_of(a, month, 12), through_month=16, channel="bank_transfer")
    elif month in (5, 9, 10):
        pay_when_due(a, month)


def _grace_saver(a: PlannedAccount, month: int) -> None:
    pay_when_due(a, month, days_after=BILL.terms.grace_days, channel="app")
    bill(a, month, 910)


def _directed_payments(a: PlannedAccount, month: int) -> None:
    second = f"{a.account_no}-O{a.window.label(3)}-1"
    if month in (2, 3):
        amount = (1_800 if month == 2 else 1_200) * MINOR
        a.order(day_of(a, month, 12), amount_minor=amount, parts=6, first_due_month=4, fee_minor=0)
        return
    if 4 <= month <= 6:
        # The goods of the first order are disputed; only the second one is paid, by name.
        if month == 4:
            first = f"{a.account_no}-O{a.window.label(2)}-1"
            a.cue(day_of(a, month, 12), "dispute.open", how="service", order_no=first, amount_minor=1_800 * MINOR)
            a.cue(day_of(a, month, 24), "dispute.conclude", how="rejected", order_no=first)
        owed = a.owed_on(second, month - 3, on=a.due_date(month))
        a.pay(a.due_date(month), owed, channel="app", directed_to=(second, month - 3))
    elif month == 7:
        a.pay_owed(day_of(a, month, 21), through_month=7, channel="app")
    else:
        pay_when_due(a, month)


def _fee_waiver(a: PlannedAccount, month: int) -> None:
    if month == 5:
        a.order(day_of(a, month, 9), amount_minor=6_000 * MINOR, parts=6, first_due_month=6, fee_minor=60 * MINOR)
    elif month == 6:
        order = f"{a.account_no}-O{a.window.label(5)}-1"
        a.waive(day_of(a, month, 2), order, 1, Component.FEE, 60 * MINOR, reason="fee not shown at the till; waived on complaint")
    if month > 5:
        pay_when_due(a, month)


_TOLD: Final = (
    Told("paid once late: forgotten autopay", BILL, 1, 16, _forgotten_autopay),
    Told("first-payment default", INSTALLMENTS, 15, 13, _first_payment_default),
    Told("rolls straight to m7, is written off, then recovers", CASH, 0, 10, _written_off_then_recovers),
    Told("partial payer with penalty", BILL, 2, 19, _partial_payer),
    Told("reversed bank transfer", BILL, 3, 13, _reversed_transfer),
    Told("prepayer with credit", INSTALLMENTS, 2, 16, _prepayer),
    Told("hardship", INSTALLMENTS, 2, 22, _hardship),
    Told("serial five days late", BILL, 1, 13, _serial_five_days_late),
    Told("re-default after cure", INSTALLMENTS, 4, 16, _re_default),
    Told("grace-period saver", BILL, 1, 19, _grace_saver),
    Told("directed payments", INSTALLMENTS, 2, 10, _directed_payments),
    Told("fee waiver", INSTALLMENTS, 5, 13, _fee_waiver),
)


def stories(window: Window) -> Sequence[Story]:
    """Return the stories that begin within a window, by account number."""
    told = enumerate((*_TOLD, *TOLD_OF_ACTS), start=1)
    return [Story(number, one, window) for number, one in told if one.opened < window.months]
