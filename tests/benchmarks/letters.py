"""A thousand approved letters made into PDFs by two Celery workers: written from the book, printed, hashed, encrypted, kept."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from django.db import transaction
from django.db.models import Max, Min
from django.utils import timezone

from accounts.models import AccountState, CreditAccount
from recovery import tasks
from recovery.letter_policies import policies_on
from recovery.models import Letter, LetterDocument
from riskops.shared.audit import COMMAND
from riskops.shared.bells import ring
from riskops.shared.day import book_state
from tests.benchmarks.rows import Row, at_most, note
from tests.benchmarks.site import Site
from tests.benchmarks.workers import running_worker

LETTERS: Final = 1_000
WORKERS: Final = 2
_BELL_SECONDS: Final = 5.0
_MOST_SECONDS: Final = 600.0


def measure_letters(site: Site) -> Iterator[Row]:
    """Approve a thousand letters, then let two workers print them."""
    letters = _approve()
    peaks: list[int] = []
    with ExitStack() as stack:
        for number in range(WORKERS):
            stack.enter_context(running_worker(Path(site.folder) / f"printer-{number}.log", peaks))
        began = timezone.now()
        _print()
    printed = LetterDocument.objects.filter(letter__in=letters)
    ends = printed.aggregate(first=Min("made_at"), last=Max("made_at"), size=Max("size_bytes"))
    problems = Letter.objects.filter(pk__in=letters).exclude(problem="").count()
    yield note("letters", "letters approved, printed, not printable", f"{len(letters):,}, {printed.count():,}, {problems:,}")
    yield at_most("letters", f"{LETTERS:,} letters in PDF, {WORKERS} workers", (ends["last"] - began).total_seconds(), 60, "s")
    yield note("letters", "largest PDF", f"{ends['size'] / 1024:.0f} KiB")
    yield at_most("letters", "peak memory of a printing worker", max(peaks) / 2**20, 400, "MiB", digits=0)


@transaction.atomic
def _approve() -> list[int]:
    """Put approved letters about past-due accounts, one language after the other: how they come to be is no part of the time."""
    policy = policies_on(timezone.localdate())["CNY"]
    late: Any = AccountState.objects.filter(oldest_unpaid_due_date__isnull=False, product__currency="CNY")
    ids = list(late.order_by("pk").values_list("pk", flat=True)[:LETTERS])
    made = []
    for number, account in enumerate(CreditAccount.objects.select_related("customer", "state").filter(pk__in=ids).order_by("pk")):
        customer = account.customer
        if not customer.person.get("address"):
            customer.person = {**customer.person, "address": "北京市朝阳区建国路88号"}
            customer.save(update_fields=["person"])
        balance_minor = account.state.overdue_total_minor
        made.append(
            Letter(
                account=account,
                customer=customer,
                status=Letter.Status.APPROVED,
                source=Letter.Source.RULE,
                policy=policy,
                template_code=policy.template_code,
                language="en" if number % 2 else "zh",
                currency="CNY",
                days_past_due=account.state.days_past_due,
                bucket=account.state.bucket,
                balance_minor=balance_minor,
                rate_bp=0,
                expected_minor=0,
                cost_minor=0,
                net_minor=0,
                proposed_on=book_state().business_date or timezone.localdate(),
                proposed_by_name=COMMAND.name,
            )
        )
    return [letter.pk for letter in Letter.objects.bulk_create(made)]


def _print() -> None:
    """Ring the workers, again now and then as beat does, until no letter waits that was not tried."""
    until, next_bell = time.monotonic() + _MOST_SECONDS, 0.0
    while Letter.objects.filter(status=Letter.Status.APPROVED, problem="").exists():
        if time.monotonic() >= next_bell:
            ring(tasks.print_letters, times=WORKERS)
            next_bell = time.monotonic() + _BELL_SECONDS
        if time.monotonic() > until:
            raise RuntimeError(f"letters wait after {_MOST_SECONDS:.0f} s; see printer-0.log")
        # Asking must not disturb: what is measured shares two cores with this.
        time.sleep(0.25)
