"""`manage.py make_book --accounts N --seed S [--as-of D]`: a synthetic book for benchmarks; same seed, same book."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.management.commands.import_portfolio import outcome_lines
from accounts.operations.loading_books import BookHoldsOtherData, load_synthetic
from accounts.synthetic_book import DEFAULT_AS_OF, BookPlan, write_synthetic_book
from riskops.shared.arguments import iso_day
from riskops.shared.audit import COMMAND


class Command(BaseCommand):
    """Make a synthetic book and load it, or write its files."""

    help = "Make a synthetic book and load it into an empty database (or only write its files). Same seed, same book."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--accounts", type=int, required=True, help="how many accounts")
        parser.add_argument("--seed", type=int, required=True, help="the same seed gives the same book")
        parser.add_argument("--as-of", type=iso_day, default=DEFAULT_AS_OF, help=f"default: {DEFAULT_AS_OF}")
        parser.add_argument("--next-day-payments", action="store_true", help="one account in thirty also pays on the day after")
        parser.add_argument("--output", type=Path, metavar="FOLDER", help="write the files there and load nothing")

    def handle(
        self,
        *args: Any,
        accounts: int,
        seed: int,
        as_of: date,
        next_day_payments: bool,
        output: Path | None,
        **options: Any,
    ) -> None:
        try:
            plan = BookPlan(accounts, seed, as_of, next_day_payments)
        except ValueError as refusal:
            raise CommandError(str(refusal), returncode=2) from refusal
        if output is not None:
            try:
                written = write_synthetic_book(output, plan)
            except OSError as error:
                raise CommandError(
                    f"{output} cannot be written ({error.strerror}); choose another --output", returncode=2
                ) from error
            for name, rows in written.items():
                self.stdout.write(f"{output / name}: {rows} rows")
            return
        try:
            outcome = load_synthetic(plan, actor=COMMAND)
        except BookHoldsOtherData as refusal:
            raise CommandError(str(refusal)) from refusal
        if outcome is None:
            raise CommandError("a synthetic book is loaded already; it is made in an empty database only")
        for line in outcome_lines(outcome):
            self.stdout.write(line)
        if not outcome.is_clean:
            sys.exit(1)
