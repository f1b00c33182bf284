"""SMS and app push by any vendor who keeps our contract: signed JSON over HTTP (docs/providers.md)."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Final
from urllib.parse import quote, urlsplit

from django.conf import settings

from outreach.providers.interface import (
    Accepted,
    CannotTell,
    Event,
    Found,
    NotThere,
    Outgoing,
    Provider,
    Receipt,
    ReceiptState,
    Refused,
    Reply,
    Result,
    Unknown,
    WebhookMalformed,
    read_each,
    told,
)
from outreach.providers.signing import SIGNATURE, TIMESTAMP, refuse_unsigned, signature
from outreach.providers.transport import Answer, Vendor, by_status
from outreach.rules.contacts import Channel

_MOST_EVENTS: Final = 500
#: Codes of the contract.
_DETAIL_DEAD, _NEVER, _NOT_FOUND = "invalid_address", "rejected", "not_found"


class HttpSignedProvider(Provider):
    """One address and one secret; a channel of its own each (`HTTP_SMS_*`, `HTTP_PUSH_*`)."""

    is_idempotent: ClassVar[bool] = True
    is_askable: ClassVar[bool] = True
    knows_absence: ClassVar[bool] = True
    channel: ClassVar[Channel]
    #: What its settings begin with.
    prefix: ClassVar[str]

    def __init__(self) -> None:
        self._vendor = Vendor()

    def missing_settings(self) -> list[str]:
        """Return which of its two settings are empty."""
        return [name for name in (f"{self.prefix}_URL", f"{self.prefix}_SECRET") if not getattr(settings, name)]

    def send(self, outgoing: Outgoing) -> Result:
        """Hand a message over; the vendor drops a second one with its key."""
        message = {
            "key": outgoing.key,
            "channel": outgoing.channel,
            "to": outgoing.address,
            "subject": outgoing.subject,
            "text": outgoing.body,
            "language": outgoing.language,
            "template": outgoing.template_code,
            "values": dict(outgoing.values),
        }
        answer = self._ask("POST", "/messages", json.dumps(message, ensure_ascii=False).encode(), key=outgoing.key)
        if not isinstance(answer, Answer):
            return answer
        reference, code = answer.text("reference"), answer.text("code")
        if 200 <= answer.status < 300 and reference:
            return Accepted(reference)
        said = f"{code} {answer.text('message')}".strip()
        if answer.status in (400, 409, 422) and code in (_DETAIL_DEAD, _NEVER):
            return Refused(told(f"answered {answer.status}: {said}"), is_final=True, is_detail_dead=code == _DETAIL_DEAD)
        return by_status(answer, said)

    def find(self, key: str, *, address: str = "", sent_at: datetime | None = None) -> Found:
        """Ask for a message by its key."""
        answer = self._ask("GET", f"/messages/{quote(key, safe='')}", b"")
        if not isinstance(answer, Answer):
            return CannotTell(answer.reason)
        reference = answer.text("reference")
        if answer.status == 200 and reference:
            return Accepted(reference)
        # A bare 404 may be a wrong address of ours: only the vendor's own word counts.
        if answer.status == 404 and answer.text("code") == _NOT_FOUND:
            return NotThere()
        return CannotTell(told(f"answered {answer.status}: {answer.text('code')}"))

    def read_webhook(self, body: bytes, headers: Mapping[str, str], url: str, now: datetime) -> list[Event]:
        """Return the events of a request, in their order."""
        refuse_unsigned(self._secret, headers=headers, method="POST", path=_path(url), body=body, now=now)
        try:
            events = json.loads(body)["events"]
            if not isinstance(events, list) or len(events) > _MOST_EVENTS:
                raise ValueError(f"events is no list of at most {_MOST_EVENTS}")
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as wrong:
            raise WebhookMalformed(told(f"cannot be read: {type(wrong).__name__} {wrong}")) from None
        return read_each(self.name, events, self._event, now, check=lambda _receipt: "")

    def _event(self, event: dict[str, Any]) -> Receipt | Reply:
        at = datetime.fromisoformat(event["at"])
        if at.tzinfo is None:
            raise ValueError("at is without a time zone")
        if event["type"] == "reply":
            return Reply(self.name, str(event["id"]), self.channel, str(event["from"]), str(event["text"]), at.astimezone(UTC))
        if event["type"] != "receipt":
            raise ValueError("type is neither receipt nor reply")
        return Receipt(
            provider=self.name,
            event_id=str(event["id"]),
            reference=str(event.get("reference", "")),
            key=str(event.get("key", "")),
            state=ReceiptState(event["state"]),
            is_detail_dead=event.get("address_dead") is True,
            at=at.astimezone(UTC),
            detail=told(event.get("detail", "")),
        )

    @property
    def _secret(self) -> str:
        secret: str = getattr(settings, f"{self.prefix}_SECRET")
        return secret

    def _ask(self, method: str, path: str, body: bytes, *, key: str = "") -> Answer | Refused | Unknown:
        url = getattr(settings, f"{self.prefix}_URL").rstrip("/") + path
        timestamp = str(int(time.time()))
        signed = signature(self._secret, timestamp=timestamp, method=method, path=_path(url), body=body)
        headers = {"Content-Type": "application/json", TIMESTAMP: timestamp, SIGNATURE: signed}
        if key:
            headers["Idempotency-Key"] = key
        return self._vendor.ask(method, url, content=body, headers=headers)


class HttpSmsProvider(HttpSignedProvider):
    """SMS by HTTP_SMS_URL."""

    name: ClassVar[str] = "http-sms"
    channels: ClassVar[frozenset[Channel]] = frozenset({Channel.SMS})
    channel: ClassVar[Channel] = Channel.SMS
    prefix: ClassVar[str] = "HTTP_SMS"


class HttpPushProvider(HttpSignedProvider):
    """App push by HTTP_PUSH_URL."""

    name: ClassVar[str] = "http-push"
    channels: ClassVar[frozenset[Channel]] = frozenset({Channel.PUSH})
    channel: ClassVar[Channel] = Channel.PUSH
    prefix: ClassVar[str] = "HTTP_PUSH"


def _path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
