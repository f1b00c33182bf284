"""Every metric, measure, option and segment on random books, cell by cell against the oracle, read from `export_metric`'s CSV."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import factories
import metrics_oracle
import pytest
from books import close_through
from django.core.management import call_command
from metrics_oracle import Account, Book, Cells

from accounts.models import CreditAccount, Installment, Payment, Product
from accounts.operations.rebuilding import rebuild_accounts
from accounts.rules.entries import InstallmentEntry, PaymentEntry, WaiverEntry
from accounts.rules.terms import Component
from dashboards.operations.filling import fill_month_ends

pytestmark = pytest.mark.django_db
MONTH_ENDS = [metrics_oracle.month_end(date(2025, 1, 1), m) for m in range(9)]
LAST = MONTH_ENDS[-1]
SEGMENTS = ("", "product", "currency", "limit_band", "vintage", "x_shop")
OPTIONS: dict[str, list[dict[str, str]]] = {
    "buckets": [{}],
    "coincident": [{}],
    "lagged": [{}],
    "roll_rates": [{}],
    "transition_matrix": [{}, {"months": "3"}],
    "vintage": [
        {"entity": entity, "mode": mode, "n": n}
        for entity in ("account", "order")
        for mode in ("current", "ever")
        for n in ("1", "30")
    ],
    "fpd": [{}, {"n": "1"}],
    "cure": [{}, {"h": "3"}],
    "redefault": [{}],
    "cei": [{}],
}
MEASURES = {"fpd": ("count",), "cure": ("count",), "redefault": ("count",), "cei": ("amount",)}
#: How late a customer of each habit may pay an instalment.
DAYS_LATE = {"good": [0, -3, 0, 29, 30], "late": [1, 15, 30, 31, 45, 60, 95], "wild": [-20, 0, 40, 120]}
BANDS = [(10_000, "0-9999"), (50_000, "10000-49999"), (100_000, "50000-99999")]


class RandomBook:
    """A book in the database and the same one for the oracle, made by the same dice."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.products = [
            factories.make_product(product_code="card"),
            factories.make_product(product_code="calendar", bucket_map="calendar-29", prepayment="hold"),
            factories.make_product(product_code="fine", penalty_rate_ppm=700, allocation_order="principal,fee,interest,penalty"),
            factories.make_product(product_code="yen", currency="JPY", minor_digits=0),
        ]
        self.rows: dict[str, CreditAccount] = {}
        self.accounts = [self._account() for _ in range(30)]

    def day(self, first: date, last: date) -> date:
        return first + timedelta(days=self.dice.randrange((last - first).days + 1)) if last > first else first

    def _account(self) -> Account:
        dice = self.dice
        product: Product = dice.choice(self.products)
        limit = dice.choice([9_999, 10_000, 60_000]) * 10**product.minor_digits
        shop = dice.choice(["", "north", "south"])
        opened = dice.choice([date(2024, 12, 31), date(2025, 1, 1), date(2025, 1, 31), self.day(MONTH_ENDS[0], MONTH_ENDS[6])])
        customer = (
            dice.choice(list(self.rows.values())).customer if self.rows and dice.random() < 0.25 else factories.make_customer()
        )
        row = factories.make_account(
            product=product,
            customer=customer,
            opened_on=opened,
            credit_limit_minor=limit,
            attributes={"x_shop": shop} if shop else {},
        )
        self.rows[row.account_no] = row
        account = Account(
            row.account_no,
            customer.customer_no,
            product.terms,
            opened,
            {
                "product": product.product_code,
                "currency": product.currency,
                "limit_band": next(name for high, name in BANDS if limit < high * 10**product.minor_digits),
                "vintage": metrics_oracle.month(opened),
                "x_shop": shop,
            },
        )
        for number in range(dice.choice([0, 1, 1, 2, 2, 3])):
            self._order(account, number)
        habit = dice.choice(["good", "good", "late", "late", "never", "wild"])
        for entry in list(account.installments):
            if habit == "never" or (habit == "wild" and dice.random() < 0.4):
                continue
            days = dice.choice(DAYS_LATE[habit])
            amount = entry.principal_minor + entry.interest_minor + entry.fee_minor
            paid = amount * dice.choice([1, 1, 1, 2]) // dice.choice([1, 1, 1, 2])
            self.pay(account, entry.due_date + timedelta(days=days), paid)
        if account.installments and dice.random() < 0.1:
            self._waive(account)
        return account

    def _order(self, account: Account, number: int) -> None:
        dice = self.dice
        row = self.rows[account.account_no]
        order_no = f"{dice.choice('aZ')}{number}"
        booked = dice.choice([account.opened_on, self.day(account.opened_on, MONTH_ENDS[6])])
        if dice.random() < 0.1:
            # Booked, and perhaps due, before the account is there.
            booked = account.opened_on - timedelta(days=dice.randrange(60))
        due = dice.choice([booked, self.day(booked, booked + timedelta(days=40)), metrics_oracle.month_end(booked)])
        for sequence in range(1, dice.choice([1, 2, 4]) + 1):
            entry = factories.make_installment(
                row,
                due_date=due,
                booked_on=min(due, booked + timedelta(days=dice.choice([0, 0, 0, 35]))),
                principal=dice.choice([0, 900, 10_000, 33_333]),
                interest=dice.choice([0, 7, 450]) + 1,
                fee=dice.choice([0, 0, 120]),
                order_no=order_no,
                sequence=sequence,
            )
            account.installments.append(_entry(entry))
            due = metrics_oracle.month_end(due, 1) if dice.random() < 0.3 else due + timedelta(days=30)

    def pay(self, account: Account, on: date, amount: int) -> None:
        on, amount = max(on, account.opened_on), max(1, amount)
        named = self.dice.choice(account.installments) if self.dice.random() < 0.1 else None
        directed_to = (named.order_no, named.sequence) if named else None
        row = factories.make_payment(self.rows[account.account_no], paid_on=on, amount=amount, directed_to=directed_to)
        reversed_on = None
        if self.dice.random() < 0.08:
            reversed_on = self.day(on, on + timedelta(days=70))
            factories.make_reversal(row, paid_on=reversed_on)
        account.payments.append(PaymentEntry(row.pk, row.payment_no, on, amount, named.key if named else None, reversed_on))

    def _waive(self, account: Account) -> None:
        entry = self.dice.choice(account.installments)
        component = self.dice.choice([Component.INTEREST, Component.PRINCIPAL])
        on = self.day(max(entry.booked_on, account.opened_on), entry.due_date + timedelta(days=60))
        row = factories.make_waiver(Installment.objects.get(pk=entry.key), component=component, amount=500, value_date=on)
        account.waivers.append(WaiverEntry(row.pk, entry.key, component, on, 500))

    def write_off(self) -> None:
        """Write some late accounts off, with what they then owe."""
        for account in self.accounts:
            on = self.day(date(2025, 3, 1), LAST)
            standing = account.standing(on) if account.is_open(on) else None
            if standing and standing.days > 60 and self.dice.random() < 0.5:
                account.written_off = (on, standing.principal)
                factories.make_write_off(self.rows[account.account_no], value_date=on, principal=standing.principal)

    def settle(self) -> None:
        rebuild_accounts([row.pk for row in self.rows.values()], as_of=LAST, ahead_on=None)


