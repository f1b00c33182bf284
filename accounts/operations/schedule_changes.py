"""A new schedule for what is unpaid of some instalments, and its end. A part of operations that agree on one.

Whoever calls has checked who may, and why; here the ledger's own conditions are held. Deferral, restructure and re-age are the
same entry: they differ in what is taken and when it is due again (docs/ledger.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Final, NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from accounts.models import Installment, Payment, ScheduleChange, ScheduleChangePart, Waiver
from accounts.operations.checks import AccountFacts, account_facts, check_day, check_reason, check_reference
from accounts.operations.rebuilding import lock_states, take_effect
from accounts.operations.schedule_refusals import (
    ChangeAlreadyMade,
    ChangeEnded,
    ChangeReferenceTaken,
    ChangeTakenOver,
    ChangeUnknown,
    DueTooEarly,
    MoreThanOwed,
    NothingMoved,
    NotTheOpenDay,
    ScheduleTakesLess,
    TooManyInstallments,
)
from accounts.queries.entries import AccountEntries, load_entries
from accounts.roles import CHANGE_SCHEDULE, END_SCHEDULE
from accounts.rules.entries import Part
from accounts.rules.replay import RebuiltAccount
from accounts.rules.terms import Component
from riskops.shared.audit import Actor, record
from riskops.shared.day import DayPosition, hold_day
from riskops.shared.people.conflicts import refuse_conflict

#: Source: conduct-rules, "personalised instalments" (card rules art. 70): at most five years of months.
MOST_INSTALLMENTS: Final = 60


class NewInstallment(NamedTuple):
    """An instalment of the new schedule; amounts in minor units."""

    due_date: date
    principal_minor: int
    interest_minor: int = 0
    fee_minor: int = 0


@transaction.atomic
def change_schedule(
    *,
    actor: Actor,
    account_id: int,
    kind: ScheduleChange.Kind,
    value_date: date,
    parts: Sequence[Part],
    schedule: Sequence[NewInstallment],
    bears_penalty: bool,
    reference: str,
    reason: str,
) -> ScheduleChange:
    """Hand what is unpaid over to a new schedule from the open day on, and bring the account up to date.

    Penalty that is taken is owed as a fee; what the schedule holds beyond the parts is its price. What is not taken stays due as
    it was.

    :param value_date: the open day: what a day already closed reported stays true, and a signature counts from when it is given
    :param parts: what is taken of which instalment (its id), each at most what is owed on the day
    :param schedule: in the order of the due dates, all after the day; its order number is the reference
    :param bears_penalty: whether its instalments cost penalty when they are late
    :raises AccountUnknown, ConflictDeclared, ReasonMissing, ReferenceMalformed, DayOutOfRange, BeforeOpening: as every entry
    :raises NotTheOpenDay: another day
    :raises NothingMoved, MoreThanOwed: the parts are not of what is owed
    :raises ScheduleTakesLess, DueTooEarly, TooManyInstallments: the new schedule does not hold what it takes over
    :raises ChangeAlreadyMade: the very same change is in the book; whoever asked may carry on
    :raises ChangeReferenceTaken: the reference is in the book for something else
    """
    account = account_facts(account_id)
    refuse_conflict(actor, account.customer_id)
    check_reason(reason)
    check_reference(reference)
    check_day(value_date, account)
    position = _hold(account_id, value_date)
    lock_states([account_id]).first()
    _refuse_repeated(reference, account, kind, value_date, parts, schedule)
    check_schedule(account, load_entries([account_id])[account_id].rebuilt(value_date), parts=parts, schedule=schedule)
    change = ScheduleChange(
        reference=reference,
        account_id=account_id,
        kind=kind,
        value_date=value_date,
        reason=reason,
        known_payment_id=Payment.objects.filter(account_id=account_id).aggregate(last=Max("pk"))["last"] or 0,
        known_waiver_id=Waiver.objects.filter(installment__account_id=account_id).aggregate(last=Max("pk"))["last"] or 0,
    )
    try:
        with transaction.atomic():
            change.save(force_insert=True)
    except IntegrityError:
        _refuse_repeated(reference, account, kind, value_date, parts, schedule)
        raise
    _write(change, parts, schedule, bears_penalty=bears_penalty)
    effect = take_effect(
        account_id, value_date=value_date, position=position, without=lambda entries: without_change(entries, change.pk)
    )
    record(
        actor=actor,
        action=CHANGE_SCHEDULE,
        subject_type="schedule_change",
        subject_key=reference,
        account_id=account_id,
        before=effect.before,
        after={
            "kind": kind.value,
            "value_date": value_date.isoformat(),
            "amount_minor": moved_minor(parts),
            "installments": len(schedule),
            "first_due_date": schedule[0].due_date.isoformat(),
            "last_due_date": schedule[-1].due_date.isoformat(),
            "bears_penalty": bears_penalty,
            **(effect.after or {}),
        },
        reason=reason,
    )
    return change


@transaction.atomic
def end_schedule(*, actor: Actor, reference: str, value_date: date, reason: str) -> ScheduleChange:
    """End a new schedule from the open day on: what is left of it is owed again as it was before.

    Its own price is given up as far as it is unpaid. Penalty on what is owed again runs from the day after.

    :raises ChangeUnknown: no change of that reference
    :raises ChangeEnded: it ended before; the message says when
    :raises ChangeTakenOver: a later change has taken it over, and would have to end first
    :raises NotTheOpenDay: another day than the open one, or the day the change was made
    :raises ConflictDeclared, ReasonMissing: as every entry
    """
    found = ScheduleChange.objects.filter(reference=reference).first()
    if found is None:
        raise ChangeUnknown(reference)
    account = account_facts(found.account_id)
    refuse_conflict(actor, account.customer_id)
    check_reason(reason)
    position = _hold(account.account_id, value_date)
    lock_states([account.account_id]).first()
    change = ScheduleChange.objects.select_for_update().get(pk=found.pk)
    if change.ended_on is not None:
        raise ChangeEnded(reference, change.ended_on)
    if value_date <= change.value_date:
        raise NotTheOpenDay(value_date, position.open_day, after=change.value_date)
    _refuse_taken_over(change)
    change.ended_on, change.end_reason, change.end_recorded_at = value_date, reason.strip(), timezone.now()
    change.save(update_fields=["ended_on", "end_reason", "end_recorded_at"])
    effect = take_effect(
        account.account_id, value_date=value_date, position=position, without=lambda entries: _not_ended(entries, change.pk)
    )
    record(
        actor=actor,
        action=END_SCHEDULE,
        subject_type="schedule_change",
        subject_key=reference,
        account_id=account.account_id,
        before=effect.before,
        after={"ended_on": value_date.isoformat(), **(effect.after or {})},
        reason=reason,
    )
    return change


def check_schedule(
    account: AccountFacts, rebuilt: RebuiltAccount, *, parts: Sequence[Part], schedule: Sequence[NewInstallment]
) -> None:
    """Refuse a new schedule that does not hold what it takes over, on the day the account is rebuilt for.

    :raises NothingMoved, MoreThanOwed, ScheduleTakesLess, DueTooEarly, TooManyInstallments: see `change_schedule`
    """
    if not moved_minor(parts) or not schedule or len({part.installment for part in parts}) < len(parts):
        raise NothingMoved
    if len(schedule) > MOST_INSTALLMENTS:
        raise TooManyInstallments(len(schedule), MOST_INSTALLMENTS)
    states = {state.entry.key: state for state in rebuilt.installments}
    for part in parts:
        state = states.get(part.installment)
        owed = 0 if state is None else _owed_at_most(part, state.unpaid, state.penalty_due_minor(rebuilt.as_of))
        if state is None or owed < 0:
            raise MoreThanOwed(f"{state.entry.order_no}/{state.entry.sequence}" if state else str(part.installment))
    due_dates = [installment.due_date for installment in schedule]
    if min(due_dates) <= rebuilt.as_of or due_dates != sorted(set(due_dates)):
        raise DueTooEarly(rebuilt.as_of)
    _check_totals(account, parts, schedule)


def _owed_at_most(part: Part, unpaid: dict[Component, int], penalty_minor: int) -> int:
    """Return the smallest of what is left of any component once the part is taken; below zero where it takes too much."""
    amounts = (part.penalty_minor, part.fee_minor, part.interest_minor, part.principal_minor)
    if min(amounts) < 0:
        return -1
    return min(
        penalty_minor - part.penalty_minor,
        unpaid[Component.FEE] - part.fee_minor,
        unpaid[Component.INTEREST] - part.interest_minor,
        unpaid[Component.PRINCIPAL] - part.principal_minor,
    )


def _check_totals(account: AccountFacts, parts: Sequence[Part], schedule: Sequence[NewInstallment]) -> None:
    """Refuse a schedule of other principal, or of less interest or fees, than is handed over; or one with an empty instalment."""
    taken = {
        Component.PRINCIPAL: sum(part.principal_minor for part in parts),
        Component.INTEREST: sum(part.interest_minor for part in parts),
        Component.FEE: sum(part.fee_minor + part.penalty_minor for part in parts),
    }
    held = {
        Component.PRINCIPAL: sum(i.principal_minor for i in schedule),
        Component.INTEREST: sum(i.interest_minor for i in schedule),
        Component.FEE: sum(i.fee_minor for i in schedule),
    }
    is_whole = all(min(i[1:]) >= 0 and any(i[1:]) for i in schedule)
    for component, amount in taken.items():
        exact = component is Component.PRINCIPAL
        if not is_whole or (held[component] != amount if exact else held[component] < amount):
            raise ScheduleTakesLess(component, held[component], amount, account.minor_digits)


def moved_minor(parts: Sequence[Part]) -> int:
    """Return everything the parts take, in minor units."""
    return sum(part.penalty_minor + part.fee_minor + part.interest_minor + part.principal_minor for part in parts)


def without_change(entries: AccountEntries, change: int) -> AccountEntries:
    """Return the entries as if the change had not been made."""
    kept = [place for place, entry in enumerate(entries.installments) if entry.change != change]
    return replace(
        entries,
        installments=[entries.installments[place] for place in kept],
        stored=[entries.stored[place] for place in kept],
        changes=[entry for entry in entries.changes if entry.key != change],
    )


def _not_ended(entries: AccountEntries, change: int) -> AccountEntries:
    changes = [entry._replace(ended_on=None) if entry.key == change else entry for entry in entries.changes]
    return replace(entries, changes=changes)


def _hold(account_id: int, value_date: date) -> DayPosition:
    position = hold_day(account_id)
    if value_date != position.open_day:
        raise NotTheOpenDay(value_date, position.open_day)
    return position


def _write(change: ScheduleChange, parts: Sequence[Part], schedule: Sequence[NewInstallment], *, bears_penalty: bool) -> None:
    ScheduleChangePart.objects.bulk_create(
        ScheduleChangePart(
            change=change,
            installment_id=part.installment,
            penalty_minor=part.penalty_minor,
            fee_minor=part.fee_minor,
            interest_minor=part.interest_minor,
            principal_minor=part.principal_minor,
        )
        for part in parts
    )
    product_id = change.account.product_id
    Installment.objects.bulk_create(
        Installment(
            account_id=change.account_id,
            product_id=product_id,
            order_no=change.reference,
            sequence=sequence,
            booked_on=change.value_date,
            due_date=new.due_date,
            principal_minor=new.principal_minor,
            interest_minor=new.interest_minor,
            fee_minor=new.fee_minor,
            principal_unpaid_minor=new.principal_minor,
            interest_unpaid_minor=new.interest_minor,
            fee_unpaid_minor=new.fee_minor,
            bears_penalty=bears_penalty,
            schedule_change=change,
            content_hash=0,
        )
        for sequence, new in enumerate(schedule, start=1)
    )


def _refuse_taken_over(change: ScheduleChange) -> None:
    later = (
        ScheduleChange.objects.filter(parts__installment__schedule_change=change, ended_on=None)
        .order_by("value_date", "pk")
        .first()
    )
    if later is not None:
        raise ChangeTakenOver(change.reference, later.reference)


def _refuse_repeated(
    reference: str,
    account: AccountFacts,
    kind: str,
    value_date: date,
    parts: Sequence[Part],
    schedule: Sequence[NewInstallment],
) -> None:
    there = ScheduleChange.objects.filter(reference=reference).first()
    if there is None:
        if Installment.objects.filter(account_id=account.account_id, order_no=reference).exists():
            raise ChangeReferenceTaken(reference)
        return
    columns = ("installment_id", "penalty_minor", "fee_minor", "interest_minor", "principal_minor")
    same_parts = sorted(Part(*row) for row in there.parts.values_list(*columns)) == sorted(parts)
    new = there.installments.order_by("sequence").values_list("due_date", "principal_minor", "interest_minor", "fee_minor")
    same_schedule = [NewInstallment(*row) for row in new] == list(schedule)
    is_same = (there.account_id, there.kind, there.value_date) == (account.account_id, kind, value_date)
    if is_same and same_parts and same_schedule:
        raise ChangeAlreadyMade(reference)
    raise ChangeReferenceTaken(reference)
