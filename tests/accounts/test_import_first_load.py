"""The first load of a book takes indexes and foreign keys off and puts every one of them back; imports exclude each other."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from deliveries import GOOD, book, deliver, found, load_good
from django.db import IntegrityError, connection, transaction
from factories import TESTER, make_account

from accounts.models import Installment, PortfolioImport
from accounts.operations.import_lock import AnotherImportRuns, import_lock
from accounts.operations.importing import import_portfolio
from accounts.portfolio_files import first_load
from accounts.portfolio_files.applying import LOADED_TABLES
from accounts.portfolio_files.first_load import bare_while_loading
from accounts.synthetic_book import BookPlan, write_synthetic_book


def _constraints() -> dict[str, Any]:
    """Return every index and constraint of the loaded tables as the database describes them."""
    with connection.cursor() as cursor:
        return {table: connection.introspection.get_constraints(cursor, table) for table in LOADED_TABLES}


def _kinds(constraints: dict[str, Any]) -> set[tuple[str, str]]:
    return {
        (table, "foreign key" if c["foreign_key"] else "index")
        for table, named in constraints.items()
        for c in named.values()
        if c["foreign_key"] or (c["index"] and not c["unique"] and not c["primary_key"])
    }


@pytest.mark.django_db
def test_everything_is_off_while_a_book_is_loaded_and_back_afterwards() -> None:
    before = _constraints()
    assert ("accounts_customer", "index") in _kinds(before)

    with transaction.atomic():
        with bare_while_loading(LOADED_TABLES, rows=first_load.WORTH_IT_FROM_ROWS):
            bare = _constraints()
        # SQLite cannot take foreign keys off a table, and checks them cheaply.
        left = {kind for _, kind in _kinds(bare)}
        assert left == (set() if connection.vendor == "postgresql" else {"foreign key"})

    assert _constraints() == before


@pytest.mark.django_db
@pytest.mark.parametrize("has_rows", [True, False])
def test_a_small_load_or_a_book_with_rows_is_loaded_as_it_is(has_rows: bool) -> None:
    if has_rows:
        make_account()
    before = _constraints()
    with bare_while_loading(LOADED_TABLES, rows=10_000_000 if has_rows else 100):
        assert _constraints() == before


@pytest.mark.django_db(transaction=True)
def test_a_first_load_that_fails_leaves_the_tables_as_they_were() -> None:
    before = _constraints()
    with pytest.raises(IntegrityError), transaction.atomic(), bare_while_loading(LOADED_TABLES, rows=10_000_000):
        make_account(account_no="A1")
        make_account(account_no="A1")
    assert _constraints() == before


@pytest.mark.django_db(transaction=True)
def test_a_book_loaded_bare_is_the_book_loaded_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also the one test in which an import owns its transaction, as it does on a site."""
    write_synthetic_book(tmp_path / "book", BookPlan(accounts=60, seed=5))
    before = _constraints()
    books = []
    for threshold in (1, 10_000_000):
        monkeypatch.setattr(first_load, "WORTH_IT_FROM_ROWS", threshold)
        assert import_portfolio(tmp_path / "book", actor=TESTER).is_clean
        books.append(book())
        with connection.cursor() as cursor:
            for table in ("accounts_importissue", "accounts_portfolioimport", *reversed(LOADED_TABLES), "accounts_product"):
                cursor.execute(f"DELETE FROM {table}")
    assert len(books[0]["accounts"]) == 60
    assert books[0] == books[1]
    assert _constraints() == before


@pytest.mark.django_db(transaction=True)
def test_progress_is_seen_from_outside_and_told_in_order(tmp_path: Path) -> None:
    seen: list[tuple[str, str]] = []
    outside: list[str] = []

    def look(row: PortfolioImport) -> None:
        seen.append((row.status, row.step))
        if connection.vendor == "postgresql":
            thread = threading.Thread(target=lambda: outside.append(_status_from_outside(row.pk)))
            thread.start()
            thread.join()

    from deliveries import write_files

    import_portfolio(write_files(tmp_path / "d", **GOOD), actor=TESTER, notify=look)

    files = ["products.csv", "customers.csv", "accounts.csv", "installments.csv", "payments.csv"]
    phases = {
        status: [step for s, step in dict.fromkeys(seen) if s == status and step]
        for status in ("reading", "checking", "applying")
    }
    assert phases == dict.fromkeys(("reading", "checking", "applying"), files)
    if connection.vendor == "postgresql":
        # While the loading transaction is open, other connections see how far it is.
        assert outside == [status for status, _ in seen]


def _status_from_outside(pk: int) -> str:
    try:
        return str(PortfolioImport.objects.get(pk=pk).status)
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_imports_exclude_each_other(tmp_path: Path) -> None:
    taken, release = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with import_lock():
                taken.set()
                assert release.wait(30)
        finally:
            connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    assert taken.wait(30)
    with pytest.raises(AnotherImportRuns), import_lock(waits=False):
        pass

    outcomes: list[Any] = []

    def wait_and_load() -> None:
        try:
            outcomes.append(deliver(tmp_path, **GOOD))
        finally:
            connection.close()

    second = threading.Thread(target=wait_and_load)
    second.start()
    second.join(1)
    assert second.is_alive() and not Installment.objects.exists()

    release.set()
    second.join(60)
    holder.join(30)
    assert [found(outcome) for outcome in outcomes] == [[]]
    assert Installment.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_readers_and_the_next_import_find_nothing_left_over(tmp_path: Path) -> None:
    load_good(tmp_path)
    deliver(tmp_path, payments="payment_no\n")
    assert deliver(tmp_path, customers=GOOD["customers"] + "C3,Cy,\n").is_clean
    with connection.cursor() as cursor:
        names = connection.introspection.table_names(cursor)
        assert [name for name in names if name.startswith("stage_")] == []
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA temp_store")
            assert cursor.fetchone() == (2,)
            cursor.execute("SELECT COUNT(*) FROM sqlite_temp_master")
            assert cursor.fetchone() == (0,)
