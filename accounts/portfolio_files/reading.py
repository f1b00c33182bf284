"""Records read into rows of plain values: one pass, a bounded number of rows in memory, every fault with its place.

This is the hot loop of an import (a few microseconds a row), hence its shape: columns are picked by one itemgetter and read
by dicts that fill themselves (accounts/portfolio_files/cells.py); only a row that fails is looked at cell by cell.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import getitem, itemgetter
from typing import Any, Final, Protocol

from accounts.portfolio_files.cells import TEXT_LENGTH, Refusal, check_text
from accounts.portfolio_files.delivery import DeliveredFile, SheetFile
from accounts.portfolio_files.formats import ATTRIBUTE_PREFIX, CUSTOMERS, Column, FileFormat
from accounts.portfolio_files.problems import VALUE_LENGTH, Problem
from riskops.shared.personal import keyed_hash

#: Rows handed on at a time.
BATCH_ROWS: Final = 5_000
_ATTRIBUTE_NAME_LENGTH: Final = 64

Record = tuple[int, list[str]]


class FileRefused(Exception):
    """The file as a whole cannot be read; nothing of the delivery is loaded, whatever is to be done with bad rows."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems[0].code)
        self.problems = tuple(problems)


class Sink(Protocol):
    """Where rows and faults go."""

    def rows(self, file: FileFormat, rows: list[tuple[Any, ...]]) -> None:
        """Take good rows: (line, the values of the columns, attributes as JSON or None, content hash)."""

    def refused(self, file: FileFormat, line: int, key: tuple[str, ...] | None) -> None:
        """Note a bad record and, if it can be read, its key: other rows may depend on it."""

    def problem(self, problem: Problem) -> None:
        """Take a fault or a warning."""


@dataclass(slots=True)
class FileTotals:
    """What a file held, good and bad.

    :param amount_units: the sum of its amounts, in ten-thousandths of the major unit
    :param unread_amounts: cells left out of it, since they could not be read
    """

    records: int = 0
    amount_units: int = 0
    unread_amounts: int = 0


@dataclass(slots=True)
class Header:
    """How the columns of one file lie."""

    file: FileFormat
    names: list[str]
    attributes: list[tuple[str, int]] = field(default_factory=list)

    def place(self, column: str) -> int:
        """Return where a column is; a column that did not come is the empty cell put after the last one."""
        return self.names.index(column) if column in self.names else len(self.names)

    def pick(self) -> Callable[[list[str]], tuple[str, ...]]:
        """Return what picks the contract's columns, in its order, from a record with an empty cell put after its last one."""
        return itemgetter(*(self.place(name) for name in self.file.column_names))


def read_header(file: FileFormat, names: list[str]) -> Header:
    """Return how the columns lie.

    :raises FileRefused: a column is missing, unknown, twice or has a name that cannot be kept
    """
    known = ", ".join(file.column_names)
    problems = []
    header = Header(file, names)
    for place, name in enumerate(names):
        if name in names[:place]:
            problems.append(Problem("duplicate_column", file.name, 1, name[:64], name[:VALUE_LENGTH]))
        elif name.startswith(ATTRIBUTE_PREFIX):
            if not (len(ATTRIBUTE_PREFIX) < len(name) <= _ATTRIBUTE_NAME_LENGTH and name.isprintable()):
                problems.append(Problem("bad_attribute_name", file.name, 1, name[:64], name[:VALUE_LENGTH]))
            header.attributes.append((name, place))
        elif name not in file.column_names:
            problems.append(Problem("unknown_column", file.name, 1, name[:64], name[:VALUE_LENGTH], {"known": known}))
    problems += [
        Problem("missing_column", file.name, 1, column.name, "", {"column": column.name, "known": known})
        for column in file.columns
        if column.is_required and column.name not in names
    ]
    if problems:
        raise FileRefused(problems)
    header.attributes.sort()
    return header


