"""Write the aging of the book on a day to a CSV file."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.exports import Truth, whole_file, write_aging
from accounts.queries.reported import DayNotReported
from riskops.shared.arguments import iso_day


class Command(BaseCommand):
    """The command-line door of `write_aging`."""

    help = "Write the aging of every account on a day to a CSV file: as known now from all entries, or as the close reported it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--date", type=iso_day, required=True, help="the day, YYYY-MM-DD")
        parser.add_argument(
            "--as",
            dest="truth",
            choices=[truth.value for truth in Truth],
            default=Truth.KNOWN.value,
            help="known: recomputed now from all entries (default); reported: what the close of the day found",
        )
        parser.add_argument("--output", type=Path, required=True, help="the file to write; replaced when it is complete")

    def handle(self, **options: Any) -> None:
        path: Path = options["output"]
        try:
            with whole_file(path) as file:
                rows = write_aging(file, as_of=options["date"], truth=Truth(options["truth"]))
        except DayNotReported as refusal:
            raise CommandError(str(refusal), returncode=2) from refusal
        except OSError as error:
            raise CommandError(f"{path} cannot be written ({error.strerror}); choose another --output.", returncode=2) from error
        self.stdout.write(f"{path}: {rows} accounts as of {options['date']}, {options['truth']}")
