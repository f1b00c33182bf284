"""Messages claimed by a worker: the order they go in, who has them, and how many a channel sends in a second."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_noop

from outreach.models import ChannelRate, Message
from outreach.rules.contacts import Channel
from outreach.rules.sending import LEASE
from riskops.shared.audit import Actor
from riskops.shared.own_reasons import own_reason

#: Who sends: the name in the log of contacts.
MACHINE: Final = Actor(own_reason(gettext_noop("outreach")))


@dataclass(frozen=True, slots=True)
class Claimed:
    """Messages that a worker has, in the order they go out.

    :param wait_seconds: how long until the channel may send the next one that is due, where its rate is used up; else 0
    """

    ids: tuple[int, ...]
    wait_seconds: float = 0.0


@transaction.atomic
def claim(channel: Channel, now: datetime, most: int, worker: str) -> Claimed:
    """Claim queued messages that are due and that no worker has. Order and priority are here, not in the broker.

    A claim is a lease: whoever is killed with it loses it to the next one.
    """
    rate = _fill(channel, now)
    allowed = min(most, int(rate.tokens))
    if allowed < 1:
        wait = (1.0 - rate.tokens) / _a_second(channel)
        return Claimed((), wait if waiting(channel, now).exists() else 0.0)
    rows = waiting(channel, now).order_by("priority", "due_at", "pk")
    locked = rows.select_for_update(of=("self",), skip_locked=connection.features.has_select_for_update_skip_locked)
    ids = tuple(locked.values_list("pk", flat=True)[:allowed])
    if ids:
        Message.objects.filter(pk__in=ids).update(claimed_until=now + LEASE, claimed_by=worker)
        rate.tokens -= len(ids)
        rate.save(update_fields=["tokens", "filled_at"])
    return Claimed(ids)


def waiting(channel: Channel, now: datetime) -> QuerySet[Message]:
    """Return the messages of a channel that are due and that nobody has."""
    is_free = Q(claimed_until=None) | Q(claimed_until__lte=now)
    return Message.objects.filter(is_free, channel=channel, status=Message.Status.QUEUED, due_at__lte=now)


def release(ids: tuple[int, ...], worker: str) -> None:
    """Give back what was claimed and not begun; it keeps its place."""
    own = Message.objects.filter(pk__in=ids, status=Message.Status.QUEUED, claimed_by=worker)
    own.update(claimed_until=None, claimed_by="")


def lock(message_id: int) -> Message:
    """Return a message locked for change. Always before its customer, and that before a contact: the one order of locks."""
    # What it says is read where somebody asks for it: else it would be decrypted with every look and encrypted with every save.
    return Message.objects.select_for_update(of=("self",)).defer("said").get(pk=message_id)


def lock_all(message_ids: Collection[int]) -> dict[int, Message]:
    """Return messages locked for change, by id. In the order of their ids: two who lock several do not wait for each other."""
    rows = Message.objects.select_for_update(of=("self",)).defer("said").filter(pk__in=message_ids)
    return {message.pk: message for message in rows.order_by("pk")}


def _fill(channel: Channel, now: datetime) -> ChannelRate:
    """Return what the channel may send, locked: of several workers one counts at a time."""
    most = _a_second(channel)
    ChannelRate.objects.get_or_create(channel=channel, defaults={"tokens": most, "filled_at": now})
    rate = ChannelRate.objects.select_for_update().get(channel=channel)
    seconds = max(0.0, (now - rate.filled_at).total_seconds())
    rate.tokens = min(most, rate.tokens + seconds * most)
    rate.filled_at = max(now, rate.filled_at)
    return rate


def _a_second(channel: Channel) -> float:
    return float(settings.MESSAGES_A_SECOND[channel])
