"""Which characters the font of documents can write: asked before one is made, so that no page ever shows an empty box."""

from __future__ import annotations

import struct
from functools import cache
from pathlib import Path
from typing import Final

#: Noto Serif SC, cut to GB 2312, Latin and characters of names (docs/decisions/letters-by-typst.md).
FONT: Final = Path(__file__).with_name("fonts") / "NotoSerifSC-letters.ttf"
_WINDOWS_BMP: Final = (3, 1)


class FontUnreadable(Exception):
    """The font file has no table of characters that can be read here."""


@cache
def characters() -> frozenset[int]:
    """Return the code points that the font has a glyph for.

    Read from the font itself (`cmap`, format 4 of the OpenType specification), which is then the one truth.
    """
    data = FONT.read_bytes()
    (tables,) = struct.unpack_from(">H", data, 4)
    for number in range(tables):
        tag, _sum, offset, _length = struct.unpack_from(">4sIII", data, 12 + 16 * number)
        if tag == b"cmap":
            return _of_cmap(data, offset)
    raise FontUnreadable(str(FONT))


def _of_cmap(data: bytes, start: int) -> frozenset[int]:
    (count,) = struct.unpack_from(">H", data, start + 2)
    for number in range(count):
        platform, encoding, offset = struct.unpack_from(">HHI", data, start + 4 + 8 * number)
        if (platform, encoding) == _WINDOWS_BMP and struct.unpack_from(">H", data, start + offset) == (4,):
            return _of_segments(data, start + offset)
    raise FontUnreadable(str(FONT))


def _of_segments(data: bytes, start: int) -> frozenset[int]:
    (twice,) = struct.unpack_from(">H", data, start + 6)
    count = twice // 2
    ends = struct.unpack_from(f">{count}H", data, start + 14)
    starts = struct.unpack_from(f">{count}H", data, start + 16 + twice)
    # The last segment, 0xFFFF, closes the table and stands for nothing.
    return frozenset(code for first, last in zip(starts, ends, strict=True) for code in range(first, last + 1) if code < 0xFFFF)


def missing_from(text: str) -> tuple[str, ...]:
    """Return the characters of a text that the font cannot write, each once, in order."""
    known = characters()
    return tuple(dict.fromkeys(sign for sign in text if ord(sign) not in known and sign not in "\n\r\t"))
