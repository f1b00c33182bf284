"""Write the sample book as portfolio files.

What is real, what is reconstructed and what is invented: docs/sample-book.md.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Final, NamedTuple

from accounts.rules.entries import InstallmentEntry
from accounts.rules.penalty import PenaltyClock
from accounts.rules.replay import InstallmentState
from accounts.rules.terms import Component, Terms
from accounts.sample_book.people import SEED, People, Person
from accounts.sample_book.reconstruct import MONTHS, Reconstruction, Repaid, reconstructed
from accounts.sample_book.source import ATTRIBUTE_COLUMNS, CardClient, card_clients
from accounts.sample_book.window import DUE_DAYS, SampleCalendar, calendar_before

PRODUCT_CODE: Final = "uci-credit-card"
CURRENCY: Final = "TWD"
_MINOR: Final = 100
#: Invented terms: 0.0438 % a day is 16 % a year; three days of grace; at most a tenth of the instalment.
TERMS: Final = Terms(grace_days=3, penalty_rate_ppm=438, penalty_cap_bp=1000)
_PRODUCT_ROW: Final = {
    "product_code": PRODUCT_CODE,
    "name": "Credit card (UCI sample)",
    "currency": CURRENCY,
    "grace_days": TERMS.grace_days,
    "penalty_rate_ppm": TERMS.penalty_rate_ppm,
    "penalty_base": "principal",
    "penalty_from": "due_date",
    "penalty_cap_percent": "10",
    "allocation_order": "penalty,fee,interest,principal",
    "prepayment": "next_installments",
    "bucket_map": "default",
}
_HEADERS: Final[Mapping[str, Sequence[str]]] = {
    "products.csv": tuple(_PRODUCT_ROW),
    "customers.csv": ("customer_no", *Person._fields),
    "accounts.csv": (
        "account_no",
        "customer_no",
        "product_code",
        "opened_on",
        "credit_limit",
        *(f"x_{column.lower()}" for column in ATTRIBUTE_COLUMNS),
    ),
    "installments.csv": ("account_no", "order_no", "sequence", "booked_on", "due_date", "principal"),
    "payments.csv": ("payment_no", "account_no", "paid_on", "amount", "channel"),
}
_CHANNELS: Final = ("autopay", "bank_transfer", "convenience_store", "mobile_app")
#: The channel of money that the source does not record as paid.
ADJUSTMENT_CHANNEL: Final = "adjustment"
#: Accounts are opened 10 to 45 months before the window; the oldest instalment of one already 8 months late is due 8 before.
_OPENED_MONTHS_BEFORE: Final = (10, 45)


@dataclass(frozen=True, slots=True)
class SampleBook:
    """What was written.

    `month_ends` are the six closes, oldest first; `counts` are rows by file and what the reconstruction had to change.
    """

    folder: Path
    month_ends: tuple[date, ...]
    shift_months: int
    shift: str
    counts: Mapping[str, int]


class _Payment(NamedTuple):
    payment_no: str
    paid_on: date
    amount_minor: int
    channel: str


class _Installment(NamedTuple):
    order_no: str
    sequence: int
    booked_on: date
    due_date: date
    principal: int


def account_no(number: int) -> str:
    """Return the account's key for a number (ID) of the source."""
    return f"UCI-{number:05d}"


def write_sample_book(folder: Path, *, today: date) -> SampleBook:
    """Write the five portfolio files and manifest.csv into a folder, which is made if need be.

    The same day and the same Faker give the same bytes. Takes about ten seconds.

    :param today: the last of the six month-ends is the latest one before this day
    :raises DayOutOfRange: see `calendar_before`
    """
    calendar = calendar_before(today)
    month_ends = tuple(calendar.month_end(t) for t in range(MONTHS))
    folder.mkdir(parents=True, exist_ok=True)
    counts: Counter[str] = Counter()
    with _Files(folder) as files:
        files.write("products.csv", _PRODUCT_ROW.values())
        people = People()
        for client in card_clients():
            _write_account(files, client, calendar, people.person(client.number, sex=client.sex), counts)
        counts.update({f"{name.removesuffix('.csv')} rows": rows for name, rows in files.rows.items()})
        files.write_manifest(business_date=month_ends[-1])
    return SampleBook(
        folder=folder,
        month_ends=month_ends,
        shift_months=calendar.shift_months,
        shift=f"{calendar.shift_months} months: September 2005 is {month_ends[-1]:%B %Y}",
        counts=dict(counts),
    )


def _write_account(files: _Files, client: CardClient, calendar: SampleCalendar, person: Person, counts: Counter[str]) -> None:
    number, customer_no = account_no(client.number), f"UCI-C{client.number:05d}"
    limit = client.attributes[ATTRIBUTE_COLUMNS.index("LIMIT_BAL")]
    draw = Random(f"{SEED}:account:{client.number}")
    opened_on = calendar.day(-draw.randint(*_OPENED_MONTHS_BEFORE), draw.randint(1, 28))
    due_day = draw.choice(DUE_DAYS)
    account = reconstructed(client)
    installments = list(_dated_installments(account, calendar, due_day, draw))
    files.write("customers.csv", (customer_no, *person))
    account_cells = (number, customer_no, PRODUCT_CODE, opened_on, limit, *client.attributes)
    files.write("accounts.csv", account_cells, total_minor=int(limit) * _MINOR)
    for row in installments:
        files.write("installments.csv", (number, *row), total_minor=row.principal * _MINOR)
    for payment in _dated_payments(client.number, account, installments, calendar, due_day, draw):
        files.write(
            "payments.csv",
            (payment.payment_no, number, payment.paid_on, _plain(payment.amount_minor), payment.channel),
            total_minor=payment.amount_minor,
        )
    _count(counts, client, account)


