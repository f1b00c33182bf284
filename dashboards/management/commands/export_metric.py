"""export_metric: a metric of the registry as CSV."""

from __future__ import annotations

import sys
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboards.answers import Answer, UnusableQuestion, answer
from dashboards.export import write_csv
from dashboards.metrics import METRICS
from riskops.shared import audit
from riskops.shared.arguments import iso_day


def _option(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ArgumentTypeError(f"{text!r} is not K=V, e.g. n=30")
    return name, value


class Command(BaseCommand):
    """One row a cell; exit status 2 for what cannot be asked, with what there is instead."""

    help = f"Write a metric's cells as CSV. Metrics: {', '.join(METRICS)} (docs/metrics.md)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--from", dest="first", type=iso_day, required=True, metavar="D")
        parser.add_argument("--to", dest="last", type=iso_day, required=True, metavar="D")
        parser.add_argument("--measure", default="", metavar="amount|count")
        parser.add_argument("--segment", default="", metavar="FIELD")
        parser.add_argument("--option", dest="options", action="extend", nargs="+", type=_option, default=[], metavar="K=V")
        parser.add_argument("--output", type=Path, required=True, metavar="FILE.csv")

    def handle(self, *args: Any, **options: Any) -> None:
        given = dict(options["options"])
        for name, value in options["options"]:
            if given[name] != value:
                raise CommandError(f"option {name} is given twice: {value} and {given[name]}", returncode=2)
        try:
            answered = answer(
                options["name"],
                first=options["first"],
                last=options["last"],
                measure=options["measure"],
                segment=options["segment"],
                options=given,
            )
        except UnusableQuestion as error:
            raise CommandError(str(error), returncode=2) from error
        output: Path = options["output"]
        try:
            with output.open("w", encoding="utf-8", newline="") as file:
                written = write_csv(answered, file)
        except OSError as error:
            raise CommandError(f"cannot write {output}: {error.strerror}", returncode=2) from error
        audit.record(
            actor=audit.COMMAND,
            action="metric.export",
            subject_type="metric",
            subject_key=answered.metric.name,
            after={
                "from": options["first"].isoformat(),
                "to": options["last"].isoformat(),
                "measure": answered.measure.value,
                "segment": options["segment"],
                "options": given,
                "rows": written,
            },
        )
        self.stdout.write(f"{written} cells of {answered.metric.name} ({answered.measure}) in {output}")
        self._say_what_it_is_made_from(answered)

    def _say_what_it_is_made_from(self, answered: Answer) -> None:
        if not answered.days:
            there_are = ", ".join(day.as_of.isoformat() for day in answered.closed) or "none yet"
            self.stderr.write(f"no closed month-end in that range; closed month-ends with snapshots: {there_are}")
        elif answered.rebuilt_days:
            named = ", ".join(day.isoformat() for day in answered.rebuilt_days)
            self.stderr.write(f"rebuilt from the entries, not reported by a close: {named}")
        else:
            self.stdout.write(f"made from what is {answered.basis}")
        sys.stdout.flush()
