"""`manage.py import_portfolio PATH`: load portfolio files. Exit status 0 all loaded, 1 anything refused, 2 unusable arguments."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from accounts.models import PortfolioImport
from accounts.operations.import_reporting import COUNTED, ImportOutcome, save_report
from accounts.operations.importing import import_portfolio
from accounts.portfolio_files.delivery import UnusableSource
from accounts.portfolio_files.formats import FORMAT_BY_NAME
from accounts.portfolio_files.problems import Problem
from riskops.shared.audit import COMMAND

#: Problems printed; a report has more.
_PRINTED: Final = 100


class Command(BaseCommand):
    """Load a folder, a .zip of one, or an .xlsx."""

    help = "Load portfolio files: a folder, a .zip of one, or an .xlsx with a sheet per file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, help="folder, .zip or .xlsx")
        parser.add_argument("--dry-run", action="store_true", help="check everything, load nothing")
        parser.add_argument(
            "--on-error",
            choices=PortfolioImport.OnError.values,
            default=PortfolioImport.OnError.ABORT.value,
            help="abort: load nothing if anything is wrong; quarantine: load the good rows, set the bad ones aside",
        )
        parser.add_argument("--report", type=Path, metavar="FILE.json", help="write the outcome, every error in it, as JSON")

    def handle(self, *args: Any, path: Path, dry_run: bool, on_error: str, report: Path | None, **options: Any) -> None:
        if report is not None:
            _check_writable(report)
        try:
            outcome = import_portfolio(path.resolve(), actor=COMMAND, is_dry_run=dry_run, on_error=on_error)
        except UnusableSource as refusal:
            raise CommandError(f"{refusal}; give a folder, a .zip or an .xlsx", returncode=2) from refusal
        if report is not None:
            save_report(outcome, report)
        for line in outcome_lines(outcome):
            self.stdout.write(line)
        if not outcome.is_clean:
            sys.exit(1)


def _check_writable(report: Path) -> None:
    """Make sure that the report can be written, before anything is loaded.

    :raises CommandError: it cannot; the command ends with exit status 2
    """
    try:
        is_new = not report.exists()
        with report.open("a"):
            pass
        if is_new:
            report.unlink()
    except OSError as error:
        raise CommandError(f"--report {report} cannot be written ({error.strerror}); choose another", returncode=2) from error


def outcome_lines(outcome: ImportOutcome) -> list[str]:
    """Return the outcome as lines to print: what was wrong, what was counted, how it ended."""
    row, log = outcome.portfolio_import, outcome.log
    lines = [f"warning: {_line(problem)}" for problem in log.warnings[:_PRINTED]]
    lines += [f"error: {_line(problem)}" for problem in log.errors[:_PRINTED]]
    if log.error_count > _PRINTED:
        lines.append(f"… and {log.error_count - _PRINTED} more errors (--report has more of them)")
    for name in FORMAT_BY_NAME:
        if counts := row.counts.get(name):
            lines.append(f"{name}: " + ", ".join(f"{counts[word]} {word}" for word in COUNTED))
    if row.quarantine_path:
        lines.append(f"set aside: {row.quarantine_path}")
    if row.failure:
        lines.append(row.failure)
    lines.append(f"import {row.pk}: {row.get_status_display()}")
    return lines


def _line(problem: Problem) -> str:
    """Return a problem on one line: where, what stands there, what is wrong, what would be right."""
    place = problem.file if problem.line is None else f"{problem.file}:{problem.line}"
    column = f" {problem.column}" if problem.column else ""
    value = f" {problem.value!r}" if problem.value else ""
    return f"{place}{column}{value}: {problem.message}; {problem.remedy}"
