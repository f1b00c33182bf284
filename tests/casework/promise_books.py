"""Accounts that promise and pay, for tests of promises."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from casework_books import DAY
from django.utils import timezone
from factories import TESTER, make_account, make_installment, make_payment, set_business_date

from accounts.models import AccountSignals, AccountState, CreditAccount
from accounts.operations.rebuilding import rebuild_accounts
from casework.bulk.cases import follow_cases
from casework.bulk.promises import judge_promises
from casework.models import Promise
from casework.operations.promises import take_promise
from riskops.close_of_business import LAST_ACCOUNT_ID

#: The business day that is worked after DAY is closed, on which the promises of these tests are made.
TODAY = DAY + timedelta(days=1)


def late_account(*, owed: int = 100_000, days: int = 10, **fields: Any) -> CreditAccount:
    """Return an account so many days past due on DAY, which is closed, with its case open."""
    account = make_account(**fields)
    make_installment(account, due_date=DAY - timedelta(days=days), principal=owed)
    set_business_date(DAY)
    stand_at(DAY, account)
    return account


def stand_at(day: date, *accounts: CreditAccount) -> None:
    """Bring accounts to the close of a day from their entries, and their cases."""
    rebuild_accounts([account.pk for account in accounts], as_of=day, ahead_on=None)
    follow_cases(as_of=day, now=timezone.now(), first_account_id=0, last_account_id=LAST_ACCOUNT_ID)


def promise_of(account: CreditAccount, *parts: tuple[int, int], **more: Any) -> Promise:
    """Take a promise: (days from TODAY, minor units) each part."""
    days = [(TODAY + timedelta(days=ahead), amount) for ahead, amount in parts]
    return take_promise(actor=TESTER, account_id=account.pk, parts=days, **more)


def pay(account: CreditAccount, ahead: int, amount: int) -> Any:
    """Put a payment of a day, so many days from TODAY, into the book; nothing is posted by it."""
    return make_payment(account, paid_on=TODAY + timedelta(days=ahead), amount=amount)


def judge_all(ahead: int) -> int:
    """Judge the whole book's promises, as the close of the day so many days from TODAY does."""
    return judge_promises(
        as_of=TODAY + timedelta(days=ahead), now=timezone.now(), first_account_id=0, last_account_id=LAST_ACCOUNT_ID
    )


def stands(promise: Promise) -> tuple[str, int, Sequence[tuple[str, int]]]:
    """Return status and paid amount of a promise and of its parts."""
    row = Promise.objects.get(pk=promise.pk)
    return row.status, row.paid_minor, list(row.parts.values_list("status", "paid_minor"))


def signals_of(account: CreditAccount) -> tuple[int, bool, date | None, date | None]:
    """Return what rules and ladders see of an account's promises."""
    row = AccountSignals.objects.filter(pk=account.pk).first() or AccountSignals()
    return row.broken_promises_6m, row.has_open_promise, row.promise_due_on, row.promise_broken_on


def owes(account: CreditAccount) -> int:
    """Return all that an account owes."""
    state = AccountState.objects.get(pk=account.pk)
    return (
        state.outstanding_principal_minor
        + state.outstanding_interest_minor
        + state.outstanding_fee_minor
        + state.penalty_due_minor
    )
