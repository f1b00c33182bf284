"""Reasons that the site writes itself: kept in English, whoever set them off, and read in the language in use.

What a person gives as a reason is kept and shown as it was typed.
"""

from __future__ import annotations

import re
from typing import Final

from django.utils.translation import gettext

_PLACE: Final = re.compile(r"%\((\w+)\)s")
_KNOWN: Final[dict[str, re.Pattern[str]]] = {}


def own_reason(msgid: str) -> str:
    """Make a reason known and return it: an English text of the catalogue, with places for values, `%(name)s`."""
    parts = _PLACE.split(msgid)
    # Texts and names of places in turn. A value is one word with a figure in it, as numbers and references are: what a person
    # wrote ("Lifted by mistake.") is not taken for the site's.
    pattern = "".join(rf"(?P<{part}>\S*\d\S*)" if place % 2 else re.escape(part) for place, part in enumerate(parts))
    _KNOWN[msgid] = re.compile(pattern)
    return msgid


def in_words(kept: str) -> str:
    """Return a kept reason in the language in use, where the site wrote it; a person's as it was typed."""
    for msgid, pattern in _KNOWN.items():
        if found := pattern.fullmatch(kept):
            return gettext(msgid) % found.groupdict()
    return kept
