"""Telephone numbers: as people write them, as vendors take them, as replies name them. Plain text, no Django."""

from __future__ import annotations

import re
import unicodedata

_WRITTEN = re.compile(r"[\d\s().+/-]+")


def e164(number: str, country_code: str) -> str | None:
    """Return a number with + and its country code, None where it is no telephone number.

    :param country_code: digits, of numbers that are written without one; a leading 0 before such a number is dropped
    """
    text = unicodedata.normalize("NFKC", number).strip()
    if not _WRITTEN.fullmatch(text) or "+" in text[1:]:
        return None
    digits = re.sub(r"\D", "", text)
    if text.startswith("+"):
        whole = digits
    elif digits.startswith("00"):
        whole = digits[2:]
    else:
        whole = country_code + digits.removeprefix("0")
    # ITU-T E.164: at most 15 digits, no country code begins with 0; eight are the shortest that reach a subscriber.
    return f"+{whole}" if 8 <= len(whole) <= 15 and not whole.startswith("0") else None


def spellings(number: str, country_code: str) -> frozenset[str]:
    """Return the digits by which a book may hold a number: with its country code, without, with 0 or 00 before."""
    whole = e164(number, country_code)
    if whole is None:
        return frozenset()
    digits = whole[1:]
    found = {digits, f"00{digits}"}
    if digits.startswith(country_code):
        national = digits.removeprefix(country_code)
        found |= {national, f"0{national}"}
    return frozenset(found)
