"""E-mail by the services that django-anymail speaks to: which one, ANYMAIL_ESP says (postmark, mailgun, sendgrid, …).

What it knows of their results and webhooks is its own work; here it is turned into ours.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Mapping
from datetime import datetime
from importlib import import_module
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

import requests
import urllib3
from anymail import exceptions
from anymail.signals import AnymailTrackingEvent, EventType, RejectReason
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.wsgi import WSGIRequest

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
    Unknown,
    WebhookMalformed,
    told,
)
from outreach.providers.mail import MailUnwritable, written
from outreach.providers.transport import Answer, by_status
from outreach.rules.contacts import Channel

_STATES: Final = {
    EventType.DELIVERED: ReceiptState.DELIVERED,
    EventType.BOUNCED: ReceiptState.UNDELIVERED,
    EventType.REJECTED: ReceiptState.UNDELIVERED,
    EventType.FAILED: ReceiptState.UNDELIVERED,
}
#: RFC 3463: 5.1.x is about the address. A full mailbox bounces too, and may be read again.
_BAD_ADDRESS: Final = re.compile(r"\b5\.1\.\d{1,3}\b")
#: The recipient pressed "unsubscribe" or "spam" in their mail program: both say STOP.
_STOPPING: Final = frozenset({EventType.UNSUBSCRIBED, EventType.COMPLAINED})
_TAKEN: Final = frozenset({"sent", "queued", "delivered"})
#: Raised before anything is sent: the service cannot carry such a message.
_UNFIT: Final = (exceptions.AnymailUnsupportedFeature, exceptions.AnymailSerializationError, exceptions.AnymailInvalidAddress)


class AnymailProvider(Provider):
    """Services drop no second message; they give the key back with their events."""

    name: ClassVar[str] = "anymail"
    channels: ClassVar[frozenset[Channel]] = frozenset({Channel.EMAIL})

    def missing_settings(self) -> list[str]:
        """Return what is empty, or names a service that anymail does not know."""
        missing = [] if settings.EMAIL_FROM else ["EMAIL_FROM"]
        try:
            _backend_class()(fail_silently=False)
        except (ImportError, ImproperlyConfigured):
            return [*missing, "ANYMAIL_ESP", "ANYMAIL_SETTINGS"]
        return missing

    def send(self, outgoing: Outgoing) -> Result:
        """Hand a message over; what is only accepted by a part is none, there is one recipient."""
        try:
            mail = written(outgoing)
        except MailUnwritable as wrong:
            return Refused(str(wrong), is_final=True, is_detail_dead=wrong.is_address)
        mail.metadata = {"key": outgoing.key}  # type: ignore[attr-defined]  # what anymail reads
        try:
            backend = _backend_class()(fail_silently=False)
            backend.send_messages([mail])
        except _UNFIT as wrong:
            return Refused(told(f"{type(wrong).__name__} {wrong}"))
        except exceptions.AnymailRecipientsRefused:
            return Refused("recipient refused", is_final=True, is_detail_dead=_status_of(mail) == "invalid")
        except exceptions.AnymailError as failure:
            return _failed(failure)
        except (ImportError, ImproperlyConfigured) as wrong:
            return Refused(told(f"ANYMAIL_ESP cannot be used: {wrong}"), is_outage=True)
        status, reference = _status_of(mail), mail.anymail_status.message_id  # type: ignore[attr-defined]
        if status in _TAKEN and reference:
            return Accepted(str(reference))
        if status in ("invalid", "rejected", "failed"):
            return Refused(f"recipient {status}", is_final=status != "failed", is_detail_dead=status == "invalid")
        return Unknown(told(f"answered with the status {status}"))

    def read_webhook(self, body: bytes, headers: Mapping[str, str], url: str, now: datetime) -> list[Receipt | Reply]:
        """Return the receipts of a tracking webhook, checked as anymail checks the service's."""
        request = _request(body, headers, url)
        with warnings.catch_warnings():
            # Refused below, not warned of.
            warnings.simplefilter("ignore", exceptions.AnymailInsecureWebhookWarning)
            view = _webhook_class()()
        view.setup(request)
        if view.warn_if_no_basic_auth and not view.basic_auth:
            raise SignatureWrong("ANYMAIL_SETTINGS has no WEBHOOK_SECRET to check it with")
        try:
            view.run_validators(request)
        except exceptions.AnymailWebhookValidationFailure as wrong:
            raise SignatureWrong(told(wrong)) from None
        try:
            events = list(view.parse_events(request))
            return [read for event in events if (read := _read(event, now)) is not None]
        except exceptions.AnymailConfigurationError as wrong:
            # Sent to the address of another kind of event.
            raise WebhookMalformed(told(wrong)) from None
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as wrong:
            raise WebhookMalformed(told(f"cannot be read: {type(wrong).__name__}")) from None


