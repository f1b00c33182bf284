"""Metrics as CSV: the columns that portfolio-format, "Commands", names."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Final, TextIO

from dashboards.answers import Answer
from riskops.shared.spreadsheets import harmless

COLUMNS: Final = ("metric", "as_of", "segment", "key_1", "key_2", "numerator", "denominator", "value")


def rows(answer: Answer) -> Iterator[tuple[str, ...]]:
    """Yield one row a cell, in the columns of the contract."""
    for cell in answer.cells:
        yield (
            answer.metric.name,
            cell.as_of.isoformat(),
            harmless(cell.segment),
            cell.key_1,
            cell.key_2,
            answer.number(cell.numerator, cell.segment),
            answer.number(cell.denominator, cell.segment),
            f"{cell.value:f}",
        )


def write_csv(answer: Answer, file: TextIO) -> int:
    """Write the header and the rows, and return the number of rows. Open the file with newline=""."""
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    written = 0
    for row in rows(answer):
        writer.writerow(row)
        written += 1
    return written
