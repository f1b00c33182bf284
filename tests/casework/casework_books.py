"""Accounts that stand somewhere, and their tiers, for tests of the casework."""

from __future__ import annotations

from datetime import date
from typing import Any

from accounts.models import AccountState, CreditAccount
from casework.bulk.tiers import tier_accounts
from casework.models import TierChange
from riskops.close_of_business import LAST_ACCOUNT_ID

DAY = date(2025, 6, 16)


def stand(account: CreditAccount, **columns: Any) -> CreditAccount:
    """Give an account its state."""
    AccountState.objects.create(
        account=account, product=account.product, opened_on=account.opened_on,
        credit_limit_minor=account.credit_limit_minor, **columns,
    )  # fmt: skip
    return account


def tier_all(day: date = DAY) -> int:
    """Tier the whole book, as the close of the day does; return how many changed."""
    return tier_accounts(as_of=day, first_account_id=0, last_account_id=LAST_ACCOUNT_ID)


def tier_of(account: CreditAccount) -> str:
    """Return the tier that an account's state has."""
    return AccountState.objects.values_list("tier", flat=True).get(pk=account.pk)


def changes_of(account: CreditAccount) -> list[tuple[str, str, date]]:
    """Return an account's changes, oldest first."""
    return list(TierChange.objects.filter(account=account).order_by("pk").values_list("from_tier", "to_tier", "as_of"))
