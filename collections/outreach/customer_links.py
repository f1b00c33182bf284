"""Links to a customer's own page: signed, they expire, and they hold nothing personal. Short enough for an SMS.

A link is 20 bytes in base64url: account id (6 bytes), last day (2 bytes, days since 2020), and 12 bytes of HMAC-SHA256 over both.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from datetime import date, timedelta
from hashlib import sha256
from typing import Final

from django.conf import settings
from django.urls import reverse

_EPOCH: Final = date(2020, 1, 1)
_SALT: Final = b"riskops customer link v1"
_MAC_BYTES: Final = 12
_LENGTH: Final = 6 + 2 + _MAC_BYTES
_LINK: Final = re.compile(r"/c/[A-Za-z0-9_-]{27}/")
#: The environment of a site that is tried out on one machine: the page is reached where the site runs.
_TRIED_OUT: Final = "local"


class LinkNotValid(Exception):
    """The link was not made here, or was changed."""


class LinkExpired(Exception):
    """The link's last day is over."""


def token_of(account_id: int, *, today: date, until: date | None = None) -> str:
    """Return the token of an account's customer, good for CUSTOMER_LINK_DAYS.

    :param until: a day up to which it is good in any case: what is offered until then is accepted by it
    """
    last = max(today + timedelta(days=settings.CUSTOMER_LINK_DAYS), until or today)
    body = account_id.to_bytes(6, "big") + (last - _EPOCH).days.to_bytes(2, "big")
    return urlsafe_b64encode(body + _mac(body, settings.SECRET_KEY)).decode().rstrip("=")


def link_of(account_id: int, *, today: date, until: date | None = None) -> str:
    """Return the address that a customer opens; "" where the site does not know how the world reaches it (PUBLIC_URL)."""
    base = _base()
    return base + reverse("outreach:public", args=[token_of(account_id, today=today, until=until)]) if base else ""


def has_address() -> bool:
    """Return whether the site knows how the world reaches it, so that messages can have a link."""
    return bool(_base())


def _base() -> str:
    base: str = settings.PUBLIC_URL or (settings.RUN_URL if settings.ENVIRONMENT_NAME == _TRIED_OUT else "")
    return base.rstrip("/")


def tried_out_link(account_id: int, *, today: date) -> str:
    """Return the address that a customer opens, for staff of a site that is only tried out; "" on any other.

    There it is in no customer's hand but theirs; elsewhere whoever has the link acts as the customer.
    """
    return link_of(account_id, today=today) if settings.ENVIRONMENT_NAME == _TRIED_OUT else ""


def without_links(text: str) -> str:
    """Return what a customer was written as staff may read it: whoever has the link acts as the customer.

    Where the site is only tried out the link stays, for there is nobody else to open it.
    """
    return text if settings.ENVIRONMENT_NAME == _TRIED_OUT else _LINK.sub("/c/…/", text)


def one_click_address(page: str) -> str:
    """Return where a mail program posts when the reader says "unsubscribe", by the link to the customer's page; "" for none."""
    return f"{page}opt-out/" if page else ""


def account_of_token(token: str, *, today: date) -> int:
    """Return the account that a token was made for.

    :raises LinkNotValid: it was not made here
    :raises LinkExpired: its last day is over
    """
    try:
        whole = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (NotBase64, ValueError):
        raise LinkNotValid(token) from None
    body, mac = whole[: _LENGTH - _MAC_BYTES], whole[_LENGTH - _MAC_BYTES :]
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    if len(whole) != _LENGTH or not any(hmac.compare_digest(mac, _mac(body, key)) for key in keys):
        raise LinkNotValid(token)
    # Every other way to write the same bytes is not the link that was sent.
    if urlsafe_b64encode(whole).decode().rstrip("=") != token:
        raise LinkNotValid(token)
    if today > _EPOCH + timedelta(days=int.from_bytes(body[6:], "big")):
        raise LinkExpired(token)
    return int.from_bytes(body[:6], "big")


def _mac(body: bytes, key: str | bytes) -> bytes:
    secret = sha256(_SALT + (key.encode() if isinstance(key, str) else key)).digest()
    return hmac.new(secret, body, sha256).digest()[:_MAC_BYTES]
