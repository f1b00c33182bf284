"""A night's aging looks only at accounts that can have changed; whatever came in between, those it passes over have not."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from deliveries import write_files
from factories import TESTER
from random_books import longer

from accounts.bulk.age import NEVER, age_accounts
from accounts.models import AccountState, CreditAccount
from accounts.operations.importing import import_portfolio
from accounts.operations.payments import post_payment
from riskops.close_of_business import LAST_ACCOUNT_ID, close_day

FIRST_DAY = date(2025, 1, 5)
NIGHTS = 40
pytestmark = pytest.mark.django_db


def left_to_change(day: date) -> int:
    """Age every account, and return how many rows the night had left as they were and should not have."""
    return age_accounts(as_of=day, first_account_id=0, last_account_id=LAST_ACCOUNT_ID, looks_at_all=True)


def deliver(folder: Path, **files: str) -> None:
    outcome = import_portfolio(write_files(folder, **files), actor=TESTER)
    assert outcome.is_clean, outcome.report()


def installments(dice: random.Random, account: int, order: int, day: date) -> list[str]:
    """Return an order of an account as rows: booked some days before or after the day, due later still."""
    booked = max(FIRST_DAY, day + timedelta(days=dice.randint(-4, 6)))
    rows = []
    for sequence in range(1, dice.randint(2, 4)):
        due = booked + timedelta(days=dice.randint(0, 12) + 9 * sequence)
        rows.append(f"A{account},O{order},{sequence},{booked},{due},{dice.randint(1, 90)}")
    return rows


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=marks) for seed, marks in longer(2, 3, 4))])
def test_a_night_leaves_nothing_to_change_on_accounts_that_it_passes_over(seed: int, tmp_path: Path, settings: Any) -> None:
    settings.CLOSE_SHARD_ACCOUNTS = 5
    dice = random.Random(seed)
    product = (
        "product_code,grace_days,penalty_rate_ppm,prepayment\n" + f"P,{dice.choice([0, 3])},500,{dice.choice(['hold', ''])}\n"
    )
    opened = [FIRST_DAY + timedelta(days=dice.randint(-3, 9)) for _ in range(12)]
    deliver(
        tmp_path / "book",
        products=product,
        customers="customer_no,name\nC1,Bo\n",
        accounts="account_no,customer_no,product_code,opened_on,credit_limit\n"
        + "".join(f"A{number},C1,P,{day},1000\n" for number, day in enumerate(opened)),
    )
    passed_over = 0
    for night in range(NIGHTS):
        day = FIRST_DAY + timedelta(days=night)
        rows = [
            row
            for number in range(12)
            if opened[number] <= day and dice.random() < 0.12
            for row in installments(dice, number, night, max(day, opened[number]))
        ]
        if rows:
            deliver(
                tmp_path / f"night-{night}",
                installments="account_no,order_no,sequence,booked_on,due_date,principal\n" + "\n".join(rows) + "\n",
            )
        for account in CreditAccount.objects.filter(opened_on__lte=day):
            if dice.random() < 0.08:
                value_date = max(account.opened_on, day - timedelta(days=dice.choice([0, 0, 0, 5])))
                post_payment(
                    actor=TESTER,
                    account_id=account.pk,
                    amount_minor=dice.randint(1, 20_000),
                    value_date=value_date,
                    reference=f"N{night}-{account.pk}",
                )
        expected = AccountState.objects.filter(moves_on__gt=day, oldest_unpaid_due_date=None)
        passed_over += expected.count() if (day + timedelta(days=1)).day != 1 else 0

        close_day(day, actor=TESTER)

        assert left_to_change(day) == 0, day
    # Otherwise nothing was shown.
    assert passed_over > NIGHTS


def test_an_account_on_which_nothing_can_happen_any_more_is_not_looked_at(tmp_path: Path) -> None:
    deliver(
        tmp_path / "book",
        customers="customer_no,name\nC1,Bo\n",
        accounts="account_no,customer_no,product_code,opened_on,credit_limit\nA1,C1,standard,2025-01-01,1000\n"
        "A2,C1,standard,2025-01-20,1000\n",
        installments="account_no,order_no,sequence,due_date,principal\nA1,O1,1,2025-01-06,10\n",
        payments="payment_no,account_no,paid_on,amount\nP1,A1,2025-01-05,10\n",
    )
    close_day(FIRST_DAY, actor=TESTER)
    assert list(AccountState.objects.order_by("pk").values_list("moves_on", flat=True)) == [NEVER, date(2025, 1, 20)]
