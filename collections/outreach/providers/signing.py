"""The signature of the generic HTTP contract, both ways (docs/providers.md): HMAC-SHA256 over time, method, path and body."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

from django.conf import settings

from outreach.providers.interface import RequestStale, SignatureWrong

TIMESTAMP, SIGNATURE = "X-Timestamp", "X-Signature"


def signature(secret: str, *, timestamp: str, method: str, path: str, body: bytes) -> str:
    """Return the value of `X-Signature`.

    :param timestamp: seconds since 1970, as the header has them
    :param path: with its query, as in the request line
    """
    text = f"{timestamp}\n{method}\n{path}\n".encode() + body
    return "v1=" + hmac.new(secret.encode(), text, sha256).hexdigest()


def refuse_unsigned(secret: str, *, headers: Mapping[str, str], method: str, path: str, body: bytes, now: datetime) -> None:
    """Refuse a request that is not signed with the secret, or was signed too long ago.

    :raises SignatureWrong: there is no signature, or another one; or there is no secret to check it with
    :raises RequestStale: its time is further off than WEBHOOK_WINDOW_SECONDS
    """
    timestamp, given = headers.get(TIMESTAMP.lower(), ""), headers.get(SIGNATURE.lower(), "")
    expected = signature(secret, timestamp=timestamp, method=method, path=path, body=body)
    if not secret or not hmac.compare_digest(expected.encode(), given.encode()):
        raise SignatureWrong("the signature does not fit")
    # Signed by who knows the secret, so what it says of its time can be believed.
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        raise RequestStale("the timestamp is no number of seconds")
    refuse_stale(int(timestamp), now)


def refuse_stale(timestamp: float, now: datetime) -> None:
    """Refuse what was made too long ago, or in a time to come.

    :raises RequestStale: it is further off than WEBHOOK_WINDOW_SECONDS
    """
    if abs(now.timestamp() - timestamp) > settings.WEBHOOK_WINDOW_SECONDS:
        raise RequestStale(f"the request is more than {settings.WEBHOOK_WINDOW_SECONDS} seconds from now")
