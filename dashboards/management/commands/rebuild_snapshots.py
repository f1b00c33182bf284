"""rebuild_snapshots: month-ends that no close reported, filled in from the entries."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboards.operations.filling import MonthNotClosed, fill_month_ends
from riskops.shared import audit
from riskops.shared.arguments import iso_day
from riskops.shared.day import CloseIsRunning


class Command(BaseCommand):
    """Labelled rebuilt for ever; what a close reported is never overwritten."""

    help = "Fill in month-end snapshots between two days from the entries, where no close reported them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="first", type=iso_day, required=True, metavar="D")
        parser.add_argument("--to", dest="last", type=iso_day, required=True, metavar="D")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            for month in fill_month_ends(options["first"], options["last"], actor=audit.COMMAND):
                if month.accounts is None:
                    self.stdout.write(f"{month.as_of} has its snapshots already; left as they are")
                else:
                    self.stdout.write(f"{month.as_of} rebuilt from the entries: {month.accounts} accounts")
        except MonthNotClosed as error:
            raise CommandError(str(error), returncode=2) from error
        except CloseIsRunning as error:
            raise CommandError(str(error), returncode=1) from error
