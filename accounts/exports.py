"""The aging of the whole book as a file: the columns of the contract (portfolio-format, "Commands")."""

from __future__ import annotations

import csv
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Final, TextIO

from accounts.queries.entries import ACCOUNTS_AT_ONCE
from accounts.queries.known import AgedAccount, known_states
from accounts.queries.reported import reported_states
from accounts.rules.aging import CATEGORIES
from riskops.shared.money import plain_amount
from riskops.shared.reading import one_moment
from riskops.shared.spreadsheets import harmless

AGING_COLUMNS: Final = (
    "account_no",
    "as_of",
    "oldest_unpaid_due_date",
    "days_past_due",
    "bucket",
    "overdue_principal",
    "overdue_interest",
    "overdue_fee",
    "penalty_due",
    "overdue_total",
    "outstanding_principal",
    "credit_balance",
    "category",
    "stage",
    "tier",
)


class Truth(StrEnum):
    """Which of the two truths a file holds (portfolio-format, rule 7)."""

    REPORTED = "reported"
    KNOWN = "known"


def write_aging(file: TextIO, *, as_of: date, truth: Truth, tell: Callable[[int], None] | None = None) -> int:
    """Write the aging of a day as CSV, a row an account opened by then, and return the number of rows.

    The whole file is of one moment, whoever posts meanwhile; memory does not grow with the book.

    :param tell: told the number of rows written so far, now and then
    :raises DayNotReported: *reported* is asked for and no close's findings are kept for the day
    """
    states = reported_states if truth is Truth.REPORTED else known_states
    with one_moment():
        return _write(file, as_of, states(as_of), tell)


def _write(file: TextIO, as_of: date, accounts: Iterable[AgedAccount], tell: Callable[[int], None] | None) -> int:
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(AGING_COLUMNS)
    day = as_of.isoformat()
    rows = 0
    for account in accounts:
        writer.writerow(_cells(account, day))
        rows += 1
        if tell and not rows % ACCOUNTS_AT_ONCE:
            tell(rows)
    return rows


def _cells(account: AgedAccount, day: str) -> tuple[str | int, ...]:
    state, digits = account.state, account.minor_digits
    oldest = state.oldest_unpaid_due_date
    return (
        harmless(account.account_no),
        day,
        oldest.isoformat() if oldest else "",
        state.days_past_due,
        f"m{state.bucket}",
        plain_amount(state.overdue_principal_minor, digits=digits),
        plain_amount(state.overdue_interest_minor, digits=digits),
        plain_amount(state.overdue_fee_minor, digits=digits),
        plain_amount(state.penalty_due_minor, digits=digits),
        plain_amount(state.overdue_total_minor, digits=digits),
        plain_amount(state.outstanding_principal_minor, digits=digits),
        plain_amount(state.credit_balance_minor, digits=digits),
        CATEGORIES[state.category],
        state.stage,
        harmless(account.tier),
    )


@contextmanager
def whole_file(path: Path) -> Iterator[TextIO]:
    """Open a file that appears under its name when the block ends well, and not at all otherwise.

    It is written beside its final place and renamed, so a reader finds the old file or the new one and never half of it.
    What is no file (/dev/stdout, a pipe) is written to as it is.
    """
    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8", newline="") as file:
            yield file
        return
    path = path.resolve()
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("x", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
