"""Messages of which nobody knows whether they went out: their provider is asked, and nothing is sent blindly a second time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import connection, transaction

from accounts.models import Customer
from outreach.gate import ask_gate
from outreach.models import Message, MessageAttempt
from outreach.operations.delivery_health import note_result
from outreach.operations.sending.claiming import lock
from outreach.operations.sending.preparing import would_go_out_the_same
from outreach.operations.sending.saying import from_kept
from outreach.operations.sending.settling import is_awaited, note_accepted, note_not_made
from outreach.operations.sending.stopping import is_dispatch_off
from outreach.policies import NoPolicy
from outreach.providers import registry
from outreach.providers.interface import Accepted, CannotTell, Found, NotThere, Outgoing, Provider
from outreach.queries.standing import detail_of
from outreach.rules.sending import GRACE, LEASE, MOST_DOUBTS, back_off

log = structlog.get_logger(__name__)

#: Messages looked at in one pass, and how long it goes on: the next one begins after a minute.
MOST_ASKED: Final = 200
LONGEST_PASS: Final = timedelta(seconds=55)
#: Reasons as rows keep them; outbox_wording.py has the words.
WORKER_LOST: Final = "worker-lost"
LEASE_OVER: Final = "lease-over"
NEVER_THERE: Final = "never-there"
PERSON_NEEDED: Final = "person-needed"


@dataclass(frozen=True, slots=True)
class _Doubt:
    """What is asked of a provider."""

    message_id: int
    attempt: int
    provider: Provider | None
    outgoing: Outgoing
    began_at: datetime
    may_repeat: bool


def resolve_doubt(now: datetime, *, most: int = MOST_ASKED, clock: Callable[[], datetime] | None = None) -> int:
    """Find out about messages whose worker was lost or whose provider did not answer, and return how many were looked at.

    :param now: when it begins
    :param clock: the time of each of them: a provider may take its time to answer, and what was allowed when the first was asked
        about may be quiet hours when the last one is handed over again
    """
    clock = clock or (lambda: now)
    _lose_workers(now, most)
    waiting = Message.objects.filter(status=Message.Status.UNKNOWN, due_at__lte=now, doubts__lt=MOST_DOUBTS)
    ids = list(waiting.order_by("due_at", "pk").values_list("pk", flat=True)[:most])
    for place, message_id in enumerate(ids):
        if clock() - now > LONGEST_PASS:
            return place
        doubt = _begin(message_id, clock())
        if doubt is not None:
            _conclude(doubt, _asked(doubt, clock()), clock())
    return len(ids)


@transaction.atomic
def _lose_workers(now: datetime, most: int) -> None:
    """Take messages from workers that have not been heard of since they were about to hand them over."""
    skip = connection.features.has_select_for_update_skip_locked
    lost = Message.objects.filter(status=Message.Status.SENDING, claimed_until__lte=now).order_by("pk")
    for message in lost.select_for_update(of=("self",), skip_locked=skip)[:most]:
        MessageAttempt.objects.filter(message=message, number=message.attempts, state=MessageAttempt.State.SENDING).update(
            state=MessageAttempt.State.UNKNOWN, reason=WORKER_LOST
        )
        message.status, message.reason = Message.Status.UNKNOWN, WORKER_LOST
        message.due_at, message.claimed_until, message.claimed_by = now, None, ""
        message.save(update_fields=["status", "reason", "due_at", "claimed_until", "claimed_by"])


@transaction.atomic
def _begin(message_id: int, now: datetime) -> _Doubt | None:
    """Have a message to ask about, for the time of a lease; None where somebody else asks or it is known by now."""
    message = lock(message_id)
    if message.status != Message.Status.UNKNOWN or message.due_at > now:
        return None
    message.due_at = now + LEASE
    message.save(update_fields=["due_at"])
    tried = MessageAttempt.objects.get(message=message, number=message.attempts)
    provider = registry.provider_named(tried.provider)
    # A repeat is a message that goes out now: who has paid or promised meanwhile is only asked about.
    may_repeat = provider is not None and provider.is_idempotent and _would_go_out(message, now)
    return _Doubt(message.pk, tried.number, provider, from_kept(message), tried.began_at, may_repeat)


def _would_go_out(message: Message, now: datetime) -> bool:
    """Return whether the same message would go out now: debts, promises, hours, holds and wishes may have changed since."""
    contact = message.contact
    assert contact is not None  # the database holds that
    if is_dispatch_off() or not would_go_out_the_same(message, now):
        return False
    customer = Customer.objects.get(pk=message.customer_id)
    asked = contact.request
    if detail_of(customer, asked.channel) != asked.detail:
        return False
    try:
        return ask_gate(asked, now, apart_from=contact).verdict.is_allowed
    except NoPolicy:
        return False


def _asked(doubt: _Doubt, now: datetime) -> Found:
    """Ask the provider; one that drops a second message with the same key may be handed it again instead."""
    provider = doubt.provider
    if provider is None:
        return CannotTell("the provider is not there any more")
    try:
        found = provider.find(doubt.outgoing.key, address=doubt.outgoing.address, sent_at=doubt.began_at)
        if isinstance(found, CannotTell) and doubt.may_repeat:
            result = provider.send(doubt.outgoing)
            note_result(provider.name, result, now)
            # A refusal now says nothing of the first time.
            return result if isinstance(result, Accepted) else CannotTell(result.reason)
    except Exception as error:
        log.exception("provider_raised", provider=provider.name, key=doubt.outgoing.key)
        return CannotTell(type(error).__name__)
    return found


@transaction.atomic
def _conclude(doubt: _Doubt, found: Found, now: datetime) -> None:
    message = lock(doubt.message_id)
    tried = MessageAttempt.objects.select_for_update(of=("self",)).get(message=message, number=doubt.attempt)
    if isinstance(found, Accepted):
        note_accepted(message, tried, found.reference, now)
    elif not is_awaited(message, tried):
        return
    elif isinstance(found, NotThere):
        if now >= doubt.began_at + GRACE:
            note_not_made(message, tried, MessageAttempt.State.NOT_MADE, NEVER_THERE, now)
        else:
            message.due_at = doubt.began_at + GRACE
            message.save(update_fields=["due_at"])
    else:
        message.doubts += 1
        message.due_at = now + back_off(message.pk, message.attempts, message.doubts + 1)
        message.reason = (PERSON_NEEDED if message.doubts >= MOST_DOUBTS else found.reason)[:300]
        message.save(update_fields=["doubts", "due_at", "reason"])
