"""HTTP to vendors: an answer, or the certainty that nothing was sent, or neither. Never an exception."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

import httpx
from django.conf import settings

from outreach.providers.interface import Refused, Unknown, told

#: An answer of a vendor is a few hundred bytes.
_MOST_BYTES: Final = 256 * 1024
#: Nothing of the request had left when these were raised. All others may have come after it.
_BEFORE_SENDING: Final = (
    *(httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError),
    *(httpx.UnsupportedProtocol, httpx.InvalidURL),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a vendor answered; `data` is its JSON, None where it is none."""

    status: int
    data: Any

    def text(self, *names: str) -> str:
        """Return the first of these members that holds a text or a number, "" if none does."""
        for name in names:
            value = self.data.get(name) if isinstance(self.data, dict) else None
            if isinstance(value, str | int) and not isinstance(value, bool):
                return str(value)
        return ""


class Vendor:
    """The way to one vendor: connections are kept and shared by threads."""

    def __init__(self) -> None:
        self._client: httpx.Client | None = None
        self._lock = Lock()

    def ask(
        self, method: str, url: str, *, content: bytes = b"", headers: Mapping[str, str], auth: tuple[str, str] | None = None
    ) -> Answer | Refused | Unknown:
        """Return the answer; `Refused` where it is certain that nothing was sent, `Unknown` where it is not."""
        ends = time.monotonic() + settings.PROVIDER_TIMEOUT_SECONDS
        try:
            with self._open().stream(
                method, url, content=content, headers=headers, auth=auth or httpx.USE_CLIENT_DEFAULT
            ) as sent:
                body = b""
                for chunk in sent.iter_bytes():
                    body += chunk
                    if len(body) > _MOST_BYTES:
                        return Unknown(f"the answer ({sent.status_code}) is longer than {_MOST_BYTES} bytes")
                    # Each read has a time-out of its own; a vendor who drips a byte a second would never meet it.
                    if time.monotonic() > ends:
                        return Unknown(f"the answer ({sent.status_code}) did not end in time")
        except _BEFORE_SENDING as failure:
            return Refused(told(f"no connection: {type(failure).__name__}"), is_outage=True)
        except (httpx.HTTPError, httpx.StreamError) as failure:
            return Unknown(told(f"sent, no answer: {type(failure).__name__}"))
        return Answer(sent.status_code, _json(body))

    def _open(self) -> httpx.Client:
        # Made on first use: a worker's child must not share the connections of its parent.
        with self._lock:
            if self._client is None:
                timeout = httpx.Timeout(settings.PROVIDER_TIMEOUT_SECONDS, connect=settings.PROVIDER_CONNECT_SECONDS)
                self._client = httpx.Client(timeout=timeout, follow_redirects=False)
            return self._client


def by_status(answer: Answer, said: str) -> Refused | Unknown:
    """Return what an answer means of which only the status is known: that of a proxy, of an outage, of a wrong setting.

    :param said: what the vendor said, for the reason
    """
    reason = told(f"answered {answer.status}: {said}" if said.strip() else f"answered {answer.status}")
    if answer.status in (429, 503):
        return Refused(reason, is_outage=True)
    # 500, 502, 504: the vendor may have taken the message before it failed. 2xx: it cannot be read.
    if answer.status >= 500 or answer.status < 300:
        return Unknown(reason)
    # Keys, addresses and rights of ours: nobody's message gets through by this way.
    return Refused(reason, is_outage=answer.status in (401, 403, 404, 405) or answer.status < 400)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
