"""Splitting 50,000 accounts over 4 agencies: under 10 s, and alike."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from time import perf_counter

import pytest
from agency_books import DAY, actor_of, make_agency
from django.utils import timezone
from factories import make_product, set_business_date

from accounts.models import AccountState, CreditAccount, Customer
from recovery.models import BatchAccount
from recovery.operations.agencies.batches import split_batch
from riskops.shared.roles import Role

ACCOUNTS = 50_000


@pytest.mark.slow
@pytest.mark.django_db
def test_fifty_thousand_accounts_are_split_over_four_agencies_in_under_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    rng, products = Random(1), [make_product(), make_product(), make_product()]
    customers = Customer.objects.bulk_create(
        Customer(customer_no=f"C{n}", person={"name": "x"}, content_hash=0) for n in range(ACCOUNTS)
    )
    accounts = CreditAccount.objects.bulk_create(
        CreditAccount(
            account_no=f"A{n}", product=rng.choice(products), customer=customer, opened_on=date(2024, 1, 1),
            credit_limit_minor=10_000_000, content_hash=0,
        )
        for n, customer in enumerate(customers)
    )  # fmt: skip
    AccountState.objects.bulk_create(
        (
            AccountState(
                account=account, product_id=account.product_id, opened_on=account.opened_on, days_past_due=days,
                bucket=min(7, (days + 29) // 30), outstanding_principal_minor=owed, overdue_principal_minor=owed,
                oldest_unpaid_due_date=DAY - timedelta(days=days),
            )
            for account in accounts
            for days, owed in [(91 + min(300, int(rng.expovariate(1 / 60))), 1 + int(rng.lognormvariate(12.5, 1.2)))]
        ),
        batch_size=2_000,
    )  # fmt: skip
    set_business_date(DAY)
    weights = dict.fromkeys(("east", "north", "south", "west"), 1)
    for code in weights:
        make_agency(code, capacity_accounts=100_000, capacity_minor=10**15)
    lead = actor_of(Role.TEAM_LEAD)
    started = perf_counter()
    batch = split_batch(
        actor=lead, rule="dpd >= 91 and disputed = False and hardship_plan = False", weights=weights, today=timezone.localdate(),
        seed=42,
    )  # fmt: skip
    took = perf_counter() - started
    with capsys.disabled():
        print(f"\n{ACCOUNTS:,} over 4: {took:.2f} s, largest difference {batch.largest_difference_e4 / 10_000:.4f}")
    assert BatchAccount.objects.filter(batch=batch).count() == ACCOUNTS
    assert [one["accounts"] for one in batch.outcome["agencies"]] == [12_500] * 4
    assert batch.largest_difference_e4 < 500
    assert took < 10
