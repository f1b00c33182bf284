"""Judge every contact of the log again."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from datetime import datetime, time, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from outreach.queries.audit import Violation, audited, violations
from outreach.queries.unlogged import unlogged_outcomes
from riskops.shared.arguments import iso_day
from riskops.shared.reading import one_moment


class Command(BaseCommand):
    """The command-line door of the audit. Exit status 0 if every contact was allowed and none lacks in the log, else 1."""

    help = (
        "Judge every contact of a period again by the contact policy of its day and list those that were not allowed, "
        "and outcomes of calls and visits without a contact."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="first", type=iso_day, required=True, help="first day, in the site's time zone")
        parser.add_argument("--to", dest="last", type=iso_day, required=True, help="last day, included")

    def handle(self, **options: Any) -> None:
        first, last = options["first"], options["last"]
        if last < first:
            raise CommandError(f"--to {last} is before --from {first}; swap them", returncode=2)
        since = timezone.make_aware(datetime.combine(first, time.min))
        until = timezone.make_aware(datetime.combine(last + timedelta(days=1), time.min))
        found = 0
        with one_moment():
            contacts = audited(since, until)
            for violation in violations(since, until):
                found += 1
                self.stdout.write(_line(violation))
            unlogged = unlogged_outcomes(since, until)
        for one in unlogged:
            self.stdout.write(
                f"outcome {one.outcome} {one.at.isoformat()} {one.action} account {one.account_no}: "
                f"no contact of {one.by} in the log that day"
            )
        if found:
            self.stderr.write(f"{found} of {contacts} contacts from {first} to {last} were not allowed")
        if unlogged:
            self.stderr.write(f"{len(unlogged)} outcomes from {first} to {last} are of calls or visits that are not in the log")
        if found or unlogged:
            sys.exit(1)
        self.stdout.write(f"all {contacts} contacts from {first} to {last} were allowed")


def _line(violation: Violation) -> str:
    contact, finding = violation.contact, violation.verdict.finding
    said = f"contact {contact.pk} {contact.at.isoformat()} {contact.channel} account {contact.account.account_no}: "
    if finding is None:
        return said + f"judged by {contact.policy} engine {contact.engine}, not by {violation.expected_policy or 'any policy'}"
    counted = "" if finding.had is None else f", {finding.had} of {finding.most}"
    return said + f"rule {finding.rule}{f' {finding.hold}' if finding.hold else ''}{counted} ({contact.policy})"