def open_records(file: DeliveredFile | SheetFile, known: str, on_problem: Callable[[Problem], None]) -> Iterator[Record]:
    """Return the records of a file, header first, each with the physical line where it starts.

    A record whose quotes are wrong goes to `on_problem` and the next one follows.

    :param known: the columns there are, for the message about an empty file
    :raises FileRefused: no text, not UTF-8 from the header on, a header with wrong quotes, or a quote that is never closed
    """
    if isinstance(file, SheetFile):
        from accounts.portfolio_files.workbook import sheet_records

        return sheet_records(file, known, on_problem)
    scan = file.scan
    # Of UTF-16 every line has NULs; one in a row is a fault of its cell.
    has_nul = b"\0" in scan.head.partition(b"\n")[0]
    if has_nul or scan.head.startswith((b"\xff\xfe", b"\xfe\xff")):
        guess = "UTF-16" if has_nul else "UTF-16 or GBK"
        raise FileRefused([Problem("wrong_encoding", file.name, 1, params={"guess": guess})])
    if not scan.head.removeprefix(b"\xef\xbb\xbf").strip():
        raise FileRefused([Problem("empty_file", file.name, 1, params={"known": known})])
    return _csv_records(file, scan.is_utf8, on_problem)


def _csv_records(file: DeliveredFile, is_utf8: bool, on_problem: Callable[[Problem], None]) -> Iterator[Record]:
    # Bytes that are not UTF-8 come through as lone surrogates, so that the cell they stand in can be named.
    errors = "strict" if is_utf8 else "surrogateescape"
    with io.TextIOWrapper(file.open(), encoding="utf-8-sig", errors=errors, newline="") as text:
        reader = csv.reader(text, strict=True)
        line = 1
        while True:
            try:
                for cells in reader:
                    yield line, cells
                    line = reader.line_num + 1
                return
            except csv.Error as fault:
                if "unexpected end" in str(fault) or "field larger" in str(fault):
                    limit = f"{csv.field_size_limit():,}"
                    raise FileRefused([Problem("quote_never_closed", file.name, line, params={"limit": limit})]) from None
                problem = Problem("bad_quotes", file.name, line, params={"detail": str(fault)})
                if line == 1:
                    # Without a header there is nothing to read the rows by.
                    raise FileRefused([problem]) from None
                on_problem(problem)
                line = reader.line_num + 1


def read_rows(file: DeliveredFile | SheetFile, form: FileFormat, sink: Sink) -> FileTotals:
    """Read a whole file into the sink and return what it held.

    :raises FileRefused: the file as a whole cannot be read
    """
    totals = FileTotals()

    def on_problem(problem: Problem) -> None:
        # A record that cannot even be split into cells.
        totals.records += 1
        totals.unread_amounts += len(form.amounts)
        sink.refused(form, problem.line or 0, None)
        sink.problem(problem)

    records = open_records(file, ", ".join(form.column_names), on_problem)
    _, names = next(records)
    if any(not name.isascii() and _is_broken(name) for name in names):
        raise FileRefused([Problem("wrong_encoding", form.name, 1, params={"guess": "GBK"})])
    _RowReader(form, read_header(form, names), sink, totals).read(records)
    return totals


def _is_broken(text: str) -> bool:
    return any("\udc80" <= character <= "\udcff" for character in text)