def _entry(row: Installment) -> InstallmentEntry:
    return InstallmentEntry(
        row.pk, row.order_no, row.sequence, row.booked_on, row.due_date, row.principal_minor, row.interest_minor, row.fee_minor
    )


def exported(path: Path, name: str, segment: str, measure: str, options: dict[str, str]) -> Cells:
    """Return the cells that `export_metric` writes; amounts in minor units."""
    arguments = ["--from", "2024-01-01", "--to", "2026-12-31", "--segment", segment, "--measure", measure]
    for option, value in options.items():
        arguments += ["--option", f"{option}={value}"]
    call_command("export_metric", name, *arguments, "--output", str(path))
    cells: Cells = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            is_yen = "JPY" in (row["segment"], options.get("currency"))
            scale = 1 if measure == "count" or is_yen else 100
            key = (date.fromisoformat(row["as_of"]), row["segment"], row["key_1"], row["key_2"])
            assert key not in cells, "one row a cell"
            above, below = Decimal(row["numerator"]) * scale, Decimal(row["denominator"]) * scale
            assert Decimal(row["value"]) == (above / below).quantize(Decimal("1e-10"), "ROUND_HALF_UP")
            cells[key] = (int(above), int(below))
    return cells


def questions() -> Iterator[tuple[str, str, str, dict[str, str]]]:
    """Yield every question that may be put to a book in two currencies."""
    for name, choices in OPTIONS.items():
        for measure in MEASURES.get(name, ("amount", "count")):
            for options in choices:
                for segment in SEGMENTS:
                    if measure == "count" or segment == "currency":
                        yield name, segment, measure, options
                    else:
                        yield name, segment, measure, {**options, "currency": "CNY"}
    # A part of the book that has no m7.
    for name in ("buckets", "lagged", "roll_rates", "transition_matrix", "cure"):
        for measure in MEASURES.get(name, ("amount", "count")):
            yield name, "", measure, {"product": "calendar"}


@pytest.mark.parametrize("seed", [3, 4])
def test_every_cell_of_every_metric_is_what_the_definitions_say(seed, tmp_path, capsys):
    made = RandomBook(seed)
    made.write_off()
    made.settle()
    close_through(LAST)
    list(fill_month_ends(MONTH_ENDS[0], LAST, actor=factories.TESTER))
    book = Book(made.accounts, MONTH_ENDS)
    book.report()
    # What comes in late changes what is known, and nothing that was reported.
    for account in made.dice.sample(made.accounts, 8):
        if account.installments:
            made.pay(account, made.day(account.opened_on, LAST), 12_345)
    made.settle()
    assert not Payment.objects.filter(is_posted=False, paid_on__lte=LAST).exists()

    for name, segment, measure, options in questions():
        part = book.part(**{key: options[key] for key in ("product", "currency") if key in options})
        own = {
            key: int(value) if value.isdecimal() else value for key, value in options.items() if key not in book.accounts[0].cuts
        }
        expected = metrics_oracle.METRICS[name](part, segment, measure, **own)
        found = exported(tmp_path / "cells.csv", name, segment, measure, options)
        capsys.readouterr()
        wrong = {key: (found.get(key), expected.get(key)) for key in {*found, *expected} if found.get(key) != expected.get(key)}
        assert not wrong, (name, segment, measure, options, "exported, expected")
        assert any(above for above, _below in expected.values()), (name, segment, measure, options)
