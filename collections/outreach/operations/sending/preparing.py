"""Claimed messages made ready in one transaction: still wanted, rendered with the amounts of now, let through by the gate."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from functools import cached_property
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.models import Customer
from outreach import rendering
from outreach.gate import Asked, pass_gate_together
from outreach.models import Contact, Message, MessageAttempt, MessageTemplate
from outreach.models.versions import live_versions
from outreach.operations.delivery_health import known_to_work
from outreach.operations.sending.claiming import MACHINE, lock_all
from outreach.operations.sending.stopping import (
    Look,
    cancel,
    is_dispatch_off,
    is_payment_feed_missing,
    look_at,
    stop_reason,
)
from outreach.operations.sending.ways import address_of, lock_customers, queue_next_way
from outreach.operations.template_refusals import RenderingRefused
from outreach.plan_offers import HOTLINE, OWN_PAGE, is_answerable
from outreach.policies import NoPolicy
from outreach.providers import registry
from outreach.providers.interface import Outgoing, Provider
from outreach.queries.standing import detail_of
from outreach.rules.contact_policy import RuleId, Verdict
from outreach.rules.contacts import Channel, Purpose, Request
from outreach.rules.sending import LEASE
from riskops.shared.rows import write_columns

#: What is held for want of a policy or of the day's payments is looked at again after this.
HELD: Final = timedelta(minutes=15)
#: What only providers carry that do not work, while others do, is looked at again after this.
OUT_OF_THE_WAY: Final = timedelta(seconds=30)
#: What is written of a message that is let through.
_AS_SENDING: Final = (
    "status", "contact", "provider", "reference", "template", "language", "reason", "said", "doubts", "claimed_until", "due_at",
)  # fmt: skip
#: Rules that forbid this way and perhaps no other.
OF_THE_CHANNEL: Final = frozenset({RuleId.DETAIL, RuleId.OPT_OUT, RuleId.CONSENT})


class Hold:
    """Why a message waits, as its row keeps it; outbox_wording.py has the words."""

    FEED: Final = "feed-missing"
    NO_POLICY: Final = "no-policy"
    NO_PROVIDER: Final = "no-provider"
    NO_TEMPLATE: Final = "no-template"
    OTHER_PURPOSE: Final = "other-purpose"
    NOT_CARRIED: Final = "not-carried"
    BROKEN: Final = "broken"
    PAPER: Final = "paper-waits"
    NO_WAY_TO_ACCEPT: Final = "no-way-to-accept"
    GATE: Final = "gate"


class Passed(Enum):
    """Why nothing is to be handed over."""

    GONE = auto()
    OFF = auto()
    WAITS = auto()
    NO_PROVIDER = auto()
    ENDED = auto()


@dataclass(frozen=True, slots=True)
class Ready:
    """A message that the gate has let through: hand `outgoing` to the provider before the lease is over, then settle."""

    message_id: int
    attempt: int
    provider: Provider
    outgoing: Outgoing
    until: datetime


@dataclass(frozen=True, slots=True)
class _Said:
    """What goes out, and what the gate is told of it."""

    template: MessageTemplate | None
    text: rendering.Text
    values: Mapping[str, str]
    names_institution: bool
    discloses_debt: bool
    has_opt_out: bool


@dataclass(frozen=True, slots=True)
class _Told:
    """A template, and what it tells whatever the values are."""

    template: MessageTemplate
    names_institution: bool
    discloses_debt: bool
    has_opt_out: bool

    @classmethod
    def of(cls, template: MessageTemplate) -> _Told:
        """Return it of a template."""
        return cls(
            template,
            names_institution=rendering.names_institution(template),
            discloses_debt=rendering.discloses_debt(template),
            has_opt_out=rendering.has_opt_out(template),
        )


class _NoWayToAccept(Exception):
    """The site has lost its address and its hotline since the offer was queued: it could not say how it is accepted."""


class _NoTemplate(Exception):
    """No version of the message's template holds."""


