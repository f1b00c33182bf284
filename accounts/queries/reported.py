"""*Reported*: what each close found (portfolio-format, rule 7): the last closed day, and every month-end closed before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any, Final

from django.utils.translation import gettext as _

from accounts.models import AccountSnapshot, AccountState, ReportedState
from accounts.queries.entries import DERIVED_COLUMNS
from accounts.queries.known import AgedAccount, accounts_opened_by
from accounts.rules.replay import AgingState
from riskops.shared.day import book_state, close_shown
from riskops.shared.models import CloseRun

_COLUMNS: Final = (*DERIVED_COLUMNS, "tier")


class DayNotReported(Exception):
    """No close's findings are kept for the day; `days` are those there are."""

    def __init__(self, day: date, days: Sequence[date]) -> None:
        there = ", ".join(reported.isoformat() for reported in days) or _("none yet")
        super().__init__(
            _(
                "No report is kept for %(day)s: they are kept for closed month-ends and the last closed day. "
                "Reported days: %(days)s. Any other day can be asked for as known."
            )
            % {"day": day.isoformat(), "days": there}
        )
        self.days = tuple(days)


def reported_days() -> list[date]:
    """Return the days whose reports are kept, oldest first.

    While a close runs the last closed day is there only as a month-end: its states are on their way to the next day.
    """
    business_date = book_state().business_date
    if business_date is None:
        return []
    closed = CloseRun.objects.filter(status=CloseRun.Status.COMPLETE, business_date__lte=business_date)
    days = {day for day in closed.values_list("business_date", flat=True) if _is_month_end(day)}
    if not states_are_moving():
        days.add(business_date)
    return sorted(days)


def states_are_moving() -> bool:
    """Return whether a close has begun and not ended: some states are of the last closed day, some of the next one."""
    return CloseRun.objects.filter(is_open=True).exclude(status=CloseRun.Status.WAITING).exists()


def states_shown_are_moving() -> bool:
    """Return the same for a page: as the close stands that it shows."""
    run = close_shown()
    return run is not None and run.is_open and run.status != CloseRun.Status.WAITING


def reported_states(day: date) -> Iterator[AgedAccount]:
    """Yield every account as the close of the day found it, sorted by account number.

    :raises DayNotReported: nothing is kept for the day; the message lists the days there are
    """
    days = reported_days()
    if day not in days:
        raise DayNotReported(day, days)
    find = _as_snapshot if _is_month_end(day) else _as_last_closed
    for piece in accounts_opened_by(day):
        found = find(day, [key.account_id for key in piece])
        for key in piece:
            columns = found.get(key.account_id)
            if columns is not None:
                *state, is_written_off, tier = columns
                yield AgedAccount(*key, AgingState(*state), is_written_off, tier)


def _is_month_end(day: date) -> bool:
    return (day + timedelta(days=1)).day == 1


def _as_last_closed(day: date, account_ids: list[int]) -> dict[int, tuple[Any, ...]]:
    """Return the states as the last close left them: what was changed since was kept aside before."""
    states = AccountState.objects.filter(pk__in=account_ids).values_list("pk", *_COLUMNS)
    found = {row[0]: row[1:] for row in states}
    kept = ReportedState.objects.filter(as_of=day, account_id__in=account_ids)
    for account_id, is_absent, *columns in kept.values_list("account_id", "is_absent", *_COLUMNS):
        if is_absent:
            found.pop(account_id, None)
        else:
            found[account_id] = tuple(columns)
    return found


def _as_snapshot(day: date, account_ids: list[int]) -> dict[int, tuple[Any, ...]]:
    rows = AccountSnapshot.objects.filter(
        as_of=day, account_id__in=account_ids, provenance=AccountSnapshot.Provenance.REPORTED
    ).values_list("account_id", *_COLUMNS)
    return {row[0]: row[1:] for row in rows}
