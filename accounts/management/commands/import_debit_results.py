"""`manage.py import_debit_results FILE`: book what the provider says of debits. Exit status 0 all booked, 1 some refused."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.debit_wording import refusal_text
from accounts.models import DebitResult
from accounts.operations.debiting.results import take_results
from accounts.operations.refusals import LedgerRefusal
from accounts.queries.debits import result_file, result_lines
from riskops.shared.audit import COMMAND


class Command(BaseCommand):
    """The command-line door of `take_results`."""

    help = "Book the provider's results of debits; the same file again goes on where it stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, help="CSV: key, outcome, amount, result_on, reason_code")

    def handle(self, *args: Any, path: Path, **options: Any) -> None:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise CommandError(f"{path} cannot be read ({error.strerror})", returncode=2) from error
        try:
            file = take_results(actor=COMMAND, name=path.name, content=content)
        except LedgerRefusal as refusal:
            raise CommandError(str(refusal), returncode=2) from refusal
        counted = result_file(file.pk)
        assert counted is not None  # it was just taken in
        for line in result_lines(file.pk, status=DebitResult.Status.REFUSED):
            self.stdout.write(f"refused: {path}:{line.line} {line.key}: {refusal_text(line)}")
        self.stdout.write(
            f"file {file.pk}: {counted.applied} booked, {counted.repeated} known already, {counted.refused} refused"
        )
        if counted.refused:
            sys.exit(1)
