"""An e-mail as it is written to a customer, whichever way it goes: sender, headers, how to be written to no more."""

from __future__ import annotations

from email.utils import parseaddr
from hashlib import sha256

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import validate_email

from outreach.providers.interface import Outgoing


class MailUnwritable(ValueError):
    """No e-mail can be made of it; `is_address`: since the address is none."""

    def __init__(self, reason: str, *, is_address: bool = False) -> None:
        super().__init__(reason)
        self.is_address = is_address


def message_id(key: str) -> str:
    """Return the Message-ID of a message by its key: the same message sent twice is known by it."""
    domain = parseaddr(settings.EMAIL_FROM)[1].rpartition("@")[2] or "localhost"
    return f"<{sha256(key.encode()).hexdigest()[:40]}@{domain}>"


def written(outgoing: Outgoing) -> EmailMessage:
    """Return a message as an e-mail.

    :raises MailUnwritable: the address is none, or the subject has more than a line
    """
    try:
        validate_email(outgoing.address)
    except ValidationError:
        raise MailUnwritable("not an e-mail address", is_address=True) from None
    if "\n" in outgoing.subject or "\r" in outgoing.subject:
        raise MailUnwritable("the subject has more than one line")
    headers = {
        "Message-ID": message_id(outgoing.key),
        # RFC 3834: no holiday replies to a machine.
        "Auto-Submitted": "auto-generated",
        "Content-Language": outgoing.language,
    }
    if outgoing.unsubscribe_url:
        headers |= {"List-Unsubscribe": f"<{outgoing.unsubscribe_url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    return EmailMessage(outgoing.subject, outgoing.body, settings.EMAIL_FROM, [outgoing.address], headers=headers)
