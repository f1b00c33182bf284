"""`manage.py export_debits --date D --output FILE`: hand the open day's debits to the provider."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.operations.debiting.sending import debit_file_content, send_debits
from accounts.operations.refusals import LedgerRefusal
from riskops.shared.arguments import iso_day
from riskops.shared.audit import COMMAND


class Command(BaseCommand):
    """The command-line door of `send_debits` and `debit_file_content`."""

    help = "Put the open day's debits into a file for the provider, or write a file made before once more."

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--date", type=iso_day, help="the open day, YYYY-MM-DD: make its file")
        which.add_argument("--file", type=int, metavar="NUMBER", help="a file made before")
        parser.add_argument("--output", type=Path, required=True, help="the CSV to write; instruments stand in it in clear")

    def handle(self, **options: Any) -> None:
        path: Path = options["output"]
        number, told = options["file"], ""
        try:
            if number is None:
                sent = send_debits(actor=COMMAND, day=options["date"])
                told = f"; {sent.stopped} stopped, {sent.waiting} wait for their notice"
                if sent.file is None:
                    self.stdout.write(f"nothing to hand over{told}")
                    return
                number = sent.file.pk
            file, text = debit_file_content(actor=COMMAND, number=number)
        except LedgerRefusal as refusal:
            raise CommandError(str(refusal), returncode=2) from refusal
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise CommandError(
                f"{path} cannot be written ({error.strerror}); the file is made: fetch it with --file {number}", returncode=2
            ) from error
        self.stdout.write(f"{path}: file {number}, {file.rows} debits of {file.day}{told}")
