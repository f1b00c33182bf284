"""The files that agencies hand in: their columns, how a row is read, and what can be wrong with one, in words."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from outreach.rules.contacts import Channel, Outcome, Purpose
from recovery.models import AgencyFile
from riskops.shared.money import MalformedAmount, parse_amount

Kind = AgencyFile.Kind
#: Longest reference of a row: with the agency's code before it, it is a key of the book.
LONGEST_REFERENCE: Final = 30
#: Longest value that is kept of a bad cell.
_VALUE_LENGTH: Final = 60

COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    Kind.INVENTORY: ("account_no", "amount_due"),
    Kind.PAYMENTS: ("account_no", "paid_on", "amount", "reference"),
    Kind.CONTACTS: ("account_no", "at", "channel", "purpose", "outcome", "collector", "reference"),
}
#: How contacts that are reported can have been made, and for what.
CHANNELS: Final = (Channel.CALL, Channel.VOICE_BOT, Channel.SMS, Channel.EMAIL, Channel.LETTER, Channel.VISIT)
PURPOSES: Final = (Purpose.REMINDER, Purpose.DEMAND)
OUTCOMES: Final = tuple(outcome for outcome in Outcome if outcome not in (Outcome.OPEN, Outcome.NOT_MADE))

PROBLEMS: Final[dict[str, Promise]] = {
    "missing": _("The value is missing; every column of a row is filled."),
    "too_long": _("The value is too long; use at most %(most)s characters."),
    "cells": _("The row has %(found)s cells; it must have %(wanted)s."),
    "amount": _("This is no amount; write a plain decimal such as 1234.50, above zero for a payment."),
    "day": _("This is no day; write it as 2025-03-31."),
    "moment": _("This is no moment; write it as 2025-03-31T14:05 or with its offset, +08:00."),
    "choice": _("This is none of the values; use one of %(choices)s."),
    "foreign": _("This account was never placed with the agency; take the row out."),
    "not_then": _("The account was not with the agency on that day, its tail included; take the row out."),
    "future": _("The day has not come; nothing is reported before it happened."),
    "twice": _("The same is in the file twice, first on line %(first)s; send each once."),
    "known": _("This reference came before; take the row out."),
    "no_detail": _("The customer has no number or address for this channel; take the row out."),
    "beyond_owed": _("Less was owed on that day, together with the other rows of the account; report what was paid, once."),
    "not_posted": _("The ledger did not take it: %(why)s"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a row. `line` counts from 1, the header is 1; `value` is what stood there, cut short."""

    line: int
    column: str
    code: str
    value: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """What is wrong and what would be right, in the language in use."""
        return str(PROBLEMS[self.code]) % self.params

    def as_kept(self) -> dict[str, Any]:
        """Return it as a column of JSON keeps it."""
        return {
            "line": self.line,
            "column": self.column,
            "code": self.code,
            "value": self.value[:_VALUE_LENGTH],
            "params": dict(self.params),
        }


def problems_from_kept(rows: list[dict[str, Any]]) -> tuple[Problem, ...]:
    """Return problems as they were kept."""
    return tuple(Problem(**row) for row in rows)


class Unreadable(Exception):
    """No rows can be read: says why."""

    def __init__(self, text: Promise, **params: Any) -> None:
        super().__init__(str(text) % params)


@dataclass(slots=True)
class Rows:
    """The rows that can be read, by line, and what is wrong with the others."""

    by_line: dict[int, dict[str, Any]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    count: int = 0


def read_rows(content: bytes, kind: str, *, digits: int, most: int) -> Rows:
    """Return the rows of a CSV file in UTF-8, each value as the book holds it: amounts in minor units, days in ISO form.

    :raises Unreadable: it is no such file, or has too many rows
    """
    wanted = COLUMNS[kind]
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(_("The file is not UTF-8 (byte %(byte)s); save it as CSV UTF-8."), byte=error.start) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows = Rows()
    try:
        header = next(reader, [])
        if tuple(name.strip() for name in header) != wanted:
            raise Unreadable(
                _("The first line must be %(wanted)s; it is %(found)s."),
                wanted=",".join(wanted),
                found=",".join(header)[:200] or "–",
            )
        for cells in reader:
            rows.count += 1
            if rows.count > most:
                raise Unreadable(_("The file has more than %(most)s rows; send it in parts."), most=f"{most:,}")
            _read_row(rows, reader.line_num, cells, wanted, digits, kind)
    except csv.Error as error:
        raise Unreadable(
            _("The file cannot be read as CSV near line %(line)s: %(why)s"), line=reader.line_num, why=error
        ) from None
    if not rows.count:
        raise Unreadable(_("The file has no rows under its header; send at least one."))
    return rows


def _read_row(rows: Rows, line: int, cells: list[str], wanted: tuple[str, ...], digits: int, kind: str) -> None:
    if len(cells) != len(wanted):
        rows.problems.append(Problem(line, "", "cells", params={"found": len(cells), "wanted": len(wanted)}))
        return
    values: dict[str, Any] = {}
    bad = list(_read_cells(values, line, dict(zip(wanted, cells, strict=True)), digits, kind))
    rows.problems += bad
    if not bad:
        rows.by_line[line] = values


def _read_cells(values: dict[str, Any], line: int, cells: dict[str, str], digits: int, kind: str) -> Iterator[Problem]:
    for column, cell in cells.items():
        text = cell.strip()
        most = LONGEST_REFERENCE if column == "reference" else 64
        if not text:
            yield Problem(line, column, "missing")
        elif len(text) > most:
            yield Problem(line, column, "too_long", text, {"most": most})
        else:
            try:
                values[column] = _READERS.get(column, _as_text)(text, digits)
            except _Bad as bad:
                yield Problem(line, column, bad.code, text, bad.params)
    if kind == Kind.PAYMENTS and values.get("amount") == 0:
        yield Problem(line, "amount", "amount", cells["amount"])


class _Bad(Exception):
    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code, self.params = code, params


def _as_text(text: str, _digits: int) -> str:
    return text


def _as_amount(text: str, digits: int) -> int:
    try:
        return parse_amount(text, digits=digits)
    except MalformedAmount:
        raise _Bad("amount") from None


def _as_day(text: str, _digits: int) -> str:
    try:
        # Other ISO forms (20250331, 2025-W14-1) are not what people mean.
        return date.fromisoformat(text).isoformat() if len(text) == len("2025-03-31") else _no("day")
    except ValueError:
        return _no("day")


def _as_moment(text: str, _digits: int) -> str:
    try:
        moment = datetime.fromisoformat(text)
        if len(text) < len("2025-03-31T14:05"):
            return _no("moment")
        aware = moment if moment.tzinfo else timezone.make_aware(moment)
        return aware.astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        return _no("moment")


def _no(code: str) -> str:
    raise _Bad(code)


def _one_of(choices: tuple[str, ...]) -> Callable[[str, int], str]:
    def read(text: str, _digits: int) -> str:
        if text not in choices:
            raise _Bad("choice", choices=", ".join(choices))
        return text

    return read


_READERS: Final[dict[str, Callable[[str, int], Any]]] = {
    "amount": _as_amount,
    "amount_due": _as_amount,
    "paid_on": _as_day,
    "at": _as_moment,
    "channel": _one_of(tuple(map(str, CHANNELS))),
    "purpose": _one_of(tuple(map(str, PURPOSES))),
    "outcome": _one_of(tuple(map(str, OUTCOMES))),
}
