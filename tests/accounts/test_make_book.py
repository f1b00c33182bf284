"""Synthetic books: the same plan gives the same bytes, and what they are made of."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from factories import TESTER

from accounts.models import AccountState, CreditAccount
from accounts.operations.importing import import_portfolio
from accounts.operations.rebuilding import rebuild_accounts
from accounts.synthetic_book import LATE_SHARES, BookPlan, write_synthetic_book
from riskops.shared.models import BookState

AS_OF = date(2025, 6, 30)


def _bytes(folder: Path, **plan: object) -> dict[str, bytes]:
    write_synthetic_book(folder, BookPlan(**{"accounts": 300, "seed": 7, **plan}))  # type: ignore[arg-type]
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_seed_gives_the_same_book_and_another_one_does_not(tmp_path: Path) -> None:
    first = _bytes(tmp_path / "a")
    assert _bytes(tmp_path / "b") == first
    assert _bytes(tmp_path / "c", seed=8) != first


def test_a_larger_book_of_a_seed_begins_with_the_smaller_one(tmp_path: Path) -> None:
    small, large = _bytes(tmp_path / "a"), _bytes(tmp_path / "b", accounts=5_000)
    assert all(large[name].startswith(content) for name, content in small.items())


def test_payments_of_the_next_day_come_only_when_asked_for(tmp_path: Path) -> None:
    without = list(csv.DictReader(io.StringIO(_bytes(tmp_path / "a", accounts=3_000)["payments.csv"].decode())))
    with_them = list(
        csv.DictReader(io.StringIO(_bytes(tmp_path / "b", accounts=3_000, has_next_day=True)["payments.csv"].decode()))
    )

    assert max(row["paid_on"] for row in without) <= "2025-06-30"
    # One account in thirty of 3,000.
    assert 70 <= sum(row["paid_on"] == "2025-07-01" for row in with_them) <= 130


@pytest.mark.django_db
def test_a_made_book_is_a_good_delivery_with_the_lateness_it_promises(tmp_path: Path) -> None:
    counts = write_synthetic_book(tmp_path / "book", BookPlan(accounts=2_000, seed=3))
    assert counts["accounts.csv"] == counts["customers.csv"] == 2_000
    assert 5.7 < counts["installments.csv"] / 2_000 < 6.3
    assert 2.5 < counts["payments.csv"] / 2_000 < 3.5

    assert import_portfolio(tmp_path / "book", actor=TESTER).is_clean

    rebuild_accounts(CreditAccount.objects.values_list("pk", flat=True), as_of=AS_OF, ahead_on=None)
    late = Counter(AccountState.objects.values_list("bucket", flat=True))
    share = 1 - late[0] / 2_000
    assert abs(share - sum(LATE_SHARES.values()) / 10_000) < 0.02
    assert all(late[bucket] > 0 for bucket in range(8))
    assert AccountState.objects.filter(penalty_due_minor__gt=0).count() > 100


@pytest.mark.django_db
def test_the_command_loads_it_under_its_name_and_pauses_the_night() -> None:
    call_command("make_book", "--accounts", "20", "--seed", "1", stdout=io.StringIO())

    assert CreditAccount.objects.count() == 20
    state = BookState.objects.get()
    assert (state.book, state.nightly_paused) == ("synthetic", True)
    with pytest.raises(CommandError, match="a synthetic book is loaded already"):
        call_command("make_book", "--accounts", "20", "--seed", "1")


@pytest.mark.parametrize(
    "words", [["--accounts", "0"], ["--accounts", "5", "--as-of", "1990-01-01"], ["--accounts", "5", "--as-of", "2099-01-01"]]
)
def test_a_book_that_cannot_be_is_refused(words: list[str]) -> None:
    with pytest.raises(CommandError) as refusal:
        call_command("make_book", "--seed", "1", *words)
    assert refusal.value.returncode == 2


def test_a_folder_that_cannot_be_written_is_an_unusable_argument(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")

    with pytest.raises(CommandError, match="cannot be written") as refusal:
        call_command("make_book", "--accounts", "1", "--seed", "1", "--output", str(tmp_path / "file" / "book"))

    assert refusal.value.returncode == 2
