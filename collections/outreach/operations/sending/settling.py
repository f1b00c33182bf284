"""What a provider answered, written down: sent, to be tried again, never, or nobody knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from outreach.gate import ContactNotOpen, end_contact
from outreach.models import Message, MessageAttempt
from outreach.operations.sending.claiming import lock, lock_all
from outreach.operations.sending.holding import set_aside
from outreach.operations.sending.ways import lock_customer, note_dead_detail, note_opt_out, queue_next_way
from outreach.providers import registry
from outreach.providers.interface import Accepted, Refused, Result, storable
from outreach.rules.contacts import Channel, Outcome
from outreach.rules.sending import MOST_FAILURES, back_off
from riskops.shared.rows import write_columns

#: Attempts of which nobody knows yet how they ended.
OPEN = (MessageAttempt.State.SENDING, MessageAttempt.State.UNKNOWN)
#: What is written of a message that went out, and of an attempt that ended.
AS_SENT: Final = (
    "status", "contact", "provider", "reference", "reason", "sent_at", "settled_at", "claimed_until", "claimed_by",
)  # fmt: skip
_ENDED: Final = ("reference", "state", "ended_at", "reason")


@dataclass(frozen=True, slots=True)
class Told:
    """What a provider answered to an attempt of a message."""

    message_id: int
    attempt: int
    result: Result


def settle_together(told: Sequence[Told], now: datetime) -> None:
    """Write down what providers answered: of what they accepted together, in one transaction; each other one in its own.

    The others lock customers and contacts too, and two workers who lock several would wait for each other.
    """
    accepted = [one for one in told if isinstance(one.result, Accepted)]
    if len(accepted) == 1:
        settle(accepted[0].message_id, accepted[0].attempt, accepted[0].result, now)
    elif accepted:
        _accept_together(accepted, now)
    for one in told:
        if not isinstance(one.result, Accepted):
            settle(one.message_id, one.attempt, one.result, now)


@transaction.atomic
def _accept_together(told: Sequence[Told], now: datetime) -> None:
    messages = lock_all([one.message_id for one in told])
    of_messages = MessageAttempt.objects.select_for_update(of=("self",)).filter(message_id__in=messages).order_by("pk")
    tries = {(tried.message_id, tried.number): tried for tried in of_messages}
    changed = []
    for one in told:
        assert isinstance(one.result, Accepted)  # asked for those only
        if _accept(messages[one.message_id], tries[one.message_id, one.attempt], one.result.reference, now):
            changed.append(messages[one.message_id])
    write_columns(changed, AS_SENT)
    write_columns([tries[one.message_id, one.attempt] for one in told], _ENDED)


@transaction.atomic
def settle(message_id: int, attempt: int, result: Result, now: datetime) -> None:
    """Write down what the provider answered to an attempt. Told again, or after a receipt said more, nothing goes backwards."""
    message = lock(message_id)
    tried = MessageAttempt.objects.select_for_update(of=("self",)).get(message=message, number=attempt)
    if isinstance(result, Accepted):
        note_accepted(message, tried, result.reference, now)
    elif tried.state not in OPEN:
        return
    elif isinstance(result, Refused):
        if result.is_final or result.is_detail_dead:
            note_refused_for_good(message, tried, result, now)
        else:
            note_not_made(message, tried, MessageAttempt.State.REFUSED, result.reason, now)
    else:
        note_unknown(message, tried, result.reason, now)


def is_present(message: Message, tried: MessageAttempt) -> bool:
    """Return whether the message stands for this attempt and no later one."""
    return message.contact_id == tried.contact_id


def note_accepted(message: Message, tried: MessageAttempt, reference: str, now: datetime) -> None:
    """Write down that a provider has the message of a locked attempt."""
    is_of_message = _accept(message, tried, reference, now)
    tried.save(update_fields=_ENDED)
    if is_of_message:
        message.save(update_fields=AS_SENT)


def _accept(message: Message, tried: MessageAttempt, reference: str, now: datetime) -> bool:
    """Note that a provider has the message of a locked attempt, and return whether the message changed with it."""
    tried.reference = storable(reference)[:128]
    if tried.state not in (MessageAttempt.State.DELIVERED, MessageAttempt.State.UNDELIVERED):
        tried.state, tried.ended_at, tried.reason = MessageAttempt.State.SENT, now, ""
    is_known_to_have_gone = message.status in (Message.Status.SENT, Message.Status.DELIVERED, Message.Status.UNDELIVERED)
    if is_present(message, tried) and is_known_to_have_gone:
        # The receipt was faster.
        message.reference, message.sent_at = tried.reference, message.sent_at or now
        return True
    if takes_over(message, tried):
        message.status, message.contact_id, message.provider = Message.Status.SENT, tried.contact_id, tried.provider
        message.reference, message.reason, message.sent_at, message.settled_at = tried.reference, "", now, now
        message.claimed_until, message.claimed_by = None, ""
        return True
    return False


def takes_over(message: Message, tried: MessageAttempt) -> bool:
    """Return whether news of an attempt is news of the message.

    An older attempt that turns out to have gone out ends what waits for a further one; one that is under way stays as it is.
    """
    if is_present(message, tried):
        return message.status not in (Message.Status.SENT, Message.Status.DELIVERED, Message.Status.UNDELIVERED)
    return message.status in (Message.Status.QUEUED, Message.Status.DEAD, Message.Status.CANCELLED)


def is_awaited(message: Message, tried: MessageAttempt) -> bool:
    """Return whether the message waits for how this attempt ends; one that a person has dropped does not."""
    return is_present(message, tried) and message.status in (Message.Status.SENDING, Message.Status.UNKNOWN)


def note_not_made(message: Message, tried: MessageAttempt, state: str, reason: str, now: datetime) -> None:
    """Write down that the provider certainly does not have the message; it is tried again, or given up after so many times."""
    _end_attempt(tried, state, reason, now)
    gone = message.tries.filter(state__in=(MessageAttempt.State.SENT, MessageAttempt.State.DELIVERED)).first()
    if is_awaited(message, tried) and gone is not None:
        # Another attempt has turned out to have gone out meanwhile: that is enough.
        message.status, message.contact_id, message.provider = Message.Status(gone.state), gone.contact_id, gone.provider
        message.reference, message.reason, message.sent_at, message.settled_at = gone.reference, "", gone.began_at, now
        message.claimed_until, message.claimed_by = None, ""
        message.save()
    elif is_awaited(message, tried):
        message.contact, message.reason = None, reason[:300]
        message.attempts, message.claimed_until, message.claimed_by = message.attempts + 1, None, ""
        if state == MessageAttempt.State.REFUSED:
            message.failures += 1
        message.status = Message.Status.QUEUED
        message.due_at = now + _wait(message)
        message.save()
        if message.failures >= MOST_FAILURES:
            set_aside(message, reason, now)
    end(tried.contact_id, Outcome.NOT_MADE, reason, now)


def note_refused_for_good(message: Message, tried: MessageAttempt, result: Refused, now: datetime) -> None:
    """Write down that no provider will take the message: the way is at its end, the next one is gone.

    Where it is our text or their wish that is refused, nobody tried to reach the customer: the contact was not made. As one that
    failed it would make them lost, and third parties would be asked about them.
    """
    # Customer before contact, as the gate locks them.
    customer = lock_customer(message)
    _end_attempt(tried, MessageAttempt.State.REFUSED, result.reason, now)
    if is_awaited(message, tried):
        message.status, message.reason, message.settled_at = Message.Status.UNDELIVERED, result.reason[:300], now
        message.claimed_until, message.claimed_by = None, ""
        message.save()
        if result.is_detail_dead:
            note_dead_detail(message, customer, result.reason, now)
        if result.is_opt_out:
            note_opt_out(message, customer, tried.provider, result.reason, now)
        queue_next_way(message, now)
    end(tried.contact_id, Outcome.UNDELIVERED if result.is_detail_dead else Outcome.NOT_MADE, result.reason, now)


def note_unknown(message: Message, tried: MessageAttempt, reason: str, now: datetime) -> None:
    """Write down that nobody knows whether a message went out; its provider is asked (doubting.py)."""
    tried.state, tried.reason = MessageAttempt.State.UNKNOWN, reason[:300]
    tried.save(update_fields=["state", "reason"])
    if is_present(message, tried) and message.status == Message.Status.SENDING:
        message.status, message.reason = Message.Status.UNKNOWN, reason[:300]
        message.due_at, message.claimed_until, message.claimed_by = now + back_off(message.pk, tried.number, 1), None, ""
        message.save()


def end(contact_id: int, outcome: Outcome, note: str, now: datetime) -> None:
    """Write into the log how a contact ended; what the log says already stays."""
    try:
        end_contact(contact_id, outcome, now=now, note=note[:500])
    except ContactNotOpen:
        return


def _end_attempt(tried: MessageAttempt, state: str, reason: str, now: datetime) -> None:
    tried.state, tried.reason, tried.ended_at = state, reason[:300], now
    tried.save(update_fields=["state", "reason", "ended_at"])


def _wait(message: Message) -> timedelta:
    """Return how long a message waits: not at all where another provider has not been tried in this round."""
    providers = max(1, len(registry.providers_of(Channel(message.channel))))
    rounds, left = divmod(message.failures, providers)
    if left or not rounds:
        return timedelta()
    return back_off(message.pk, message.attempts, rounds)
