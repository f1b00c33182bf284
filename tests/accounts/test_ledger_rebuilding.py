"""Accounts rebuilt from their entries: every derived column, at any day, in bulk and one by one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from factories import TESTER, make_account, make_installment, make_payment, make_product, make_reversal, set_business_date
from random_books import FIRST_DAY, make_random_book

from accounts.models import AccountState, Allocation, CreditAccount, Installment, Payment, ReportedState
from accounts.operations.payments import post_payment
from accounts.operations.rebuilding import keep_reported, rebuild_accounts, rebuild_where_they_stand
from accounts.queries import entries
from accounts.rules.terms import Component
from riskops.shared.models import CloseRun, CloseShard

CLOSED = date(2025, 3, 10)
OPEN = date(2025, 3, 11)
pytestmark = pytest.mark.django_db


def derived() -> tuple[list[Any], ...]:
    """Return every derived row; allocations without their ids, which a rebuild may give anew."""
    return (
        list(AccountState.objects.order_by("pk").values()),
        list(Installment.objects.order_by("pk").values()),
        list(Payment.objects.order_by("pk").values("pk", "is_posted")),
        sorted(Allocation.objects.values_list("payment_id", "installment_id", "component", "amount_minor", "allocated_on")),
    )


@pytest.fixture
def account(db: None) -> CreditAccount:
    """An account with a paid, a part-paid and a coming instalment, a reversed payment and one that is still to come."""
    account = make_account(product=make_product(penalty_rate_ppm=1_000))
    make_installment(account, due_date=date(2025, 2, 1), principal=10_000)
    make_installment(account, due_date=date(2025, 3, 1), principal=10_000)
    make_installment(account, due_date=date(2025, 5, 1), principal=10_000, booked_on=date(2025, 3, 20))
    make_payment(account, paid_on=date(2025, 2, 1), amount=12_000, payment_no="T1")
    bounced = make_payment(account, paid_on=date(2025, 3, 5), amount=4_000, payment_no="T2")
    make_reversal(bounced, paid_on=date(2025, 3, 8), payment_no="R2")
    make_payment(account, paid_on=date(2025, 3, 25), amount=9_000, payment_no="T3")
    return account


def test_a_rebuild_makes_every_derived_column(account: CreditAccount) -> None:
    assert rebuild_accounts([account.pk], as_of=CLOSED, ahead_on=None) == 1

    # 80.00 is left of March's instalment for nine days at 8 a day.
    assert AccountState.objects.values().get() == {
        "account_id": account.pk,
        "product_id": account.product_id,
        "opened_on": date(2025, 1, 1),
        "credit_limit_minor": 1_000_000,
        "ahead_on": None,
        "moves_on": None,
        "lateness_reason": "",
        "oldest_unpaid_due_date": date(2025, 3, 1),
        "days_past_due": 9,
        "bucket": 1,
        "overdue_principal_minor": 8_000,
        "overdue_interest_minor": 0,
        "overdue_fee_minor": 0,
        "penalty_due_minor": 72,
        "outstanding_principal_minor": 8_000,
        "outstanding_interest_minor": 0,
        "outstanding_fee_minor": 0,
        "credit_balance_minor": 0,
        "category": 1,
        "stage": 1,
        "has_booked": True,
        "is_written_off": False,
        "tier": "",
    }
    columns = ("principal_unpaid_minor", "accrued_micro", "accrued_through", "penalty_settled_minor", "is_open")
    assert list(Installment.objects.order_by("sequence").values_list(*columns)) == [
        (0, 0, None, 0, False),
        (8_000, 0, None, 0, True),
        (10_000, 0, None, 0, True),
    ]
    assert dict(Payment.objects.values_list("payment_no", "is_posted")) == {"T1": True, "T2": True, "R2": True, "T3": False}
    assert sorted(Allocation.objects.values_list("installment__sequence", "component", "amount_minor", "allocated_on")) == [
        (1, Component.PRINCIPAL, 10_000, date(2025, 2, 1)),
        (2, Component.PRINCIPAL, 2_000, date(2025, 2, 1)),
    ]


def test_a_second_rebuild_writes_nothing(account: CreditAccount) -> None:
    rebuild_accounts([account.pk], as_of=CLOSED, ahead_on=None)
    before = derived()

    with CaptureQueriesContext(connection) as queries:
        assert rebuild_accounts([account.pk], as_of=CLOSED, ahead_on=None) == 0

    assert derived() == before
    assert not [q["sql"] for q in queries if q["sql"].split()[0] in ("INSERT", "UPDATE", "DELETE")]


def test_one_account_takes_twelve_queries_and_a_thousand_take_no_more(account: CreditAccount) -> None:
    rebuild_accounts([account.pk], as_of=CLOSED, ahead_on=None)
    with CaptureQueriesContext(connection) as one:
        rebuild_accounts([account.pk], as_of=date(2025, 3, 7), ahead_on=None)
    others = make_random_book(seed=1, accounts=30, days=40)
    with CaptureQueriesContext(connection) as many:
        rebuild_accounts([account.pk, *(other.pk for other in others)], as_of=date(2025, 2, 20), ahead_on=None)

    def statements(queries: CaptureQueriesContext) -> list[str]:
        return [q["sql"] for q in queries if "SAVEPOINT" not in q["sql"]]

    assert len(statements(one)) <= 12
    assert len(statements(many)) <= 13


def test_whatever_was_wrong_is_right_after_a_rebuild(account: CreditAccount) -> None:
    rebuild_accounts([account.pk], as_of=CLOSED, ahead_on=None)
    sound = derived()
    AccountState.objects.update(days_past_due=1, bucket=0, credit_balance_minor=5, has_booked=False, is_written_off=True)
    Installment.objects.update(principal_unpaid_minor=1, accrued_micro=7, accrued_through=OPEN, is_open=False)
    Payment.objects.update(is_posted=False)
    line = Allocation.objects.first()
    assert line is not None
    Allocation.objects.filter(pk=line.pk).update(amount_minor=1)
    line.pk = None
    line.component = Component.FEE
    line.save()

    assert rebuild_accounts([account.pk], as_of=CLOSED, ahead_on=None) == 1

    assert derived() == sound


def test_going_back_to_an_earlier_day_lets_later_entries_wait_again(account: CreditAccount) -> None:
    rebuild_accounts([account.pk], as_of=date(2025, 3, 7), ahead_on=None)
    earlier = derived()
    rebuild_accounts([account.pk], as_of=date(2025, 3, 25), ahead_on=None)
    assert AccountState.objects.get().outstanding_principal_minor == 18_000 - (9_000 - 24 * 8)

    rebuild_accounts([account.pk], as_of=date(2025, 3, 7), ahead_on=None)

    assert derived() == earlier
    assert dict(Payment.objects.values_list("payment_no", "is_posted")) == {"T1": True, "T2": True, "R2": False, "T3": False}


def test_an_account_opened_later_is_in_no_figure(db: None) -> None:
    account = make_account(opened_on=OPEN)
    make_installment(account, due_date=date(2025, 5, 1), booked_on=date(2025, 3, 1))

    rebuild_accounts([account.pk], as_of=CLOSED, ahead_on=None)

    state = AccountState.objects.get()
    assert (state.has_booked, state.outstanding_principal_minor) == (False, 0)


def test_accounts_in_pieces_come_out_as_at_once(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    ids = [account.pk for account in make_random_book(seed=2, accounts=25, days=60)]
    day = FIRST_DAY + timedelta(days=40)
    rebuild_accounts(ids, as_of=day, ahead_on=None)
    at_once = derived()
    rebuild_accounts(ids, as_of=FIRST_DAY, ahead_on=None)
    monkeypatch.setattr(entries, "ACCOUNTS_AT_ONCE", 4)

    rebuild_accounts(reversed(ids), as_of=day, ahead_on=None)

    assert derived() == at_once


@pytest.mark.parametrize("seed", range(3))
def test_asking_daily_weekly_or_once_leaves_the_same_book(seed: int, db: None) -> None:
    ids = [account.pk for account in make_random_book(seed=100 + seed, accounts=20, days=42)]
    days = [FIRST_DAY + timedelta(days=n) for n in range(43)]
    books = []
    for asked in (days, days[::7], days[-1:]):
        rebuild_accounts(ids, as_of=FIRST_DAY - timedelta(days=1), ahead_on=None)
        for day in asked:
            rebuild_accounts(ids, as_of=day, ahead_on=None)
        books.append(derived())

    assert books[0] == books[1] == books[2]


def test_ids_that_are_not_in_the_book_are_passed_over(account: CreditAccount) -> None:
    assert rebuild_accounts([account.pk, account.pk + 1_000], as_of=CLOSED, ahead_on=None) == 1
    assert rebuild_accounts([], as_of=CLOSED, ahead_on=None) == 0


def test_after_an_import_each_account_is_rebuilt_at_the_day_it_stands_at(account: CreditAccount) -> None:
    ahead = make_account(product=account.product)
    new = make_account(product=account.product)
    set_business_date(CLOSED)
    rebuild_accounts([account.pk, ahead.pk], as_of=CLOSED, ahead_on=None)
    post_payment(actor=TESTER, account_id=ahead.pk, amount_minor=100, value_date=OPEN, reference="T9")
    for number, each in enumerate((account, ahead, new)):
        make_payment(each, paid_on=date(2025, 3, 1), amount=1_000, payment_no=f"LATE{number}")

    assert rebuild_where_they_stand([new.pk, account.pk, ahead.pk], business_date=CLOSED) == 3

    states = {state.pk: state for state in AccountState.objects.all()}
    assert {pk: state.ahead_on for pk, state in states.items()} == {account.pk: None, ahead.pk: OPEN, new.pk: None}
    assert states[account.pk].overdue_principal_minor == 7_000
    assert [states[a.pk].credit_balance_minor for a in (ahead, new)] == [1_100, 1_000]
    kept = {row.account_id: row for row in ReportedState.objects.filter(as_of=CLOSED)}
    assert {pk: row.is_absent for pk, row in kept.items()} == {account.pk: False, ahead.pk: False, new.pk: True}
    assert (kept[account.pk].overdue_principal_minor, kept[ahead.pk].credit_balance_minor) == (8_000, 0)


def test_a_day_ahead_that_a_close_has_passed_is_no_longer_ahead(account: CreditAccount) -> None:
    set_business_date(CLOSED)
    rebuild_accounts([account.pk], as_of=date(2025, 3, 9), ahead_on=date(2025, 3, 9))

    rebuild_where_they_stand([account.pk], business_date=CLOSED)

    state = AccountState.objects.get()
    assert (state.ahead_on, state.days_past_due) == (None, 9)


def test_what_is_kept_of_a_report_is_every_column(account: CreditAccount) -> None:
    rebuild_accounts([account.pk], as_of=CLOSED, ahead_on=None)
    AccountState.objects.update(tier="watch")

    keep_reported([account.pk], reported_day=CLOSED)

    kept = ReportedState.objects.values().get()
    state = AccountState.objects.values().get()
    for name in ("id", "as_of", "is_absent"):
        kept.pop(name)
    for name in ("product_id", "opened_on", "credit_limit_minor", "ahead_on", "moves_on", "lateness_reason"):
        state.pop(name)
    assert kept == state


def running_close(*, sealed: bool) -> None:
    """Leave a close of the open day half-way: its figures taken, or not yet."""
    run = CloseRun.objects.create(business_date=OPEN, through=OPEN, status=CloseRun.Status.RUNNING, started_by="x")
    CloseShard.objects.create(
        run=run,
        step_order=2,
        step="snapshot",
        number=0,
        first_account_id=0,
        last_account_id=2**63 - 1,
        status=CloseShard.Status.DONE if sealed else CloseShard.Status.PENDING,
    )


def test_a_payment_of_a_closed_day_during_a_close_brings_the_account_to_the_day_being_closed(account: CreditAccount) -> None:
    set_business_date(CLOSED)
    rebuild_accounts([account.pk], as_of=CLOSED, ahead_on=None)
    running_close(sealed=False)

    post_payment(actor=TESTER, account_id=account.pk, amount_minor=1_000, value_date=date(2025, 3, 1), reference="T9")

    # 70.00 for ten days: as the running close will report it, whichever of its steps are done.
    state = AccountState.objects.get()
    assert (state.ahead_on, state.days_past_due, state.penalty_due_minor) == (OPEN, 10, 70)
    assert ReportedState.objects.count() == 0


def test_a_payment_after_the_figures_of_a_running_close_were_taken_leaves_its_report_alone(account: CreditAccount) -> None:
    set_business_date(CLOSED)
    rebuild_accounts([account.pk], as_of=OPEN, ahead_on=None)
    running_close(sealed=True)

    post_payment(actor=TESTER, account_id=account.pk, amount_minor=1_000, value_date=OPEN, reference="T9")

    kept = ReportedState.objects.get()
    assert (kept.as_of, kept.days_past_due, kept.overdue_principal_minor, kept.penalty_due_minor) == (OPEN, 10, 8_000, 80)
    assert AccountState.objects.get().overdue_principal_minor == 8_000 - 920
