"""How long a message is, and how long it may be: what an SMS costs in segments, what a lock screen and an inbox show.

GSM 03.38 (3GPP TS 23.038): an SMS of the default alphabet takes 160 septets, 153 in each part of a longer one; a sign of the
extension table takes two and is not cut in two. Any other sign makes the whole message UCS-2: 70 units of UTF-16, 67 in each
part; a sign outside the basic plane takes two.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from outreach.rules.contacts import Channel

#: The signs of the default alphabet, one septet each.
GSM_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: The signs of its extension table, an escape and a septet each.
GSM_EXTENDED: Final = frozenset("\f^{}\\[~]|€")
#: What a subject line shows whole (RFC 5322, 2.1.1: lines of 78 characters).
EMAIL_SUBJECT_MOST: Final = 78
#: What a lock screen shows of a notification: a line of title, four lines of text. Far below the 4 KB of APNs and FCM.
PUSH_TITLE_MOST: Final = 50
PUSH_BODY_MOST: Final = 178


class Encoding(StrEnum):
    """How an SMS is written."""

    GSM = "GSM 03.38"
    UCS2 = "UCS-2"


#: By encoding, what fits into a message of one part, and into each part of a longer one.
_ROOM: Final = {Encoding.GSM: (160, 153), Encoding.UCS2: (70, 67)}


@dataclass(frozen=True, slots=True)
class SmsLength:
    """What an SMS takes.

    :param units: septets, or units of UTF-16
    :param left: how many units more the last segment takes
    :param outside: the signs that no GSM alphabet has, each once, in order: they make it UCS-2
    """

    encoding: Encoding
    units: int
    segments: int
    left: int
    outside: str


def sms_length(text: str) -> SmsLength:
    """Return what a text takes as an SMS, in the alphabet that it needs; nothing takes no segment."""
    outside = "".join(dict.fromkeys(sign for sign in text if sign not in GSM_BASIC and sign not in GSM_EXTENDED))
    encoding = Encoding.UCS2 if outside else Encoding.GSM
    costs = [_cost(sign, encoding) for sign in text]
    units, (single, part) = sum(costs), _ROOM[encoding]
    if units <= single:
        return SmsLength(encoding, units, 1 if units else 0, single - units, outside)
    segments, filled = 1, 0
    for cost in costs:
        # A sign of two units goes into the next part whole.
        if filled + cost > part:
            segments, filled = segments + 1, 0
        filled += cost
    return SmsLength(encoding, units, segments, part - filled, outside)


def _cost(sign: str, encoding: Encoding) -> int:
    if encoding is Encoding.GSM:
        return 2 if sign in GSM_EXTENDED else 1
    return 2 if ord(sign) > 0xFFFF else 1


def is_gsm(text: str) -> bool:
    """Return whether a text is written in the GSM alphabet and its extension."""
    return all(sign in GSM_BASIC or sign in GSM_EXTENDED for sign in text)


def units_of(text: str, encoding: Encoding) -> int:
    """Return the units that a text takes in an alphabet."""
    return sum(_cost(sign, encoding) for sign in text)


class Part(StrEnum):
    """The parts of a message; their names are the beginnings of the columns that hold them."""

    SUBJECT = "subject"
    BODY = "body"


@dataclass(frozen=True, slots=True)
class Overlong:
    """A part that is longer than its channel takes: in characters, or in segments of an SMS."""

    part: Part
    had: int
    most: int
    in_segments: bool = False


def has_subject(channel: Channel) -> bool:
    """Return whether a message of the channel has a subject: an e-mail's subject line, a notification's title."""
    return channel is not Channel.SMS


def overlong(channel: Channel, subject: str, body: str, *, segments_most: int) -> Overlong | None:
    """Return what is too long for the channel, None where all fits."""
    if channel is Channel.SMS:
        segments = sms_length(body).segments
        return Overlong(Part.BODY, segments, segments_most, in_segments=True) if segments > segments_most else None
    most = {Channel.EMAIL: (EMAIL_SUBJECT_MOST, None), Channel.PUSH: (PUSH_TITLE_MOST, PUSH_BODY_MOST)}.get(channel, (None, None))
    for part, text, limit in ((Part.SUBJECT, subject, most[0]), (Part.BODY, body, most[1])):
        if limit is not None and len(text) > limit:
            return Overlong(part, len(text), limit)
    return None
