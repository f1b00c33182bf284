"""E-mail by SMTP: Django's backend over a connection of its own, and what each of its failures means."""

from __future__ import annotations

import contextlib
import re
import smtplib
from typing import Any, ClassVar, Final

import environ
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail.backends.smtp import EmailBackend

from outreach.providers.interface import Accepted, Outgoing, Provider, Refused, Result, Unknown, told
from outreach.providers.mail import MailUnwritable, message_id, written
from outreach.rules.contacts import Channel

#: RFC 3463: 5.1.x is about the address of the recipient.
_BAD_ADDRESS: Final = re.compile(r"\b5\.1\.\d{1,3}\b")
_SCHEMES: Final = ("smtp://", "smtps://", "smtp+tls://", "smtp+ssl://")


class _WatchesData:
    """Remembers that the message itself was begun: from then on, silence may mean that it was taken."""

    has_begun = False

    def data(self, message: Any) -> Any:
        self.has_begun = True
        return super().data(message)  # type: ignore[misc]


class _Smtp(_WatchesData, smtplib.SMTP):
    pass


class _SmtpOverTls(_WatchesData, smtplib.SMTP_SSL):
    pass


class _Backend(EmailBackend):
    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _SmtpOverTls if self.use_ssl else _Smtp


class SmtpProvider(Provider):
    """A server takes a message twice if it is handed over twice; both carry one Message-ID."""

    name: ClassVar[str] = "smtp"
    channels: ClassVar[frozenset[Channel]] = frozenset({Channel.EMAIL})

    def missing_settings(self) -> list[str]:
        """Return what is empty or no address of a mail server."""
        missing = [] if settings.EMAIL_URL.startswith(_SCHEMES) else ["EMAIL_URL"]
        return missing + ([] if settings.EMAIL_FROM else ["EMAIL_FROM"])

    def send(self, outgoing: Outgoing) -> Result:
        """Hand a message over; one connection each."""
        try:
            mail = written(outgoing)
        except MailUnwritable as wrong:
            return Refused(str(wrong), is_final=True, is_detail_dead=wrong.is_address)
        backend = _backend()
        try:
            backend.open()
        except (OSError, smtplib.SMTPException, ImproperlyConfigured) as failure:
            return Refused(told(f"no connection: {_said(failure)}"), is_outage=True)
        try:
            backend.send_messages([mail])
        except smtplib.SMTPRecipientsRefused as refusal:
            code, said = next(iter(refusal.recipients.values()))
            return _refused(code, said, is_about_recipient=True)
        except smtplib.SMTPSenderRefused as refusal:
            # About us and not about the message: it may go by another way.
            return Refused(told(f"sender refused: {_said(refusal)}"), is_outage=True)
        except smtplib.SMTPDataError as refusal:
            return _refused(refusal.smtp_code, refusal.smtp_error)
        except smtplib.SMTPNotSupportedError as refusal:
            return Refused(told(_said(refusal)))
        except (OSError, smtplib.SMTPException) as failure:
            # OSError is also what a time-out is; SMTPServerDisconnected what a closed connection is.
            if getattr(backend.connection, "has_begun", False):
                return Unknown(told(f"lost after the message was begun: {_said(failure)}"))
            return Refused(told(f"lost before the message was begun: {_said(failure)}"), is_outage=True)
        finally:
            # Whatever the farewell says, the message is decided.
            with contextlib.suppress(OSError, smtplib.SMTPException):
                backend.close()
        return Accepted(message_id(outgoing.key))


def _backend() -> _Backend:
    config = environ.Env.email_url_config(settings.EMAIL_URL)
    return _Backend(
        host=config["EMAIL_HOST"],
        port=config["EMAIL_PORT"] or 25,
        username=config["EMAIL_HOST_USER"] or "",
        password=config["EMAIL_HOST_PASSWORD"] or "",
        use_tls=config.get("EMAIL_USE_TLS", False),
        use_ssl=config.get("EMAIL_USE_SSL", False),
        timeout=settings.PROVIDER_TIMEOUT_SECONDS,
        fail_silently=False,
    )


def _refused(code: int, said: bytes | str, *, is_about_recipient: bool = False) -> Refused:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    is_final = 500 <= code < 600
    is_dead = is_final and is_about_recipient and bool(_BAD_ADDRESS.search(text))
    # 421: the server closes down. Every other 4xx is about this message or its recipient, such as greylisting.
    return Refused(told(f"{code} {text}"), is_final=is_final, is_detail_dead=is_dead, is_outage=code == 421)


def _said(failure: Exception) -> str:
    if isinstance(failure, smtplib.SMTPResponseException):
        error = failure.smtp_error
        return f"{failure.smtp_code} {error.decode(errors='replace') if isinstance(error, bytes) else error}"
    return f"{type(failure).__name__} {failure}"
