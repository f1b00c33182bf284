"""What people do to messages: stop them, send them again, drop them, read what was said. Each with its reason in the trail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from accounts.operations.revealing import SHORTEST_REASON, RevealReasonTooShort
from accounts.roles import REVEAL_PERSON
from outreach.customer_links import without_links
from outreach.models import Message, MessageAttempt
from outreach.operations.outbox_refusals import (
    MessageNotQueued,
    MessageNotToDrop,
    MessageNotToResend,
    MessageUnknown,
    NothingChosen,
)
from outreach.operations.refusals import OutreachRefusal, ReasonNeeded
from outreach.operations.sending.claiming import lock
from outreach.operations.sending.stopping import cancel
from outreach.roles import CANCEL_MESSAGE, DROP_MESSAGE, RESEND_MESSAGE
from outreach.rules.sending import MOST_DOUBTS
from riskops.shared.audit import Actor, record
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.people.refusals import ConflictDeclared
from riskops.shared.scope import scope_of_actor

#: Messages that one act of a person is about, at most.
MOST_AT_ONCE: Final = 500
#: What may be sent again: given up, did not arrive, may not have gone out.
TO_RESEND: Final = (Message.Status.DEAD, Message.Status.UNDELIVERED, Message.Status.UNKNOWN)
BY_PERSON: Final = "by-person"


@transaction.atomic
def cancel_message(*, actor: Actor, message_id: int, reason: str, now: datetime) -> Message:
    """Stop a message that waits.

    :raises MessageUnknown: there is none, or none that the person may see
    :raises ReasonNeeded: nothing is written in it
    :raises MessageNotQueued: it does not wait any more
    :raises ConflictDeclared: the person has a conflict of interest with the customer
    """
    message = _locked(actor, message_id, reason)
    if message.status != Message.Status.QUEUED:
        raise MessageNotQueued(str(message.get_status_display()))
    before = message.status
    cancel(message, f"{BY_PERSON}: {reason.strip()}", now)
    _record(actor, CANCEL_MESSAGE, message, before, reason)
    return message


@transaction.atomic
def resend_message(*, actor: Actor, message_id: int, reason: str, now: datetime) -> Message:
    """Queue a message again, as an attempt of its own: everything is looked at anew, the gate included.

    What may have gone out the first time goes on counting at the gate: whoever sends it again knows that it may come twice.

    :raises MessageUnknown, ReasonNeeded, ConflictDeclared: as in `cancel_message`
    :raises MessageNotToResend: it was sent, or is on its way
    """
    message = _locked(actor, message_id, reason)
    is_given_up = message.status != Message.Status.UNKNOWN or message.doubts >= MOST_DOUBTS
    if message.status not in TO_RESEND or not is_given_up:
        raise MessageNotToResend(str(message.get_status_display()))
    before = message.status
    message.attempts = max([message.attempts, *message.tries.values_list("number", flat=True)]) + 1
    message.status, message.contact, message.reason, message.due_at = Message.Status.QUEUED, None, "", now
    message.failures, message.doubts, message.settled_at = 0, 0, None
    message.claimed_until, message.claimed_by = None, ""
    message.save()
    _record(actor, RESEND_MESSAGE, message, before, reason)
    return message


@transaction.atomic
def drop_message(*, actor: Actor, message_id: int, reason: str, now: datetime) -> Message:
    """Let a message go that a person must see to: it is not sent any more.

    :raises MessageUnknown, ReasonNeeded, ConflictDeclared: as in `cancel_message`
    :raises MessageNotToDrop: it does not lie with the dead letters
    """
    message = _locked(actor, message_id, reason)
    is_dead = message.status == Message.Status.DEAD
    is_left = message.status == Message.Status.UNKNOWN and message.doubts >= MOST_DOUBTS
    if not is_dead and not is_left and not message.is_untold_notice:
        raise MessageNotToDrop(str(message.get_status_display()))
    before = message.status
    cancel(message, f"{BY_PERSON}: {reason.strip()}", now)
    _record(actor, DROP_MESSAGE, message, before, reason)
    return message


def act_on_many(
    act: Callable[..., Message], *, actor: Actor, message_ids: Sequence[int], reason: str, now: datetime
) -> tuple[int, list[str]]:
    """Do the same to many messages, one after the other, and return to how many, and why not to the others.

    :raises NothingChosen: there is none
    :raises ReasonNeeded: nothing is written in it
    """
    if not reason.strip():
        raise ReasonNeeded
    if not message_ids:
        raise NothingChosen
    done, refused = 0, []
    for message_id in sorted(set(message_ids))[:MOST_AT_ONCE]:
        try:
            act(actor=actor, message_id=message_id, reason=reason, now=now)
        except (OutreachRefusal, ConflictDeclared) as refusal:
            refused.append(str(refusal))
        else:
            done += 1
    return done, refused


@transaction.atomic
def reveal_message(*, actor: Actor, message_id: int, reason: str) -> dict[str, str]:
    """Return address, subject and text of a message in clear, and write down who saw them and why.

    :raises MessageUnknown: there is none, or none that the person may see
    :raises ConflictDeclared: the person has a conflict of interest with the customer
    :raises RevealReasonTooShort: no reason worth the name
    """
    if len(reason.strip()) < SHORTEST_REASON:
        raise RevealReasonTooShort
    message = message_in_sight(actor, message_id)
    said = message.said or {}
    record(
        actor=actor,
        action=REVEAL_PERSON,
        subject_type="customer",
        subject_key=message.customer.customer_no,
        account_id=message.account_id,
        # That it was read, never what was in it.
        after={"message": message.pk, "fields": ["text"]},
        reason=reason.strip(),
    )
    return {name: without_links(said.get(name, "")) for name in ("address", "subject", "body")}


def message_in_sight(actor: Actor, message_id: int) -> Message:
    """Return a message that whoever acts may see.

    :raises MessageUnknown: there is none, or none in their sight
    :raises ConflictDeclared: the person has a conflict of interest with the customer
    """
    message = Message.objects.select_related("customer", "account").filter(pk=message_id).first()
    if message is None or not scope_of_actor(actor).permits(message.account_id):
        raise MessageUnknown(message_id)
    refuse_conflict(actor, message.customer_id)
    return message


def _locked(actor: Actor, message_id: int, reason: str) -> Message:
    message_in_sight(actor, message_id)
    if not reason.strip():
        raise ReasonNeeded
    return lock(message_id)


def _record(actor: Actor, action: str, message: Message, before: str, reason: str) -> None:
    after: dict[str, Any] = {"message": message.pk, "status": message.status}
    if action == RESEND_MESSAGE and before == Message.Status.UNKNOWN:
        # What is left of the first try: it may come twice.
        after["may_have_gone_out"] = message.tries.filter(state=MessageAttempt.State.UNKNOWN).count()
    record(
        actor=actor,
        action=action,
        subject_type="message",
        subject_key=str(message.pk),
        account_id=message.account_id,
        before={"status": before},
        after=after,
        reason=reason.strip()[:500],
    )
