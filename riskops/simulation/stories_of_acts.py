"""Eight lives in which people of casework and recovery do something: calls, plans, disputes, letters, agencies.

What they do is cued here and done by the acts of the rooms that it belongs to. docs/simulated-book.md tells the stories.
"""

from __future__ import annotations

from typing import Final

from accounts.rules.terms import Component
from riskops.simulation.planned import PlannedAccount
from riskops.simulation.products import CASH, INSTALLMENTS, MINOR
from riskops.simulation.telling import Told, day_of, pay_when_due

#: What both plans ask for a month.
_MONTHLY: Final = 600 * MINOR


def first_order(a: PlannedAccount, month: int) -> str:
    """Return the number of the first order of a month."""
    return f"{a.account_no}-O{a.window.label(month)}-1"


def _plan_from_month_2(a: PlannedAccount, month: int) -> None:
    """Never pay, say why in month 1, and have a plan signed in month 2."""
    if month == 0:
        a.order(day_of(a, month, 2), amount_minor=4_800 * MINOR, parts=12, first_due_month=0, fee_minor=48 * MINOR)
    elif month == 1:
        a.cue(day_of(a, month, 8), "call", how="cannot_pay", why="income_lost")
    elif month == 2:
        signed_on = day_of(a, month, 6)
        a.cue(signed_on, "plan", how="restructure", amount_minor=_MONTHLY)
        a.agree(signed_on, monthly_minor=_MONTHLY)


def _plan_kept(a: PlannedAccount, month: int) -> None:
    _plan_from_month_2(a, month)
    if month > 2:
        a.pay_agreed(month, channel="bank_transfer")


def _plan_broken(a: PlannedAccount, month: int) -> None:
    _plan_from_month_2(a, month)
    if month == 3:
        a.pay_agreed(month, channel="bank_transfer")


def _late_with_a_broken_plan(month: int) -> int | None:
    """Sixteen days after the instalment that month 4 misses the old schedule is back, and nothing of it is paid whole.

    What was paid on the plan went to fee, penalty and interest first, and to a part of the oldest principal.
    """
    return month + 1 if month >= 4 else None


def _fraud_claim(a: PlannedAccount, month: int) -> None:
    if month == 0:
        a.order(day_of(a, month, 2), amount_minor=1_200 * MINOR, parts=6, first_due_month=0)
        a.order(day_of(a, month, 20), amount_minor=3_000 * MINOR, parts=6, first_due_month=1)
        pay_when_due(a, month)
        return
    own, stolen = first_order(a, 0), f"{a.account_no}-O{a.window.label(0)}-2"
    if month == 2:
        a.cue(day_of(a, month, 5), "dispute.open", how="not_mine", order_no=stolen, amount_minor=3_216 * MINOR)
        a.pay(a.due_date(month), a.owed_on(own, 3, on=a.due_date(month)), channel="app", directed_to=(own, 3))
        a.cue(day_of(a, month, 18), "dispute.conclude", how="upheld", order_no=stolen, amount_minor=536 * MINOR)
        a.cue(day_of(a, month, 19), "dispute.approve")
        a.cancelled(stolen)
    else:
        pay_when_due(a, month)


def _promises(a: PlannedAccount, month: int) -> None:
    if month == 0:
        a.order(day_of(a, month, 2), amount_minor=2_400 * MINOR, parts=12, first_due_month=0, fee_minor=24 * MINOR)
    elif month == 1:
        a.cue(day_of(a, month, 5), "call", how="promise", why="forgot", by=day_of(a, month, 9))
        a.pay_owed(day_of(a, month, 8), through_month=0, channel="app")
        pay_when_due(a, month)
    elif month == 2:
        a.cue(day_of(a, month, 14), "call", how="promise", why="over_indebted", by=day_of(a, month, 18))
    elif month == 3:
        a.pay_owed(day_of(a, month, 20), through_month=month, channel="bank_transfer")
    else:
        pay_when_due(a, month)


