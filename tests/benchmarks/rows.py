"""A measured line, and the table that all of them make."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `is_met` None: there is no bound, the line is there to be read."""

    scenario: str
    name: str
    measured: str
    bound: str = ""
    is_met: bool | None = None

    @property
    def verdict(self) -> str:
        """The last cell."""
        return {True: "ok", False: "NOT MET", None: ""}[self.is_met]

    def plain(self) -> dict[str, Any]:
        """Return the row as JSON holds it."""
        return asdict(self)


def at_most(scenario: str, name: str, value: float, bound: float, unit: str = "", *, digits: int = 2) -> Row:
    """Return a row whose value must not exceed the bound."""
    return Row(scenario, name, _figure(value, unit, digits), f"≤ {_figure(bound, unit, _digits_of(bound))}", value <= bound)


def at_least(scenario: str, name: str, value: float, bound: float, unit: str = "", *, digits: int = 2) -> Row:
    """Return a row whose value must reach the bound."""
    return Row(scenario, name, _figure(value, unit, digits), f"≥ {_figure(bound, unit, _digits_of(bound))}", value >= bound)


def note(scenario: str, name: str, measured: str) -> Row:
    """Return a row without a bound."""
    return Row(scenario, name, measured)


def _digits_of(bound: float) -> int:
    return 0 if bound == int(bound) else len(f"{bound:g}".partition(".")[2])


def _figure(value: float, unit: str, digits: int) -> str:
    return f"{value:,.{digits}f}{' ' + unit if unit else ''}"


def as_text(rows: Iterable[Row]) -> str:
    """Return the rows as a table for a terminal."""
    cells = [("scenario", "name", "measured", "bound", "")]
    cells += [(row.scenario, row.name, row.measured, row.bound, row.verdict) for row in rows]
    widths = [max(_width(line[column]) for line in cells) for column in range(5)]
    lines = ["  ".join(_padded(cell, width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths).rstrip(), *lines[1:]])


def as_markdown(rows: Iterable[Row]) -> str:
    """Return the rows as a Markdown table."""
    head = ["| scenario | measured what | measured | bound | holds |", "| --- | --- | ---: | ---: | --- |"]
    return "\n".join([*head, *(f"| {r.scenario} | {r.name} | {r.measured} | {r.bound} | {r.verdict} |" for r in rows)])


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
