"""What providers report of messages: kept once each, then handed to whoever keeps the messages.

Receipts may come twice, in any order, before the sender knows that the message was accepted, and for messages nobody here
knows. Each is kept; a receiver judges by `at`, not by the order of arrival.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from django.db import transaction

from outreach.models import ProviderEvent
from outreach.models.providers import LONGEST_EVENT_ID, LONGEST_REFERENCE
from outreach.operations.keeping import keep_new
from outreach.providers.interface import LONGEST_KEY, Event, Receipt, UnreadEvent, storable, told

Receiver = Callable[[Sequence[Receipt], datetime], None]

_receivers: list[Receiver] = []


def register_receiver(receive: Receiver) -> None:
    """Name who is told of every receipt, once, in the transaction that keeps it; called by its app when it is ready."""
    if receive not in _receivers:
        _receivers.append(receive)


def take_receipt(receipt: Receipt, now: datetime) -> bool:
    """Keep a receipt and tell the receivers; return whether it is a new one. What a receiver raises undoes all of it."""
    return take_receipts([receipt], now) == 1


@transaction.atomic
def take_receipts(receipts: Sequence[Receipt], now: datetime) -> int:
    """Do the same for several receipts of one request, in queries as few as for one; return how many are new."""
    # Before anybody is told: whoever keeps one after us keeps it under the same name.
    receipts = [_as_kept(receipt) for receipt in receipts]
    events = [
        event_of(
            receipt,
            now,
            kind=ProviderEvent.Kind.RECEIPT,
            reference=receipt.reference,
            key=receipt.key,
            state=receipt.state,
            is_detail_dead=receipt.is_detail_dead,
            detail=receipt.detail,
        )
        for receipt in receipts
    ]
    kept = {id(event) for event in keep_new(events)}
    new = [receipt for receipt, event in zip(receipts, events, strict=True) if id(event) in kept]
    if new:
        for receive in _receivers:
            receive(new, now)
    return len(new)


def keep_unread(events: Sequence[UnreadEvent], now: datetime) -> int:
    """Keep events of a provider that could not be taken, by their reason and never by what they hold; return how many are new."""
    kind = ProviderEvent.Kind.REFUSED
    return len(keep_new([event_of(event, now, kind=kind, detail=told(event.reason)) for event in events]))


def _as_kept(receipt: Receipt) -> Receipt:
    """Return a receipt with a vendor's words as long as they are kept, and without what databases do not take."""
    return replace(
        receipt,
        event_id=_event_id(receipt.event_id),
        reference=_clean(receipt.reference, LONGEST_REFERENCE),
        key=_clean(receipt.key, LONGEST_KEY),
        detail=told(receipt.detail),
    )


def event_of(seen: Event, now: datetime, **columns: object) -> ProviderEvent:
    """Return what a provider reported, to be kept (`keep_new`)."""
    event_id = _event_id(seen.event_id)
    return ProviderEvent(provider=seen.provider, event_id=event_id, at=seen.at, received_at=now, **columns)


def _event_id(text: str) -> str:
    """Return a vendor's id as it is kept; one that is too long, by its hash: cut, two would be one."""
    clean = storable(text)
    return clean if len(clean) <= LONGEST_EVENT_ID else f"sha256:{sha256(clean.encode()).hexdigest()}"


def _clean(text: str, longest: int) -> str:
    return storable(text)[:longest]
