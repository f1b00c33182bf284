"""What the people of a simulated book do on a day, as the site will be told of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from accounts.rules.terms import Component


class NewAccount(NamedTuple):
    """A credit line opened; `is_new_customer`: the person comes with it. Money in minor units."""

    account_no: str
    customer_no: str
    person_number: int
    is_new_customer: bool
    product_code: str
    opened_on: date
    credit_limit_minor: int
    attributes: tuple[str, str, str, str]


class NewInstallment(NamedTuple):
    """An instalment booked."""

    account_no: str
    order_no: str
    sequence: int
    booked_on: date
    due_date: date
    principal_minor: int
    interest_minor: int
    fee_minor: int


class Paid(NamedTuple):
    """A payment, or the reversal of one; `directed_to` is (order_no, sequence)."""

    payment_no: str
    account_no: str
    paid_on: date
    amount_minor: int
    channel: str
    directed_to: tuple[str, int] | None = None
    reverses: str = ""
    reason: str = ""


class Waived(NamedTuple):
    """An amount given up at the desk."""

    reference: str
    account_no: str
    order_no: str
    sequence: int
    component: Component
    amount_minor: int
    reason: str


class WrittenOff(NamedTuple):
    """An account taken out of the performing book."""

    reference: str
    account_no: str
    reason: str


class Cue(NamedTuple):
    """What a story has an act do on an account: the act of casework or recovery that is called `what` knows how.

    :param how: what the act chooses from: the outcome of a call, the kind of a dispute, the instrument of a plan
    :param why: the reason for lateness that is given in a call; "" for none
    :param by: the day that is promised
    """

    account_no: str
    what: str
    how: str = ""
    why: str = ""
    order_no: str = ""
    amount_minor: int = 0
    by: date | None = None


@dataclass(slots=True)
class DayPlan:
    """One day. `payments` come by file (some of them a day or two late); `desk` is entered by a person, after the file."""

    day: date
    accounts: list[NewAccount] = field(default_factory=list)
    installments: list[NewInstallment] = field(default_factory=list)
    payments: list[Paid] = field(default_factory=list)
    waivers: list[Waived] = field(default_factory=list)
    desk: list[Paid] = field(default_factory=list)
    write_offs: list[WrittenOff] = field(default_factory=list)
    cues: list[Cue] = field(default_factory=list)


#: The days of one month, by date.
MonthPlan = dict[date, DayPlan]
