"""A workbook as a delivery: a sheet for each file, its cells as the texts a CSV file would hold."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final

from openpyxl import load_workbook

from accounts.portfolio_files.delivery import DeliveredFile, Delivery, DeliveryRefused, SheetFile, collected
from accounts.portfolio_files.formats import FORMAT_BY_NAME, MANIFEST
from accounts.portfolio_files.problems import VALUE_LENGTH, Problem
from accounts.portfolio_files.reading import FileRefused, Record

#: A spreadsheet keeps fifteen digits of a number; a longer key entered as one is no longer what was typed.
_SAFE_NUMBER: Final = 10**15
#: A sheet has no more.
_MOST_ROWS: Final = 1_048_576


def open_workbook(path: Path, name: str) -> Delivery:
    """Open an .xlsx; sheets are named `payments` or `payments.csv`.

    :raises DeliveryRefused: it cannot be read, or holds none of the files, or one of them twice
    """
    try:
        book = load_workbook(path, read_only=True, data_only=False, keep_links=False)
    # openpyxl raises whatever its XML and zip layers do; any of it means the same to the person who sent the file.
    except Exception as fault:
        raise DeliveryRefused(Problem("workbook_damaged", name, params={"detail": str(fault)})) from fault
    closing = ExitStack()
    closing.callback(book.close)
    found: dict[str, DeliveredFile | SheetFile] = {}
    places: dict[str, str] = {}
    others = []
    for sheet in book.worksheets:
        file = sheet.title.removesuffix(".csv") + ".csv"
        if file not in FORMAT_BY_NAME and file != MANIFEST:
            others.append(sheet.title)
            continue
        if file in found:
            closing.close()
            raise DeliveryRefused(Problem("file_twice", file, params={"first": places[file], "second": sheet.title}))
        found[file] = SheetFile(file, _rows_of(sheet, file))
        places[file] = sheet.title
    return collected(name, found, others, lambda: _digest(path), closing)


def _digest(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _rows_of(sheet: Any, file: str) -> Callable[[], Iterator[Sequence[Any]]]:
    def rows() -> Iterator[Sequence[Any]]:
        # The size a sheet claims may be wrong either way; the rows themselves are not.
        sheet.reset_dimensions()
        try:
            for number, row in enumerate(sheet.iter_rows(), start=1):
                if number > _MOST_ROWS:
                    # openpyxl fills in the rows before one that says it is the two thousand millionth.
                    raise ValueError(f"it has a row below {_MOST_ROWS}, the last one of a sheet")
                yield row
        except Exception as fault:
            raise FileRefused([Problem("workbook_damaged", file, params={"detail": str(fault)})]) from fault

    return rows


def sheet_records(file: SheetFile, known: str, on_problem: Callable[[Problem], None]) -> Iterator[Record]:
    """Return the rows of a sheet as records, header first; empty rows are left out, missing last cells are empty.

    :raises FileRefused: the sheet is empty
    """
    rows = enumerate(file.cells(), start=1)
    header: list[str] = []
    for line, row in rows:
        header = [_header_text(cell) for cell in row]
        while header and not header[-1]:
            header.pop()
        if header or line > 1:
            break
    if not header:
        raise FileRefused([Problem("empty_file", file.name, 1, params={"known": known})])
    return _sheet_rows(file.name, header, rows, on_problem)


def _header_text(cell: Any) -> str:
    return "" if cell.value is None else str(cell.value)


def _sheet_rows(
    name: str, header: list[str], rows: Iterator[tuple[int, Sequence[Any]]], on_problem: Callable[[Problem], None]
) -> Iterator[Record]:
    yield 1, list(header)
    width = len(header)
    for line, row in rows:
        texts, faults = [], []
        for place, cell in enumerate(row):
            text, code = _cell_text(cell)
            texts.append(text)
            if code:
                faults.append(Problem(code, name, line, header[place] if place < width else "", text[:VALUE_LENGTH]))
        if faults:
            # One problem for the record: the first of its cells that is none.
            on_problem(faults[0])
            continue
        while len(texts) > width and not texts[-1]:
            texts.pop()
        if any(texts):
            yield line, texts + [""] * (width - len(texts))


def _cell_text(cell: Any) -> tuple[str, str]:
    """Return what a CSV file would hold for a cell, and the code of what is wrong with its type ("" if nothing)."""
    value = cell.value
    if value is None:
        return "", ""
    if cell.data_type == "f":
        return str(value), "typed_formula"
    if cell.data_type == "e":
        return str(value), "typed_error"
    if isinstance(value, bool):
        return ("TRUE" if value else "FALSE"), ""
    if isinstance(value, datetime):
        is_day = value.time() == time.min
        return (value.date().isoformat() if is_day else value.isoformat(sep=" ")), ""
    if isinstance(value, date):
        return value.isoformat(), ""
    if isinstance(value, (int, float)):
        if not abs(value) < _SAFE_NUMBER:
            return str(value), "typed_long_number"
        # Fifteen digits are what shows: 0.1 + 0.2 is 0.3 and not 0.30000000000000004.
        return str(int(value)) if value == int(value) else f"{value:.15g}", ""
    return str(value), ""