class _OtherPurpose(Exception):
    """The template is written for another purpose than the gate would be told of."""


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
        text = desk.said(message).text
    except (_NoTemplate, _OtherPurpose, _NoWayToAccept, RenderingRefused):
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
        codes = {message.template_code for message in messages if message.texts is None}
        self.templates = {
            code: _Told.of(template) for code, template in live_versions(MessageTemplate, self.today, codes).items()
        }
        self.healthy = known_to_work()
        self.waiting: list[tuple[Message, _Said, Provider]] = []

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
            return _put_off(message, now + HELD, Hold.PAPER)
        if message.purpose != Purpose.NOTICE and self.is_feed_missing:
            return _put_off(message, now + HELD, Hold.FEED)
        try:
            said = self.said(message)
        except _NoTemplate:
            return set_aside(message, f"{Hold.NO_TEMPLATE}: {message.template_code}", now)
        except _OtherPurpose:
            return set_aside(message, f"{Hold.OTHER_PURPOSE}: {message.template_code}", now)
        except _NoWayToAccept:
            return set_aside(message, Hold.NO_WAY_TO_ACCEPT, now)
        except RenderingRefused as refusal:
            return set_aside(message, str(refusal), now)
        providers = registry.providers_of(Channel(message.channel))
        carriers = self._carriers(message, providers)
        if providers and not carriers:
            return _not_carried(message, now)
        provider = self._pick(message, carriers)
        if provider is None:
            others = [one for one in providers if one not in carriers]
            if others and registry.any_works(others, now):
                # Who does not carry this text carries those behind it: it is not to stand in their way.
                return _put_off(message, now + OUT_OF_THE_WAY, Hold.NO_PROVIDER)
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
            return {message.pk: _put_off(message, self.now + HELD, Hold.NO_POLICY)}
        found: dict[int, Ready | Passed] = {}
        ready: list[tuple[Message, Ready]] = []
        for (message, said, provider), answer in zip(self.waiting, answers, strict=True):
            if answer.contact is None:
                found[message.pk] = _refused(message, answer.verdict, self.now)
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

    def _request(self, message: Message, said: _Said) -> Request:
        return Request(
            channel=Channel(message.channel),
            purpose=Purpose(message.purpose),
            account_id=message.account_id,
            detail=detail_of(self._customer(message), Channel(message.channel)),
            names_institution=said.names_institution,
            discloses_debt=said.discloses_debt,
            has_opt_out=said.has_opt_out,
        )

    def _ready(self, message: Message, said: _Said, provider: Provider, contact: Contact) -> Ready:
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

    def said(self, message: Message) -> _Said:
        """Return what a message says with the figures of this moment.

        :raises _NoTemplate, _OtherPurpose, _NoWayToAccept, RenderingRefused: it cannot be said
        """
        account = self.seen.accounts[message.account_id]
        customer = account.customer
        values = rendering.account_values(
            account,
            language=customer.language,
            channel=message.channel,
            episode=message.episode,
            today=self.today,
            dues=self.seen.dues.get(account.pk, ()),
            # An offer is accepted by its link as long as it stands.
            link_until=message.expires_on if message.purpose == Purpose.OFFER else None,
        )
        if message.purpose == Purpose.OFFER and not is_answerable():
            raise _NoWayToAccept
        if message.texts is not None:
            return _notice(message.texts, customer, values)
        told = self.templates.get(message.template_code)
        if told is None:
            raise _NoTemplate
        if told.template.purpose != message.purpose:
            raise _OtherPurpose
        text = rendering.render(told.template, values, customer.language)
        return _Said(
            told.template,
            text,
            # A vendor is told what the customer reads, and nothing else of them: no name and no link that the text has not.
            rendering.values_written(told.template, values, customer.language),
            names_institution=told.names_institution,
            discloses_debt=told.discloses_debt,
            has_opt_out=told.has_opt_out,
        )

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


