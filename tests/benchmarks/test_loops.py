"""The loop that the close is compared with comes to the close's figures; otherwise their ratio would say nothing."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction
from factories import TESTER
from random_books import FIRST_DAY, make_random_book

from accounts.bulk.age import AGED_COLUMNS
from accounts.bulk.post import _accounts_to_rebuild
from accounts.models import AccountState, Allocation, CreditAccount, Installment, Payment
from riskops.close_of_business import close_day
from tests.benchmarks.loops import close_one_by_one


def figures(account_ids: list[int]) -> dict[str, list[tuple[Any, ...]]]:
    """Return all that a close writes about accounts with a plain day."""
    states = AccountState.objects.filter(pk__in=account_ids).order_by("pk")
    installments = Installment.objects.filter(account_id__in=account_ids).order_by("pk")
    allocations = Allocation.objects.filter(account_id__in=account_ids)
    return {
        "states": list(states.values_list("pk", *AGED_COLUMNS, "credit_balance_minor")),
        "installments": list(
            installments.values_list(
                "pk", "principal_unpaid_minor", "interest_unpaid_minor", "fee_unpaid_minor", "accrued_micro",
                "accrued_through", "penalty_settled_minor", "is_open",
            )
        ),
        "allocations": sorted(allocations.values_list("payment_id", "installment_id", "component", "amount_minor")),
    }  # fmt: skip


def plain_accounts(day: date) -> list[int]:
    """Return the accounts on which the day brings nothing but plain payments."""
    intricate = set(_accounts_to_rebuild(day, f"BETWEEN 0 AND {2**62}"))
    return [pk for pk in CreditAccount.objects.filter(opened_on__lte=day).values_list("pk", flat=True) if pk not in intricate]


@pytest.mark.django_db
def test_the_loop_comes_to_what_the_close_comes_to_on_accounts_with_a_plain_day() -> None:
    make_random_book(seed=5, accounts=60, days=24)
    paid = 0
    for day in (FIRST_DAY + timedelta(days=offset) for offset in range(30)):
        plain = plain_accounts(day)
        paid += Payment.objects.filter(account_id__in=plain, paid_on=day, is_posted=False).count()
        with transaction.atomic():
            close_one_by_one(plain, day)
            by_loop = figures(plain)
            transaction.set_rollback(True)
        close_day(day, actor=TESTER)
        assert figures(plain) == by_loop, day
    assert paid > 20
