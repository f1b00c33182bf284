"""The signals that the close and the postings keep: the last payment, and what stood at the month-ends before."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from factories import TESTER, make_account, make_installment, make_payment, make_product
from random_books import make_random_book

from accounts.bulk.signals import month_ends_before, write_history
from accounts.bulk.snapshot import partition_for_rebuilt
from accounts.facts import facts_of
from accounts.models import AccountSignals, AccountSnapshot, AccountState, CreditAccount, Payment
from accounts.operations.payments import post_payment, reverse_payment
from accounts.operations.signals import note_signals
from accounts.queries.verifying import differences_now
from riskops.close_of_business import close_day

pytestmark = pytest.mark.django_db


def paid_days() -> dict[int, date]:
    """Return the last payment that counts, by account, as a person would look it up."""
    days: dict[int, date] = {}
    for payment in Payment.objects.filter(is_posted=True, reverses=None).order_by("paid_on"):
        if not Payment.objects.filter(reverses=payment, is_posted=True).exists():
            days[payment.account_id] = payment.paid_on
    return days


def noted_days() -> dict[int, date]:
    return dict(AccountSignals.objects.exclude(last_payment_on=None).values_list("pk", "last_payment_on"))


def test_each_close_notes_the_last_payment_that_counts(settings: Any) -> None:
    settings.CLOSE_SHARD_ACCOUNTS = 5
    make_random_book(seed=11, accounts=12, days=20)
    for offset in range(8, 24):
        close_day(date(2025, 1, 1) + timedelta(days=offset), actor=TESTER)
        assert noted_days() == paid_days()
    assert list(differences_now()) == []


def test_a_payment_on_the_spot_is_noted_and_its_reversal_takes_it_back() -> None:
    account = make_account()
    AccountState.objects.create(account=account, product=account.product, opened_on=account.opened_on)
    close_day(date(2025, 3, 10), actor=TESTER)
    entered = {"actor": TESTER, "account_id": account.pk, "amount_minor": 100}
    post_payment(value_date=date(2025, 2, 1), reference="p1", **entered)
    post_payment(value_date=date(2025, 3, 11), reference="p2", **entered)
    # The open day is after the last closed one: no days ago, not minus one.
    assert facts_of([account.pk], date(2025, 3, 10), ["days_since_payment"]) == {account.pk: {"days_since_payment": 0}}
    reverse_payment(actor=TESTER, payment_no="p2", value_date=date(2025, 3, 11), reference="r2", reason="bounced")
    assert noted_days() == {account.pk: date(2025, 2, 1)}
    reverse_payment(actor=TESTER, payment_no="p1", value_date=date(2025, 3, 11), reference="r1", reason="bounced")
    assert noted_days() == {}


def test_the_history_is_of_the_six_month_ends_before_a_day() -> None:
    assert month_ends_before(date(2025, 6, 30)) == [
        date(2025, 5, 31), date(2025, 4, 30), date(2025, 3, 31), date(2025, 2, 28), date(2025, 1, 31), date(2024, 12, 31),
    ]  # fmt: skip
    assert month_ends_before(date(2025, 7, 1))[0] == date(2025, 6, 30)


def snap(account: CreditAccount, as_of: date, days: int, principal: int = 0) -> None:
    partition_for_rebuilt(as_of)
    AccountSnapshot.objects.create(
        as_of=as_of, account=account, product=account.product, opened_on=account.opened_on, days_past_due=days,
        outstanding_principal_minor=principal,
    )  # fmt: skip


def history(account: CreditAccount) -> tuple[Any, ...] | None:
    columns = ("dpd_month_end", "utilization_month_end_bp", "worst_dpd_6m", "late_months_6m", "score_month_end")
    return AccountSignals.objects.filter(pk=account.pk).values_list(*columns).first()


def write(as_of: date) -> int:
    return write_history(as_of=as_of, first_account_id=0, last_account_id=2**63 - 1, keep_scores=True)


def test_the_history_by_hand_only_what_changes_and_no_row_for_the_quiet() -> None:
    late, quiet, unlimited = (make_account(credit_limit_minor=limit) for limit in (1_000_000, 1_000_000, 0))
    for account in (late, quiet, unlimited):
        AccountState.objects.create(
            account=account, product=account.product, opened_on=account.opened_on, credit_limit_minor=account.credit_limit_minor
        )
    snap(late, date(2024, 11, 30), 200)
    snap(late, date(2024, 12, 31), 40)
    snap(late, date(2025, 4, 30), 12)
    snap(late, date(2025, 5, 31), 0, 333_333)
    snap(quiet, date(2025, 5, 31), 0)
    snap(unlimited, date(2025, 5, 31), 3, 100)
    note_signals(late.pk, score=612)
    assert write(date(2025, 6, 1)) == 2
    # 3,333.33 of 10,000.00 is 33.33 %, the rest dropped; November is the seventh month-end back.
    assert history(late) == (0, 3_333, 40, 2, 612)
    assert history(unlimited) == (3, 0, 3, 1, None)
    assert history(quiet) is None
    assert write(date(2025, 6, 1)) == 0
    # A month on, December has left the window and nothing is known of June.
    assert write(date(2025, 7, 1)) == 2
    assert history(late) == (0, 0, 12, 1, 612)
    assert history(unlimited) == (0, 0, 3, 1, None)


def test_closes_write_the_history_once_after_each_month_end(settings: Any) -> None:
    account = make_account(product=make_product(), opened_on=date(2025, 1, 1), credit_limit_minor=100_000)
    AccountState.objects.create(
        account=account, product=account.product, opened_on=account.opened_on, credit_limit_minor=account.credit_limit_minor
    )
    make_installment(account, due_date=date(2025, 1, 20), principal=10_000)
    for offset in range(4):
        close_day(date(2025, 1, 30) + timedelta(days=offset), actor=TESTER)
        # The close of the month-end itself has the history before it; the day after has the month-end's.
        assert history(account) == (None if offset < 2 else (11, 1_000, 11, 1, None))
    CreditAccount.objects.update(credit_limit_minor=1)
    AccountState.objects.update(credit_limit_minor=1)
    close_day(date(2025, 2, 3), actor=TESTER)
    assert history(account) == (11, 1_000, 11, 1, None)
    row = facts_of([account.pk], date(2025, 2, 3), ["dpd", "dpd_change"])[account.pk]
    assert row == {"dpd": 14, "dpd_change": 3}


def test_the_book_is_verified_down_to_its_copies() -> None:
    account = make_account(credit_limit_minor=500)
    AccountState.objects.create(account=account, product=account.product, opened_on=account.opened_on, credit_limit_minor=500)
    make_payment(account, paid_on=date(2025, 3, 10), amount=100)
    close_day(date(2025, 3, 10), actor=TESTER)
    assert list(differences_now()) == []
    AccountState.objects.update(credit_limit_minor=499)
    AccountSignals.objects.update(last_payment_on=date(2025, 3, 9))
    found = [(d.what, d.stored, d.rebuilt) for d in differences_now()]
    assert found == [
        ("credit_limit_minor", 499, 500),
        ("last_payment_on", date(2025, 3, 9), date(2025, 3, 10)),
    ]
