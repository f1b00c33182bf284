"""Accounts that are late enough for a letter, with a customer who has an address."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from factories import make_account, make_customer, make_installment, make_product, set_business_date

from accounts.models import CreditAccount, Product
from accounts.operations.rebuilding import rebuild_accounts
from casework.bulk.tiers import tier_accounts

SHANGHAI = ZoneInfo("Asia/Shanghai")
#: The last closed day, and a moment of the day after it.
DAY = date(2025, 3, 31)
NOW = datetime(2025, 4, 1, 10, tzinfo=SHANGHAI)
TODAY = NOW.date()
PERSON = {"name": "王小明", "phone": "13900000001", "email": "wang@example.com", "address": "北京市朝阳区建国路88号"}


def make_late(
    *,
    days: int = 100,
    principal: int = 1_000_000,
    product: Product | None = None,
    person: dict[str, str] | None = None,
    **fields: Any,
) -> CreditAccount:
    """Return an account whose one instalment fell due so many days before `DAY`, aged and tiered; no penalty accrues."""
    customer = make_customer(person=person or PERSON, **fields)
    product = product or make_product(name="Card", penalty_rate_ppm=0)
    account = make_account(customer=customer, product=product, opened_on=date(2020, 1, 1))
    make_installment(account, due_date=DAY - timedelta(days=days), principal=principal)
    close_on(account)
    return account


def close_on(*accounts: CreditAccount, day: date = DAY) -> None:
    """Age accounts as of a day, which is then the last closed one, and place them in tiers."""
    set_business_date(day)
    ids = [account.pk for account in accounts]
    rebuild_accounts(ids, as_of=day, ahead_on=None)
    tier_accounts(as_of=day, first_account_id=min(ids), last_account_id=max(ids))
