"""From recorded statuses, bills and payments to instalments that age as recorded.

The idea: an account is one queue of money. What was booked by the close of month t is N(t), what was repaid C(t), what had fallen
due A(t), all running totals in whole NT$. The engine pays the oldest due date first, so an account is k months late at
month-end t exactly when the instalment due in month o(t) = t + 1 − k is its oldest unpaid one:

    k ≥ 1:  A(o − 1) ≤ C(t) < A(o)          k = 0:  A(t) ≤ C(t)

N − C is the balance, so the bills give N once the payments give C; what remains to choose is A, between these bounds.
Months are numbered 0 (April 2005) to 5 (September); −1, −2, … lie before the window and 6, 7, … after it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from accounts.sample_book.source import CardClient

MONTHS: Final = 6
#: No arrears are smaller: the least a late instalment still owes, and the least payment where a status says one was made. NT$.
SMALLEST_ARREARS: Final = 100
#: A revolving account owes one part in this many of its last balance every month (5 %, the median share paid in the source).
REVOLVING_PARTS: Final = 20
#: What is not yet due at the last month-end is spread over at most so many months, in parts of at least so much. NT$.
REMAINING_MONTHS: Final = 6
SMALLEST_REMAINING: Final = 500


class Due(NamedTuple):
    """An instalment: the months of its order's booking and of its due date, and its principal in whole NT$.

    The order that opens the account is booked the month before its first due month.
    """

    booked_in: int
    due_in: int
    principal: int


class Repaid(NamedTuple):
    """Principal repaid in a month, in whole NT$: recorded as paid, and what had to be added to it."""

    month: int
    recorded: int
    adjustment: int
    on_time: bool
    """Whether nothing was late at this month-end or the one before."""


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """What an account's six months come from."""

    months_late: tuple[int, ...]
    installments: tuple[Due, ...]
    repayments: tuple[Repaid, ...]
    balances: tuple[int, ...]
    """N − C at each month-end; below zero it is the customer's credit."""


def months_late(statuses: tuple[int, ...]) -> tuple[int, ...]:
    """Return how many months late the account is at each month-end: its status, 0 for the statuses below 1.

    One-month delays were not recorded before the last month, so a status below 1 followed by 2 was one month late.
    """
    following = (*statuses[1:], 0)
    return tuple(max(status, 0) or int(after == 2) for status, after in zip(statuses, following, strict=True))


def reconstructed(client: CardClient) -> Reconstruction:
    """Return instalments and repayments under which the account ages as recorded."""
    flow = _MoneyFlow(client)
    return Reconstruction(
        months_late=flow.late,
        installments=tuple(_installments(flow, _falling_due(flow))),
        repayments=tuple(flow.repayments),
        balances=tuple(flow.booked[t] - flow.repaid[t] for t in range(MONTHS)),
    )


