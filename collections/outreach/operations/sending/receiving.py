"""Receipts: what became of messages, in any order, twice, early, late, or of messages that nobody here knows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter
from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from outreach.gate import end_delivered
from outreach.models import Message, MessageAttempt, MessageReceipt
from outreach.operations.keeping import keep_new
from outreach.operations.sending.claiming import lock, lock_all
from outreach.operations.sending.settling import AS_SENT, OPEN, end, is_present, takes_over
from outreach.operations.sending.ways import lock_customer, note_dead_detail, queue_next_way
from outreach.providers.interface import Receipt
from outreach.rules.contacts import Outcome, Purpose
from riskops.shared.rows import write_columns

#: What a receipt writes of an attempt.
_TRIED: Final = ("state", "ended_at", "reference")
#: Receipts without a message that are looked at in one pass.
MOST_MATCHED: Final = 200


def take_receipt(receipt: Receipt, now: datetime) -> None:
    """Take what a provider reports of a message. The same report again changes nothing; delivered is never taken back."""
    take_receipts([receipt], now)


@transaction.atomic
def take_receipts(receipts: Sequence[Receipt], now: datetime) -> None:
    """Take several reports. Of those delivered together; each other one by itself, for it may close a number and go another way.

    What one request reports as both is taken as delivered. Texts are as operations/receipts.py keeps them.
    """
    rows = [
        MessageReceipt(
            provider=receipt.provider,
            event_id=receipt.event_id,
            reference=receipt.reference,
            key=receipt.key,
            state=str(receipt.state),
            is_detail_dead=receipt.is_detail_dead,
            detail=receipt.detail,
            at=receipt.at,
            received_at=now,
        )
        for receipt in receipts
    ]
    found = _attempts_of(rows)
    # All of them first, in the order of their ids: workers lock several so too.
    lock_all({tried.message_id for tried in found.values()})
    delivered = [row for row in rows if row.state == MessageReceipt.State.DELIVERED and id(row) in found]
    for row in delivered:
        row.attempt = found[id(row)]
    new = keep_new(rows)
    _deliver_together([row for row in new if row.attempt_id is not None], now)
    # Customers in one order: the gate locks several of them so too.
    others = [(found[id(row)].message.customer_id, row.pk, row) for row in new if id(row) in found and row.attempt_id is None]
    for _customer_id, _row_id, row in sorted(others, key=itemgetter(0, 1)):
        _apply(row, now)


def _deliver_together(rows: Sequence[MessageReceipt], now: datetime) -> None:
    """Write of attempts that they were delivered: with their messages and their contacts."""
    if not rows:
        return
    messages = lock_all({row.attempt.message_id for row in rows if row.attempt is not None})
    locked = MessageAttempt.objects.select_for_update(of=("self",)).filter(pk__in={row.attempt_id for row in rows})
    tries = {tried.pk: tried for tried in locked.order_by("pk")}
    changed = {}
    for row in rows:
        tried = tries[row.attempt_id or 0]
        message = messages[tried.message_id]
        if _note_delivered(message, tried, row, now):
            changed[message.pk] = message
    write_columns(changed.values(), AS_SENT)
    write_columns(tries.values(), _TRIED)
    end_delivered([tried.contact_id for tried in tries.values()], now=now)


def match_receipts(now: datetime) -> int:
    """Apply receipts that came before their message was known by its reference, and return how many there were."""
    known = MessageAttempt.objects.filter(
        Q(key=OuterRef("key")) | (Q(reference=OuterRef("reference")) & ~Q(reference="")), provider=OuterRef("provider")
    )
    waiting = MessageReceipt.objects.filter(Exists(known), attempt=None).order_by("received_at", "pk")
    ids = list(waiting.values_list("pk", flat=True)[:MOST_MATCHED])
    for receipt_id in ids:
        _match(receipt_id, now)
    return len(ids)


@transaction.atomic
def _match(receipt_id: int, now: datetime) -> None:
    row = MessageReceipt.objects.get(pk=receipt_id)
    if row.attempt_id is None:
        _apply(row, now)


def _apply(row: MessageReceipt, now: datetime) -> None:
    found = _attempts_of([row]).get(id(row))
    if found is None:
        return
    # Message, then customer, then contact: the one order of locks.
    message = lock(found.message_id)
    tried = MessageAttempt.objects.select_for_update(of=("self",)).get(pk=found.pk)
    if MessageReceipt.objects.filter(pk=row.pk, attempt=None).update(attempt=tried) != 1:
        return
    if row.state == MessageReceipt.State.DELIVERED:
        _delivered(message, tried, row, now)
    elif tried.state in (*OPEN, MessageAttempt.State.SENT):
        _undelivered(message, tried, row, now)


def _attempts_of(rows: Sequence[MessageReceipt]) -> dict[int, MessageAttempt]:
    """Return the attempts that receipts are about, by `id(row)`: by our key where the provider gives it back, else by its own."""
    keys = {row.key for row in rows if row.key}
    tries = MessageAttempt.objects.select_related("message").only(
        "key", "reference", "provider", "message_id", "contact_id", "message__customer_id"
    )
    by_key = {(tried.provider, tried.key): tried for tried in tries.filter(key__in=keys)}
    left = {row.reference for row in rows if row.reference and (row.provider, row.key) not in by_key}
    # Of several with one number the last one stays.
    by_reference = {
        (tried.provider, tried.reference): tried
        for tried in (tries.filter(reference__in=left).exclude(reference="").order_by("pk") if left else ())
    }
    found = {}
    for row in rows:
        tried = by_key.get((row.provider, row.key)) or by_reference.get((row.provider, row.reference))
        if tried is not None:
            found[id(row)] = tried
    return found


def _delivered(message: Message, tried: MessageAttempt, row: MessageReceipt, now: datetime) -> None:
    is_of_message = _note_delivered(message, tried, row, now)
    tried.save(update_fields=_TRIED)
    if is_of_message:
        message.save(update_fields=AS_SENT)
    end(tried.contact_id, Outcome.DELIVERED, "", now)


def _note_delivered(message: Message, tried: MessageAttempt, row: MessageReceipt, now: datetime) -> bool:
    """Note that a locked attempt was delivered, and return whether its message changed with it."""
    tried.state, tried.ended_at = MessageAttempt.State.DELIVERED, now
    tried.reference = tried.reference or row.reference
    has_gone = is_present(message, tried) and message.status in (Message.Status.SENT, Message.Status.UNDELIVERED)
    if not (has_gone or takes_over(message, tried)):
        return False
    message.status, message.contact_id, message.provider = Message.Status.DELIVERED, tried.contact_id, tried.provider
    message.reference, message.reason, message.settled_at = tried.reference, "", now
    message.sent_at = message.sent_at or tried.began_at
    message.claimed_until, message.claimed_by = None, ""
    return True


def _undelivered(message: Message, tried: MessageAttempt, row: MessageReceipt, now: datetime) -> None:
    customer = lock_customer(message)
    tried.state, tried.ended_at, tried.reason = MessageAttempt.State.UNDELIVERED, now, row.detail
    tried.reference = tried.reference or row.reference
    tried.save(update_fields=["state", "ended_at", "reason", "reference"])
    if is_present(message, tried) and message.status in (Message.Status.SENDING, Message.Status.UNKNOWN, Message.Status.SENT):
        message.status, message.reason, message.settled_at = Message.Status.UNDELIVERED, row.detail, now
        message.reference, message.sent_at = tried.reference, message.sent_at or tried.began_at
        message.claimed_until, message.claimed_by = None, ""
        message.save()
        if row.is_detail_dead:
            note_dead_detail(message, customer, row.detail, now)
        # What the law wants told goes on to the next way, whatever the reason.
        if row.is_detail_dead or message.purpose == Purpose.NOTICE:
            queue_next_way(message, now)
    end(tried.contact_id, Outcome.UNDELIVERED, row.detail, now)
