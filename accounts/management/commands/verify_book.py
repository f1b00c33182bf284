"""Rebuild every account from its entries and compare."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.queries.reported import DayNotReported
from accounts.queries.verifying import Difference, differences_now, differences_reported
from riskops.shared.arguments import iso_day
from riskops.shared.day import CloseIsRunning
from riskops.shared.reading import one_moment


class Command(BaseCommand):
    """The command-line door of the comparison. Exit status 0 if all agrees, 1 with the list if not, 2 if it cannot be asked."""

    help = "Rebuild every account from its entries and compare it with the book, or with what the close of a day reported."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--date",
            type=iso_day,
            help="compare the report of this day: a month-end or the last closed day; default: the book now",
        )

    def handle(self, **options: Any) -> None:
        day = options["date"]
        try:
            with one_moment():
                failures, corrections = self._list(differences_reported(day) if day else differences_now())
        except (DayNotReported, CloseIsRunning) as refusal:
            raise CommandError(str(refusal), returncode=2) from refusal
        of = f"the report of {day}" if day else "the book"
        late = f"; {corrections} late corrections, explained by entries made after that close" if corrections else ""
        if failures:
            self.stderr.write(f"{of} differs from its entries in {failures} values{late}; rebuild the accounts listed")
            sys.exit(1)
        self.stdout.write(f"{of} agrees with its entries{late}")

    def _list(self, differences: Iterable[Difference]) -> tuple[int, int]:
        """Write a line a difference and return how many are failures, and how many late corrections."""
        failures = corrections = 0
        for difference in differences:
            if difference.is_late_correction:
                corrections += 1
                self.stdout.write(f"late correction: {difference}")
            else:
                failures += 1
                self.stdout.write(str(difference))
        return failures, corrections
