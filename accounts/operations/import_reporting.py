"""What is told of an import: how far it is while it runs, how it went, the report of that, and the issues kept for its page."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.db import connection

from accounts.models import ImportIssue, PortfolioImport
from accounts.portfolio_files.log import ProblemLog
from accounts.portfolio_files.problems import Problem
from riskops.shared.sql import side_cursor

Status = PortfolioImport.Status
#: Issues an import keeps for its page.
STORED_ISSUES: Final = 1_000
#: What is counted of each file, in the order in which it is told.
COUNTED: Final = ("rows", "added", "changed", "unchanged", "repeated", "refused")
#: The step after the files: accounts with entries of closed days.
REBUILD_STEP: Final = "rebuild"
_PROGRESS_SECONDS: Final = 0.5


@dataclass(slots=True)
class ImportOutcome:
    """How an import went: its row, and the faults kept of it."""

    portfolio_import: PortfolioImport
    log: ProblemLog

    @property
    def is_clean(self) -> bool:
        """Whether everything was loaded (or, in a dry run, would be)."""
        status = self.portfolio_import.status
        return status in (Status.APPLIED, Status.CHECKED) and not self.log.error_count

    def report(self) -> dict[str, Any]:
        """Return the outcome as plain JSON."""
        row = self.portfolio_import
        return {
            "import": row.pk,
            "source": row.source_name,
            "status": row.status,
            "dry_run": row.is_dry_run,
            "on_error": row.on_error,
            "files": row.counts,
            "error_count": self.log.error_count,
            "warning_count": self.log.warning_count,
            "errors": [_plain(problem) for problem in self.log.errors],
            "warnings": [_plain(problem) for problem in self.log.warnings],
            "quarantine": row.quarantine_path,
            "failure": row.failure,
        }


def _plain(problem: Problem) -> dict[str, Any]:
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "value": problem.value,
        "code": problem.code,
        "message": problem.message,
        "remedy": problem.remedy,
    }


def save_report(outcome: ImportOutcome, path: Path) -> None:
    """Write the outcome as JSON."""
    path.write_text(json.dumps(outcome.report(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def issue(row: PortfolioImport, problem: Problem) -> ImportIssue:
    """Return a fault as it is kept for the import's page."""
    return ImportIssue(
        portfolio_import=row,
        is_error=problem.is_error,
        file=problem.file[:64],
        line=problem.line,
        column=problem.column[:64],
        value=problem.value,
        code=problem.code,
        params=dict(problem.params),
        message=problem.message,
        remedy=problem.remedy,
    )


@dataclass(slots=True)
class Progress:
    """Tells the import's row, and whoever asked, how far it is."""

    row: PortfolioImport
    notify: Callable[[PortfolioImport], None] | None
    told_at: float = 0.0

    def enter(self, status: str, step: str = "") -> None:
        """Begin a phase, or another step of it."""
        self.row.status, self.row.step = status, step
        self.tell()

    def advance(self, rows: int) -> None:
        """Count rows; told at most twice a second."""
        self.row.rows_done += rows
        if time.monotonic() - self.told_at > _PROGRESS_SECONDS:
            self.tell()

    def tell(self) -> None:
        """Write where the import is. Inside the loading transaction another connection does it, for others to see."""
        self.told_at = time.monotonic()
        row = self.row
        values = (row.status, row.step, row.rows_total, row.rows_done, row.pk)
        sql = "UPDATE accounts_portfolioimport SET status = %s, step = %s, rows_total = %s, rows_done = %s WHERE id = %s"
        if not connection.in_atomic_block:
            with connection.cursor() as cursor:
                cursor.execute(sql, values)
        elif connection.vendor == "postgresql":
            # SQLite has one writer, and that is the loading itself: its row says "loading" until the end.
            with side_cursor() as cursor:
                cursor.execute(sql, values)
        if self.notify:
            self.notify(row)
