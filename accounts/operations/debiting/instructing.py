"""Debits ordered, with notice first, and cancelled while nobody has them yet."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import DebitInstruction, DebitMandate, DebitNotice
from accounts.operations.checks import account_facts, check_amount, check_reason, check_reference
from accounts.operations.debiting.ending import end_debit
from accounts.operations.debiting.notices import tell
from accounts.operations.debiting.refusals import (
    DebitAboveDue,
    DebitAboveMandate,
    DebitHeld,
    DebitMovedOn,
    DebitOrderedAlready,
    DebitReferenceTaken,
    DebitTooSoon,
    DebitUnknown,
    MandateNotValidThen,
    MandateRevoked,
    MandateUnknown,
    NotTheOpenDay,
)
from accounts.operations.rebuilding import lock_states
from accounts.operations.refusals import ReferenceMalformed
from accounts.queries.conduct_figures import conduct_figures
from accounts.queries.debit_standing import debit_standing
from accounts.queries.entries import load_entries
from accounts.roles import INSTRUCT_DEBIT
from accounts.rules.conduct_figures import ConductCode
from riskops.shared.audit import Actor, record
from riskops.shared.day import hold_day
from riskops.shared.people.conflicts import refuse_conflict

#: A try's key is the debit's number with the number of the try behind it.
LONGEST_REFERENCE = 40


@transaction.atomic
def instruct_debit(
    *, actor: Actor, mandate_id: int, amount_minor: int, debit_on: date, reference: str, reason: str = ""
) -> DebitInstruction:
    """Order an amount to be taken on a day, and queue the customer's notice of it in the same transaction.

    The amount is the most that will be taken: on the day, no more than is due then is asked of the provider.

    :param debit_on: the day on which it is first tried; as many days ahead as the notice takes
    :raises MandateUnknown, MandateRevoked, MandateNotValidThen: there is no leave to take it
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises DebitHeld: a dispute, a suspicion of fraud or a hold stands
    :raises DebitAboveMandate, DebitAboveDue: more than the customer allowed, or than is due on the day and not ordered yet;
        with a demand for full repayment in force, than is owed in all
    :raises DebitTooSoon, AmountNotAboveZero, AmountTooLarge, ReferenceMalformed, NotTheOpenDay: a value that cannot be
    :raises DebitOrderedAlready: the very same is ordered; whoever asked may carry on
    :raises DebitReferenceTaken: the number belongs to a different debit
    """
    mandate = DebitMandate.objects.select_related("account__product").filter(pk=mandate_id).first()
    if mandate is None:
        raise MandateUnknown(mandate_id)
    account_id = mandate.account_id
    account = account_facts(account_id)
    refuse_conflict(actor, account.customer_id)
    check_amount(amount_minor, digits=account.minor_digits)
    if len(reference) > LONGEST_REFERENCE:
        raise ReferenceMalformed(reference)
    check_reference(reference)
    position = hold_day(account_id)
    if position.open_day is None:
        raise NotTheOpenDay(debit_on, None)
    # Held from before the amount due is read: two orders at once would each find all of it.
    lock_states([account_id]).first()
    mandate.refresh_from_db(fields=["revoked_on", "valid_until"])
    figures = conduct_figures()
    debit = DebitInstruction(
        reference=reference,
        mandate=mandate,
        account_id=account_id,
        amount_minor=amount_minor,
        debit_on=debit_on,
        next_on=debit_on,
        most_tries=figures[ConductCode.DEBIT_TRIES],
        spacing_days=figures[ConductCode.DEBIT_SPACING],
        instructed_by_id=actor.user_id,
        instructed_by_name=actor.name,
        instructed_on=position.open_day,
    )
    _refuse_repeated(debit)
    _refuse_mandate(mandate, debit_on)
    if amount_minor > mandate.most_minor:
        raise DebitAboveMandate(amount_minor, mandate.most_minor, account.minor_digits)
    notice_days = figures[ConductCode.DEBIT_NOTICE]
    earliest = position.open_day + timedelta(days=notice_days)
    if debit_on < earliest:
        raise DebitTooSoon(debit_on, earliest, notice_days)
    standing = debit_standing(load_entries([account_id])[account_id], debit_on)
    if standing.held_by:
        raise DebitHeld(account.account_no, standing.held_by)
    if amount_minor > standing.takeable_minor:
        raise DebitAboveDue(amount_minor, standing.takeable_minor, standing.ordered_minor, account.minor_digits, debit_on)
    try:
        with transaction.atomic():
            debit.save(force_insert=True)
    except IntegrityError:
        _refuse_repeated(debit)
        raise
    currency = mandate.account.product.currency
    tell(
        debit, DebitNotice.Kind.PLANNED, account_no=account.account_no, currency=currency,
        instrument=mandate.masked_instrument, dated=position.open_day,
    )  # fmt: skip
    record(
        actor=actor,
        action=INSTRUCT_DEBIT,
        subject_type="debit",
        subject_key=reference,
        account_id=account_id,
        after={
            "mandate": mandate.reference,
            "amount_minor": amount_minor,
            "debit_on": debit_on.isoformat(),
            "due_minor": standing.due_minor,
            "on_demand": standing.has_demand,
        },
        reason=reason.strip(),
    )
    return debit


def _refuse_mandate(mandate: DebitMandate, day: date) -> None:
    if mandate.revoked_on is not None:
        raise MandateRevoked(mandate.reference, mandate.revoked_on)
    if day < mandate.valid_from or (mandate.valid_until is not None and day > mandate.valid_until):
        raise MandateNotValidThen(mandate.reference, day, mandate.valid_from, mandate.valid_until)


def _refuse_repeated(debit: DebitInstruction) -> None:
    there = DebitInstruction.objects.filter(reference=debit.reference).first()
    if there is None:
        return
    if _facts(there) == _facts(debit):
        raise DebitOrderedAlready(debit.reference)
    raise DebitReferenceTaken(debit.reference)


def _facts(debit: DebitInstruction) -> dict[str, Any]:
    return {name: getattr(debit, name) for name in ("mandate_id", "amount_minor", "debit_on")}


@transaction.atomic
def cancel_debit(*, actor: Actor, debit_id: int, reason: str) -> DebitInstruction:
    """Cancel a debit that is scheduled, between two tries as well; the customer is told that it does not come.

    :raises DebitUnknown, DebitMovedOn: there is nothing that could be cancelled here
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises ReasonMissing: nothing says why
    """
    debit = DebitInstruction.objects.filter(pk=debit_id).first()
    if debit is None:
        raise DebitUnknown(debit_id)
    account = account_facts(debit.account_id)
    refuse_conflict(actor, account.customer_id)
    check_reason(reason)
    position = hold_day(debit.account_id)
    lock_states([debit.account_id]).first()
    debit = DebitInstruction.objects.select_for_update().get(pk=debit_id)
    if debit.status != DebitInstruction.Status.SCHEDULED:
        raise DebitMovedOn(debit.reference, str(debit.get_status_display()))
    day = position.open_day or debit.instructed_on
    end_debit(debit, DebitInstruction.Status.CANCELLED, actor=actor, why=reason.strip(), day=day)
    return debit