def _backend_class() -> Any:
    if not settings.ANYMAIL_ESP.isidentifier():
        raise ImproperlyConfigured("ANYMAIL_ESP names no service")
    return import_module(f"anymail.backends.{settings.ANYMAIL_ESP}").EmailBackend


def _webhook_class() -> Any:
    from anymail.urls import urlpatterns

    wanted = {f"{settings.ANYMAIL_ESP}_tracking_webhook", f"{settings.ANYMAIL_ESP}_webhook"}
    for pattern in urlpatterns:
        if pattern.name in wanted:
            return pattern.callback.view_class
    raise WebhookMalformed(f"{settings.ANYMAIL_ESP} has no webhooks")


def _status_of(mail: Any) -> str | None:
    """Return the status of the one recipient, in anymail's words."""
    status = mail.anymail_status.status
    return next(iter(status), None) if status else None


def _failed(failure: exceptions.AnymailError) -> Refused | Unknown:
    if failure.status_code is not None:
        return by_status(Answer(failure.status_code, None), type(failure).__name__)
    cause = failure.__cause__
    reason = told(f"{type(cause or failure).__name__}")
    if isinstance(cause, requests.RequestException) and _is_before_sending(cause):
        return Refused(f"no connection: {reason}", is_outage=True)
    return Unknown(f"sent, no answer: {reason}")


def _is_before_sending(failure: requests.RequestException) -> bool:
    """Return whether nothing was sent: requests has one error for a refused connection and for one that was cut."""
    if isinstance(failure, requests.ConnectTimeout | requests.exceptions.InvalidURL):
        return True
    reason = getattr(failure.args[0] if failure.args else None, "reason", None)
    return isinstance(reason, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError)


def _request(body: bytes, headers: Mapping[str, str], url: str) -> WSGIRequest:
    """Return the request as anymail's views take it."""
    parts = urlsplit(url)
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": parts.path,
        "QUERY_STRING": parts.query,
        "SERVER_NAME": parts.hostname or "localhost",
        "SERVER_PORT": str(parts.port or (443 if parts.scheme == "https" else 80)),
        "wsgi.url_scheme": parts.scheme or "https",
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": headers.get("content-type", "application/json"),
    }
    environ |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    return WSGIRequest(environ)


def _read(event: AnymailTrackingEvent, now: datetime) -> Receipt | Reply | None:
    at = event.timestamp or now
    # Not every service names its events: then the message and what happened to it do.
    event_id = event.event_id or f"{event.message_id}:{event.event_type}"
    if event.event_type in _STOPPING and event.recipient:
        return Reply(AnymailProvider.name, str(event_id), Channel.EMAIL, event.recipient, "unsubscribe", at)
    state = _STATES.get(event.event_type)
    if state is None:
        return None
    said = str(event.mta_response or event.description or "")
    return Receipt(
        provider=AnymailProvider.name,
        event_id=str(event_id),
        reference=str(event.message_id or ""),
        key=str((event.metadata or {}).get("key", "")),
        state=state,
        is_detail_dead=state is ReceiptState.UNDELIVERED
        and (event.reject_reason == RejectReason.INVALID or bool(_BAD_ADDRESS.search(said))),
        at=at,
        detail=told(f"{event.event_type} {event.reject_reason or ''} {said}"),
    )
