"""The yardstick of the benchmarks computes what the close computes; otherwise their ratio would say nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from factories import TESTER
from random_books import FIRST_DAY, make_random_book

from accounts.bulk.age import AGED_COLUMNS
from accounts.models import AccountState
from riskops.close_of_business import close_day
from riskops.shared.sql import execute, is_postgresql
from tests.benchmarks.smallest_sql import smallest_sql


def aged_columns() -> list[tuple[Any, ...]]:
    """Return the columns that aging computes, account by account."""
    return list(AccountState.objects.order_by("pk").values_list("pk", *AGED_COLUMNS))


@pytest.mark.django_db
def test_the_smallest_sql_changes_nothing_after_a_close_and_brings_back_every_column_that_was_lost() -> None:
    make_random_book(seed=11, accounts=60, days=24)
    days = [FIRST_DAY + timedelta(days=offset) for offset in range(30)]
    for day in days:
        close_day(day, actor=TESTER)
    closed = aged_columns()
    text = smallest_sql(days[-1], is_postgresql=is_postgresql())

    assert execute(text) == 0

    AccountState.objects.update(
        oldest_unpaid_due_date=None,
        days_past_due=0,
        bucket=7,
        overdue_principal_minor=0,
        overdue_interest_minor=5,
        overdue_fee_minor=5,
        penalty_due_minor=1,
        outstanding_principal_minor=9,
        category=4,
        stage=3,
    )
    assert aged_columns() != closed
    assert execute(text) == 60
    assert aged_columns() == closed
