"""Accounts taken out of the performing book; they keep aging, and what is paid afterwards is recovery."""

from __future__ import annotations

from datetime import date

from django.db import IntegrityError, transaction

from accounts.models import WriteOff
from accounts.operations.checks import AccountFacts, account_facts, check_day, check_reason, check_reference
from accounts.operations.deciding.restrictions import announce
from accounts.operations.rebuilding import lock_states, take_effect
from accounts.operations.refusals import AlreadyWrittenOff, DayNotOpenYet, NothingToWriteOff, WriteOffReferenceTaken
from accounts.queries.entries import load_entries
from accounts.roles import WRITE_OFF
from riskops.shared.audit import Actor, record
from riskops.shared.day import hold_day
from riskops.shared.people.conflicts import refuse_conflict


@transaction.atomic
def write_off(*, actor: Actor, account_id: int, value_date: date, reference: str, reason: str) -> WriteOff:
    """Write an account off: the principal outstanding on the day is what the book lost so far.

    :param value_date: the day it counts from; the open day or a closed one
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises AccountUnknown, NothingToWriteOff: there is nothing to write off
    :raises AlreadyWrittenOff: it was done before; the message says when and by which reference
    :raises WriteOffReferenceTaken: the reference belongs to another account's
    :raises ReasonMissing, ReferenceMalformed, DayOutOfRange, DayNotOpenYet, BeforeOpening: a value the book does not take
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
    _refuse_repeated(account, reference)
    owed = load_entries([account_id])[account_id].rebuilt(value_date).state
    if not (
        owed.outstanding_principal_minor + owed.outstanding_interest_minor + owed.outstanding_fee_minor + owed.penalty_due_minor
    ):
        raise NothingToWriteOff(account.account_no, value_date)
    entry = WriteOff(
        reference=reference,
        account_id=account_id,
        value_date=value_date,
        principal_minor=owed.outstanding_principal_minor,
        interest_minor=owed.outstanding_interest_minor,
        fee_minor=owed.outstanding_fee_minor,
        penalty_minor=owed.penalty_due_minor,
        reason=reason,
    )
    try:
        with transaction.atomic():
            entry.save(force_insert=True)
    except IntegrityError:
        _refuse_repeated(account, reference)
        raise
    # A write-off pays nothing: the figures are the same with it and without.
    effect = take_effect(account_id, value_date=value_date, position=position, without=lambda entries: entries)
    record(
        actor=actor,
        action=WRITE_OFF,
        subject_type="account",
        subject_key=account.account_no,
        account_id=account_id,
        before={**(effect.before or {}), "is_written_off": False},
        after={
            "reference": reference,
            "value_date": value_date.isoformat(),
            "principal_minor": entry.principal_minor,
            "interest_minor": entry.interest_minor,
            "fee_minor": entry.fee_minor,
            "penalty_minor": entry.penalty_minor,
            **(effect.after or {}),
            "is_written_off": True,
        },
        reason=reason,
    )
    # Last, as it asks: the payment platform hears that the account takes no more purchases.
    announce([account_id])
    return entry


def _refuse_repeated(account: AccountFacts, reference: str) -> None:
    there = WriteOff.objects.filter(account_id=account.account_id).first()
    if there is not None:
        raise AlreadyWrittenOff(account.account_no, there.reference, there.value_date)
    if WriteOff.objects.filter(reference=reference).exists():
        raise WriteOffReferenceTaken(reference)
