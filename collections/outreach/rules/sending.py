"""How long a message waits before it is tried or asked for again. Plain arithmetic: the same message waits the same."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import Final

#: How long a claim lasts: no call of a provider takes half as long.
LEASE: Final = timedelta(minutes=2)
#: A provider that says it has never had a message may have it on its way: it is believed five minutes after the call began. That
#: is up to a lease after the attempt was noted, which is when the message was prepared.
GRACE: Final = LEASE + timedelta(minutes=5)
#: So many refusals for the time being, and a person must look: about five hours of trying.
MOST_FAILURES: Final = 15
#: A provider that cannot tell so many times is not asked any more: about two hours of asking.
MOST_DOUBTS: Final = 8
_FIRST: Final = timedelta(seconds=30)
_LONGEST: Final = timedelta(minutes=30)
_JITTER: Final = 0.2


def back_off(message_id: int, attempt: int, failures: int) -> timedelta:
    """Return how long a message waits after so many failures: twice as long each time, half an hour at most, spread by a fifth.

    The spread keeps messages that failed together from coming back together. It is drawn from message and attempt, so that a
    wait can be told beforehand.

    :param failures: 1 after the first
    """
    spread = int.from_bytes(sha256(f"{message_id}:{attempt}".encode()).digest()[:4], "big") / 2**32
    return min(_FIRST * 2 ** min(failures - 1, 16), _LONGEST) * (1 - _JITTER + 2 * _JITTER * spread)
