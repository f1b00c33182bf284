"""Promises taken from customers, and cancelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.models import AccountSignals, AccountState, Payment
from accounts.operations.checks import AccountFacts, account_facts, check_reason
from accounts.operations.rebuilding import lock_states
from casework.models import Case, CaseEvent, Promise, PromisePart, PromiseTerms
from casework.operations.cases.following import add_event
from casework.operations.cases.refusals import NoOpenCase
from casework.operations.promises.observing import note_account, tell
from casework.operations.promises.refusals import (
    NoDayClosed,
    NoParts,
    OverrideNotYours,
    PartNotAboveZero,
    PartsOutOfOrder,
    PlanStands,
    PromiseAboveOwed,
    PromiseDecided,
    PromiseInThePast,
    PromiseOpenAlready,
    PromiseTooFarAhead,
    PromiseUnknown,
    TooManyBroken,
    TooManyParts,
)
from casework.queries.cases.open_cases import open_case_of
from casework.queries.promises.terms import terms_for
from casework.rules.promises import agreed_parts
from casework.trained import refuse_untrained
from casework.work_roles import CANCEL_PROMISE, OVERRIDE_PROMISE, TAKE_PROMISE
from riskops.shared.audit import Actor, record
from riskops.shared.day import DayPosition, hold_day
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.people.examinations import refuse_without_examination
from riskops.shared.people.rights import roles_of_actor
from riskops.shared.roles import OPERATIONS
from riskops.shared.scope import WHOLE_BOOK, Scope

Status = Promise.Status


@dataclass(frozen=True, slots=True)
class Room:
    """What may be promised on an account now: by the drawer that asks and the operation that refuses.

    :param today: the business day that is being worked: the earliest day, and the one that payments count from
    :param owed_minor: all that is owed, the most that may be promised
    :param broken_in_a_row: how many of the last promises were broken, none kept since
    """

    today: date
    last_day: date
    owed_minor: int
    overdue_minor: int
    broken_in_a_row: int
    terms: PromiseTerms

    @property
    def needs_override(self) -> bool:
        """Whether only a team lead may take another one."""
        return self.broken_in_a_row >= max(1, self.terms.most_broken_in_a_row)


def room_for(state: AccountState, *, today: date) -> Room:
    """Return what may be promised on an account."""
    terms = terms_for(state.product_id)
    owed = (
        state.outstanding_principal_minor
        + state.outstanding_interest_minor
        + state.outstanding_fee_minor
        + state.penalty_due_minor
    )
    return Room(
        today=today,
        last_day=today + timedelta(days=terms.most_days),
        owed_minor=owed,
        overdue_minor=state.overdue_total_minor,
        broken_in_a_row=broken_in_a_row(state.pk),
        terms=terms,
    )


def broken_in_a_row(account_id: int) -> int:
    """Return how many of an account's last promises were broken; one kept, wholly or partly, starts the count anew."""
    rows = Promise.objects.filter(account_id=account_id).exclude(status__in=[Status.CANCELLED, Status.OPEN])
    count = 0
    for status in rows.order_by("-pk").values_list("status", flat=True)[:100]:
        if status != Status.BROKEN:
            break
        count += 1
    return count


@transaction.atomic
def take_promise(
    *,
    actor: Actor,
    account_id: int,
    parts: Sequence[tuple[date, int]],
    said: str = "",
    override_reason: str = "",
    on: date | None = None,
) -> Promise:
    """Take a customer's word to pay: one amount by a day, or a series.

    Treatment pauses until it is decided, which payments alone do. It counts from the business day that is being worked.

    :param parts: days and amounts in minor units, each day after the one before
    :param said: free text about the customer, kept as personal data
    :param override_reason: why one more is taken after too many were broken; a team lead's or manager's
    :param on: the calendar day, of the clock on the wall unless told: whoever takes it may do so on it
    :raises AccountUnknown: no such account
    :raises ConflictDeclared, ExaminationExpired, TrainedStaffOnly: not by this person
    :raises NoDayClosed: no day of the book is closed yet
    :raises NoOpenCase: nothing is past due
    :raises PromiseOpenAlready, PlanStands: something else stands
    :raises NoParts, TooManyParts, PartNotAboveZero, PartsOutOfOrder, PromiseInThePast, PromiseTooFarAhead, PromiseAboveOwed:
        a promise the terms do not allow
    :raises TooManyBroken, OverrideNotYours: the last ones were broken, and nobody who may has said why another is taken
    """
    account = account_facts(account_id)
    refuse_conflict(actor, account.customer_id, on=on)
    refuse_without_examination(actor, on=on)
    refuse_untrained(actor, account.customer_id, on=on)
    position = hold_day(account_id)
    today = position.open_day
    state: AccountState | None = lock_states([account_id]).first()
    if today is None or state is None:
        raise NoDayClosed
    case = open_case_of(account_id)
    if case is None:
        raise NoOpenCase(account.account_no)
    _refuse_what_stands(account, account_id)
    room = room_for(state, today=today)
    _refuse_parts(parts, room, account)
    if room.needs_override:
        if not override_reason.strip():
            raise TooManyBroken(account.account_no, room.broken_in_a_row)
        if actor.user_id is not None and not OPERATIONS[OVERRIDE_PROMISE].roles & roles_of_actor(actor):
            raise OverrideNotYours
    promise = _write(
        case, state, room, parts, actor=actor, said=said, override_reason=override_reason if room.needs_override else ""
    )
    day = _standing_day(position, state)
    add_event(
        case,
        CaseEvent.Kind.PROMISE,
        day=today,
        actor=actor,
        state=state,
        reason=promise.override_reason,
        details={"promise": promise.pk, "was": "", "becomes": Status.OPEN.value, "total_minor": promise.total_minor},
    )
    record(
        actor=actor,
        action=TAKE_PROMISE,
        subject_type="account",
        subject_key=account.account_no,
        account_id=account_id,
        after={
            "promise": promise.pk,
            "parts": [{"due_on": due_on.isoformat(), "amount_minor": amount} for due_on, amount in parts],
            "ends_on": promise.ends_on.isoformat(),
        },
        reason=promise.override_reason,
    )
    note_account(account_id, as_of=day)
    return promise