class _MoneyFlow:
    """Booked and repaid running totals by month, NT$; both never fall."""

    def __init__(self, client: CardClient) -> None:
        self.statuses = client.statuses
        self.late = months_late(client.statuses)
        self.oldest = {t: t + 1 - late for t, late in enumerate(self.late)}
        self.repaid = {-1: 0}
        self.repayments: list[Repaid] = []
        self._start(client)
        for t in range(MONTHS):
            self._pass_month(t, bill=client.bills[t], paid=client.paid[t])

    def _start(self, client: CardClient) -> None:
        """Set what was booked before the window. March's bill is not in the source."""
        bill, paid = client.bills[0], client.paid[0]
        self.was_late = self.late[0] >= 2
        if self.was_late:
            # The first payment of an account already late settles one instalment more, so it was that much later before.
            self.oldest[-1] = self.oldest[0] - int(paid >= SMALLEST_ARREARS)
            self.booked = {-1: max(bill, SMALLEST_ARREARS * self.late[0]) + paid}
        else:
            self.oldest[-1] = 0
            owed = paid if client.statuses[0] < 0 else max(bill, paid)
            self.booked = {-1: max(0, min(owed, bill + paid))}

    def was_late_at(self, t: int) -> bool:
        """Whether anything was past due at month-end t."""
        return self.late[t] > 0 if t >= 0 else self.was_late

    def booked_by(self, month: int) -> int:
        """Return N; what came before the window was booked before all that is late in it."""
        return self.booked[max(month, -1)]

    def balance(self, month: int) -> int:
        """Return what the customer owes at a month-end, never below zero."""
        month = max(month, -1)
        return max(0, self.booked[month] - self.repaid[month])

    def _pass_month(self, t: int, *, bill: int, paid: int) -> None:
        before, owed_before = self.repaid[t - 1], self.booked[t - 1] - self.repaid[t - 1]
        balance = max(bill, SMALLEST_ARREARS * self.late[t]) if self.late[t] else bill
        settles_arrears = self.was_late_at(t - 1) and self.oldest[t] > self.oldest[t - 1]
        wanted = max(paid, owed_before - balance, SMALLEST_ARREARS if settles_arrears else 0)
        principal = min(wanted, self._most_repaid(t) - before)
        recorded = min(paid, principal)
        if principal:
            on_time = not self.was_late_at(t - 1) and not self.was_late_at(t)
            self.repayments.append(Repaid(t, recorded, principal - recorded, on_time))
        self.repaid[t] = before + principal
        # A bill that fell by more than the status lets anyone have paid keeps the difference: nothing is ever unbooked.
        self.booked[t] = max(balance + self.repaid[t], self.booked[t - 1])

    def _most_repaid(self, t: int) -> int:
        """Return the largest C(t) that leaves every later status of the same spell of lateness possible."""
        most = 10**12
        for later in range(t, MONTHS):
            if not self.late[later]:
                break
            oldest = self.oldest[later]
            if oldest < t:
                kept = SMALLEST_ARREARS * (1 + oldest - self.oldest[t])
                most = min(most, self.booked_by(oldest) - kept)
        return most


def _falling_due(flow: _MoneyFlow) -> dict[int, int]:
    """Return A by month, from the oldest instalment to month 5.

    Months are taken in the groups that one month's payments settle; the last group is still unpaid at the end.
    """
    due: dict[int, int] = {}
    total = reached = 0
    for t in range(MONTHS + 1):
        first, end = flow.oldest[t - 1], flow.oldest.get(t, MONTHS)
        if first == end:
            continue
        most = min(flow.repaid[t], flow.booked[t]) if t < MONTHS else flow.booked[MONTHS - 1]
        # Money already paid beyond the instalments before belongs to this group's first one.
        total = max(total, min(reached, most, flow.booked_by(first)))
        parts = [_scheduled(flow, month, total) for month in range(first, end)]
        room, wanted = most - total, sum(parts)
        for month, part in enumerate(parts, start=first):
            total += part if wanted <= room else part * room // wanted
            if month == first and flow.was_late_at(t - 1):
                total = max(total, flow.repaid[t - 1] + SMALLEST_ARREARS)
            total = due[month] = min(total, most, flow.booked_by(month))
        reached = flow.repaid.get(t, 0)
    return due


def _scheduled(flow: _MoneyFlow, month: int, total_due: int) -> int:
    """Return what the terms ask for in a month: the whole statement if the account pays in full, else the revolving part."""
    if month >= 0 and flow.statuses[month] < 0 and not flow.late[month]:
        return max(0, flow.booked_by(month - 1) - total_due)
    return max(SMALLEST_ARREARS, -(-flow.balance(month - 1) // REVOLVING_PARTS))


def _remaining(flow: _MoneyFlow, total_due: int) -> dict[int, int]:
    """Return A for the months after the window; what is already repaid of it counts to the first of them."""
    end = flow.booked[MONTHS - 1]
    if flow.statuses[-1] < 0:
        return {MONTHS: end}
    start = max(total_due, min(flow.repaid[MONTHS - 1], end))
    parts = max(1, min(REMAINING_MONTHS, (end - start) // SMALLEST_REMAINING))
    return {MONTHS + i: start + (end - start) * (i + 1) // parts for i in range(parts)}


def _installments(flow: _MoneyFlow, due: dict[int, int]) -> Iterator[Due]:
    """Cut the queue at every booking and every due month: what was booked first is due first."""
    opening = min(due) - 1
    due = due | _remaining(flow, due[MONTHS - 1])
    bookings, cut = iter(flow.booked.items()), 0
    booked_in, booked = next(bookings)
    for due_in, total in due.items():
        while cut < total:
            while booked <= cut:
                booked_in, booked = next(bookings)
            end = min(total, booked)
            yield Due(opening if booked_in < 0 else booked_in, due_in, end - cut)
            cut = end
