"""What an entry would do, before it is made: the account replayed with it and without it. Nothing is written.

What the entry's operation would refuse for its amount or its day is refused here too, by the same checks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from accounts.operations.checks import AccountFacts, check_amount, check_day, check_due
from accounts.operations.refusals import DayNotOpenYet, InstallmentNotBookedYet, ReversalBeforePayment
from accounts.operations.schedule_refusals import NotTheOpenDay, RefundAboveCredit
from accounts.queries.account_page import LoadedAccount
from accounts.queries.entries import AccountEntries
from accounts.rules.entries import AllocationLine, PaymentEntry, RefundEntry, WaiverEntry
from accounts.rules.replay import AgingState, RebuiltAccount
from accounts.rules.terms import Component
from riskops.shared.models import CloseRun

#: Stands for the entry that is not in the book: later than every other of its day.
_NEW = 2**62


@dataclass(frozen=True, slots=True)
class Preview:
    """The account with and without the entry, both as of the same day.

    :param waits_for: the entry is dated after the open day and counts from that day's close; None if it counts at once
    :param paid: allocations that the entry adds; `undone` those that it takes away
    :param credit_minor: what is left of the new payment as credit
    """

    as_of: date
    waits_for: date | None
    before: AgingState
    after: AgingState
    paid: tuple[AllocationLine, ...]
    undone: tuple[AllocationLine, ...]
    credit_minor: int = 0


def preview_payment(
    loaded: LoadedAccount, *, amount_minor: int, value_date: date, payment_no: str, directed_to: int | None = None
) -> Preview:
    """Return what a payment would pay. `directed_to` is the id of an instalment.

    :raises LedgerRefusal: its amount or its day is none that the book takes
    """
    check_amount(amount_minor, digits=loaded.head.minor_digits)
    check_day(value_date, _facts(loaded))
    payment = PaymentEntry(_NEW, payment_no, value_date, amount_minor, directed_to)
    return _compared(loaded, value_date, lambda entries: replace(entries, payments=[*entries.payments, payment]))


def preview_reversal(loaded: LoadedAccount, *, payment_no: str, value_date: date) -> Preview:
    """Return what undoing a payment would change.

    :raises LedgerRefusal: its day is none that the book takes, or before the payment's
    """
    check_day(value_date, _facts(loaded))
    original = next((payment for payment in loaded.entries.payments if payment.payment_no == payment_no), None)
    if original is not None and value_date < original.value_date:
        raise ReversalBeforePayment(payment_no, original.value_date, value_date)
    payments = [
        payment._replace(reversed_on=value_date) if payment.payment_no == payment_no else payment
        for payment in loaded.entries.payments
    ]
    return _compared(loaded, value_date, lambda entries: replace(entries, payments=payments))


def preview_waiver(
    loaded: LoadedAccount, *, installment_id: int, component: Component, amount_minor: int, value_date: date
) -> Preview:
    """Return what giving up an amount would change.

    :raises LedgerRefusal: the amount is more than is due on the day, or the day is none that the book takes
    """
    account = _facts(loaded)
    check_amount(amount_minor, digits=account.minor_digits)
    check_day(value_date, account)
    last_day = open_day(loaded.head.business_date)
    if last_day is None or value_date > last_day:
        raise DayNotOpenYet(value_date, last_day)
    entry = next(entry for entry in loaded.entries.installments if entry.key == installment_id)
    if entry.booked_on > value_date:
        raise InstallmentNotBookedYet(entry.booked_on, value_date)
    rebuilt = loaded.entries.rebuilt(value_date)
    check_due(rebuilt, installment_id=installment_id, component=component, amount_minor=amount_minor, account=account)
    waiver = WaiverEntry(_NEW, installment_id, component, value_date, amount_minor)
    return _compared(loaded, value_date, lambda entries: replace(entries, waivers=[*entries.waivers, waiver]))


def preview_cancellation(loaded: LoadedAccount, *, installment_id: int, value_date: date) -> Preview:
    """Return what taking an instalment back would change.

    :raises LedgerRefusal: the day is none that the book takes, or before the instalment was booked
    """
    check_day(value_date, _facts(loaded))
    last_day = open_day(loaded.head.business_date)
    if last_day is None or value_date > last_day:
        raise DayNotOpenYet(value_date, last_day)
    entry = next(entry for entry in loaded.entries.installments if entry.key == installment_id)
    if entry.booked_on > value_date:
        raise InstallmentNotBookedYet(entry.booked_on, value_date)

    def without(entries: AccountEntries) -> AccountEntries:
        cancelled = [e._replace(cancelled_on=value_date) if e.key == installment_id else e for e in entries.installments]
        return replace(entries, installments=cancelled)

    return _compared(loaded, value_date, without)


def preview_refund(loaded: LoadedAccount, *, amount_minor: int, value_date: date) -> Preview:
    """Return what paying money back would change.

    :raises LedgerRefusal: there is less credit, or the day is not the open one
    """
    check_amount(amount_minor, digits=loaded.head.minor_digits)
    check_day(value_date, _facts(loaded))
    first_open = open_day(loaded.head.business_date)
    if value_date != first_open:
        raise NotTheOpenDay(value_date, first_open)
    credit = loaded.entries.rebuilt(value_date).state.credit_balance_minor
    if amount_minor > credit:
        raise RefundAboveCredit(amount_minor, credit, loaded.head.minor_digits, value_date)
    refund = RefundEntry(_NEW, value_date, amount_minor)
    return _compared(loaded, value_date, lambda entries: replace(entries, refunds=[*entries.refunds, refund]))


def _facts(loaded: LoadedAccount) -> AccountFacts:
    account = loaded.head.account
    return AccountFacts(account.pk, account.account_no, account.opened_on, loaded.head.minor_digits, account.customer_id)


def open_day(business_date: date | None) -> date | None:
    """Return the first day that is not closed, as `riskops.shared.day` does, but without holding it."""
    run = CloseRun.objects.filter(is_open=True).exclude(status=CloseRun.Status.WAITING).first()
    if run is not None:
        return run.business_date
    return business_date + timedelta(days=1) if business_date else None


def _compared(loaded: LoadedAccount, value_date: date, changed: Callable[[AccountEntries], AccountEntries]) -> Preview:
    as_of = max(loaded.head.stands_on, value_date)
    entries = loaded.entries
    before = entries.rebuilt(as_of)
    after = changed(entries).rebuilt(as_of)
    first_open = open_day(loaded.head.business_date)
    waits = first_open is None or value_date > first_open
    return Preview(
        as_of=as_of,
        waits_for=value_date if waits else None,
        before=before.state,
        after=after.state,
        paid=_missing(after, before),
        undone=_missing(before, after),
        credit_minor=after.credit_minor.get(_NEW, 0),
    )


def _missing(having: RebuiltAccount, lacking: RebuiltAccount) -> tuple[AllocationLine, ...]:
    known = set(lacking.allocations)
    return tuple(line for line in having.allocations if line not in known)
