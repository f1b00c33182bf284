"""Where the book stands: the last closed day, a close that is running, and the locks that keep both still."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from django.db import connection, transaction
from django.utils.translation import gettext as _

from riskops.shared.models import BookState, CloseRun, CloseShard
from riskops.shared.request_context import once_a_request

#: The days a book may hold (portfolio-format, "Files").
FIRST_DAY: Final = date(1990, 1, 1)
LAST_DAY: Final = date(2099, 12, 31)

#: What the simulated book is called: its days are lived through faster than the calendar's.
SIMULATED: Final = "simulated"

#: The step in which a shard's figures become what the close reports. See riskops/close_of_business.py.
SEALING_STEP = "snapshot"


@dataclass(frozen=True, slots=True)
class DayPosition:
    """Where the book stands for one account, held still until the caller's transaction ends.

    :param business_date: the last closed day; None before the first close
    :param closing: the day a running close is closing; None if none runs
    :param is_sealed: that close has already taken this account's figures into its report
    """

    business_date: date | None
    closing: date | None
    is_sealed: bool

    @property
    def open_day(self) -> date | None:
        """The first day that is not closed: entries dated up to it are posted on the spot, later ones wait for their close."""
        if self.closing:
            return self.closing
        return self.business_date + timedelta(days=1) if self.business_date else None

    @property
    def reported_day(self) -> date | None:
        """The day whose report a change on the spot must leave as it was; None if no report stands yet to be kept."""
        if self.closing:
            return self.closing if self.is_sealed else None
        return self.business_date


def book_state() -> BookState:
    """Return the book's one row; before anything was ever written, as it would be. Nothing is written."""
    return BookState.objects.filter(pk=1).first() or BookState(pk=1)


def book_shown() -> BookState:
    """Return the book's row for showing: the same one to every part of a page."""
    return once_a_request("book", book_state)


def close_shown() -> CloseRun | None:
    """Return the close that is open, or the last one, for showing: the same one to every part of a page."""
    return once_a_request("close", CloseRun.objects.order_by("-is_open", "-business_date").first)


def _make_row() -> None:
    """Make the row that is about to be locked, on first use."""
    BookState.objects.get_or_create(pk=1)


def lock_book() -> BookState:
    """Return the book's row locked for change: for starting and ending a close. Waits for postings in flight."""
    _make_row()
    return BookState.objects.select_for_update().get(pk=1)


def _share_lock(table: str, where: str, parameters: list[int]) -> None:
    # FOR SHARE lets postings run side by side and keeps out only those who move the day. Django has no word for it.
    # On SQLite the transaction itself (IMMEDIATE) is the lock.
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT 1 FROM {table} WHERE {where} ORDER BY id FOR SHARE", parameters)


def hold_day(account_id: int) -> DayPosition:
    """Return where the book stands for an account, and keep it there until the transaction ends.

    A posting and a close step never work on the same shard at once: each step locks its shard's mark, a posting shares it.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("hold_day belongs inside the transaction of an operation")
    _make_row()
    _share_lock(BookState._meta.db_table, "id = %s", [1])
    business_date = BookState.objects.get(pk=1).business_date
    run = CloseRun.objects.filter(is_open=True).exclude(status=CloseRun.Status.WAITING).first()
    if run is None:
        return DayPosition(business_date, None, False)
    # What comes after the sealing step reads what was sealed and leaves accounts alone: nobody waits for it.
    sealing = run.shards.filter(step=SEALING_STEP).values_list("step_order", flat=True).first()
    _share_lock(
        CloseShard._meta.db_table,
        "run_id = %s AND first_account_id <= %s AND last_account_id >= %s AND step_order <= %s",
        [run.pk, account_id, account_id, run.shards.count() if sealing is None else sealing],
    )
    is_sealed = run.shards.filter(
        step=SEALING_STEP,
        first_account_id__lte=account_id,
        last_account_id__gte=account_id,
        status=CloseShard.Status.DONE,
    ).exists()
    return DayPosition(business_date, run.business_date, is_sealed)


def hold_book() -> DayPosition:
    """Return where the book stands and keep closes from starting until the transaction ends (for imports).

    :raises CloseIsRunning: a close is between its first and last step
    """
    _make_row()
    _share_lock(BookState._meta.db_table, "id = %s", [1])
    run = CloseRun.objects.filter(is_open=True).exclude(status=CloseRun.Status.WAITING).first()
    if run is not None:
        raise CloseIsRunning(run.business_date, run.status)
    return DayPosition(BookState.objects.get(pk=1).business_date, None, False)


class CloseIsRunning(Exception):
    """A close is under way (or stopped half-way); what was asked must wait for its end."""

    def __init__(self, business_date: date, status: str) -> None:
        super().__init__(
            _("The close of %(day)s is not complete (%(status)s); finish it on the jobs page, then try again.")
            % {"day": business_date.isoformat(), "status": CloseRun.Status(status).label}
        )
        self.business_date = business_date
