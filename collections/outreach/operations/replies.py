"""What customers write back: STOP opts out at once, all else is kept for a person to read."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from accounts.models import Customer, CustomerNameToken
from outreach.models import CustomerReply, OptOut, ProviderEvent
from outreach.operations.delivery_refusals import ReplyRead, ReplyUnknown
from outreach.operations.keeping import keep_new
from outreach.operations.receipts import event_of
from outreach.operations.refusals import OptOutThere
from outreach.operations.wishes import opt_out
from outreach.providers.interface import Reply, storable
from outreach.queries.replies import replies_in_sight
from outreach.roles import READ_REPLY
from outreach.rules.contacts import Channel
from outreach.rules.phones import spellings
from outreach.rules.stop_words import Wish, wish_of
from riskops.shared.audit import Actor, record
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.personal import link_indexes, person_indexes
from riskops.shared.scope import scope_of_actor

_LONGEST_TEXT = 4_000


@transaction.atomic
def take_reply(reply: Reply, now: datetime) -> bool:
    """Keep a reply, opt out of its channel whoever has its number or address where it says STOP; return whether it is new.

    A word that asks for messages again opts nobody in: a person reads it and decides.
    """
    reply = replace(reply, address=storable(reply.address), text=storable(reply.text))
    event = event_of(reply, now, kind=ProviderEvent.Kind.REPLY)
    if not keep_new([event]):
        return False
    wish = Wish.STOP if reply.is_stop else wish_of(reply.text)
    # In id order, as everywhere: two replies of one telephone must not wait for each other.
    customers: list[Customer | None] = list(customers_with(reply.channel, reply.address))
    words = {"address": reply.address, "text": reply.text[:_LONGEST_TEXT]}
    for customer in customers or [None]:
        CustomerReply.objects.create(event=event, customer=customer, channel=reply.channel, words=words, wish=wish, at=reply.at)
        if customer is not None and wish is Wish.STOP:
            _opt_out(customer, reply, now)
    return True


@transaction.atomic
def mark_read(*, actor: Actor, reply_id: int, now: datetime) -> CustomerReply:
    """Note that a person has read a reply.

    :raises ReplyUnknown: there is none, or none that the person may see
    :raises ReplyRead: somebody has read it
    :raises ConflictDeclared: the person has a conflict of interest with the customer
    """
    rows = CustomerReply.objects.select_for_update(of=("self",)).select_related("customer")
    row = replies_in_sight(rows, scope_of_actor(actor)).filter(pk=reply_id).first()
    if row is None:
        raise ReplyUnknown(reply_id)
    if row.customer_id is not None:
        refuse_conflict(actor, row.customer_id)
    if row.read_at is not None:
        raise ReplyRead(row.read_by_name)
    row.read_at, row.read_by_id, row.read_by_name = now, actor.user_id, actor.name
    row.save(update_fields=["read_at", "read_by", "read_by_name"])
    record(
        actor=actor,
        action=READ_REPLY,
        subject_type="customer" if row.customer else "reply",
        subject_key=row.customer.customer_no if row.customer else str(row.pk),
        after={"reply": row.pk, "channel": row.channel, "wish": row.wish},
    )
    return row


def customers_with(channel: Channel, address: str) -> list[Customer]:
    """Return the customers with a number, address or device, found by its keyed index, in id order."""
    if channel is Channel.EMAIL:
        index = person_indexes({"email": address})["email_index"]
        found = Q(email_index=index) if index is not None else Q(pk__in=[])
    elif channel is Channel.PUSH:
        tokens = CustomerNameToken.objects.filter(token_index__in=link_indexes({"device_ids": address})["device"])
        found = Q(pk__in=tokens.values("customer_id"))
    else:
        indexes = {person_indexes({"phone": digits})["phone_index"] for digits in spellings(address, settings.PHONE_COUNTRY_CODE)}
        found = Q(phone_index__in=indexes - {None})
    return list(Customer.objects.filter(found).order_by("pk"))


def _opt_out(customer: Customer, reply: Reply, now: datetime) -> None:
    # Where they said it before, what holds, holds on.
    with suppress(OptOutThere):
        opt_out(
            actor=Actor(f"provider:{reply.provider}"),
            customer=customer,
            channel=reply.channel,
            source=OptOut.Source.REPLY,
            note=" ".join(reply.text.split()),
            now=now,
        )
