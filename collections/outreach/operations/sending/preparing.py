"""Claimed messages made ready in one transaction: still wanted, rendered with the amounts of now, let through by the gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.models import Customer
from outreach.gate import Asked, pass_gate_together
from outreach.models import Contact, Message, MessageAttempt
from outreach.operations.delivery_health import known_to_work, passed_over
from outreach.operations.sending.claiming import MACHINE, lock_all
from outreach.operations.sending.holding import HELD, OUT_OF_THE_WAY, Hold, Passed, not_carried, put_off, refused, set_aside
from outreach.operations.sending.saying import CannotBeSaid, Said, as_kept, from_kept, say, templates_of, unsubscribe_url
from outreach.operations.sending.stopping import (
    Look,
    cancel,
    is_dispatch_off,
    is_payment_feed_missing,
    look_at,
    stop_reason,
)
from outreach.operations.sending.ways import address_of, lock_customers
from outreach.policies import NoPolicy
from outreach.providers import registry
from outreach.providers.interface import Outgoing, Provider
from outreach.queries.standing import detail_of
from outreach.rules.contacts import Channel, Purpose, Request
from outreach.rules.sending import LEASE
from riskops.shared.rows import write_columns

#: What is written of a message that is let through.
_AS_SENDING: Final = (
    "status", "contact", "provider", "reference", "template", "language", "reason", "said", "doubts", "claimed_until", "due_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ready:
    """A message that the gate has let through: hand `outgoing` to the provider before the lease is over, then settle."""

    message_id: int
    attempt: int
    provider: Provider
    outgoing: Outgoing
    until: datetime


def prepare(message_id: int, now: datetime, *, worker: str) -> Ready | Passed:
    """Make one claimed message ready to be handed over, or end or put it off with the reason. All of it or nothing.

    :param worker: who has claimed it; claimed by somebody else by now, it is theirs
    """
    (found,) = prepare_together([message_id], now, worker=worker)
    return found


@transaction.atomic
def prepare_together(message_ids: Sequence[int], now: datetime, *, worker: str) -> list[Ready | Passed]:
    """Do the same for several messages in one transaction, one after the other in their order, with queries as few as for one.

    Where one of them raises, none is prepared: the caller tries them one by one.
    """
    messages = lock_all(message_ids)
    own = [messages[pk] for pk in message_ids if pk in messages and _is_claimed(messages[pk], worker)]
    found: dict[int, Ready | Passed] = dict.fromkeys(message_ids, Passed.GONE)
    if own and is_dispatch_off():
        return [Passed.OFF if message_id in {message.pk for message in own} else Passed.GONE for message_id in message_ids]
    # Before they are read: whoever had them before us may have changed the number that is written to.
    lock_customers(own)
    desk = _Desk(own, now)
    for message in own:
        found[message.pk] = desk.look(message)
    found |= desk.through_the_gate()
    return [found[message_id] for message_id in message_ids]


def would_go_out_the_same(message: Message, now: datetime) -> bool:
    """Return whether a message that was handed over would go out now, word for word: still wanted, with the same text, and known
    who has paid. What the gate says is not asked here.
    """
    desk = _Desk([message], now)
    if stop_reason(message, desk.seen, desk.today) or message.pk in desk.seen.offers.waiting:
        return False
    if message.purpose != Purpose.NOTICE and desk.is_feed_missing:
        return False
    kept = from_kept(message)
    try:
        text = say(message, desk.seen, desk.templates, desk.today).text
    except CannotBeSaid:
        return False
    return (text.subject, text.body) == (kept.subject, kept.body)


def _is_claimed(message: Message, worker: str) -> bool:
    return message.status == Message.Status.QUEUED and message.claimed_by == worker


class _Desk:
    """Some messages being prepared: what is read for all of them, and those that only the gate can still stop."""

    def __init__(self, messages: Sequence[Message], now: datetime) -> None:
        self.now, self.today = now, timezone.localdate(now)
        # Once for all that is asked of them; the gate reads the accounts again, behind its lock.
        self.seen: Look = look_at(messages)
        self.templates = templates_of(messages, self.today)
        self.healthy = known_to_work()
        self.waiting: list[tuple[Message, Said, Provider]] = []

    def look(self, message: Message) -> Passed:
        """Look at one message: `WAITS` for the gate, or for whatever it was put off for; else it has ended."""
        now = self.now
        # First what ends it: what waits for payments that never come would wait for ever.
        stopped = stop_reason(message, self.seen, self.today)
        if stopped:
            cancel(message, stopped, now)
            return Passed.ENDED
        if message.pk in self.seen.offers.waiting:
            # Signed on paper: told once more to accept, the customer would wonder; sent back, the offer stands again.
            return put_off(message, now + HELD, Hold.PAPER)
        if message.purpose != Purpose.NOTICE and self.is_feed_missing:
            return put_off(message, now + HELD, Hold.FEED)
        try:
            said = say(message, self.seen, self.templates, self.today)
        except CannotBeSaid as why:
            return set_aside(message, why.reason, now)
        providers = registry.providers_of(Channel(message.channel))
        carriers = self._carriers(message, providers)
        if providers and not carriers:
            return not_carried(message, now)
        provider = self._pick(message, carriers)
        if provider is None:
            others = [one for one in providers if one not in carriers]
            if others and registry.any_works(others, self.resting):
                # Who does not carry this text carries those behind it: it is not to stand in their way.
                return put_off(message, now + OUT_OF_THE_WAY, Hold.NO_PROVIDER)
            # It keeps its place: when a provider works again, all go in their order.
            message.reason, message.claimed_until, message.claimed_by = Hold.NO_PROVIDER, None, ""
            message.save(update_fields=["reason", "claimed_until", "claimed_by"])
            return Passed.NO_PROVIDER
        self.waiting.append((message, said, provider))
        return Passed.WAITS

    def through_the_gate(self) -> dict[int, Ready | Passed]:
        """Ask the gate for all that wait for it, and return what came of each."""
        if not self.waiting:
            return {}
        requests = [self._request(message, said) for message, said, _provider in self.waiting]
        asked = [Asked(waits[0].attempt_key, request) for waits, request in zip(self.waiting, requests, strict=True)]
        try:
            answers = pass_gate_together(actor=MACHINE, asked=asked, now=self.now)
        except NoPolicy:
            if len(self.waiting) > 1:
                # One product's may be missing, and the other messages go: the caller tries them one by one.
                raise
            message = self.waiting[0][0]
            return {message.pk: put_off(message, self.now + HELD, Hold.NO_POLICY)}
        found: dict[int, Ready | Passed] = {}
        ready: list[tuple[Message, Ready]] = []
        for (message, said, provider), answer in zip(self.waiting, answers, strict=True):
            if answer.contact is None:
                found[message.pk] = refused(message, answer.verdict, self.now)
            else:
                found[message.pk] = let_through = self._ready(message, said, provider, answer.contact)
                ready.append((message, let_through))
        write_columns([message for message, _ready in ready], _AS_SENDING)
        MessageAttempt.objects.bulk_create([self._attempt(message) for message, _ready in ready])
        return found

    @cached_property
    def is_feed_missing(self) -> bool:
        """Whether it is not known yet who has paid."""
        return is_payment_feed_missing(self.now)

    @cached_property
    def resting(self) -> frozenset[str]:
        """The providers whose rest is not over: read once, for the first message that none takes and all behind it."""
        return passed_over(self.now)

    def _request(self, message: Message, said: Said) -> Request:
        return Request(
            channel=Channel(message.channel),
            purpose=Purpose(message.purpose),
            account_id=message.account_id,
            detail=detail_of(self._customer(message), Channel(message.channel)),
            names_institution=said.names_institution,
            discloses_debt=said.discloses_debt,
            has_opt_out=said.has_opt_out,
        )

    def _ready(self, message: Message, said: Said, provider: Provider, contact: Contact) -> Ready:
        """Note in a message that it is let through: it is written with the others."""
        customer, channel = self._customer(message), Channel(message.channel)
        outgoing = Outgoing(
            key=message.attempt_key,
            channel=channel,
            address=address_of(customer, channel),
            subject=said.text.subject,
            body=said.text.body,
            language=customer.language,
            template_code=message.template_code,
            values=said.values,
            unsubscribe_url=unsubscribe_url(said, channel),
        )
        message.status, message.contact, message.provider, message.reference = (
            Message.Status.SENDING,
            contact,
            provider.name,
            "",
        )
        message.template, message.language, message.reason, message.said = said.template, customer.language, "", as_kept(outgoing)
        message.doubts, message.claimed_until, message.due_at = 0, self.now + LEASE, self.now + LEASE
        return Ready(message.pk, message.attempts, provider, outgoing, until=message.claimed_until)

    def _attempt(self, message: Message) -> MessageAttempt:
        return MessageAttempt(
            message=message,
            number=message.attempts,
            key=message.attempt_key,
            contact=message.contact,
            provider=message.provider,
            began_at=self.now,
        )

    def _customer(self, message: Message) -> Customer:
        return self.seen.accounts[message.account_id].customer

    def _carriers(self, message: Message, providers: Sequence[Provider]) -> tuple[Provider, ...]:
        """Return those of a channel's providers that can carry the message."""
        code = message.template_code if message.texts is None else ""
        return tuple(provider for provider in providers if provider.carries(code, self._customer(message).language))

    def _pick(self, message: Message, carriers: Sequence[Provider]) -> Provider | None:
        """Return a provider that has not refused the message in this round; where all have, any that works."""
        of_round = message.failures % max(1, len(carriers))
        if of_round:
            tried = message.tries.order_by("-number").values_list("provider", flat=True)[:of_round]
            found = registry.pick(carriers, self.now, not_these=tuple(tried), healthy=self.healthy)
            if found is not None:
                return found
        return registry.pick(carriers, self.now, healthy=self.healthy)
