"""Cells that a person may open in a spreadsheet."""

from __future__ import annotations

from typing import Final

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def harmless(text: str) -> str:
    """Return text that no spreadsheet takes for a formula: with an apostrophe before it where one would.

    Text that starts with an apostrophe gets one more, so that a reader who takes one leading apostrophe off always has the
    original. Source: docs/decisions/formulas-in-exports.md.
    """
    return f"'{text}" if text.startswith((*_FORMULA_STARTS, "'")) else text
