"""What a provider is: the one file that a new one is written against. docs/providers.md.

A provider takes a message and answers with one of three results, raising nothing for what the network does:

- `Accepted`: it has the message and will carry it.
- `Refused`: it does not have it, for certain. Not final: it may be tried again, by another provider too.
- `Unknown`: nobody knows. It is asked for (`find`), or sent again where the provider drops the second one (`is_idempotent`);
  never handed to another provider, who would send it a second time.

What comes back later, by webhook, is read into `Receipt` and `Reply` after its signature was checked.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, ClassVar, Final

from outreach.rules.contacts import Channel

LONGEST_KEY: Final = 64
LONGEST_REASON: Final = 200
_KEY: Final = re.compile(r"[!-~]{1,64}")
#: What looks like a number or an address of a customer: no reason and no log line keeps one.
_PERSONAL: Final = re.compile(r"[^\s@<>]+@[^\s@<>]+|\+?\d(?:[\s-]?\d){6,}")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message as it goes out.

    :param key: idempotency key of the attempt, visible ASCII; the same however often the attempt is repeated
    :param address: telephone number in E.164 or as in the book, e-mail address, id of a device
    :param subject: of an e-mail, title of an app push; "" for SMS
    :param language: `zh-hans` or `en`
    :param values: the variables that its text may show, for vendors that take a registered template and its parameters
    :param unsubscribe_url: where a mail program posts when the reader says "unsubscribe" (RFC 8058); "" for none
    """

    key: str
    channel: Channel
    address: str
    body: str
    language: str
    template_code: str
    subject: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    unsubscribe_url: str = ""

    def __post_init__(self) -> None:
        if not _KEY.fullmatch(self.key):
            raise ValueError(f"the key of a message is 1 to {LONGEST_KEY} visible ASCII characters")


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has the message; `reference` is its own name for it."""

    reference: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider does not have the message.

    :param is_final: no provider will ever take it
    :param is_detail_dead: the number or address leads nowhere
    :param is_outage: the provider itself does not work at the moment; it speaks against its health
    :param is_opt_out: the vendor knows that whoever is written to wants nothing more by this channel
    """

    reason: str
    is_final: bool = False
    is_detail_dead: bool = False
    is_outage: bool = False
    is_opt_out: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody knows whether the message went out."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotThere:
    """The provider has never had the message, for certain: it may be sent again, by anybody."""


@dataclass(frozen=True, slots=True)
class CannotTell:
    """The provider does not say; it may be asked again, or never knows."""

    reason: str


Result = Accepted | Refused | Unknown
Found = Accepted | NotThere | CannotTell


class ReceiptState(StrEnum):
    """What became of a message that was accepted."""

    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a provider reports of a message. `key` or `reference` may be "" where the vendor does not give it back.

    :param event_id: the vendor's name for this report; the same report carries the same one
    :param at: when it happened, as the vendor says
    """

    provider: str
    event_id: str
    reference: str
    key: str
    state: ReceiptState
    is_detail_dead: bool
    at: datetime
    detail: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What a customer wrote back.

    :param is_stop: the vendor itself took it for an opt-out, whatever its words
    """

    provider: str
    event_id: str
    channel: Channel
    address: str
    text: str
    at: datetime
    is_stop: bool = False


@dataclass(frozen=True, slots=True)
class UnreadEvent:
    """One event of a request that is the vendor's and cannot be taken; those beside it are.

    :param event_id: of what the vendor sent, so that the same again is known
    :param reason: without numbers and addresses (`told`)
    """

    provider: str
    event_id: str
    at: datetime
    reason: str


Event = Receipt | Reply | UnreadEvent


class WebhookRefused(Exception):
    """What came by a webhook is not taken. `status` is answered."""

    status: ClassVar[int] = 400


class SignatureWrong(WebhookRefused):
    """It is not signed by the vendor, or changed on its way."""

    status = 403


class RequestStale(WebhookRefused):
    """It was signed too long ago, or for a time to come: somebody may play a recorded one."""

    status = 403


class WebhookMalformed(WebhookRefused):
    """It is signed and cannot be read."""


class Provider(ABC):
    """One way out. An instance lives as long as the process and is used by many threads."""

    name: ClassVar[str]
    channels: ClassVar[frozenset[Channel]]
    #: The vendor itself drops a second message with the same key.
    is_idempotent: ClassVar[bool] = False
    #: `find` can answer more than `CannotTell`,
    is_askable: ClassVar[bool] = False
    #: and `NotThere` too: what was never handed over is found out.
    knows_absence: ClassVar[bool] = False
    #: It waits for a network: several messages are handed over at once, each by a thread of its own.
    is_remote: ClassVar[bool] = True
    #: What a webhook is answered: content type and body.
    thanks: ClassVar[tuple[str, str]] = ("application/json", "{}")

    @abstractmethod
    def send(self, outgoing: Outgoing) -> Result:
        """Hand a message over. Raises nothing for what the network or the vendor does."""

    def carries(self, template_code: str, language: str) -> bool:
        """Return whether it can carry a message of a template at all: some vendors send texts that they have registered alone.

        :param template_code: "" for a text that was written for this message, such as a notice
        """
        return True

    def find(self, key: str, *, address: str = "", sent_at: datetime | None = None) -> Found:
        """Return what became of a message whose outcome is unknown.

        :param address: to whom it went, and
        :param sent_at: when it was handed over: vendors that cannot look up a key need both
        """
        return CannotTell(f"{self.name} cannot be asked for a message")

    def read_webhook(self, body: bytes, headers: Mapping[str, str], url: str, now: datetime) -> Sequence[Event]:
        """Return what a request of the vendor says, after checking that it is the vendor's.

        One event that cannot be read is an `UnreadEvent` among the others: a STOP beside it is heard.

        :param headers: by lower-case name
        :param url: the whole address as the vendor called it
        :raises SignatureWrong: it is not the vendor's
        :raises RequestStale: it is an old one
        :raises WebhookMalformed: the request as a whole cannot be read
        """
        raise WebhookMalformed(f"{self.name} sends no webhooks")

    def missing_settings(self) -> list[str]:
        """Return the names of the settings that it cannot work without and that are empty."""
        return []


def read_each(
    provider: str,
    events: Iterable[Any],
    read: Callable[[Any], Receipt | Reply],
    now: datetime,
    *,
    check: Callable[[Receipt], str],
) -> list[Event]:
    """Return the events of a request, each read by itself, in their order.

    :param read: raises what reading raises for an event that cannot be read
    :param check: why a receipt is not taken, "" where it is. A reply always is: what a customer wants has no age
    """
    found: list[Event] = []
    for event in events:
        try:
            seen = read(event)
            reason = check(seen) if isinstance(seen, Receipt) else ""
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as wrong:
            reason = told(f"cannot be read: {type(wrong).__name__} {wrong}")
        if reason:
            name = sha256(json.dumps(event, sort_keys=True).encode(errors="replace")).hexdigest()
            found.append(UnreadEvent(provider, f"unread:{name}", now, reason))
        else:
            found.append(seen)
    return found


def storable(text: str) -> str:
    """Return a text without what databases do not take: zero bytes, and halves of a character, as of an SMS cut in an emoji."""
    return text.replace("\x00", "").encode(errors="replace").decode()


def told(text: object) -> str:
    """Return what a vendor said, short, on one line, and without numbers and addresses: reasons are shown and logged."""
    line = " ".join(storable(str(text).replace("\x00", " ")).split())
    return _PERSONAL.sub("…", line)[:LONGEST_REASON]