def _standing_day(position: DayPosition, state: AccountState) -> date:
    days = [day for day in (position.business_date, state.ahead_on, position.closing) if day is not None]
    return max(days)


def _refuse_what_stands(account: AccountFacts, account_id: int) -> None:
    standing = Promise.objects.filter(account_id=account_id, status=Status.OPEN).first()
    if standing is not None:
        raise PromiseOpenAlready(account.account_no, standing.ends_on)
    if AccountSignals.objects.filter(pk=account_id, has_hardship_plan=True).exists():
        raise PlanStands(account.account_no)


def _refuse_parts(parts: Sequence[tuple[date, int]], room: Room, account: AccountFacts) -> None:
    if not parts:
        raise NoParts
    if len(parts) > room.terms.most_parts:
        raise TooManyParts(len(parts), room.terms.most_parts)
    before: date | None = None
    for number, (due_on, amount) in enumerate(parts, start=1):
        if amount <= 0:
            raise PartNotAboveZero(number)
        if due_on < room.today:
            raise PromiseInThePast(due_on, room.today)
        if due_on > room.last_day:
            raise PromiseTooFarAhead(due_on, room.last_day, room.terms.most_days)
        if before is not None and due_on <= before:
            raise PartsOutOfOrder(number, due_on, before)
        before = due_on
    total = sum(amount for _due_on, amount in parts)
    if total > room.owed_minor:
        raise PromiseAboveOwed(total, room.owed_minor, account.minor_digits)


def _write(
    case: Case,
    state: AccountState,
    room: Room,
    parts: Sequence[tuple[date, int]],
    *,
    actor: Actor,
    said: str,
    override_reason: str,
) -> Promise:
    terms = room.terms
    agreed = agreed_parts(
        parts, grace_days=terms.grace_days, tolerance_bp=terms.tolerance_bp, tolerance_minor=terms.tolerance_minor
    )
    ends_on = agreed[-1].counts_until
    known = Payment.objects.filter(account_id=state.pk, paid_on=room.today).aggregate(last=Max("pk"))["last"]
    promise = Promise.objects.create(
        account_id=state.pk,
        customer_id=case.customer_id,
        product_id=case.product_id,
        case=case,
        made_on=room.today,
        recorded_at=timezone.now(),
        made_by_id=actor.user_id,
        made_by_name=actor.name,
        total_minor=agreed[-1].through_minor,
        part_count=len(agreed),
        terms=terms if terms.pk else None,
        partly_from_bp=terms.partly_from_bp,
        ends_on=ends_on,
        watched_until=ends_on + timedelta(days=terms.reversal_days),
        known_payment_id=known or 0,
        next_due_on=agreed[0].due_on,
        said={"text": said.strip()} if said.strip() else None,
        override_reason=override_reason.strip(),
    )
    PromisePart.objects.bulk_create(
        PromisePart(
            promise=promise,
            number=number,
            due_on=part.due_on,
            amount_minor=part.amount_minor,
            through_minor=part.through_minor,
            needed_minor=part.needed_minor,
            counts_until=part.counts_until,
        )
        for number, part in enumerate(agreed, start=1)
    )
    return promise


@transaction.atomic
def cancel_promise(*, actor: Actor, promise_id: int, reason: str, scope: Scope = WHOLE_BOOK) -> Promise:
    """Cancel an open promise: treatment goes on, and it counts neither as kept nor as broken.

    :raises PromiseUnknown: there is none in sight
    :raises ConflictDeclared, TrainedStaffOnly: not by this person
    :raises ReasonMissing: nothing is written in it
    :raises PromiseDecided: it is not open
    """
    check_reason(reason)
    found = scope.accounts(Promise.objects.filter(pk=promise_id)).values_list("account_id", flat=True).first()
    if found is None:
        raise PromiseUnknown(promise_id)
    account = account_facts(found)
    refuse_conflict(actor, account.customer_id)
    refuse_untrained(actor, account.customer_id)
    position = hold_day(found)
    state = lock_states([found]).get()
    promise = Promise.objects.select_for_update(of=("self",)).select_related("case").get(pk=promise_id)
    if promise.status != Status.OPEN:
        raise PromiseDecided(promise.get_status_display(), promise.decided_on)
    day = _standing_day(position, state)
    tell(promise, Status.CANCELLED, promise.paid_minor, state=state, day=day, actor=actor, reason=reason)
    promise.status, promise.decided_on, promise.next_due_on = Status.CANCELLED, day, None
    promise.cancel_reason = reason
    promise.save(update_fields=["status", "decided_on", "next_due_on", "cancel_reason"])
    promise.parts.filter(status=Status.OPEN).update(status=Status.CANCELLED)
    record(
        actor=actor,
        action=CANCEL_PROMISE,
        subject_type="account",
        subject_key=account.account_no,
        account_id=found,
        before={"promise": promise.pk, "status": Status.OPEN.value},
        after={"promise": promise.pk, "status": Status.CANCELLED.value},
        reason=reason,
    )
    note_account(found, as_of=day)
    return promise
