"""The whole-book SQL, the one-account operation and the plain replay give the same book, column by column."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from factories import TESTER, make_product
from random_books import FIRST_DAY, longer, make_random_book

from accounts.bulk.post import post_day
from accounts.models import AccountState, Allocation, CreditAccount, Installment, Payment
from accounts.operations.rebuilding import rebuild_accounts
from accounts.queries.entries import load_entries
from accounts.rules.replay import AgingState
from accounts.rules.terms import Component
from riskops.close_of_business import LAST_ACCOUNT_ID, close_day

DAYS = 45
#: Of forty accounts: a first shard, one between, and a last one that is smaller. What a shard costs depends little on its size.
SHARD = 14
DERIVED = (
    "principal_unpaid_minor",
    "interest_unpaid_minor",
    "fee_unpaid_minor",
    "accrued_micro",
    "accrued_through",
    "penalty_settled_minor",
    "is_open",
)
Book = dict[int, tuple[dict[str, Any], dict[int, tuple[Any, ...]], set[tuple[Any, ...]]]]


def stored_book(accounts: list[CreditAccount]) -> Book:
    """Return each account's state, instalments and allocations as the database has them."""
    ids = [account.pk for account in accounts]
    states = {row.pop("account_id"): row for row in _states(ids)}
    installments: dict[int, dict[int, tuple[Any, ...]]] = defaultdict(dict)
    for account_id, pk, *columns in Installment.objects.filter(account_id__in=ids).values_list("account_id", "pk", *DERIVED):
        installments[account_id][pk] = tuple(columns)
    allocations: dict[int, set[tuple[Any, ...]]] = defaultdict(set)
    for account_id, *line in Allocation.objects.filter(account_id__in=ids).values_list(
        "account_id", "payment_id", "installment_id", "component", "amount_minor", "allocated_on"
    ):
        allocations[account_id].add(tuple(line))
    return {pk: (states[pk], installments[pk], allocations[pk]) for pk in ids}


def _states(ids: list[int]) -> list[dict[str, Any]]:
    return list(AccountState.objects.filter(pk__in=ids).values("account_id", *AgingState._fields))


def replayed_book(accounts: list[CreditAccount], day: date) -> Book:
    """Return the same from the entries alone; an instalment not booked yet is wholly unpaid, one cancelled is closed."""
    book: Book = {}
    for account_id, entries in load_entries([account.pk for account in accounts]).items():
        rebuilt = entries.rebuilt(day)
        installments: dict[int, tuple[Any, ...]] = {
            i.key: (i.principal_minor, i.interest_minor, i.fee_minor, 0, None, 0, True) for i in entries.installments
        }
        installments |= {
            i.key: (0, 0, 0, 0, None, 0, False) for i in entries.installments if i.cancelled_on and i.cancelled_on <= day
        }
        for i in rebuilt.installments:
            installments[i.entry.key] = (
                i.unpaid[Component.PRINCIPAL],
                i.unpaid[Component.INTEREST],
                i.unpaid[Component.FEE],
                i.accrued_micro,
                i.accrued_through,
                i.penalty_settled_minor,
                i.is_open(day),
            )
        book[account_id] = (rebuilt.state._asdict(), installments, {tuple(line) for line in rebuilt.allocations})
    return book


@pytest.mark.django_db
@pytest.mark.parametrize(("seed", "size"), [(1, 25), *(pytest.param(seed, 40, marks=marks) for seed, marks in longer(1, 2, 3))])
def test_each_nightly_close_equals_the_replay_of_every_account(seed: int, size: int, settings: Any) -> None:
    settings.CLOSE_SHARD_ACCOUNTS = SHARD
    accounts = make_random_book(seed=seed, accounts=size, days=DAYS)
    for offset in range(DAYS + 20):
        day = FIRST_DAY + timedelta(days=offset)
        close_day(day, actor=TESTER)
        assert not Payment.objects.filter(is_posted=False, paid_on__lte=day).exists()
        assert stored_book(accounts) == replayed_book(accounts, day), day


@pytest.mark.django_db
@pytest.mark.parametrize("seed", [4, pytest.param(5, marks=pytest.mark.slow)])
def test_closing_nightly_weekly_or_once_leaves_the_same_book(seed: int, settings: Any) -> None:
    settings.CLOSE_SHARD_ACCOUNTS = SHARD
    accounts = make_random_book(seed=seed, accounts=40, days=DAYS)
    for offset in range(DAYS // 2, DAYS + 20):
        # The first close finds weeks of entries at once, the later ones a day each.
        close_day(FIRST_DAY + timedelta(days=offset), actor=TESTER)
    last = FIRST_DAY + timedelta(days=DAYS + 19)
    assert stored_book(accounts) == replayed_book(accounts, last)


@pytest.mark.slow
@pytest.mark.django_db
def test_rebuilding_a_closed_book_changes_nothing(settings: Any) -> None:
    settings.CLOSE_SHARD_ACCOUNTS = SHARD
    accounts = make_random_book(seed=6, accounts=40, days=DAYS)
    for offset in range(DAYS):
        day = FIRST_DAY + timedelta(days=offset)
        close_day(day, actor=TESTER)
    AccountState.objects.update(ahead_on=None)
    assert rebuild_accounts([account.pk for account in accounts], as_of=day, ahead_on=None) == 0


@pytest.mark.django_db
def test_posting_asks_the_same_number_of_queries_however_many_products_there_are() -> None:
    make_random_book(seed=7, accounts=40, days=DAYS)

    def asked(day: date) -> int:
        with CaptureQueriesContext(connection) as captured:
            post_day(as_of=day, first_account_id=0, last_account_id=LAST_ACCOUNT_ID, rebuild=lambda ids, as_of: 0)
        return len(captured)

    few = asked(FIRST_DAY)
    for _ in range(20):
        make_product()
    assert asked(FIRST_DAY) == few <= 6
