"""SMS by Twilio: the Messages resource, status callbacks, incoming messages.

Sources: https://www.twilio.com/docs/messaging/api/message-resource, https://www.twilio.com/docs/usage/security,
https://www.twilio.com/docs/api/errors
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha1
from typing import ClassVar, Final
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from django.conf import settings

from outreach.providers.interface import (
    Accepted,
    Outgoing,
    Provider,
    Receipt,
    ReceiptState,
    Refused,
    Reply,
    Result,
    SignatureWrong,
    WebhookMalformed,
    told,
)
from outreach.providers.transport import Answer, Vendor, by_status
from outreach.rules.contacts import Channel
from outreach.rules.phones import e164

#: Invalid number; not a mobile number.
_DEAD: Final = frozenset({"21211", "21614"})
#: The recipient unsubscribed from Twilio's number: they said STOP to Twilio, which need not have told us.
_OPTED_OUT: Final = frozenset({"21610"})
#: No text; too long a text.
_NEVER: Final = frozenset({"21602", "21617"})
#: About this number only: no permission for its region, not reachable by this sender.
_THIS_ONE: Final = frozenset({"21408", "21612"})
#: In receipts: unknown handset, landline.
_DEAD_RECEIPTS: Final = frozenset({"30005", "30006"})
_STATES: Final = {
    "delivered": ReceiptState.DELIVERED,
    "undelivered": ReceiptState.UNDELIVERED,
    "failed": ReceiptState.UNDELIVERED,
}
_STANDARD_PORTS: Final = {"https": 443, "http": 80}


class TwilioProvider(Provider):
    """Drops no second message and looks up no key: what is unknown stays so, unless a receipt comes."""

    name: ClassVar[str] = "twilio"
    channels: ClassVar[frozenset[Channel]] = frozenset({Channel.SMS})
    thanks: ClassVar[tuple[str, str]] = ("text/xml", "<Response/>")

    def __init__(self) -> None:
        self._vendor = Vendor()

    def missing_settings(self) -> list[str]:
        """Return what is empty: the account, its token, the sender, the address that receipts come to."""
        names = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM", "PUBLIC_URL")
        return [name for name in names if not getattr(settings, name)]

    def send(self, outgoing: Outgoing) -> Result:
        """Hand a message over; its receipts come back with the key in their address."""
        number = e164(outgoing.address, settings.PHONE_COUNTRY_CODE)
        if number is None:
            return Refused("not a telephone number", is_final=True, is_detail_dead=True)
        sender = settings.TWILIO_FROM
        form = {
            "To": number,
            # MG…: a messaging service, which picks the number.
            "MessagingServiceSid" if sender.startswith("MG") else "From": sender,
            "Body": outgoing.body,
            "StatusCallback": f"{settings.PUBLIC_URL.rstrip('/')}/hooks/{self.name}/?key={quote(outgoing.key, safe='')}",
        }
        account = settings.TWILIO_ACCOUNT_SID
        answer = self._vendor.ask(
            "POST",
            f"{settings.TWILIO_API_URL.rstrip('/')}/2010-04-01/Accounts/{quote(account, safe='')}/Messages.json",
            content=urlencode(form).encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            auth=(account, settings.TWILIO_AUTH_TOKEN),
        )
        if not isinstance(answer, Answer):
            return answer
        if answer.status in (200, 201) and answer.text("sid"):
            return Accepted(answer.text("sid"))
        code = answer.text("code")
        said = f"{code} {answer.text('message')}"
        if answer.status == 400 and code in _DEAD | _NEVER | _OPTED_OUT:
            return Refused(told(said), is_final=True, is_detail_dead=code in _DEAD, is_opt_out=code in _OPTED_OUT)
        if answer.status == 400 and code in _THIS_ONE:
            return Refused(told(said))
        # The rest of 400 is about the sender, the account or the callback: wrong for every message.
        return Refused(told(said), is_outage=True) if answer.status == 400 else by_status(answer, said)

    def read_webhook(self, body: bytes, headers: Mapping[str, str], url: str, now: datetime) -> list[Receipt | Reply]:
        """Return the receipt or reply of a callback. Twilio signs no time: what is played again is known by its id."""
        try:
            form = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=200)
        except ValueError:
            raise SignatureWrong("no form") from None
        refuse_unsigned(settings.TWILIO_AUTH_TOKEN, url, form, headers.get("x-twilio-signature", ""))
        first = {name: values[0] for name, values in form.items()}
        sid = first.get("MessageSid", "")
        if not sid:
            raise WebhookMalformed("no MessageSid")
        if "Body" in first and "From" in first and first.get("SmsStatus", "received") == "received":
            # Advanced Opt-Out has words of its own, in many languages: what it took for STOP it sends no more to.
            is_stop = first.get("OptOutType", "").upper() == "STOP"
            return [Reply(self.name, sid, Channel.SMS, first["From"], first["Body"], now, is_stop=is_stop)]
        status, code = first.get("MessageStatus", ""), first.get("ErrorCode", "")
        state = _STATES.get(status)
        if state is None:
            # queued, sending, sent: not an end.
            return []
        return [
            Receipt(
                provider=self.name,
                event_id=f"{sid}:{status}",
                reference=sid,
                key=parse_qs(urlsplit(url).query).get("key", [""])[0],
                state=state,
                is_detail_dead=code in _DEAD_RECEIPTS,
                at=now,
                detail=told(f"{status} {code}"),
            )
        ]


def signature(token: str, url: str, form: Mapping[str, Sequence[str]]) -> str:
    """Return what X-Twilio-Signature holds for an address and its form: names in order, each with its different values."""
    text = url + "".join(f"{name}{value}" for name in sorted(form) for value in sorted(set(form[name])))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), sha1).digest()).decode()


def refuse_unsigned(token: str, url: str, form: Mapping[str, Sequence[str]], given: str) -> None:
    """Refuse a request that Twilio did not sign, whether it signed the address with its port or without.

    :raises SignatureWrong: it is signed with another token, for another address or another form, or not at all
    """
    fits = [hmac.compare_digest(signature(token, way, form).encode(), given.encode()) for way in _ways_of(url)]
    if not token or not any(fits):
        raise SignatureWrong("the signature does not fit")


def _ways_of(url: str) -> tuple[str, str]:
    """Return the address without a port and with one, as Twilio's own libraries try both."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    _bare, colon, port = host.rpartition(":")
    if colon and port.isdecimal():
        return url, parts._replace(netloc=parts.netloc.removesuffix(f":{port}")).geturl()
    return url, parts._replace(netloc=f"{parts.netloc}:{_STANDARD_PORTS.get(parts.scheme, 443)}").geturl()
