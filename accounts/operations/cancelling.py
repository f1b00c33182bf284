"""Instalments that are taken back as if they had never been, and money that goes back to the customer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from django.db import IntegrityError, transaction

from accounts.models import Installment, InstallmentCancellation, Refund
from accounts.operations.checks import account_facts, check_amount, check_day, check_reason, check_reference
from accounts.operations.rebuilding import lock_states, take_effect
from accounts.operations.refusals import DayNotOpenYet, InstallmentNotBookedYet, InstallmentUnknown
from accounts.operations.schedule_refusals import (
    AlreadyCancelled,
    CancellationReferenceTaken,
    NotTheOpenDay,
    OfNewSchedule,
    RefundAboveCredit,
    RefundAlreadyMade,
    RefundReferenceTaken,
)
from accounts.queries.entries import load_entries
from accounts.roles import CANCEL_INSTALLMENT, REFUND_CREDIT
from riskops.shared.audit import Actor, record
from riskops.shared.day import hold_day
from riskops.shared.people.conflicts import refuse_conflict


@transaction.atomic
def cancel_installment(
    *, actor: Actor, account_id: int, order_no: str, sequence: int, value_date: date, reference: str, reason: str
) -> InstallmentCancellation:
    """Take an instalment back: from the day on the account stands as if it had never been, and what it took is free again.

    :param value_date: the open day or a closed one, not before the instalment was booked
    :raises AccountUnknown, InstallmentUnknown, InstallmentNotBookedYet: there is nothing to cancel
    :raises AlreadyCancelled: it was done before; the message says by which reference
    :raises OfNewSchedule: it came with a new schedule; what it took over is cancelled instead, and it is shortened by that
    :raises CancellationReferenceTaken: the reference belongs to another one
    :raises ConflictDeclared, ReasonMissing, ReferenceMalformed, DayOutOfRange, DayNotOpenYet, BeforeOpening: as every entry
    """
    account = account_facts(account_id)
    refuse_conflict(actor, account.customer_id)
    check_reason(reason)
    check_reference(reference)
    check_day(value_date, account)
    position = hold_day(account_id)
    if position.open_day is None or value_date > position.open_day:
        raise DayNotOpenYet(value_date, position.open_day)
    lock_states([account_id]).first()
    installment = Installment.objects.filter(account_id=account_id, order_no=order_no, sequence=sequence).first()
    if installment is None:
        raise InstallmentUnknown(account.account_no, order_no, sequence)
    if installment.booked_on > value_date:
        raise InstallmentNotBookedYet(installment.booked_on, value_date)
    _refuse_cancelled(installment)
    if installment.schedule_change is not None:
        raise OfNewSchedule(f"{order_no}/{sequence}", installment.schedule_change.reference)
    entry = InstallmentCancellation(
        reference=reference, account_id=account_id, installment=installment, value_date=value_date, reason=reason
    )
    try:
        with transaction.atomic():
            entry.save(force_insert=True)
    except IntegrityError:
        _refuse_cancelled(installment)
        raise CancellationReferenceTaken(reference) from None
    effect = take_effect(
        account_id,
        value_date=value_date,
        position=position,
        without=lambda entries: replace(
            entries,
            installments=[e._replace(cancelled_on=None) if e.key == installment.pk else e for e in entries.installments],
        ),
    )
    record(
        actor=actor,
        action=CANCEL_INSTALLMENT,
        subject_type="installment",
        subject_key=f"{account.account_no}/{order_no}/{sequence}",
        account_id=account_id,
        before=effect.before,
        after={"reference": reference, "value_date": value_date.isoformat(), **(effect.after or {})},
        reason=reason,
    )
    return entry


def _refuse_cancelled(installment: Installment) -> None:
    there = InstallmentCancellation.objects.filter(installment=installment).first()
    if there is not None:
        raise AlreadyCancelled(f"{installment.order_no}/{installment.sequence}", there.reference, there.value_date)


@transaction.atomic
def refund_credit(*, actor: Actor, account_id: int, amount_minor: int, value_date: date, reference: str, reason: str) -> Refund:
    """Pay money back to the customer out of the account's credit balance.

    :param value_date: the open day: the credit of a day already closed may be spent by now
    :raises RefundAboveCredit: there is less credit than that
    :raises NotTheOpenDay: another day
    :raises AccountUnknown, ConflictDeclared, AmountNotAboveZero, AmountTooLarge, ReasonMissing, ReferenceMalformed,
        DayOutOfRange, BeforeOpening: as every entry
    :raises RefundAlreadyMade: the very same refund is in the book; whoever asked may carry on
    :raises RefundReferenceTaken: the reference is in the book for a different refund
    """
    account = account_facts(account_id)
    refuse_conflict(actor, account.customer_id)
    check_amount(amount_minor, digits=account.minor_digits)
    check_reason(reason)
    check_reference(reference)
    check_day(value_date, account)
    position = hold_day(account_id)
    lock_states([account_id]).first()
    entry = Refund(reference=reference, account_id=account_id, amount_minor=amount_minor, value_date=value_date, reason=reason)
    _refuse_repeated(entry)
    if value_date != position.open_day:
        raise NotTheOpenDay(value_date, position.open_day)
    credit = load_entries([account_id])[account_id].rebuilt(value_date).state.credit_balance_minor
    if amount_minor > credit:
        raise RefundAboveCredit(amount_minor, credit, account.minor_digits, value_date)
    try:
        with transaction.atomic():
            entry.save(force_insert=True)
    except IntegrityError:
        _refuse_repeated(entry)
        raise
    effect = take_effect(
        account_id,
        value_date=value_date,
        position=position,
        without=lambda entries: replace(entries, refunds=[e for e in entries.refunds if e.key != entry.pk]),
    )
    record(
        actor=actor,
        action=REFUND_CREDIT,
        subject_type="refund",
        subject_key=reference,
        account_id=account_id,
        before=effect.before,
        after={"amount_minor": amount_minor, "value_date": value_date.isoformat(), **(effect.after or {})},
        reason=reason,
    )
    return entry


def _refuse_repeated(refund: Refund) -> None:
    there = Refund.objects.filter(reference=refund.reference).first()
    if there is None:
        return
    facts = ("account_id", "amount_minor", "value_date")
    if all(getattr(there, fact) == getattr(refund, fact) for fact in facts):
        raise RefundAlreadyMade(refund.reference)
    raise RefundReferenceTaken(refund.reference)
