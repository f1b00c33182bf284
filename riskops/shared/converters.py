"""Keys and days in addresses: any text of a portfolio file, `/` and all, as one path segment; a day as ISO writes it."""

from __future__ import annotations

import re
from datetime import date

from django.urls import register_converter


class KeyConverter:
    """`<key:account_no>`: letters, digits, `_` and `-` stand for themselves, everything else is `~` and its hex bytes."""

    regex = r"(?:[A-Za-z0-9_\-]|~[0-9a-f]{2})+"

    def to_python(self, value: str) -> str:
        """Return the key that the segment names; one with a NUL is in no file and leads nowhere."""
        raw = re.sub(rb"~([0-9a-f]{2})", lambda m: bytes([int(m.group(1), 16)]), value.encode())
        if b"\0" in raw:
            raise ValueError("a key holds no NUL")
        return raw.decode()

    def to_url(self, value: str) -> str:
        """Return the segment for a key."""
        return "".join(
            c if c.isascii() and (c.isalnum() or c in "_-") else "".join(f"~{b:02x}" for b in c.encode()) for c in value
        )


register_converter(KeyConverter, "key")


class DayConverter:
    """`<day:business_date>`: an ISO day; what is none leads nowhere."""

    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> date:
        """Return the day that the segment names."""
        return date.fromisoformat(value)

    def to_url(self, value: date) -> str:
        """Return the segment for a day."""
        return value.isoformat()


register_converter(DayConverter, "day")