def _dated_installments(account: Reconstruction, calendar: SampleCalendar, due_day: int, draw: Random) -> Iterator[_Installment]:
    """Yield the account's instalments, oldest due date first; an order is named by the month it is booked in."""
    booked_in, booked_on, sequence = None, date.min, 0
    for due in account.installments:
        if due.booked_in != booked_in:
            # Owed in the very month of its booking: booked in the first days, so that it is there before it is due.
            booked_on = calendar.day(due.booked_in, draw.randint(1, 3 if due.due_in == due.booked_in else 28))
            booked_in, sequence = due.booked_in, 0
        sequence += 1
        yield _Installment(calendar.label(due.booked_in), sequence, booked_on, calendar.day(due.due_in, due_day), due.principal)


def _dated_payments(
    number: int,
    account: Reconstruction,
    installments: Sequence[_Installment],
    calendar: SampleCalendar,
    due_day: int,
    draw: Random,
) -> Iterator[_Payment]:
    """Yield one payment a month, two where money beyond the recorded payment is needed.

    The penalty due that day on the instalments a payment reaches is paid on top, so that its principal is what the
    reconstruction asks for.
    """
    channel = draw.choice(_CHANNELS)
    arrears = _Arrears(installments) if any(account.months_late) else None
    for repaid in account.repayments:
        paid_on = calendar.day(repaid.month, _day_paid(repaid, due_day, draw))
        penalty_minor = arrears.pay(repaid.recorded + repaid.adjustment, paid_on) if arrears else 0
        amounts = [(repaid.recorded * _MINOR, channel), (repaid.adjustment * _MINOR, ADJUSTMENT_CHANNEL)]
        for part, (amount_minor, by) in enumerate((amount for amount in amounts if amount[0]), start=1):
            payment_no = f"UCI-{number:05d}-{calendar.label(repaid.month)}-{part}"
            yield _Payment(payment_no, paid_on, amount_minor + penalty_minor, by)
            penalty_minor = 0


def _day_paid(repaid: Repaid, due_day: int, draw: Random) -> int:
    """Return the day of the month: nine in ten by the due day and the rest within grace, or any day if anything is late."""
    if not repaid.on_time:
        return draw.randint(4, 28)
    if draw.random() < 0.9:
        return due_day - draw.randint(0, 8)
    return due_day + draw.randint(1, TERMS.grace_days)


class _Arrears:
    """What a late account still owes, under the engine's own rules of penalty and allocation."""

    def __init__(self, installments: Sequence[_Installment]) -> None:
        self._open = [_state(key, row) for key, row in enumerate(installments)]

    def pay(self, principal: int, paid_on: date) -> int:
        """Repay so much principal (NT$), oldest first, and return the penalty that goes with it, in minor units."""
        left, penalty_minor = principal * _MINOR, 0
        for state in self._open:
            if not left:
                break
            penalty_minor += state.settle(Component.PENALTY, state.penalty_due_minor(paid_on), paid_on)
            left -= state.settle(Component.PRINCIPAL, left, paid_on)
        self._open = [state for state in self._open if not state.is_paid]
        return penalty_minor


def _state(key: int, row: _Installment) -> InstallmentState:
    principal_minor = row.principal * _MINOR
    entry = InstallmentEntry(key, row.order_no, row.sequence, row.booked_on, row.due_date, principal_minor, 0, 0)
    unpaid = {Component.FEE: 0, Component.INTEREST: 0, Component.PRINCIPAL: principal_minor}
    return InstallmentState(entry, PenaltyClock(TERMS, row.due_date, principal_minor), unpaid)


def _count(counts: Counter[str], client: CardClient, account: Reconstruction) -> None:
    """Count what the reconstruction took over and what it had to change."""
    for bill, balance, late in zip(client.bills, account.balances, account.months_late, strict=True):
        counts["month-ends with the recorded bill"] += bill == balance
        counts["late month-ends with a bill of zero or less"] += bill != balance and late > 0 and bill <= 0
    for repaid in account.repayments:
        paid = client.paid[repaid.month]
        counts["payments as recorded"] += repaid.recorded == paid > 0
        counts["payments cut to what the status allows"] += repaid.recorded < paid
        counts["payments added by adjustment"] += repaid.adjustment > 0


def _plain(minor: int) -> str:
    whole, cents = divmod(minor, _MINOR)
    return f"{whole}.{cents:02d}"


class _Files:
    """The files being written, with their control totals."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.rows = dict.fromkeys(_HEADERS, 0)
        self._totals_minor = dict.fromkeys(_HEADERS, 0)

    def __enter__(self) -> _Files:
        # Closed in __exit__; the newline is the csv module's business.
        self._handles = {name: (self._folder / name).open("w", encoding="utf-8", newline="") for name in _HEADERS}
        self._writers = {name: csv.writer(handle, lineterminator="\n") for name, handle in self._handles.items()}
        for name, header in _HEADERS.items():
            self._writers[name].writerow(header)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for handle in self._handles.values():
            handle.close()

    def write(self, name: str, cells: Iterable[object], *, total_minor: int = 0) -> None:
        """Write a row; total_minor counts to the file's amount_total."""
        self._writers[name].writerow(cells)
        self.rows[name] += 1
        self._totals_minor[name] += total_minor

    def write_manifest(self, *, business_date: date) -> None:
        """Write manifest.csv: rows, and the sum of the limits, of the instalments and of the payments."""
        with (self._folder / "manifest.csv").open("w", encoding="utf-8", newline="") as handle:
            writer = csv.writer(handle, lineterminator="\n")
            writer.writerow(("file", "rows", "amount_total", "business_date"))
            for name, rows in self.rows.items():
                total_minor = self._totals_minor[name]
                writer.writerow((name, rows, _plain(total_minor) if total_minor else "", business_date))
