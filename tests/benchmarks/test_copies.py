"""A multiplied book is one whose every copy stands as the original does; otherwise the larger sizes would measure nonsense."""

from __future__ import annotations

from datetime import timedelta

import pytest
from factories import TESTER
from random_books import FIRST_DAY, make_random_book

from accounts.models import AccountState, Allocation, CreditAccount
from accounts.queries.verifying import differences_now
from riskops.close_of_business import close_day
from riskops.shared.sql import is_postgresql
from tests.benchmarks.copies import multiply_book


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_every_copy_of_an_account_follows_from_its_own_entries() -> None:
    assert is_postgresql()
    make_random_book(seed=11, accounts=20, days=24)
    for number, account in enumerate(CreditAccount.objects.order_by("pk"), start=1):
        CreditAccount.objects.filter(pk=account.pk).update(account_no=f"A{number:09d}")
    close_day(FIRST_DAY + timedelta(days=24), actor=TESTER)
    states, allocations = AccountState.objects.count(), Allocation.objects.count()
    assert allocations > 0

    multiply_book(3, accounts=states)

    assert (AccountState.objects.count(), Allocation.objects.count()) == (3 * states, 3 * allocations)
    assert list(map(str, differences_now())) == []
    assert CreditAccount.objects.filter(account_no=f"A{3 * states:09d}").exists()
    close_day(FIRST_DAY + timedelta(days=25), actor=TESTER)
    assert list(map(str, differences_now())) == []
