"""How often what is open to everybody may be asked: counted a minute in the cache, which production shares (Redis)."""

from __future__ import annotations

import time
from hashlib import blake2b
from typing import Final

from django.core.cache import cache
from django.http import HttpRequest

_WINDOW_SECONDS: Final = 60


def address_of(request: HttpRequest) -> str:
    """Return the network address that asks. Behind a proxy that is the proxy's, for everybody."""
    return f"from {request.META.get('REMOTE_ADDR', '')}"


def is_too_often(asker: str, what: str, *, most: int, minutes: int = 1) -> bool:
    """Count one request of an asker and return whether there were more than so many in these minutes.

    :param asker: whoever is counted alone
    :param most: requests in the time
    """
    window = _WINDOW_SECONDS * minutes
    # Not the asker itself: a cache is no place for who asked.
    key = f"rate:{what}:{int(time.time()) // window}:{blake2b(asker.encode(), digest_size=8).hexdigest()}"
    cache.add(key, 0, timeout=2 * window)
    try:
        return int(cache.incr(key)) > most
    except ValueError:
        # It was thrown out between the two; this one is the first of its time.
        return False
