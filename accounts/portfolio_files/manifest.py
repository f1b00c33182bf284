"""manifest.csv: control totals, checked before anything is loaded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, NamedTuple

from accounts.portfolio_files.cells import E4, LARGEST_WHOLE, Cells, Day, Key, Refusal, Whole
from accounts.portfolio_files.delivery import DeliveredFile, SheetFile
from accounts.portfolio_files.formats import FORMAT_BY_NAME, KNOWN_FILES, MANIFEST, Column, FileFormat
from accounts.portfolio_files.log import ProblemLog
from accounts.portfolio_files.problems import Problem
from accounts.portfolio_files.reading import FileTotals, read_rows

_TOTAL = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,4}))?", re.ASCII)


class _Total(Cells):
    """A sum of amounts, in ten-thousandths of the major unit; None for an empty cell."""

    def read(self, text: str) -> int | None:
        if not text:
            return None
        match = _TOTAL.fullmatch(text)
        if match is None:
            raise Refusal("amount_malformed")
        return int(match[1]) * E4 + int((match[2] or "").ljust(4, "0"))


MANIFEST_FORMAT: Final = FileFormat(
    MANIFEST,
    ("file",),
    (
        Column("file", Key(), is_required=True),
        Column("rows", Whole(0, LARGEST_WHOLE, required=True), is_required=True),
        Column("amount_total", _Total()),
        Column("business_date", Day(required=False)),
    ),
)


class ManifestLine(NamedTuple):
    """What the manifest says of one file. `business_date` is ISO text, empty if it says none."""

    line: int
    rows: int
    amount_units: int | None
    business_date: str


@dataclass(slots=True)
class _Lines:
    """Takes the manifest's rows; repeats of a file are problems."""

    log: ProblemLog
    lines: dict[str, ManifestLine] = field(default_factory=dict)

    def rows(self, file: FileFormat, rows: list[tuple[Any, ...]]) -> None:
        """Take good lines."""
        for line, name, count, amount, business_date, *_ in rows:
            if name in self.lines:
                first = self.lines[name].line
                self.log.add(Problem("manifest_duplicate", MANIFEST, line, "file", name, {"first": first}))
            elif name not in FORMAT_BY_NAME:
                self.log.add(Problem("manifest_unknown_file", MANIFEST, line, "file", name, {"known": KNOWN_FILES}))
            else:
                self.lines[name] = ManifestLine(line, count, amount, business_date or "")

    def refused(self, file: FileFormat, line: int, key: tuple[str, ...] | None) -> None:
        """Nothing depends on a line of the manifest."""

    def problem(self, problem: Problem) -> None:
        """Take a fault of a line."""
        self.log.add(problem)


def read_manifest(file: DeliveredFile | SheetFile, log: ProblemLog) -> dict[str, ManifestLine]:
    """Return what the manifest says, by file; what is wrong with it goes to the log.

    :raises FileRefused: it cannot be read as a whole
    """
    lines = _Lines(log)
    read_rows(file, MANIFEST_FORMAT, lines)
    return lines.lines


def compare_totals(manifest: Mapping[str, ManifestLine], found: Mapping[str, FileTotals], log: ProblemLog) -> None:
    """Report every file whose totals are not those of the manifest. Good and bad rows count alike: it is about what was sent."""
    for name, said in manifest.items():
        totals = found.get(name)
        if totals is None:
            log.add(Problem("manifest_missing_file", MANIFEST, said.line, "file", name))
            continue
        if totals.records != said.rows:
            params = {"expected": said.rows, "found": totals.records, "difference": f"{totals.records - said.rows:+d}"}
            log.add(Problem("manifest_rows", MANIFEST, said.line, "rows", str(said.rows), params))
        if said.amount_units is not None:
            _compare_amounts(name, said.line, said.amount_units, totals, log)
    for name in found:
        if name not in manifest:
            log.add(Problem("manifest_not_listed", name, is_error=False))


def _compare_amounts(name: str, line: int, expected: int, totals: FileTotals, log: ProblemLog) -> None:
    shown = total_text(expected)
    if not FORMAT_BY_NAME[name].amounts:
        if expected:
            log.add(Problem("manifest_no_amount", MANIFEST, line, "amount_total", shown))
    elif totals.unread_amounts:
        log.add(Problem("manifest_amount_unread", MANIFEST, line, "amount_total", shown, is_error=False))
    elif totals.amount_units != expected:
        difference = totals.amount_units - expected
        params = {
            "expected": shown,
            "found": total_text(totals.amount_units),
            "difference": ("+" if difference > 0 else "-") + total_text(abs(difference)),
        }
        log.add(Problem("manifest_amount", MANIFEST, line, "amount_total", shown, params))


def total_text(units: int) -> str:
    """Return a sum in ten-thousandths of the major unit as a plain decimal with at least two decimals."""
    text = f"{Decimal(units).scaleb(-4):.4f}"
    return text[:-2] if text.endswith("00") else text
