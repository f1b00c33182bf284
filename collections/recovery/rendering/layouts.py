"""How letters look: a layout file each, by its number. A new layout is a new file: kept documents keep theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Final

#: The layout that letters are printed with now (letter-1.typ).
LAYOUT: Final = 1


def layout_file(layout: int) -> Path:
    """Return the file of a layout."""
    return Path(__file__).with_name(f"letter-{layout}.typ")
