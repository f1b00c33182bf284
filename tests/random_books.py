"""Random small books with everything that can happen, for comparing the paths; the same seed gives the same book."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import pytest
from factories import make_account, make_customer, make_installment, make_payment, make_product, make_reversal

from accounts.models import AccountState, CreditAccount, Installment, Payment, Product

FIRST_DAY = date(2025, 1, 1)


def longer(*seeds: int) -> list[tuple[int, Any]]:
    """Return seeds for the slow tests with their marks: PostgreSQL looks at the last of them alone, beside the quick one."""
    return [(seed, (pytest.mark.slow, *([] if seed == seeds[-1] else [pytest.mark.once]))) for seed in seeds]


def make_products() -> list[Product]:
    """Return products that differ in every term."""
    order = ["penalty,fee,interest,principal", "principal,interest,fee,penalty", "interest,penalty,principal,fee"]
    return [
        make_product(
            penalty_rate_ppm=rate,
            grace_days=grace,
            penalty_base=base,
            penalty_from=start,
            penalty_cap_bp=cap,
            allocation_order=order[number % 3],
            prepayment=prepayment,
            bucket_map=bucket_map,
        )
        for number, (rate, grace, base, start, cap, prepayment, bucket_map) in enumerate(
            [
                (0, 0, "principal", "due_date", None, "next_installments", "default"),
                (700, 0, "principal", "due_date", None, "next_installments", "default"),
                (9_999, 3, "principal_interest", "due_date", 1_250, "hold", "default"),
                (512, 5, "principal_interest", "grace_end", None, "next_installments", "calendar-29"),
                (333, 2, "principal", "grace_end", 0, "hold", "calendar-29"),
            ]
        )
    ]


def make_random_book(*, seed: int, accounts: int, days: int) -> list[CreditAccount]:
    """Write a book of `accounts` accounts on which things happen within `days` days from FIRST_DAY; nothing is posted."""
    dice = random.Random(seed)
    products = make_products()
    return [_account(dice, dice.choice(products), days) for _ in range(accounts)]


def _day(dice: random.Random, first: date, days: int) -> date:
    return first + timedelta(days=dice.randrange(max(1, days)))


def _account(dice: random.Random, product: Product, days: int) -> CreditAccount:
    opened = _day(dice, FIRST_DAY, days // 3)
    account = make_account(product=product, customer=make_customer(), opened_on=opened)
    AccountState.objects.create(account=account, product=product, opened_on=opened, credit_limit_minor=account.credit_limit_minor)
    installments: list[Installment] = []
    for order in range(dice.randrange(0, 4)):
        booked = _day(dice, opened, days // 2)
        due = _day(dice, booked, 20)
        for _ in range(dice.randrange(1, 4)):
            parts = [dice.choice([0, 1, 7, 999, 10_000, 123_457]) for _ in range(3)]
            parts[0] += 0 if any(parts) else 5
            installments.append(
                make_installment(
                    account,
                    due_date=due,
                    booked_on=booked,
                    principal=parts[0],
                    interest=parts[1],
                    fee=parts[2],
                    order_no=f"O{dice.choice('aZ9')}{order}",
                )
            )
            due += timedelta(days=dice.choice([0, 3, 10, 30]))
    _payments(dice, account, installments, days)
    return account


def _payments(dice: random.Random, account: CreditAccount, installments: list[Installment], days: int) -> None:
    payday = _day(dice, account.opened_on, days)
    for _ in range(dice.randrange(0, 6)):
        if dice.random() < 0.6:
            payday = _day(dice, account.opened_on, days)
        named = dice.choice(installments) if installments and dice.random() < 0.2 else None
        payment = make_payment(
            account,
            paid_on=payday,
            amount=dice.choice([1, 500, 7_777, 10_000, 123_457, 400_000]),
            directed_to=(named.order_no, named.sequence) if named else None,
            payment_no=f"{dice.choice('zA')}{dice.random()}",
        )
        if dice.random() < 0.2:
            make_reversal(payment, paid_on=_day(dice, payday, 15))


def unposted(day: date) -> int:
    """Return how many entries dated up to the day are not posted."""
    return Payment.objects.filter(is_posted=False, paid_on__lte=day).count()
