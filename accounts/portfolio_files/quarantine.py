"""What was set aside: the bad records as they came, ready to be corrected and sent again, and why."""

from __future__ import annotations

import csv
import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from accounts.portfolio_files.delivery import Delivery
from accounts.portfolio_files.formats import FORMAT_BY_NAME
from accounts.portfolio_files.log import ProblemLog
from accounts.portfolio_files.reading import open_records
from riskops.shared.spreadsheets import harmless
from riskops.shared.sql import fetch

ERRORS_FILE: Final = "errors.csv"
_LINES_AT_A_TIME: Final = 50_000


def write_quarantine(path: Path, delivery: Delivery, log: ProblemLog) -> None:
    """Write a zip of the refused records, each file under its own name and header, and errors.csv.

    It holds the records as they came, personal data in clear included, so only its owner may read it. A delivery itself:
    correct the rows and import it. Records whose quotes are broken are in errors.csv alone, by line.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w+b") as target, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in delivery.files.items():
            lines = _refused_lines(name)
            wanted = next(lines, None)
            if wanted is None:
                continue
            with archive.open(name, "w") as raw, _text(raw) as text:
                writer = csv.writer(text, lineterminator="\n")
                records = open_records(file, "", lambda problem: None)
                writer.writerow(next(records)[1])
                for line, cells in records:
                    while wanted is not None and wanted < line:
                        wanted = next(lines, None)
                    if wanted is None:
                        break
                    if wanted == line:
                        writer.writerow(cells)
        with archive.open(ERRORS_FILE, "w") as raw, _text(raw) as text:
            _write_errors(csv.writer(text, lineterminator="\n"), log)


def _text(raw: object) -> io.TextIOWrapper:
    # Bytes that were no UTF-8 go out as they came.
    return io.TextIOWrapper(raw, encoding="utf-8", errors="surrogateescape", newline="")  # type: ignore[arg-type]


def _refused_lines(name: str) -> Iterator[int]:
    """Give the lines of the refused records of a file in order, a bounded number at a time."""
    if name not in FORMAT_BY_NAME:
        return
    last = 0
    while True:
        rows = fetch(
            f"SELECT DISTINCT line FROM stage_refused WHERE file = '{name}' AND line > {last:d} "
            f"ORDER BY line LIMIT {_LINES_AT_A_TIME:d}"
        )
        if not rows:
            return
        yield from (line for (line,) in rows)
        last = rows[-1][0]


def _write_errors(writer: object, log: ProblemLog) -> None:
    write = writer.writerow  # type: ignore[attr-defined]
    write(["file", "line", "column", "value", "code", "message", "remedy"])
    for problem in log.errors:
        row = [problem.file, problem.line, problem.column, problem.value, problem.code, problem.message, problem.remedy]
        write([harmless(cell) if isinstance(cell, str) else cell for cell in row])