def _vulnerable(a: PlannedAccount, month: int) -> None:
    if month == 0:
        a.order(day_of(a, month, 2), amount_minor=1_800 * MINOR, parts=6, first_due_month=0)
    elif month == 1:
        a.cue(day_of(a, month, 7), "call", how="cannot_pay", why="illness")
        a.cue(day_of(a, month, 7), "care.flag", how="illness")
    elif month == 2:
        a.cue(day_of(a, month, 8), "call", how="call_back")
        a.pay_owed(day_of(a, month, 20), through_month=month, channel="app")
    else:
        pay_when_due(a, month, channel="app")
    if month == 3:
        a.cue(day_of(a, month, 20), "care.review", how="illness")
    elif month == 5:
        a.cue(day_of(a, month, 10), "care.end")


def _letter_and_legal_case(a: PlannedAccount, month: int) -> None:
    if month == 0:
        a.order(day_of(a, month, 2), amount_minor=9_000 * MINOR, parts=6, first_due_month=0)
    elif month == 1:
        a.cue(day_of(a, month, 6), "call", how="refuses", why="will_not_pay")
    elif month == 3:
        a.cue(day_of(a, month, 6), "letter")
        a.cue(day_of(a, month, 20), "legal.propose", how="mediation")
        a.cue(day_of(a, month, 21), "legal.approve")
    elif month == 5:
        a.cue(day_of(a, month, 12), "legal.move", how="suit", amount_minor=350 * MINOR)
    elif month == 8:
        a.cue(day_of(a, month, 19), "legal.move", how="judgment", amount_minor=120 * MINOR)
    elif month == 9:
        a.pay_owed(day_of(a, month, 12), through_month=month, channel="bank_transfer")
        a.cue(day_of(a, month, 15), "legal.close", how="paid")


def _placed_and_recalled(a: PlannedAccount, month: int) -> None:
    if month == 0:
        a.order(day_of(a, month, 2), amount_minor=3_000 * MINOR, parts=6, first_due_month=0)
    elif month == 2:
        a.cue(day_of(a, month, 11), "call", how="no_answer")
    elif month == 4:
        a.pay(day_of(a, month, 20), 600 * MINOR, channel="bank_transfer")
    elif month == 5:
        a.pay_owed(day_of(a, month, 18), through_month=month, channel="bank_transfer")


def _wrong_fee(a: PlannedAccount, month: int) -> None:
    order = first_order(a, 0)
    if month == 0:
        a.order(day_of(a, month, 9), amount_minor=6_000 * MINOR, parts=6, first_due_month=1, fee_minor=60 * MINOR)
        a.cue(day_of(a, month, 20), "dispute.open", how="amount", order_no=order, amount_minor=60 * MINOR)
        a.cue(day_of(a, month, 24), "dispute.conclude", how="upheld", order_no=order, amount_minor=60 * MINOR)
        a.cue(day_of(a, month, 26), "dispute.approve")
        a.corrected(day_of(a, month, 26), order, 1, Component.FEE, 60 * MINOR)
    else:
        pay_when_due(a, month)


TOLD_OF_ACTS: Final = (
    Told("hardship plan kept", INSTALLMENTS, 0, 16, _plan_kept),
    Told("plan broken by a miss", INSTALLMENTS, 0, 19, _plan_broken, late=_late_with_a_broken_plan),
    Told("fraud claim, refunded", CASH, 0, 16, _fraud_claim),
    Told("promise kept, then promise broken", INSTALLMENTS, 0, 10, _promises),
    Told("vulnerable customer", INSTALLMENTS, 0, 13, _vulnerable),
    Told("letter and legal case", CASH, 0, 13, _letter_and_legal_case),
    Told("placed with an agency, recalled after payment", CASH, 0, 10, _placed_and_recalled),
    Told("fee charged by mistake", INSTALLMENTS, 0, 13, _wrong_fee),
)
