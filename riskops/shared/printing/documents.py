"""What is printed, as a document: plain values in parts, with the hash that stands on every page of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

#: Characters of the hash that a page shows, in groups of four: 80 bits.
HASH_SHOWN: Final = 20

Said = dict[str, Any]


def content_hash(said: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what a document says, 64 hexadecimal digits; the hash itself is no part of it."""
    without = {name: value for name, value in said.items() if name != "hash"}
    return hashlib.sha256(json.dumps(without, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def shown_hash(digest: str) -> str:
    """Return the beginning of a hash as pages show it: `9f2c 41aa 0b7d e6c3 5a10`."""
    return " ".join(digest[place : place + 4] for place in range(0, HASH_SHOWN, 4))


def with_hash(said: Mapping[str, Any]) -> Said:
    """Return a document with its hash on it."""
    return {**said, "hash": shown_hash(content_hash(said))}


def texts_of(said: Any) -> Iterator[str]:
    """Return every text of a document."""
    if isinstance(said, str):
        yield said
    elif isinstance(said, Mapping):
        for value in said.values():
            yield from texts_of(value)
    elif isinstance(said, Sequence):
        for value in said:
            yield from texts_of(value)