def as_kept(outgoing: Outgoing) -> dict[str, str]:
    """Return what goes out as the message keeps it."""
    return {
        "address": outgoing.address,
        "subject": outgoing.subject,
        "body": outgoing.body,
        "values": json.dumps(dict(outgoing.values), ensure_ascii=False),
    }


def from_kept(message: Message) -> Outgoing:
    """Return what went out, to be handed over once more under the same key."""
    said = message.said or {}
    return Outgoing(
        key=message.attempt_key,
        channel=Channel(message.channel),
        address=said.get("address", ""),
        subject=said.get("subject", ""),
        body=said.get("body", ""),
        language=message.language,
        template_code=message.template_code,
        values=json.loads(said.get("values", "{}")),
    )


def _notice(texts: Mapping[str, str], customer: Customer, values: Mapping[str, str]) -> _Said:
    """Return a notice as it was written with the decision, with who it comes from before it and how to opt out after it."""
    body = _with_page(texts["zh" if customer.language.startswith("zh") else "en"], values)
    institution, opt_out = values.get("institution", ""), values.get("opt_out", "")
    is_chinese = customer.language.startswith("zh")
    subject = f"【{institution}】" if is_chinese else institution
    whole = "\n".join(part for part in (f"【{institution}】{body}" if is_chinese else f"{institution}: {body}", opt_out) if part)
    return _Said(
        None,
        rendering.Text(subject=subject, body=whole),
        {},
        names_institution=bool(institution),
        discloses_debt=True,
        has_opt_out=bool(opt_out),
    )


def _with_page(text: str, values: Mapping[str, str]) -> str:
    """Return a text with the address of the customer's page where it names one; without an address that line is left out, and
    the line with the number to call stays.
    """
    if OWN_PAGE not in text:
        return text
    page, hotline = values.get("customer_page", ""), values.get("hotline", "")
    left_out = {OWN_PAGE: not page, HOTLINE: bool(page) or not hotline}
    lines = [line for line in text.splitlines() if not any(place in line and left_out[place] for place in left_out)]
    return "\n".join(line.replace(OWN_PAGE, page).replace(HOTLINE, hotline) for line in lines)


def _refused(message: Message, verdict: Verdict, now: datetime) -> Passed:
    """Do what the gate says: wait, or go another way, or not at all."""
    reason = f"{Hold.GATE}: {verdict.rule}"
    if verdict.until is not None:
        return _put_off(message, verdict.until, reason)
    is_followed = verdict.rule in OF_THE_CHANNEL and queue_next_way(message, now)
    if message.purpose == Purpose.NOTICE and not is_followed:
        # The law wants it told: somebody must see to it another way.
        return set_aside(message, reason, now)
    cancel(message, reason, now)
    return Passed.ENDED


def _not_carried(message: Message, now: datetime) -> Passed:
    """Go another way where no provider of this one carries the text, or leave it to a person."""
    if queue_next_way(message, now):
        cancel(message, Hold.NOT_CARRIED, now)
        return Passed.ENDED
    return set_aside(message, Hold.NOT_CARRIED, now)


def _put_off(message: Message, until: datetime, reason: str) -> Passed:
    message.due_at, message.reason, message.claimed_until, message.claimed_by = until, reason, None, ""
    message.save(update_fields=["due_at", "reason", "claimed_until", "claimed_by"])
    return Passed.WAITS


def set_aside(message: Message, reason: str, now: datetime) -> Passed:
    """Leave a locked message to a person: on the page of dead letters, with the reason."""
    message.status, message.reason, message.settled_at = Message.Status.DEAD, reason[:300], now
    message.claimed_until, message.claimed_by = None, ""
    message.save(update_fields=["status", "reason", "settled_at", "claimed_until", "claimed_by"])
    return Passed.ENDED
