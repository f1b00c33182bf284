"""Late accounts in the database, for the tests of reviews and sweeps. Amounts in minor units."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from factories import make_account

from accounts.models import AccountState, CreditAccount

DAY = date(2025, 3, 31)


def make_late(days: int = 20, *, owed: int = 10_000, **fields: Any) -> CreditAccount:
    """Return an account that is late on DAY, with a state row."""
    account = make_account(**fields)
    AccountState.objects.create(
        account=account, product=account.product, opened_on=account.opened_on, credit_limit_minor=account.credit_limit_minor,
        oldest_unpaid_due_date=DAY - timedelta(days=days) if days else None, days_past_due=days, bucket=1 if days else 0,
        has_booked=True, outstanding_principal_minor=owed, overdue_principal_minor=owed if days else 0,
    )  # fmt: skip
    return account
