"""`manage.py close_of_business --date D [--through D2]`: close days in this process."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from riskops.close_of_business import close_through
from riskops.shared.arguments import iso_day
from riskops.shared.audit import COMMAND
from riskops.shared.closing import DayOutOfCalendar, DayOutOfOrder, StepFailed
from riskops.shared.models import CloseRun


class Command(BaseCommand):
    """Close every day in turn; safe to repeat, goes on after a kill."""

    help = "Close business days: post, age, tier, snapshot. Safe to repeat; goes on where a killed run stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--date", type=iso_day, required=True, help="the day to close (YYYY-MM-DD)")
        parser.add_argument("--through", type=iso_day, help="the last day to close; default: the same day")

    def handle(self, *args: Any, date: date, through: date | None, **options: Any) -> None:
        last = through or date
        if last < date:
            raise CommandError(f"--through {last} is before --date {date}", returncode=2)
        try:
            runs = close_through(date, last, actor=COMMAND)
        except DayOutOfCalendar as refusal:
            raise CommandError(str(refusal), returncode=2) from refusal
        except (StepFailed, DayOutOfOrder) as refusal:
            raise CommandError(str(refusal)) from refusal
        if not runs:
            self.stdout.write(f"closed already: nothing to do up to {last}")
        for run in runs:
            self.stdout.write(_line(run))
        if runs and runs[-1].status != CloseRun.Status.COMPLETE:
            sys.exit(1)


def _line(run: CloseRun) -> str:
    if run.status == CloseRun.Status.WAITING:
        feeds = ", ".join(run.waiting_for)
        return f"{run.business_date} waits for {feeds}: import it, or override with a reason on the jobs page"
    seconds = (run.finished_at - run.started_at).total_seconds() if run.finished_at else 0.0
    provisional = " provisional" if run.is_provisional else ""
    return f"{run.business_date} {run.status}{provisional} in {seconds:.1f} s"
