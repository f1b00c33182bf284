"""Whoever changes a limit and whoever decides take state and account in one order: neither waits for the other for ever."""

from __future__ import annotations

import threading
import time

import pytest
from deciding_books import make_late_account
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from side_by_side import at_once

from accounts.models import AccountState, CreditAccount
from accounts.operations.deciding.standing import lock_standings
from accounts.operations.limits import write_credit_limit
from accounts.operations.rebuilding import lock_states


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer")
def test_a_limit_written_while_somebody_decides_waits_and_neither_is_thrown_out() -> None:
    account = make_late_account()
    has_state = threading.Event()

    def decide() -> int:
        with transaction.atomic():
            lock_states([account.pk]).get()
            has_state.set()
            # Time for the other one to take what it takes first.
            time.sleep(0.5)
            return lock_standings([account.pk])[account.pk].limit_minor

    def write() -> int:
        assert has_state.wait(5)
        return write_credit_limit(account.pk, 900_000)

    assert at_once([decide, write]) == [1_000_000, 1_000_000]
    assert CreditAccount.objects.get().credit_limit_minor == AccountState.objects.get().credit_limit_minor == 900_000


@pytest.mark.django_db
def test_a_limit_is_written_after_the_state_is_locked() -> None:
    account = make_late_account()
    with CaptureQueriesContext(connection) as asked:
        write_credit_limit(account.pk, 900_000)
    tables = [query["sql"] for query in asked.captured_queries if query["sql"].startswith("SELECT")]
    assert "accounts_accountstate" in tables[0] and "accounts_creditaccount" in tables[1]
