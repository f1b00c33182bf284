"""Fill a new book: the sample, the simulated one, or none. What was broken off is taken up again."""

from __future__ import annotations

import time
from datetime import timedelta

from django.core.management import CommandError, call_command

from accounts.sample_book.reconstruct import MONTHS
from accounts.sample_book.window import SampleCalendar, calendar_before
from tools.refusals import CannotRun


def fill(book: str) -> None:
    """Load and close the book asked for, as far as that is not done.

    :raises CannotRun: the database holds another book
    """
    from accounts.models import CreditAccount
    from riskops.shared.day import book_state

    state = book_state()
    is_empty = not CreditAccount.objects.exists()
    if not is_empty and book != "none" and state.book != book:
        raise CannotRun(
            f"The database holds the {state.book} book and BOOK={book} was asked for. Name an empty database in DATABASE_URL, "
            f"or leave DATABASE_URL and RISKOPS_VAR out: each book then has a folder of its own. To keep this one: BOOK=none"
        )
    if book == "sample":
        _fill_sample(is_empty=is_empty)
    elif book == "simulated":
        _say("Building the simulated book, day by day (a few minutes, once) …")
        _command("simulate_book")


def _fill_sample(*, is_empty: bool) -> None:
    """Load the sample and close every day from its first month-end to its last; what people closed after that is theirs."""
    from riskops.close_of_business import close_through
    from riskops.shared.audit import COMMAND
    from riskops.shared.closing import StepFailed
    from riskops.shared.models import CloseRun

    if is_empty:
        _say("Loading the sample book: 30,000 real accounts (about a minute, once) …")
        _command("load_sample", verbosity=0)
    calendar = sample_calendar()
    for number, month_end in enumerate(map(calendar.month_end, range(MONTHS)), start=1):
        started = time.monotonic()
        try:
            runs = close_through(calendar.month_end(0), month_end, actor=COMMAND)
        except StepFailed as failure:
            raise CannotRun(f"A close failed: {failure}\nThe next `make run` goes on with it.") from failure
        if runs and runs[-1].status != CloseRun.Status.COMPLETE:
            raise CannotRun(f"The close of {runs[-1]}: see the jobs page (BOOK=none make run starts the site as it is).")
        if runs:
            _say(
                f"Closed {len(runs)} {'day' if len(runs) == 1 else 'days'} up to {month_end}, month {number} of {MONTHS} "
                f"({time.monotonic() - started:.1f} s)"
            )


def sample_calendar() -> SampleCalendar:
    """Return the calendar that the sample in the database was laid on: a load broken off last month keeps last month's.

    The first day that was closed tells it, for good. Before that the last payment does; afterwards people may have posted others.
    """
    from accounts.models import Payment
    from riskops.shared.models import CloseRun

    first_closed = CloseRun.objects.order_by("business_date").values_list("business_date", flat=True).first()
    if first_closed is not None:
        return SampleCalendar(first_month=first_closed.year * 12 + first_closed.month - 1)
    last_payment = Payment.objects.order_by("-paid_on").values_list("paid_on", flat=True)[0]
    return calendar_before((last_payment.replace(day=1) + timedelta(days=31)).replace(day=1))


def _command(name: str, **options: int) -> None:
    try:
        call_command(name, **options)
    except (CommandError, SystemExit) as refusal:
        raise CannotRun(f"{name} stopped: {refusal}") from refusal


def _say(text: str) -> None:
    print(text, flush=True)