class _RowReader:
    """The loop over the records of one file."""

    def __init__(self, form: FileFormat, header: Header, sink: Sink, totals: FileTotals) -> None:
        self.form = form
        self.header = header
        self.sink = sink
        self.totals = totals
        self.pick = header.pick()
        self.parsers = tuple(column.cells for column in form.columns)
        self.amounts = [form.place(name) for name in form.amounts]

    def read(self, records: Iterator[Record]) -> None:
        """Read all records; good rows go on in batches."""
        width = len(self.header.names)
        pick, parsers, fault, amounts = self.pick, self.parsers, self.form.fault, self.amounts
        attributes = self.header.attributes
        # Persons are encrypted before they are compared: their hash alone says whether two rows are the same. The hash of other
        # rows only spares the comparison of those that are spelled alike.
        by_value = self.form is CUSTOMERS
        totals = self.totals
        batch: list[tuple[Any, ...]] = []
        for line, cells in records:
            if len(cells) != width:
                if cells:
                    self._wrong_width(line, cells)
                continue
            cells.append("")
            picked = pick(cells)
            try:
                values = tuple(map(getitem, parsers, picked))
                wrong = fault(values) if fault else None
                kept = self._attributes(cells) if attributes else None
            except Refusal:
                self._diagnose(line, cells, picked)
                continue
            totals.records += 1
            for place in amounts:
                totals.amount_units += values[place] // 10
            if wrong:
                self._refuse(line, picked)
                column, value = self._shown(wrong.column, picked)
                self.sink.problem(Problem(wrong.code, self.form.name, line, column, value, wrong.params))
                continue
            text = "\x1f".join(map(str, values) if by_value else picked)
            # 63 bits, so that it fits a signed column; 0 is kept for rows made on the site.
            batch.append((line, *values, kept, keyed_hash(text + "\x1e" + kept if kept else text) >> 1 or 1))
            if len(batch) == BATCH_ROWS:
                self.sink.rows(self.form, batch)
                batch = []
        if batch:
            self.sink.rows(self.form, batch)

    def _attributes(self, cells: list[str]) -> str | None:
        """Return the x_ cells as JSON, empty ones left out; None if all are empty.

        :raises Refusal: one of them cannot be kept
        """
        kept = {
            name: check_text(cells[place], limit=TEXT_LENGTH, allowed="\n\r\t")
            for name, place in self.header.attributes
            if cells[place]
        }
        return json.dumps(kept) if kept else None

    def _shown(self, column: str, picked: Sequence[str]) -> tuple[str, str]:
        place = self.form.place(column)
        return column, "" if self.form.columns[place].is_personal else picked[place][:VALUE_LENGTH]

    def _wrong_width(self, line: int, cells: list[str]) -> None:
        found, expected = len(cells), len(self.header.names)
        self.totals.records += 1
        self.totals.unread_amounts += len(self.amounts)
        # Which cell is whose is anybody's guess, so no key is read from it.
        self.sink.refused(self.form, line, None)
        code = "cells_missing" if found < expected else "cells_extra"
        self.sink.problem(Problem(code, self.form.name, line, params={"found": found, "expected": expected}))

    def _diagnose(self, line: int, cells: list[str], picked: Sequence[str]) -> None:
        """Look at a bad row cell by cell and report every cell that is wrong."""
        self.totals.records += 1
        self._refuse(line, picked)
        for place, (column, text) in enumerate(zip(self.form.columns, picked, strict=True)):
            refusal = _refusal_of(column, text)
            if refusal is None:
                if place in self.amounts:
                    self.totals.amount_units += column.cells[text] // 10
                continue
            if place in self.amounts:
                self.totals.unread_amounts += 1
            self._report(line, column.name, "" if column.is_personal else text, refusal)
        for name, place in self.header.attributes:
            try:
                check_text(cells[place], limit=TEXT_LENGTH, allowed="\n\r\t")
            except Refusal as refusal:
                self._report(line, name, cells[place], refusal)

    def _report(self, line: int, column: str, text: str, refusal: Refusal) -> None:
        shown = text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")[:VALUE_LENGTH]
        self.sink.problem(Problem(refusal.code, self.form.name, line, column, shown, refusal.params))

    def _refuse(self, line: int, picked: Sequence[str]) -> None:
        """Note the row as refused, with its key if the key itself is good."""
        key: list[str] | None = []
        for name in self.form.key:
            place = self.form.place(name)
            column = self.form.columns[place]
            if key is not None and _refusal_of(column, picked[place]) is None:
                key.append(str(column.cells[picked[place]]))
            else:
                key = None
        self.sink.refused(self.form, line, tuple(key) if key is not None else None)


def _refusal_of(column: Column, text: str) -> Refusal | None:
    try:
        column.cells[text]
    except Refusal as refusal:
        return refusal
    return None
