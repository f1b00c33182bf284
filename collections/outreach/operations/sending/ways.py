"""The ways to a customer: the address a channel needs, and the next way where one cannot be gone."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

from accounts.models import Customer
from outreach.models import DetailState, Message, OptOut
from outreach.operations.refusals import OptOutThere
from outreach.operations.sending.claiming import MACHINE
from outreach.operations.sending.corrected import corrected_among
from outreach.operations.wishes import note_detail, opt_out
from outreach.queries.standing import CLOSED, detail_of
from outreach.rules.contacts import Channel
from riskops.shared.audit import Actor
from riskops.shared.personal import link_indexes


def address_of(customer: Customer, channel: Channel) -> str:
    """Return the number, address or device by which a customer is reached, "" where there is none.

    Of several devices that which `detail_of` indexes: what the gate judged is what is written to.
    """
    person = customer.person
    if channel is Channel.SMS:
        return person.get("phone", "").strip()
    if channel is Channel.EMAIL:
        return person.get("email", "").strip()
    wanted = detail_of(customer, channel)
    devices = [device.strip() for device in person.get("device_ids", "").split(";")]
    return next((device for device in devices if device and wanted in link_indexes({"device_ids": device})["device"]), "")


def queue_next_way(message: Message, now: datetime) -> bool:
    """Queue a message for the next of its ways, and return whether there is one. The unique key keeps it single.

    What the customer was told to disregard goes no other way. Call it with the message and its customer locked.
    """
    if not message.fallback or corrected_among([message]):
        return False
    way, *others = message.fallback
    Message.objects.get_or_create(
        account_id=message.account_id,
        episode=message.episode,
        step=message.step,
        channel=way["channel"],
        defaults={
            "customer_id": message.customer_id,
            "purpose": message.purpose,
            "strategy_id": message.strategy_id,
            "template_code": way.get("template", ""),
            "texts": message.texts,
            "fallback": others,
            "planned_on": message.planned_on,
            "expires_on": message.expires_on,
            "priority": message.priority,
            "due_at": now,
        },
    )
    return True


def lock_customer(message: Message) -> Customer:
    """Return the customer of a locked message, locked: before any of their contacts is."""
    return Customer.objects.select_for_update(of=("self",), no_key=True).get(pk=message.customer_id)


def lock_customers(messages: Iterable[Message]) -> None:
    """Lock the customers of locked messages, in the order of their ids, as the gate does."""
    ids = {message.customer_id for message in messages}
    rows = Customer.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=ids)
    list(rows.order_by("pk").values_list("pk", flat=True))


def note_opt_out(message: Message, customer: Customer, provider: str, reason: str, now: datetime) -> None:
    """Note that a customer opted out with a provider, where what the message was sent to is still the customer's."""
    channel = Channel(message.channel)
    if message.contact is None or message.contact.detail != detail_of(customer, channel):
        return
    # Where they said it before, what holds, holds on.
    with suppress(OptOutThere):
        opt_out(
            actor=Actor(f"provider:{provider}"),
            customer=customer,
            channel=channel,
            source=OptOut.Source.REPLY,
            note=f"message {message.pk}: {reason}",
            now=now,
        )


def note_dead_detail(message: Message, customer: Customer, evidence: str, now: datetime) -> None:
    """Note that what the message was sent to leads nowhere, where it is still the customer's."""
    channel = Channel(message.channel)
    detail = detail_of(customer, channel)
    if message.contact is None or detail is None or message.contact.detail != detail:
        return
    # A third party's refusal does not close it: whose it is may be written to there.
    if DetailState.objects.filter(pk=detail, state__in=CLOSED).exists():
        return
    state = DetailState.State.BOUNCED if channel is Channel.EMAIL else DetailState.State.INVALID
    text = f"message {message.pk}: {evidence}"[:200]
    note_detail(actor=MACHINE, customer=customer, channel=channel, state=state, evidence=text, now=now)
