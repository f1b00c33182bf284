"""A made-up book of any size, for measuring: the same plan gives the same bytes, and nobody in it exists.

About six instalments and three payments an account. Two products: `plain` without penalty, `penal` with one, days of grace
and a cap. About one account in eight is past due on the day of the book, spread over the buckets as in LATE_SHARES.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

DEFAULT_AS_OF: Final = date(2025, 6, 30)
EARLIEST_AS_OF: Final = date(1995, 1, 1)
LATEST_AS_OF: Final = date(2095, 12, 31)
#: Instalments past due at the same time → accounts in 10,000. Dues are monthly, so k of them are about bucket k.
LATE_SHARES: Final = {1: 600, 2: 220, 3: 120, 4: 80, 5: 60, 6: 50, 7: 40, 8: 30}
_LENGTHS: Final = (3, 6, 6, 6, 6, 9)
_MONTHS_BACK, _MONTHS_AHEAD = 12, 12
_FAMILY_NAMES: Final = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN_NAMES: Final = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉兰春梅建国志"
_ROWS_AT_A_TIME: Final = 2_000

_HEADERS: Final = {
    "products.csv": (
        "product_code,name,currency,grace_days,penalty_rate_ppm,penalty_base,penalty_from,penalty_cap_percent,allocation_order,"
        "prepayment,bucket_map"
    ),
    "customers.csv": (
        "customer_no,name,phone,email,national_id,address,device_ids,language,time_zone,consent_sms,consent_email,consent_push"
    ),
    "accounts.csv": "account_no,customer_no,product_code,opened_on,credit_limit",
    "installments.csv": "account_no,order_no,sequence,booked_on,due_date,principal,interest,fee",
    "payments.csv": "payment_no,account_no,paid_on,amount,channel,order_no,sequence,reverses",
}
_PRODUCTS: Final = (
    'plain,Plain instalments,CNY,0,0,,,,"penalty,fee,interest,principal",next_installments,default\n'
    'penal,Instalments with penalty,CNY,3,500,principal,due_date,24,"penalty,fee,interest,principal",next_installments,default\n'
)


@dataclass(frozen=True, slots=True)
class BookPlan:
    """What book is wanted.

    :param as_of: the day whose lateness LATE_SHARES describes; no payment is dated later
    :param has_next_day: one account in thirty also pays on the day after
    """

    accounts: int
    seed: int
    as_of: date = DEFAULT_AS_OF
    has_next_day: bool = False

    def __post_init__(self) -> None:
        if self.accounts < 1:
            raise ValueError(f"a book of {self.accounts} accounts: at least 1")
        if not EARLIEST_AS_OF <= self.as_of <= LATEST_AS_OF:
            raise ValueError(f"a book as of {self.as_of}: a day from {EARLIEST_AS_OF} to {LATEST_AS_OF}")


def write_synthetic_book(folder: Path, plan: BookPlan) -> dict[str, int]:
    """Write the five portfolio files into a folder, which is made if need be, and return their rows by file.

    Accounts are made one after the other, so memory does not grow with their number.
    """
    folder.mkdir(parents=True, exist_ok=True)
    counts = dict.fromkeys(_HEADERS, 0)
    with ExitStack() as stack:
        files: dict[str, Any] = {}
        for name, header in _HEADERS.items():
            files[name] = stack.enter_context((folder / name).open("w", encoding="utf-8", newline=""))
            files[name].write(header + "\n")
        files["products.csv"].write(_PRODUCTS)
        counts["products.csv"] = 2
        for batch in _batches(plan):
            for name, rows in batch.items():
                files[name].writelines(rows)
                counts[name] += len(rows)
    return counts


def _batches(plan: BookPlan) -> Iterator[dict[str, list[str]]]:
    maker = _Maker(plan)
    for first in range(1, plan.accounts + 1, _ROWS_AT_A_TIME):
        batch: dict[str, list[str]] = {name: [] for name in _HEADERS if name != "products.csv"}
        for number in range(first, min(first + _ROWS_AT_A_TIME, plan.accounts + 1)):
            maker.add(number, batch)
        yield batch


class _Maker:
    """Makes one account after the other from one stream of random numbers."""

    def __init__(self, plan: BookPlan) -> None:
        self.plan = plan
        self.dice = Random(f"riskops synthetic book {plan.seed}")
        self.next_day = (plan.as_of + timedelta(days=1)).isoformat()
        # Cumulated shares of 10,000: [(below this number, instalments past due), …].
        self.late_below: list[tuple[int, int]] = []
        below = 0
        for months, share in LATE_SHARES.items():
            below += share
            self.late_below.append((below, months))
        # dues[d][m]: the d-th of the m-th month, counted so that month 0 holds the last such day before the book's day.
        self.dues = {day: self._month_days(day) for day in range(1, 29)}

    def _month_days(self, day: int) -> dict[int, date]:
        as_of = self.plan.as_of
        months = as_of.year * 12 + as_of.month - 1 - (day >= as_of.day)
        return {
            offset: date((months + offset) // 12, (months + offset) % 12 + 1, day)
            for offset in range(-_MONTHS_BACK, _MONTHS_AHEAD + 1)
        }

    def add(self, number: int, batch: dict[str, list[str]]) -> None:
        """Make the account of a number: its customer, its instalments, its payments."""
        roll = self.dice.random
        late = self._late_months(int(roll() * 10_000))
        length = max(_LENGTHS[int(roll() * len(_LENGTHS))], 9 if late > 5 else late)
        # Instalments due before the day of the book; those that are late are the last of them.
        due = max(int(roll() * (length + 1)), late)
        dues = self.dues[1 + int(roll() * 28)]
        first_month = 1 - due
        account_no, order_no = f"A{number:09d}", f"O{number:09d}"
        booked_on = dues[first_month] - timedelta(days=25)
        opened_on = booked_on - timedelta(days=int(roll() * 400))
        batch["customers.csv"].append(self._customer(number))
        product = "penal" if roll() < 0.6 else "plain"
        batch["accounts.csv"].append(f"{account_no},C{number:09d},{product},{opened_on},{1_000 * (1 + int(roll() * 50))}\n")
        principal = 3_000 + int(roll() * 150_000)
        interest = principal * 6 // 1_000
        fee = 500 if roll() < 0.1 else 0
        amounts = f"{_plain(principal)},{_plain(interest)},{_plain(fee)}"
        batch["installments.csv"] += [
            f"{account_no},{order_no},{place + 1},{booked_on},{dues[first_month + place]},{amounts}\n" for place in range(length)
        ]
        # Days of grace cost nothing, so what is paid within them is paid in full.
        latest = 3 if product == "penal" else 20
        self._add_payments(batch["payments.csv"], account_no, dues, first_month, due - late, principal + interest + fee, latest)

    def _late_months(self, rolled: int) -> int:
        if rolled < self.late_below[-1][0]:
            for below, months in self.late_below:
                if rolled < below:
                    return months
        return 0

    def _add_payments(
        self,
        rows: list[str],
        account_no: str,
        dues: dict[int, date],
        first_month: int,
        paid: int,
        amount_minor: int,
        latest_days: int,
    ) -> None:
        """Pay the first instalments: most a few days before they are due, some in two parts, some up to `latest_days` late."""
        roll = self.dice.random
        as_of = self.plan.as_of
        count = 0
        for place in range(paid):
            days = roll()
            late_by = int(days * 10 * (latest_days + 1)) if days < 0.1 else -int(days * 6)
            paid_on = min(dues[first_month + place] + timedelta(days=late_by), as_of)
            parts = (amount_minor // 2, amount_minor - amount_minor // 2) if roll() < 0.04 else (amount_minor,)
            for part in parts:
                count += 1
                rows.append(f"P{account_no}-{count},{account_no},{paid_on},{_plain(part)},bank,,,\n")
        if self.plan.has_next_day and roll() < 1 / 30:
            rows.append(f"P{account_no}-N,{account_no},{self.next_day},{_plain(amount_minor)},bank,,,\n")

    def _customer(self, number: int) -> str:
        roll = self.dice.random
        family, given = _FAMILY_NAMES[int(roll() * 20)], _GIVEN_NAMES[int(roll() * 30)] + _GIVEN_NAMES[int(roll() * 30)]
        # Area codes that begin with 00, numbers of a range that no carrier has, example.com: nobody's.
        return (
            f"C{number:09d},{family}{given},+86100{number % 100_000_000:08d},c{number}@example.com,00{number:016d},"
            f"测试路{number % 9_000 + 1}号,DEV-{number:012x},zh-hans,Asia/Shanghai,yes,{'yes' if roll() < 0.5 else 'no'},no\n"
        )


def _plain(minor: int) -> str:
    whole, cents = divmod(minor, 100)
    return f"{whole}.{cents:02d}"
