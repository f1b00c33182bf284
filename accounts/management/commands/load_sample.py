"""`manage.py load_sample`: the shipped sample book, through the same import as any delivery."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.management.commands.import_portfolio import outcome_lines
from accounts.operations.loading_books import BookHoldsOtherData, load_sample
from accounts.sample_book import SOURCE_NOTE, DayOutOfRange
from riskops.shared.arguments import iso_day
from riskops.shared.audit import COMMAND


class Command(BaseCommand):
    """Load the sample book into an empty database."""

    help = "Load the sample book (30,000 real accounts) into an empty database; the nightly close is paused with a note."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--today",
            type=iso_day,
            help="the sample's last month-end is the latest one before this day; default: today",
        )

    def handle(self, *args: Any, today: date | None, **options: Any) -> None:
        try:
            outcome = load_sample(today=today or timezone.localdate(), actor=COMMAND)
        except DayOutOfRange as refusal:
            raise CommandError(str(refusal), returncode=2) from refusal
        except BookHoldsOtherData as refusal:
            raise CommandError(str(refusal)) from refusal
        if outcome is None:
            self.stdout.write("the sample book is loaded already")
            return
        if options["verbosity"] or not outcome.is_clean:
            self.stdout.write(SOURCE_NOTE["en"])
            for line in outcome_lines(outcome):
                self.stdout.write(line)
        if not outcome.is_clean:
            sys.exit(1)
