"""How long messages are: each edge of an SMS in both alphabets, of a subject, of a notification."""

from __future__ import annotations

import pytest

from outreach.rules.contacts import Channel
from outreach.rules.message_text import Encoding, Overlong, Part, SmsLength, overlong, sms_length

GSM, UCS2 = Encoding.GSM, Encoding.UCS2


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments", "left"),
    [
        ("", GSM, 0, 0, 160),
        ("a" * 160, GSM, 160, 1, 0),
        ("a" * 161, GSM, 161, 2, 145),
        ("a" * 306, GSM, 306, 2, 0),
        ("a" * 307, GSM, 307, 3, 152),
        # An escape and a septet each.
        ("€" * 80, GSM, 160, 1, 0),
        ("€" * 80 + "a", GSM, 161, 2, 144),
        ("[]{}^~|\\€", GSM, 18, 1, 142),
        # The sign at the 153rd septet goes into the next part whole: 152 + 153 + 3 for 307 septets.
        ("a" * 152 + "€" + "a" * 153, GSM, 307, 3, 151),
        ("a" * 151 + "€" + "a" * 153, GSM, 306, 2, 0),
        ("¥£$ÄÖÜäöüßñ\n@é", GSM, 14, 1, 146),
        ("中" * 70, UCS2, 70, 1, 0),
        ("中" * 71, UCS2, 71, 2, 63),
        ("中" * 134, UCS2, 134, 2, 0),
        ("中" * 135, UCS2, 135, 3, 66),
        # One sign outside makes the whole message UCS-2; those of GSM's extension count one there.
        ("a" * 70 + "…", UCS2, 71, 2, 63),
        ("€…", UCS2, 2, 1, 68),
        # Outside the basic plane: two units, and not cut in two (66 of 67 are used).
        ("😀", UCS2, 2, 1, 68),
        ("😀" * 35, UCS2, 70, 1, 0),
        ("😀" * 36, UCS2, 72, 2, 61),
        ("😀" * 67, UCS2, 134, 3, 65),
    ],
)
def test_an_sms_is_counted_as_networks_count_it(text: str, encoding: Encoding, units: int, segments: int, left: int) -> None:
    length = sms_length(text)
    assert (length.encoding, length.units, length.segments, length.left) == (encoding, units, segments, left)


def test_the_signs_that_make_it_ucs2_are_named_each_once_in_order() -> None:
    assert sms_length("“due” … “now”") == SmsLength(UCS2, 13, 1, 57, "“”…")
    assert sms_length("plain").outside == ""


@pytest.mark.parametrize(
    ("channel", "subject", "body", "found"),
    [
        (Channel.SMS, "", "a" * 459, None),
        (Channel.SMS, "", "a" * 460, Overlong(Part.BODY, 4, 3, in_segments=True)),
        (Channel.EMAIL, "s" * 78, "b" * 10_000, None),
        (Channel.EMAIL, "s" * 79, "b", Overlong(Part.SUBJECT, 79, 78)),
        (Channel.PUSH, "t" * 50, "b" * 178, None),
        (Channel.PUSH, "t" * 51, "b" * 178, Overlong(Part.SUBJECT, 51, 50)),
        (Channel.PUSH, "t" * 50, "b" * 179, Overlong(Part.BODY, 179, 178)),
    ],
)
def test_each_channel_takes_so_much_and_not_a_sign_more(
    channel: Channel, subject: str, body: str, found: Overlong | None
) -> None:
    assert overlong(channel, subject, body, segments_most=3) == found
