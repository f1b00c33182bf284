"""A promise kept to the day and one broken to the day: closes of business one after the other, and what each of them leaves."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from factories import TESTER, make_account, make_installment, make_payment, make_product

from accounts.models import AccountSignals, AccountState, CreditAccount
from accounts.operations.payments import post_payment
from casework.models import Case, CaseEvent, Promise, WorkItem
from casework.operations.promises import take_promise
from casework.operations.promises.refusals import PromiseOpenAlready
from riskops.close_of_business import close_day, close_through

pytestmark = pytest.mark.django_db

DUE = date(2025, 3, 10)
FIRST = date(2025, 3, 9)


def late_account(number: str) -> CreditAccount:
    """Return an account that owes 1,000.00 since the tenth of March."""
    account = make_account(account_no=number, product=make_product(), opened_on=date(2025, 1, 1))
    make_installment(account, due_date=DUE, principal=100_000)
    AccountState.objects.create(
        account=account, product=account.product, opened_on=account.opened_on, credit_limit_minor=account.credit_limit_minor
    )
    return account


def told(account: CreditAccount) -> list[tuple[str, str, str]]:
    """Return what happened in the account's cases: day, kind, and what became of stage or promise."""
    rows = CaseEvent.objects.filter(case__account=account).order_by("pk")
    return [(row.day.isoformat(), row.kind, row.to_stage or row.details.get("becomes", "")) for row in rows]


@pytest.mark.once
@pytest.mark.slow
def test_a_promise_kept_and_one_broken_to_the_day(django_capture_on_commit_callbacks: Any) -> None:
    keeper, breaker = late_account("KEEP"), late_account("BREAK")
    close_through(FIRST, DUE, actor=TESTER)
    assert Case.objects.count() == 0
    # Past due from the day after its due date on.
    close_day(date(2025, 3, 11), actor=TESTER)
    assert list(Case.objects.order_by("account__account_no").values_list("account__account_no", "stage", "since")) == [
        ("BREAK", "remind", DUE), ("KEEP", "remind", DUE),
    ]  # fmt: skip
    close_through(date(2025, 3, 12), date(2025, 3, 14), actor=TESTER)

    # The fifteenth is worked: both promise 600.00 by the eighteenth, with one day of grace.
    with django_capture_on_commit_callbacks(execute=True):
        for account in (keeper, breaker):
            take_promise(actor=TESTER, account_id=account.pk, parts=[(date(2025, 3, 18), 60_000)])
    assert set(AccountSignals.objects.values_list("has_open_promise", "promise_due_on")) == {(True, date(2025, 3, 18))}
    assert set(WorkItem.objects.values_list("blocked_by", flat=True)) == {"promise"}
    with pytest.raises(PromiseOpenAlready):
        take_promise(actor=TESTER, account_id=keeper.pk, parts=[(date(2025, 3, 16), 1)])
    close_through(date(2025, 3, 15), date(2025, 3, 17), actor=TESTER)
    assert set(Promise.objects.values_list("status", flat=True)) == {"open"}

    # The keeper pays on the last day of grace what the tolerance asks for, 594.00; the breaker 1 minor unit less than half.
    make_payment(keeper, paid_on=date(2025, 3, 19), amount=59_400)
    make_payment(breaker, paid_on=date(2025, 3, 19), amount=29_999)
    close_day(date(2025, 3, 18), actor=TESTER)
    assert set(Promise.objects.values_list("status", flat=True)) == {"open"}
    close_day(date(2025, 3, 19), actor=TESTER)
    decided = Promise.objects.order_by("account__account_no").values_list("status", "paid_minor", "decided_on")
    assert list(decided) == [("broken", 29_999, date(2025, 3, 19)), ("kept", 59_400, date(2025, 3, 19))]
    seen = AccountSignals.objects.order_by("account__account_no").values_list(
        "has_open_promise", "broken_promises_6m", "promise_due_on", "promise_broken_on"
    )
    assert list(seen) == [(False, 1, None, date(2025, 3, 19)), (False, 0, None, None)]
    assert set(WorkItem.objects.values_list("blocked_by", flat=True)) == {""}

    # The keeper pays the rest at once: the case is closed on the spot. The breaker's goes on, and the count runs out.
    with django_capture_on_commit_callbacks(execute=True):
        post_payment(actor=TESTER, account_id=keeper.pk, amount_minor=40_600, value_date=date(2025, 3, 20), reference="rest")
    assert told(keeper) == [
        ("2025-03-11", "opened", "remind"),
        ("2025-03-15", "promise", "open"),
        ("2025-03-19", "promise", "kept"),
        ("2025-03-20", "closed", "cured"),
    ]
    close_through(date(2025, 3, 20), DUE + timedelta(days=31), actor=TESTER)
    assert told(breaker) == [
        ("2025-03-11", "opened", "remind"),
        ("2025-03-15", "promise", "open"),
        ("2025-03-19", "promise", "broken"),
        ("2025-04-10", "moved", "work"),
    ]
    close_through(date(2025, 4, 11), date(2025, 9, 18), actor=TESTER)
    assert AccountSignals.objects.get(account=breaker).broken_promises_6m == 1
    close_day(date(2025, 9, 19), actor=TESTER)
    assert AccountSignals.objects.get(account=breaker).broken_promises_6m == 0
    assert Case.objects.get(account=breaker).stage == "pursue"
