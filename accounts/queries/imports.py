"""What the import pages and their API show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils.translation import gettext

from accounts.models import ImportIssue, PortfolioImport
from accounts.operations.import_reporting import COUNTED, REBUILD_STEP, STORED_ISSUES
from accounts.operations.uploads import may_load_again
from accounts.portfolio_files.formats import FORMAT_BY_NAME
from accounts.portfolio_files.problems import CATALOGUE, worded
from riskops.shared.scope import Scope

Status = PortfolioImport.Status
HISTORY_ROWS: Final = 25
ISSUES_ROWS: Final = 100
#: What stands for a value that the person may not see.
HIDDEN: Final = "•••"
_MOVING: Final = (Status.QUEUED, Status.READING, Status.CHECKING, Status.APPLYING)
_TONES: Final = {
    Status.QUEUED: "wait",
    Status.READING: "busy",
    Status.CHECKING: "busy",
    Status.APPLYING: "busy",
    Status.APPLIED: "ok",
    Status.CHECKED: "ok",
    Status.REFUSED: "bad",
    Status.FAILED: "bad",
}
#: Where reading and checking end on the bar, by the time they take.
_READ_PERCENT: Final = 60
_CHECKED_PERCENT: Final = 75
#: A worker that is there takes an import within seconds.
SLOW_AFTER: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class FileCounts:
    """One file of an import in numbers, in the order of COUNTED."""

    name: str
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class IssueRow:
    """One fault or warning, worded in the active language."""

    id: int
    is_error: bool
    file: str
    line: int | None
    column: str
    value: str
    code: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class ImportRow:
    """An import as lists and its own page show it. `percent` is None where there is nothing to measure by."""

    row: PortfolioImport
    status: str
    tone: str
    is_moving: bool
    percent: int | None
    progress: str
    started_by: str
    failure: str
    is_waiting_long: bool

    @property
    def files(self) -> tuple[FileCounts, ...]:
        """The numbers of each file, in loading order."""
        counts = self.row.counts
        return tuple(FileCounts(name, tuple(counts[name][word] for word in COUNTED)) for name in FORMAT_BY_NAME if name in counts)

    def total(self, word: str) -> int:
        """Return the sum over the files of one of the words of COUNTED."""
        return sum(counts[word] for counts in self.row.counts.values())

    @property
    def added(self) -> int:
        """Rows that came into the book."""
        return self.total("added")

    @property
    def changed(self) -> int:
        """Rows of the book that changed."""
        return self.total("changed")

    @property
    def unchanged(self) -> int:
        """Rows that the book held already."""
        return self.total("unchanged")

    @property
    def refused(self) -> int:
        """Rows that were not loaded."""
        return self.total("refused")

    @property
    def may_load_again(self) -> bool:
        """Whether the files are still here to be loaded."""
        return may_load_again(self.row)


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A page of imports, the newest first. `next_before` is the id that the next page begins below."""

    rows: Sequence[ImportRow]
    next_before: int | None


@dataclass(frozen=True, slots=True)
class IssuesPage:
    """A page of faults and warnings. `is_cut`: there were more than an import keeps."""

    rows: Sequence[IssueRow]
    next_after: int | None
    is_cut: bool


def import_row(row: PortfolioImport, *, now: datetime) -> ImportRow:
    """Return an import as it is shown."""
    status = Status(row.status)
    is_set_aside = status == Status.APPLIED and row.error_count > 0
    return ImportRow(
        row=row,
        status=gettext("loaded, bad rows set aside") if is_set_aside else row.get_status_display(),
        tone="wait" if is_set_aside else _TONES[status],
        is_moving=status in _MOVING,
        percent=_percent(row),
        progress=_progress(row),
        started_by=row.started_by.get_username() if row.started_by else gettext("command"),
        failure=gettext(row.failure) if row.failure else "",
        is_waiting_long=status == Status.QUEUED and now - row.created_at > SLOW_AFTER,
    )


def _percent(row: PortfolioImport) -> int | None:
    """Return how far an import is: rows while they are read; then a file at a time, which is all that single statements tell."""
    if row.status == Status.READING and row.rows_total:
        return min(_READ_PERCENT, _READ_PERCENT * row.rows_done // row.rows_total)
    steps = (*FORMAT_BY_NAME, REBUILD_STEP)
    done = steps.index(row.step) if row.step in steps else 0
    if row.status == Status.CHECKING:
        return _READ_PERCENT + (_CHECKED_PERCENT - _READ_PERCENT) * done // len(steps)
    if row.status == Status.APPLYING:
        return _CHECKED_PERCENT + (100 - _CHECKED_PERCENT) * done // len(steps)
    return 100 if row.status in (Status.APPLIED, Status.CHECKED) else 0 if row.status in _MOVING else None


def _progress(row: PortfolioImport) -> str:
    if row.step == REBUILD_STEP:
        return gettext("bringing accounts up to date")
    return row.step


def history(*, now: datetime, before: int | None = None) -> HistoryPage:
    """Return a page of imports."""
    found = PortfolioImport.objects.select_related("started_by").order_by("-pk")
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = [import_row(row, now=now) for row in found[: HISTORY_ROWS + 1]]
    return HistoryPage(rows[:HISTORY_ROWS], rows[HISTORY_ROWS - 1].row.pk if len(rows) > HISTORY_ROWS else None)


def issues(row: PortfolioImport, *, scope: Scope, after: int = 0) -> IssuesPage:
    """Return a page of an import's faults and warnings, as they were found: errors first, by file and line.

    A bad row may be of any product, so in a limited scope it is shown where it stands and what is wrong, without its values.
    """
    found = list(ImportIssue.objects.filter(portfolio_import=row, pk__gt=after).order_by("pk")[: ISSUES_ROWS + 1])
    rows = [_issue_row(issue, is_hidden=scope.is_limited) for issue in found[:ISSUES_ROWS]]
    next_after = rows[-1].id if len(found) > ISSUES_ROWS else None
    return IssuesPage(rows, next_after, next_after is None and row.error_count + row.warning_count > STORED_ISSUES)


def _issue_row(issue: ImportIssue, *, is_hidden: bool) -> IssueRow:
    wording = CATALOGUE.get(issue.code)
    params: dict[str, Any] = dict.fromkeys(issue.params, HIDDEN) if is_hidden else issue.params
    return IssueRow(
        id=issue.pk,
        is_error=issue.is_error,
        file=issue.file,
        line=issue.line,
        column=issue.column,
        value=HIDDEN if is_hidden and issue.value else issue.value,
        code=issue.code,
        message=worded(wording.message, params) if wording else HIDDEN if is_hidden else issue.message,
        remedy=worded(wording.remedy, params) if wording else HIDDEN if is_hidden else issue.remedy,
    )
