"""What the page "Exports & checks" and its API show."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import AccountState, BookDifference, BookReading, CreditAccount
from accounts.operations.readings import FILE_KEPT, KEPT_DIFFERENCES, kept_file
from accounts.queries.imports import SLOW_AFTER
from riskops.shared.money import plain_amount
from riskops.shared.wording import day_text

Status = BookReading.Status
HISTORY_ROWS: Final = 25
DIFFERENCE_ROWS: Final = 100
_TONES: Final = {Status.QUEUED: "wait", Status.RUNNING: "busy", Status.DONE: "ok", Status.FAILED: "bad"}
#: What stands for a value that is no figure.
_WORDS: Final = {
    "nothing": gettext_lazy("nothing"),
    "a row": gettext_lazy("a row"),
    "True": gettext_lazy("yes"),
    "False": gettext_lazy("no"),
    "None": "–",
}
_INSTALLMENT: Final = re.compile(r"instalment (?P<key>.+/\d+) (?P<column>\w+)")


@dataclass(frozen=True, slots=True)
class ReadingRow:
    """A reading as lists and its own page show it. `expires_at`: when its file is removed, or was."""

    row: BookReading
    title: str
    status: str
    tone: str
    is_moving: bool
    percent: int | None
    started_by: str
    failure: str
    is_waiting_long: bool
    has_file: bool
    expires_at: datetime | None

    @property
    def is_export(self) -> bool:
        """Whether it writes a file; else it is a check."""
        return self.row.kind == BookReading.Kind.AGING


@dataclass(frozen=True, slots=True)
class ReadingsPage:
    """A page of readings, the newest first. `next_before` is the id that the next page begins below."""

    rows: Sequence[ReadingRow]
    next_before: int | None


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """One difference, worded in the active language. `code` is what differs as `verify_book` calls it."""

    id: int
    account_no: str
    code: str
    what: str
    stored: str
    rebuilt: str
    is_late_correction: bool


@dataclass(frozen=True, slots=True)
class DifferencesPage:
    """A page of differences of one sort. `is_cut`: there were more than a check keeps."""

    rows: Sequence[DifferenceRow]
    next_after: int | None
    is_cut: bool


def reading_row(row: BookReading, *, now: datetime) -> ReadingRow:
    """Return a reading as it is shown."""
    is_moving = row.status in (Status.QUEUED, Status.RUNNING)
    found_something = row.status == Status.DONE and row.difference_count > 0
    is_written = row.kind == BookReading.Kind.AGING and row.status == Status.DONE
    return ReadingRow(
        row=row,
        title=reading_title(row),
        status=_("differs") if found_something else row.get_status_display(),
        tone="bad" if found_something else _TONES[Status(row.status)],
        is_moving=is_moving,
        percent=_percent(row),
        started_by=row.started_by.get_username() if row.started_by else "",
        failure=_failure(row),
        is_waiting_long=row.status == Status.QUEUED and now - row.created_at > SLOW_AFTER,
        has_file=kept_file(row) is not None,
        expires_at=row.finished_at + FILE_KEPT if is_written and row.finished_at else None,
    )


def reading_title(row: BookReading) -> str:
    """Return what was asked for, in words."""
    day = day_text(row.as_of) if row.as_of else ""
    if row.kind == BookReading.Kind.AGING:
        words = {"day": day, "truth": row.get_truth_display()}
        return _("Aging of %(day)s, %(truth)s") % words
    if row.as_of is None:
        return _("Check of the book as it stands")
    return _("Check of the report of %(day)s") % {"day": day}


def _percent(row: BookReading) -> int | None:
    if row.status == Status.FAILED:
        return None
    if row.status == Status.DONE:
        return 100
    return min(99, 100 * row.rows_done // row.rows_total) if row.rows_total else 0


def _failure(row: BookReading) -> str:
    day = {"day": day_text(row.as_of) if row.as_of else ""}
    if row.failure == BookReading.Failure.NOT_REPORTED:
        return _("The report of %(day)s was not there any more when a worker came to it. Ask for another day.") % day
    if row.failure == BookReading.Failure.CLOSE_RUNS:
        return _("A close of business had begun when a worker came to it. Ask again when the close is complete.")
    if row.failure == BookReading.Failure.GIVEN_UP:
        return _("Three workers did not get through it. Look into the workers' log, then ask again.")
    return ""


def history(*, now: datetime, before: int | None = None, kind: str = "") -> ReadingsPage:
    """Return a page of readings; of one kind, if one is named."""
    found = BookReading.objects.select_related("started_by").order_by("-pk")
    if before is not None:
        found = found.filter(pk__lt=before)
    if kind:
        found = found.filter(kind=kind)
    rows = [reading_row(row, now=now) for row in found[: HISTORY_ROWS + 1]]
    return ReadingsPage(rows[:HISTORY_ROWS], rows[HISTORY_ROWS - 1].row.pk if len(rows) > HISTORY_ROWS else None)


def differences(row: BookReading, *, is_late_correction: bool, after: int = 0) -> DifferencesPage:
    """Return a page of what a check found, as it was found: by account number."""
    of_sort = BookDifference.objects.filter(reading=row, is_late_correction=is_late_correction)
    found = list(of_sort.filter(pk__gt=after).order_by("pk")[: DIFFERENCE_ROWS + 1])
    shown = found[:DIFFERENCE_ROWS]
    accounts = CreditAccount.objects.filter(account_no__in={difference.account_no for difference in shown})
    digits = dict(accounts.values_list("account_no", "product__minor_digits"))
    next_after = shown[-1].pk if len(found) > DIFFERENCE_ROWS else None
    count = row.correction_count if is_late_correction else row.difference_count
    return DifferencesPage(
        [_difference_row(difference, digits.get(difference.account_no, 2)) for difference in shown],
        next_after,
        next_after is None and count > KEPT_DIFFERENCES,
    )


def _difference_row(difference: BookDifference, digits: int) -> DifferenceRow:
    found = _INSTALLMENT.fullmatch(difference.what)
    column = found["column"] if found else difference.what
    is_amount = column.endswith("_minor")
    return DifferenceRow(
        id=difference.pk,
        account_no=difference.account_no,
        code=difference.what,
        what=_("instalment %(key)s: %(what)s") % {"key": found["key"], "what": _column(column)} if found else _column(column),
        stored=_value(difference.stored, is_amount, digits),
        rebuilt=_value(difference.rebuilt, is_amount, digits),
        is_late_correction=difference.is_late_correction,
    )


def _column(name: str) -> str:
    if name == "state":
        return _("the account's state")
    if name == "reported state":
        return _("the account's state in the report")
    names = {field.name: field.verbose_name for field in AccountState._meta.fields}
    return str(names.get(name, name))


def _value(text: str, is_amount: bool, digits: int) -> str:
    if is_amount and text.lstrip("-").isdecimal():
        return plain_amount(int(text), digits=digits)
    return str(_WORDS.get(text, text))


def file_name(row: BookReading) -> str:
    """Return the name under which an aging file is saved."""
    day = row.as_of.isoformat() if isinstance(row.as_of, date) else ""
    return f"aging-{day}-{row.truth}.csv"
