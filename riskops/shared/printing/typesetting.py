"""Documents as PDF and as pictures, by Typst: one compiler a process and layout, kept with its font."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import typst

from riskops.shared.printing.glyphs import FONT

#: Dots per inch of a page on screen: 827 × 1,169 of them.
SCREEN_PPI: Final = 100.0
# The compiler is one object a process and layout; threads of a web process take turns.
_TURN: Final = threading.Lock()


@cache
def _compiler(layout: Path) -> typst.Compiler:
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONT.parent)])
    return typst.Compiler(input=str(layout), root=str(layout.parent), font_paths=fonts)


def as_pdf(said: Mapping[str, Any], *, layout: Path, at: datetime) -> bytes:
    """Return a document as PDF, font embedded. The same document, layout and moment give the same bytes.

    :param layout: the file that says how it looks; the room whose document it is keeps it
    :param at: aware; the moment the file says it was made
    """
    moment = int(at.astimezone(UTC).timestamp())
    with _TURN:
        made = _compiler(layout).compile(sys_inputs=_inputs(said), format="pdf", timestamp=moment)
    assert isinstance(made, bytes)
    return made


def as_pictures(said: Mapping[str, Any], *, layout: Path) -> tuple[bytes, ...]:
    """Return the pages of a document as PNG."""
    with _TURN:
        made = _compiler(layout).compile(sys_inputs=_inputs(said), format="png", ppi=SCREEN_PPI)
    if isinstance(made, bytes):
        return (made,)
    return tuple(made or ())


def _inputs(said: Mapping[str, Any]) -> dict[str, str]:
    return {"said": json.dumps(said, ensure_ascii=False)}
