"""Whatever the delivery: the order of rows and files does not matter, twice is once, quarantine loads the good rows exactly."""

from __future__ import annotations

import random
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from deliveries import book, write_files
from django.db import transaction
from factories import TESTER, set_business_date
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import AccountState, CreditAccount
from accounts.operations.import_reporting import ImportOutcome
from accounts.operations.importing import import_portfolio
from accounts.operations.rebuilding import rebuild_accounts
from accounts.portfolio_files.formats import FORMAT_BY_NAME
from riskops.shared.models import AuditEntry

pytestmark = pytest.mark.django_db
FIRST_DAY = date(2025, 1, 1)
#: Every example is a handful of whole imports.
FEWER = settings(max_examples=max(1, settings.default.max_examples // 5))
CLOSED = FIRST_DAY + timedelta(days=60)


class _Undo(Exception):
    """Ends a nested transaction without a trace."""


def _delivery(dice: random.Random) -> dict[str, list[str]]:
    """Return a good delivery as rows by file, header first."""

    def day(first: int, last: int) -> date:
        return FIRST_DAY + timedelta(days=dice.randint(first, last))

    files = {name.removesuffix(".csv"): [",".join(form.column_names)] for name, form in FORMAT_BY_NAME.items()}
    products = ["std", "yen", "hold"]
    files["products"] += [
        'std,,CNY,0,500,,,,"penalty,fee,interest,principal",,',
        'yen,,JPY,3,0,,,,"penalty,fee,interest,principal",,',
        "hold,,CNY,3,900,principal_interest,grace_end,12.5,,hold,calendar-29",
    ]
    customers = [f"C{n}" for n in range(dice.randint(1, 4))]
    files["customers"] += [f"{no},Name {no},,{no}@example.com,,,,{dice.choice(['en', ''])},,yes,," for no in customers]
    for number in range(dice.randint(1, 6)):
        account, product, opened = f"A{number}", dice.choice(products), day(0, 20)
        files["accounts"].append(f"{account},{dice.choice(customers)},{product},{opened},{dice.randint(0, 9_999)}")
        cents = "" if product == "yen" else f".{dice.randint(0, 99):02d}"
        keys = []
        for sequence in range(1, dice.randint(1, 4)):
            due = opened + timedelta(days=dice.randint(0, 70))
            booked = dice.choice(["", str(opened + (due - opened) // 2)])
            files["installments"].append(
                f"{account},O1,{sequence},{booked},{due},{dice.randint(1, 500)}{cents},{dice.randint(0, 9)},"
            )
            keys.append(f"O1,{sequence}")
        for payment in range(dice.randint(0, 4)):
            paid, amount = opened + timedelta(days=dice.randint(0, 70)), f"{dice.randint(1, 300)}{cents}"
            directed = dice.choice([",", ",", *keys])
            files["payments"].append(f"P{number}-{payment},{account},{paid},{amount},bank,{directed},")
            if dice.random() < 0.2:
                undone = paid + timedelta(days=dice.randint(0, 5))
                files["payments"].append(f"R{number}-{payment},{account},{undone},{amount},bank,,,P{number}-{payment}")
    return files


def _import(files: dict[str, list[str]], **options: Any) -> ImportOutcome:
    with tempfile.TemporaryDirectory() as scratch:
        folder = write_files(Path(scratch) / "d", **{name: "\n".join(rows) + "\n" for name, rows in files.items()})
        return import_portfolio(folder, actor=TESTER, **options)


def _alone(*steps: Any) -> dict[str, Any]:
    """Return the book that the steps lead to from an empty one, and undo them."""
    found: dict[str, Any] = {}
    try:
        with transaction.atomic():
            for step in steps:
                step()
            found = book()
            raise _Undo
    except _Undo:
        return found


def _shuffled(dice: random.Random, files: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: [rows[0], *dice.sample(rows[1:], len(rows) - 1)] for name, rows in files.items()}


@FEWER
@given(seed=st.integers(0, 2**32))
def test_the_order_of_rows_in_files_does_not_matter(seed: int) -> None:
    dice = random.Random(seed)
    files = _delivery(dice)
    set_business_date(dice.choice([None, CLOSED]))

    straight = _alone(lambda: _import(files))

    assert len(straight["accounts"]) == len(files["accounts"]) - 1
    assert _alone(lambda: _import(_shuffled(dice, files))) == straight


@FEWER
@given(seed=st.integers(0, 2**32))
def test_one_delivery_in_parts_is_the_same_book(seed: int) -> None:
    dice = random.Random(seed)
    files = _delivery(dice)
    set_business_date(dice.choice([None, CLOSED]))
    parts = [{name: [rows[0], *rows[1:][: len(rows) // 2]] for name, rows in files.items()}, files]

    together = _alone(lambda: _import(files))
    apart = _alone(*(lambda name=name: _import({name: files[name]}) for name in files))

    assert apart == together
    # Payments of the first half may reverse or name what comes with the second: those are refused, so the halves overlap.
    assert _alone(lambda: _import(parts[0], on_error="quarantine"), lambda: _import(parts[1])) == together


@FEWER
@given(seed=st.integers(0, 2**32))
def test_importing_twice_changes_nothing(seed: int) -> None:
    dice = random.Random(seed)
    files = _delivery(dice)
    set_business_date(dice.choice([None, CLOSED]))

    def twice() -> None:
        _import(files)
        once, lines = book(), AuditEntry.objects.count()
        again = _import(_shuffled(dice, files))
        assert again.is_clean
        assert all(c["added"] == c["changed"] == 0 for c in again.portfolio_import.counts.values())
        assert book() == once
        assert AuditEntry.objects.count() == lines + 1

    _alone(twice)


_SPOILT = {
    "customers": "C{n},Bo,,,,,,fr,,,,",
    "accounts": "A9{n},C0,std,2025-02-30,1",
    "installments": "A0,O7,{n},,2025-03-01,-1,,",
    "payments": "P9{n},A0,2025-03-01,0,,,,",
}


@FEWER
@given(seed=st.integers(0, 2**32))
def test_quarantine_loads_exactly_the_good_rows(seed: int) -> None:
    dice = random.Random(seed)
    files = _delivery(dice)
    set_business_date(dice.choice([None, CLOSED]))
    spoilt = {name: list(rows) for name, rows in files.items()}
    for number in range(dice.randint(1, 5)):
        name = dice.choice(list(_SPOILT))
        spoilt[name].append(_SPOILT[name].format(n=100 + number))
    spoilt["accounts"].append("B1,C105,std,2025-01-01,1")
    spoilt["installments"].append("B1,O1,1,,2025-03-01,1,,")
    spoilt["payments"].append("PB,B1,2025-03-01,1,,,,")

    clean = _alone(lambda: _import(files))

    assert _alone(lambda: _import(_shuffled(dice, spoilt), on_error="quarantine")) == clean
    empty = _alone()
    assert _alone(lambda: _import(spoilt)) == empty


@FEWER
@given(seed=st.integers(0, 2**32))
def test_a_late_delivery_leaves_the_book_as_if_it_had_been_there(seed: int) -> None:
    dice = random.Random(seed)
    files = _delivery(dice)
    late = {name: rows for name, rows in files.items() if name in ("installments", "payments")}
    early = {name: rows for name, rows in files.items() if name not in late}

    def rebuilt() -> None:
        rebuild_accounts(CreditAccount.objects.values_list("pk", flat=True), as_of=CLOSED, ahead_on=None)

    def in_time() -> None:
        _import(files)
        set_business_date(CLOSED)
        rebuilt()

    def afterwards() -> None:
        _import(early)
        set_business_date(CLOSED)
        rebuilt()
        _import(late)
        assert AccountState.objects.filter(ahead_on__isnull=True).count() == len(files["accounts"]) - 1

    set_business_date(None)
    assert _alone(afterwards) == _alone(in_time)
