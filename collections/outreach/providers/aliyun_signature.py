"""Signature V3 of Aliyun's APIs, ACS3-HMAC-SHA256.

Source: https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import quote, urlsplit

ALGORITHM = "ACS3-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Call:
    """A call of an RPC-style operation: its parameters stand in the query, the body is empty."""

    endpoint: str
    action: str
    version: str
    parameters: Mapping[str, str]

    @property
    def query(self) -> str:
        """The parameters as they are signed and sent: sorted, RFC 3986."""
        return "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in sorted(self.parameters.items()))

    @property
    def url(self) -> str:
        """The address to call."""
        return f"{self.endpoint.rstrip('/')}/?{self.query}"


def signed_headers(call: Call, *, key_id: str, key_secret: str, date: str, nonce: str, method: str = "POST") -> dict[str, str]:
    """Return the headers of a call, the one named Authorization among them.

    :param date: UTC, `2023-10-26T10:22:32Z`
    :param nonce: never used before
    """
    headers = {
        "host": urlsplit(call.endpoint).netloc,
        "x-acs-action": call.action,
        "x-acs-content-sha256": sha256(b"").hexdigest(),
        "x-acs-date": date,
        "x-acs-signature-nonce": nonce,
        "x-acs-version": call.version,
    }
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    canonical = "\n".join((method, "/", call.query, lines, names, headers["x-acs-content-sha256"]))
    text = f"{ALGORITHM}\n{sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(key_secret.encode(), text.encode(), sha256).hexdigest()
    return {**headers, "Authorization": f"{ALGORITHM} Credential={key_id},SignedHeaders={names},Signature={signature}"}


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")
