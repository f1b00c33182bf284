"""What the replay reads and writes: entries of an account as they were made, and the lines that follow from them.

Amounts are in minor units. What is what, and the order in which entries count: docs/ledger.md.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from accounts.rules.terms import Component


class InstallmentEntry(NamedTuple):
    """An instalment as agreed; amounts in minor units. `key` is whatever the caller knows it by."""

    key: int
    order_no: str
    sequence: int
    booked_on: date
    due_date: date
    principal_minor: int
    interest_minor: int
    fee_minor: int
    #: Whether it ever costs penalty; one of a new schedule may be agreed not to.
    bears_penalty: bool = True
    #: From this day on the account stands as if the instalment had never been; None: it stands.
    cancelled_on: date | None = None
    #: The change of the schedule that it came with; None: agreed from the start.
    change: int | None = None


class PaymentEntry(NamedTuple):
    """A payment; `reversed_on` is the date of its reversal, `directed_to` the key of the instalment it names."""

    key: int
    payment_no: str
    value_date: date
    amount_minor: int
    directed_to: int | None = None
    reversed_on: date | None = None


class WaiverEntry(NamedTuple):
    """Money the lender gives up on one component of one instalment; never more than is due on its day."""

    key: int
    installment: int
    component: Component
    value_date: date
    amount_minor: int


class Part(NamedTuple):
    """What a change of the schedule takes of one instalment, as agreed; amounts in minor units."""

    installment: int
    penalty_minor: int
    fee_minor: int
    interest_minor: int
    principal_minor: int


class ChangeEntry(NamedTuple):
    """A new schedule for what is unpaid of some instalments, from a day on; it may end, and they are owed again as they were.

    The instalments of the new schedule name the change. What they hold beyond the parts is its price.
    """

    key: int
    value_date: date
    parts: tuple[Part, ...]
    ended_on: date | None = None
    #: Keys of payments and waivers of its day up to these were in the book when it was agreed.
    known_payment: int = 0
    known_waiver: int = 0


class MovedLine(NamedTuple):
    """What a change of the schedule took off one component of one instalment; below zero where it gave back."""

    change: int
    installment: int
    component: Component
    amount_minor: int
    moved_on: date


class RefundEntry(NamedTuple):
    """Money that goes back to the customer out of the credit balance."""

    key: int
    value_date: date
    amount_minor: int


class WaivedLine(NamedTuple):
    """What one waiver took of one component of one instalment: less than it was for where less was owed."""

    waiver: int
    installment: int
    component: Component
    amount_minor: int
    waived_on: date


class AllocationLine(NamedTuple):
    """What one payment paid of one component of one instalment, and on which day."""

    payment: int
    installment: int
    component: Component
    amount_minor: int
    allocated_on: date
