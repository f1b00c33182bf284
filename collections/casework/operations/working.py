"""What a person does to an item: outcome, snooze, skip, escalate, assign, boost; and undoing it.

Each act holds the item, refuses what is stale, takes the customer in hand for its own length if the person had not, writes
one record that says how it was before, and one line in the trail (casework/operations/acting.py).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import AccountSignals, AccountState
from accounts.operations.rebuilding import lock_states
from casework.models import Claim, Promise, Queue, WorkItem, WorkRecord
from casework.operations.acting import KEPT, Asked, checked, hold, kept_values, let_go, note_act
from casework.operations.cases.outcomes import follow_outcome, take_back_outcome
from casework.operations.claiming import locked_item, refuse_other_hand
from casework.operations.leads import leads_of, seeing, sights_of
from casework.operations.promises import cancel_promise
from casework.operations.work_refusals import (
    BoostOutOfRange,
    ItemNotOpen,
    LeadAway,
    NobodyToEscalateTo,
    NotAnAssignee,
    NotUndoable,
    OutcomeUnknown,
    SnoozeOutOfRange,
    WakeMalformed,
    WakeReached,
    WorkOfOther,
)
from casework.outcomes import outcome_offered, outcomes_offered
from casework.trained import WITH_CARE, left_to_trained, standing_flag, trained_people
from casework.work_roles import (
    ASSIGN_WORK,
    BOOST_WORK,
    CANCEL_PROMISE,
    ESCALATE_WORK,
    RECORD_OUTCOME,
    SKIP_WORK,
    SNOOZE_WORK,
    UNDO_WORK,
)
from riskops.shared.audit import Actor, record
from riskops.shared.day import hold_day
from riskops.shared.own_reasons import own_reason
from riskops.shared.people.conflicts import conflicts_on, refuse_conflict
from riskops.shared.people.examinations import has_examination
from riskops.shared.people.refusals import NotYourPerson
from riskops.shared.people.rights import roles_of_actor
from riskops.shared.people.teams import away_on
from riskops.shared.roles import OPERATIONS, Role, may
from riskops.shared.scope import Scope, scope_of

Act = WorkRecord.Act
Status = WorkItem.Status
MOST_SNOOZE_DAYS: Final = 90
MOST_BOOST_FACTOR: Final = 100
MOST_BOOST_DAYS: Final = 30
#: Why a promise is cancelled that was taken with an outcome.
OUTCOME_UNDONE: Final = own_reason(gettext_noop("the outcome was undone in the worklist"))
#: How long after it something may be undone.
UNDO_FOR: Final = timedelta(minutes=30)
_MOST_DAYS: Final = 9_999
#: How what a record keeps as text is read again.
_MOMENTS: Final = {"snoozed_until": datetime.fromisoformat, "asleep_since": datetime.fromisoformat}
_DAYS: Final = {"returns_on": date.fromisoformat, "boost_until": date.fromisoformat}


@transaction.atomic
def record_outcome(
    asked: Asked, *, outcome: str, remark: str = "", lateness_reason: str = "", promise_id: int | None = None
) -> WorkRecord:
    """Record what came of working on an account. It rests for the outcome's days; one of a fixed list is done for good.

    One that left its queue while the person had it in hand stays out of it: what they did is recorded all the same.

    :param lateness_reason: the code of why the customer is late, for the account's case; "" for nothing new
    :param promise_id: the promise that was taken down with it: whoever undoes the outcome cancels it
    :raises OutcomeUnknown, ReasonUnknown, TextTooLong: a value that cannot be
    :raises ReasonNotAsked: the customer was spoken to, and no reason stands in the open case
    :raises LeaseEnded, ClaimedByOther, ItemChanged, ItemNotOpen, ItemBlocked, ItemUnknown, ConflictDeclared: see `acting.hold`
    """
    known = outcome_offered(outcome)
    if known is None:
        raise OutcomeUnknown(outcome, ", ".join(entry.code for entry in outcomes_offered()))
    remark = checked(remark, is_needed=False)
    hand = hold(asked, ends_work=True)
    is_fixed = hand.item.queue.kind == Queue.Kind.FIXED
    changes: dict[str, Any] = {"outcome": outcome}
    if hand.item.status != Status.GONE:
        changes |= {
            "status": Status.DONE,
            "returns_on": None if is_fixed else asked.today + timedelta(days=known.rest_days),
            "snoozed_until": None,
            "wake_on": "",
            "is_escalated": False,
        }
    made = note_act(Act.OUTCOME, hand, asked, changes, action=RECORD_OUTCOME, said=remark, promise_id=promise_id, outcome=outcome)
    follow_outcome(
        hand.item.account_id,
        known,
        actor=asked.actor,
        today=asked.today,
        said=remark,
        work_record=made.pk,
        lateness_reason=lateness_reason,
    )
    let_go(hand, asked, is_finished=True)
    return made


@transaction.atomic
def snooze(asked: Asked, *, until: datetime, wake_on: str = "", wake_days: int | None = None, reason: str = "") -> WorkRecord:
    """Put an item to sleep until a moment, or until something happens before it.

    :param wake_on: "payment", "broken_promise" or "days" (past due, then `wake_days`); "" for nothing
    :raises SnoozeOutOfRange, WakeMalformed, WakeReached, TextTooLong: a value that cannot be
    :raises LeaseEnded, ClaimedByOther, ItemChanged, ItemNotOpen, ItemUnknown, ConflictDeclared: see `acting.hold`
    """
    if not asked.now < until <= asked.now + timedelta(days=MOST_SNOOZE_DAYS):
        raise SnoozeOutOfRange(until, MOST_SNOOZE_DAYS)
    if wake_on not in ("", *WorkItem.Wake.values) or (
        wake_on == WorkItem.Wake.DAYS and not (wake_days and 1 <= wake_days <= _MOST_DAYS)
    ):
        raise WakeMalformed
    reason = checked(reason, is_needed=False)
    hand = hold(asked, needs_work=False)
    if wake_on == WorkItem.Wake.DAYS:
        _refuse_reached(hand.item, wake_days or 0)
    signals = AccountSignals.objects.filter(pk=hand.item.account_id).values_list("broken_promises_6m", flat=True).first()
    changes = {
        "status": Status.SNOOZED,
        "snoozed_until": until,
        "wake_on": wake_on,
        "wake_days": wake_days if wake_on == WorkItem.Wake.DAYS else None,
        "asleep_since": asked.now,
        "noted_broken": signals or 0,
    }
    made = note_act(Act.SNOOZE, hand, asked, changes, action=SNOOZE_WORK, said=reason)
    let_go(hand, asked, is_finished=True)
    return made


def _refuse_reached(item: WorkItem, wake_days: int) -> None:
    """Refuse to wait for days past due that have come already: the item would be awake again at once.

    :raises WakeReached: says how late the account is
    """
    late = AccountState.objects.filter(pk=item.account_id).values_list("days_past_due", flat=True).first() or 0
    if late >= wake_days:
        raise WakeReached(item.account.account_no, late)


@transaction.atomic
def wake(asked: Asked) -> WorkRecord:
    """End a snooze now.

    :raises ItemNotOpen: it does not sleep
    :raises ClaimedByOther, ItemChanged, ItemUnknown, ConflictDeclared: see `acting.hold`
    """
    hand = hold(asked, needs_work=False)
    if hand.item.status != Status.SNOOZED:
        raise ItemNotOpen(hand.item.account.account_no, hand.item.get_status_display())
    changes = {"status": Status.OPEN, "snoozed_until": None, "wake_on": "", "wake_days": None, "asleep_since": None}
    made = note_act(Act.WAKE, hand, asked, changes, action=SNOOZE_WORK)
    let_go(hand, asked, is_finished=False)
    return made


@transaction.atomic
def skip(asked: Asked, *, reason: str) -> WorkRecord:
    """Pass an item on to others; team leads read the reason. It does not come to this person again today.

    :raises ReasonMissing, TextTooLong: a value that cannot be
    :raises LeaseEnded, ClaimedByOther, ItemChanged, ItemNotOpen, ItemUnknown, ConflictDeclared: see `acting.hold`
    """
    reason = checked(reason)
    hand = hold(asked, needs_work=False)
    is_own = hand.item.assigned_to_id == asked.actor.user_id
    made = note_act(Act.SKIP, hand, asked, {"assigned_to_id": None} if is_own else {}, action=SKIP_WORK, said=reason)
    Claim.objects.filter(pk=hand.claim.pk, token=hand.claim.token).delete()
    return made


@transaction.atomic
def escalate(asked: Asked, *, reason: str) -> WorkRecord:
    """Hand an item to the lead of its queue's team.

    :raises NobodyToEscalateTo: no team of the queue has an active lead, other than the person, who sees the account, is trained
        for it and has no conflict with its customer
    :raises LeadAway: those who could take it are away today
    :raises ReasonMissing, TextTooLong: a value that cannot be
    :raises LeaseEnded, ClaimedByOther, ItemChanged, ItemNotOpen, ItemUnknown, ConflictDeclared: see `acting.hold`
    """
    reason = checked(reason)
    hand = hold(asked, needs_work=False, needs_training=False)
    queue, product_code = hand.item.queue, hand.item.product.product_code
    leads = [lead_id for lead_id in leads_of(queue) if lead_id != asked.actor.user_id]
    leads = [
        lead_id
        for lead_id in seeing(leads, product_code, sights_of(leads))
        if not conflicts_on(lead_id, asked.today).filter(customer_id=hand.item.customer_id).exists()
    ]
    if standing_flag(hand.item.customer_id) is not None:
        # To somebody who must leave them to others it would be lost.
        leads = [lead_id for lead_id in leads if lead_id in trained_people(asked.today)]
    if not leads:
        raise NobodyToEscalateTo(queue.name)
    away = away_on(asked.today)
    leads = [lead_id for lead_id in leads if lead_id not in away]
    if not leads:
        # What lies with somebody who is away is passed over by everybody else: better it stays in the queue.
        raise LeadAway(queue.name)
    changes = {"assigned_to_id": leads[0], "is_escalated": True, "status": Status.OPEN, "snoozed_until": None, "wake_on": ""}
    made = note_act(Act.ESCALATE, hand, asked, changes, action=ESCALATE_WORK, said=reason)
    let_go(hand, asked, is_finished=True)
    return made


@transaction.atomic
def assign(asked: Asked, *, username: str) -> WorkRecord:
    """Assign an item to a person, "" to nobody. Analysts take what is nobody's and give back their own; leads and managers all.

    :raises NotYourPerson: whoever acts may not assign to that person
    :raises WorkOfOther: it lies with somebody else, and whoever acts is no lead
    :raises NotAnAssignee: there is no such active person, or one who cannot work on it today; it says why
    :raises ClaimedByOther, ItemChanged, ItemNotOpen, ItemUnknown, ConflictDeclared: see `acting.hold`
    """
    # What must not be worked now is given to nobody; taking it back is always possible.
    hand = hold(asked, needs_work=bool(username), needs_training=False)
    person = None
    if username:
        person = get_user_model().objects.filter(username=username, is_active=True).first()
        if person is None:
            raise NotAnAssignee(username, _("there is no such active person"))
    is_lead = bool(roles_of_actor(asked.actor) & {Role.TEAM_LEAD, Role.MANAGER}) or asked.actor.user_id is None
    own = asked.actor.user_id
    if not is_lead and person is not None and person.pk != own:
        raise NotYourPerson(username)
    holder = hand.item.assigned_to
    if not is_lead and holder is not None and holder.pk != own:
        raise WorkOfOther(holder.get_full_name() or holder.get_username())
    if person is not None:
        refuse_assignee(person, hand.item, asked.today)
    made = note_act(
        Act.ASSIGN, hand, asked, {"assigned_to_id": person.pk if person else None, "is_escalated": False}, action=ASSIGN_WORK
    )
    let_go(hand, asked, is_finished=person is not None and person.pk != own)
    return made


def refuse_assignee(person: Any, item: WorkItem, today: date) -> None:
    """Refuse to give work to somebody who cannot take it: everybody else would pass it over.

    :raises NotAnAssignee: no role that works accounts, no examination that holds, the product out of their sight, away, or in
        conflict with the customer (which is not said: it is their own affair)
    """
    name = person.get_full_name() or person.get_username()
    if not may(person, RECORD_OUTCOME):
        raise NotAnAssignee(name, _("none of their roles works accounts"))
    if not has_examination(person, on=today):
        raise NotAnAssignee(name, _("they hold no examination, which taking work needs"))
    if not scope_of(person).permits(item.account_id):
        raise NotAnAssignee(name, _("they may not see accounts of this product"))
    if person.pk in away_on(today):
        raise NotAnAssignee(name, _("they are away today"))
    if conflicts_on(person.pk, today).filter(customer_id=item.customer_id).exists():
        raise NotAnAssignee(name, _("they cannot work on this customer"))
    if left_to_trained(person, item.customer_id, on=today):
        raise NotAnAssignee(name, str(WITH_CARE))


@transaction.atomic
def boost(asked: Asked, *, factor: int, until: date, reason: str) -> WorkRecord:
    """Multiply the rank of an item until a day, that day included. A factor of 1 ends a boost.

    :raises BoostOutOfRange, ReasonMissing, TextTooLong: a value that cannot be
    :raises ClaimedByOther, ItemChanged, ItemNotOpen, ItemUnknown, ConflictDeclared: see `acting.hold`
    """
    days = (until - asked.today).days
    if not 1 <= factor <= MOST_BOOST_FACTOR or not 0 <= days <= MOST_BOOST_DAYS:
        raise BoostOutOfRange(MOST_BOOST_FACTOR, MOST_BOOST_DAYS)
    reason = checked(reason)
    hand = hold(asked, needs_work=False, needs_training=False)
    changes = {"boost_factor": factor, "boost_until": until if factor > 1 else None}
    made = note_act(Act.BOOST, hand, asked, changes, action=BOOST_WORK, said=reason)
    let_go(hand, asked, is_finished=False)
    return made


@transaction.atomic
def undo(*, actor: Actor, scope: Scope, record_id: int, now: datetime) -> WorkRecord:
    """Put an item back as it was before an act: one's own, or as a lead anybody's, within half an hour.

    A promise that was taken with the act is cancelled.

    :raises NotUndoable: says why: too late, undone already, somebody acted on the item since, not one's own, or the promise taken
        with it is decided or not this person's to cancel
    :raises ConflictDeclared, TrainedStaffOnly: not by this person
    :raises ItemUnknown: there is no such record in sight
    :raises ClaimedByOther: somebody has the customer in hand
    """
    promised = WorkRecord.objects.filter(pk=record_id).exclude(promise=None).values_list("promise__account_id", flat=True).first()
    if promised is not None:
        # Before the item, as whoever takes a promise does.
        hold_day(promised)
        lock_states([promised]).first()
    made = WorkRecord.objects.select_for_update(of=("self",)).filter(pk=record_id).first()
    item = locked_item(made.item_id if made else 0, scope)
    assert made is not None
    refuse_conflict(actor, item.customer_id, on=timezone.localdate(now))
    is_lead = bool(roles_of_actor(actor) & {Role.TEAM_LEAD, Role.MANAGER})
    if made.user_id != actor.user_id and not is_lead:
        raise NotUndoable(_("somebody else did it, and you lead no team"))
    if made.act == Act.HAND_BACK:
        raise NotUndoable(_("who had it is away; assign it to somebody who is there"))
    if made.undone_at is not None:
        raise NotUndoable(_("it is undone already"))
    if now > made.recorded_at + UNDO_FOR:
        raise NotUndoable(_("more than 30 minutes have passed"))
    if item.version != made.version_after:
        raise NotUndoable(_("the account changed in its queue since"))
    refuse_other_hand(item.customer_id, actor, now)
    promise = _promise_of(made, actor)
    after = kept_values(item)
    for name in KEPT:
        value = made.before.get(name)
        read: Callable[[str], Any] | None = _MOMENTS.get(name) or _DAYS.get(name)
        setattr(item, name, read(value) if read and value else value)
    item.rank = item.basis * item.boost_factor
    item.version += 1
    item.save(update_fields=[*(name.removesuffix("_id") for name in KEPT), "rank", "version"])
    made.undone_at, made.undone_by_id = now, actor.user_id
    made.save(update_fields=["undone_at", "undone_by"])
    if made.act == Act.OUTCOME:
        take_back_outcome(item.account_id, made.pk, actor=actor)
    restored = kept_values(item)
    record(
        actor=actor,
        action=UNDO_WORK,
        subject_type="account",
        subject_key=item.account.account_no,
        account_id=item.account_id,
        before={name: after[name] for name in after if after[name] != restored[name]},
        after={name: restored[name] for name in after if after[name] != restored[name]} | {"undone": made.act},
    )
    if promise is not None:
        cancel_promise(actor=actor, promise_id=promise.pk, reason=OUTCOME_UNDONE, scope=scope)
    return made


def _promise_of(made: WorkRecord, actor: Actor) -> Promise | None:
    """Return the promise that goes with an act that is undone; None where there is none, or it is cancelled by now.

    :raises NotUndoable: it is decided, or whoever acts cancels none
    """
    promise = made.promise
    if promise is None or promise.status == Promise.Status.CANCELLED:
        return None
    if promise.status != Promise.Status.OPEN:
        raise NotUndoable(
            _("the promise that was taken with it is decided already, and stays: %(status)s")
            % {"status": promise.get_status_display()}
        )
    if actor.user_id is not None and not OPERATIONS[CANCEL_PROMISE].roles & roles_of_actor(actor):
        raise NotUndoable(_("a promise was taken with it, which your roles do not cancel; ask who took it, or a team lead"))
    return promise
