"""Tiny books for the dashboards' tests: accounts with a given standing on given days, inserted as closes would leave them."""

from __future__ import annotations

from datetime import date
from typing import Any

import factories
from django.db import connection

from accounts.models import AccountSnapshot, AccountState, CreditAccount
from accounts.rules import aging
from riskops.shared.day import book_state


def standing(days_past_due: int = 0, principal: int = 0, **columns: Any) -> dict[str, Any]:
    """Return the aging columns of an account that owes so much principal and is so many days late (default bucket map)."""
    return {
        "days_past_due": days_past_due,
        "bucket": aging.bucket(days_past_due, bucket_map="default"),
        "outstanding_principal_minor": principal,
        "overdue_principal_minor": principal if days_past_due else 0,
        "category": aging.category(days_past_due),
        "stage": aging.stage(days_past_due),
        "has_booked": True,
        **columns,
    }


NEVER_USED: dict[str, Any] = {"has_booked": False}


def put_state(account: CreditAccount, columns: dict[str, Any]) -> AccountState:
    """Give an account its state row."""
    state, _ = AccountState.objects.update_or_create(
        account=account, defaults={"product_id": account.product_id, "opened_on": account.opened_on, **columns}
    )
    return state


def put_snapshot(account: CreditAccount, as_of: date, columns: dict[str, Any], **more: Any) -> None:
    """Give an account its snapshot of a month-end."""
    if connection.vendor == "postgresql":
        from accounts.bulk.snapshot import partition_for_rebuilt

        partition_for_rebuilt(as_of)
    AccountSnapshot.objects.create(
        account=account, as_of=as_of, product_id=account.product_id, opened_on=account.opened_on, **columns, **more
    )


def history(days: list[date], *standings: dict[str, Any] | None, **account: Any) -> CreditAccount:
    """Return a new account with one snapshot a day; None for a day on which it had none."""
    made = factories.make_account(**account)
    for day, columns in zip(days, standings, strict=True):
        if columns is not None:
            put_snapshot(made, day, columns)
    return made


def close_through(day: date) -> None:
    """Set the business date, as the last close would."""
    state = book_state()
    state.business_date = day
    state.save()
