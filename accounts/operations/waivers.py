"""Money the lender gives up on one component of one instalment."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from django.db import IntegrityError, transaction

from accounts.models import Installment, Waiver
from accounts.operations.checks import (
    AccountFacts,
    account_facts,
    check_amount,
    check_day,
    check_due,
    check_reason,
    check_reference,
)
from accounts.operations.rebuilding import lock_states, take_effect
from accounts.operations.refusals import (
    DayNotOpenYet,
    InstallmentNotBookedYet,
    InstallmentUnknown,
    WaiverAlreadyMade,
    WaiverReferenceTaken,
)
from accounts.queries.entries import load_entries
from accounts.roles import WAIVE
from accounts.rules.terms import Component
from riskops.shared.audit import Actor, record
from riskops.shared.day import hold_day
from riskops.shared.people.conflicts import refuse_conflict


@transaction.atomic
def waive(
    *,
    actor: Actor,
    account_id: int,
    order_no: str,
    sequence: int,
    component: Component,
    amount_minor: int,
    value_date: date,
    reference: str,
    reason: str,
) -> Waiver:
    """Give up an amount due on one component of one instalment, and bring its account up to date.

    :param value_date: the day it counts from; the open day or a closed one
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises AccountUnknown, InstallmentUnknown, InstallmentNotBookedYet: there is nothing to waive on
    :raises WaiverAboveDue: less than that is due on the day
    :raises AmountNotAboveZero, AmountTooLarge, ReasonMissing, ReferenceMalformed, DayOutOfRange, DayNotOpenYet, BeforeOpening:
        a value the book does not take
    :raises WaiverAlreadyMade: the very same waiver is in the book; whoever asked may carry on
    :raises WaiverReferenceTaken: the reference is in the book for a different waiver
    """
    account = account_facts(account_id)
    refuse_conflict(actor, account.customer_id)
    check_amount(amount_minor, digits=account.minor_digits)
    check_reason(reason)
    check_reference(reference)
    check_day(value_date, account)
    installment = Installment.objects.filter(account_id=account_id, order_no=order_no, sequence=sequence).first()
    if installment is None:
        raise InstallmentUnknown(account.account_no, order_no, sequence)
    position = hold_day(account_id)
    if position.open_day is None or value_date > position.open_day:
        raise DayNotOpenYet(value_date, position.open_day)
    # Held from before the amount due is read, or two waivers at once would each find all of it.
    lock_states([account_id]).first()
    # An import that was waited for may have changed it.
    installment.refresh_from_db()
    waiver = Waiver(
        reference=reference,
        account_id=account_id,
        installment=installment,
        component=component,
        amount_minor=amount_minor,
        value_date=value_date,
        reason=reason,
    )
    _refuse_repeated(waiver)
    _check_due(waiver, installment, account)
    try:
        with transaction.atomic():
            waiver.save(force_insert=True)
    except IntegrityError:
        _refuse_repeated(waiver)
        raise
    effect = take_effect(
        account_id,
        value_date=value_date,
        position=position,
        without=lambda entries: replace(entries, waivers=[entry for entry in entries.waivers if entry.key != waiver.pk]),
    )
    record(
        actor=actor,
        action=WAIVE,
        subject_type="installment",
        subject_key=f"{account.account_no}/{order_no}/{sequence}",
        account_id=account_id,
        before=effect.before,
        after={
            "reference": reference,
            "component": component.name.lower(),
            "amount_minor": amount_minor,
            "value_date": value_date.isoformat(),
            **(effect.after or {}),
        },
        reason=reason,
    )
    return waiver


def _check_due(waiver: Waiver, installment: Installment, account: AccountFacts) -> None:
    """Refuse to give up more than is owed at the close of the day."""
    day = waiver.value_date
    if installment.booked_on > day:
        raise InstallmentNotBookedYet(installment.booked_on, day)
    check_due(
        load_entries([account.account_id])[account.account_id].rebuilt(day),
        installment_id=installment.pk,
        component=Component(waiver.component),
        amount_minor=waiver.amount_minor,
        account=account,
    )


def _refuse_repeated(waiver: Waiver) -> None:
    there = Waiver.objects.filter(reference=waiver.reference).first()
    if there is None:
        return
    facts = ("account_id", "installment_id", "component", "amount_minor", "value_date")
    if all(getattr(there, fact) == getattr(waiver, fact) for fact in facts):
        raise WaiverAlreadyMade(waiver.reference)
    raise WaiverReferenceTaken(waiver.reference)
