"""Accounts in their tiers: by the close over the whole book, on the spot for one account, and both alike."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from casework_books import DAY, changes_of, stand, tier_all, tier_of
from deliveries import deliver
from django.db import DatabaseError, transaction
from factories import TESTER, make_account, make_installment, make_product, set_business_date
from hypothesis import given
from hypothesis import strategies as st
from random_books import FIRST_DAY, make_random_book

from accounts.facts import ACCOUNT_FACTS, account_rows
from accounts.models import AccountSignals, AccountState, ImportIssue, ReportedState
from accounts.operations import import_run
from accounts.operations.payments import post_payment
from accounts.operations.signals import note_signals
from casework.bulk.tiers import tier_accounts
from casework.models import Tier, TierChange, TierPolicy
from casework.operations.retiering import retier
from casework.policies import live_policy
from casework.shipped import TIERS, seed_tiers
from riskops.close_of_business import close_day

pytestmark = pytest.mark.django_db

# The shipped policy ------------------------------------------------------------------------------------------------


def test_a_new_site_has_one_policy_live_from_the_first_day_on() -> None:
    assert [policy.version for policy in TierPolicy.objects.all()] == [1]
    policy = live_policy(date(1990, 1, 1))
    assert policy is not None and policy.codes == tuple(tier["code"] for tier in TIERS)
    assert live_policy(date(1989, 12, 31)) is None


def test_seeding_again_changes_nothing() -> None:
    assert seed_tiers() is False
    assert (TierPolicy.objects.count(), Tier.objects.count()) == (1, 9)


@pytest.mark.parametrize(
    ("days", "tier"),
    [(0, "normal"), (1, "early"), (30, "early"), (31, "middle"), (60, "middle"), (61, "late"), (90, "late"), (91, "serious")],
)
def test_the_shipped_tiers_turn_at_their_days(days: int, tier: str) -> None:
    account = stand(make_account(), days_past_due=days)
    assert tier_all() == 1
    assert tier_of(account) == tier


@pytest.mark.parametrize(
    ("signals", "tier"),
    [
        ({"is_fraud_suspected": True, "is_disputed": True, "is_in_legal": True}, "fraud-suspected"),
        ({"is_disputed": True, "is_in_legal": True}, "disputed"),
        ({"is_in_legal": True}, "legal"),
        ({}, "serious"),
    ],
)
def test_the_lanes_come_before_lateness(signals: dict[str, bool], tier: str) -> None:
    account = stand(make_account(), days_past_due=200)
    AccountSignals.objects.create(account=account, **signals)
    tier_all()
    assert tier_of(account) == tier


@pytest.mark.parametrize(
    ("outstanding", "signals", "tier"),
    [
        # 7,000.00 of 10,000.00 is 70 %, up from 45 %: 25 points.
        (700_000, {"utilization_month_end_bp": 4_500}, "watch"),
        (700_000, {"utilization_month_end_bp": 4_501}, "normal"),
        (699_900, {"utilization_month_end_bp": 0}, "normal"),
        (0, {"score": 580, "score_month_end": 600}, "watch"),
        (0, {"score": 581, "score_month_end": 600}, "normal"),
        (0, {"late_months_6m": 2}, "watch"),
        (0, {"late_months_6m": 1}, "normal"),
        (0, {"broken_promises_6m": 1}, "watch"),
    ],
)
def test_watch_holds_who_is_not_late_but_worse(outstanding: int, signals: dict[str, int], tier: str) -> None:
    account = stand(make_account(), outstanding_principal_minor=outstanding)
    AccountSignals.objects.create(account=account, **signals)
    tier_all()
    assert tier_of(account) == tier


# The step ----------------------------------------------------------------------------------------------------------


def test_the_step_writes_what_changes_and_nothing_else() -> None:
    late, quiet = stand(make_account(), days_past_due=14), stand(make_account())
    assert tier_all() == 2
    assert tier_all() == 0
    AccountState.objects.filter(pk=late.pk).update(days_past_due=31)
    assert tier_all(DAY + timedelta(days=1)) == 1
    assert changes_of(late) == [("", "early", DAY), ("early", "middle", DAY + timedelta(days=1))]
    assert changes_of(quiet) == [("", "normal", DAY)]
    assert {change.policy.version for change in TierChange.objects.all()} == {1}


def test_the_step_keeps_to_its_range_and_to_accounts_opened_by_the_day() -> None:
    first, second = stand(make_account()), stand(make_account())
    later = stand(make_account(opened_on=DAY + timedelta(days=1)))
    assert tier_accounts(as_of=DAY, first_account_id=second.pk, last_account_id=later.pk) == 1
    assert [tier_of(account) for account in (first, second, later)] == ["", "normal", ""]


def test_changes_back_and_forth_on_one_day_do_not_confuse_the_step() -> None:
    account = stand(make_account(), days_past_due=14)
    tier_all()
    for days in (31, 14, 61):
        AccountState.objects.filter(pk=account.pk).update(days_past_due=days)
        tier_all()
    assert tier_of(account) == "late"
    assert [(was, becomes) for was, becomes, _day in changes_of(account)] == [
        ("", "early"), ("early", "middle"), ("middle", "early"), ("early", "late"),
    ]  # fmt: skip


def test_each_day_is_tiered_by_the_policy_live_on_it() -> None:
    account = stand(make_account(), days_past_due=14)
    policy = TierPolicy(version=2, calendar=TierPolicy.objects.get().calendar, live_from=DAY + timedelta(days=1))
    policy.save()
    Tier.objects.create(policy=policy, position=1, code="all", name_en="All", name_zh="全部", rule="dpd >= 0", tone="m0")
    policy.status, policy.approved_at = TierPolicy.Status.APPROVED, policy.drafted_at
    policy.save()
    tier_all(DAY)
    assert tier_of(account) == "early"
    tier_all(DAY + timedelta(days=1))
    assert tier_of(account) == "all"
    assert [change.policy.version for change in TierChange.objects.order_by("pk")] == [1, 2]


def test_a_close_places_accounts_before_it_reports_them() -> None:
    account = make_account()
    make_installment(account, due_date=DAY - timedelta(days=1))
    stand(account)
    close_day(DAY, actor=TESTER)
    assert tier_of(account) == "early"


# On the spot -------------------------------------------------------------------------------------------------------


def test_a_signal_moves_its_account_at_once_and_the_report_stays(django_capture_on_commit_callbacks: Any) -> None:
    account = stand(make_account(), days_past_due=14)
    set_business_date(DAY)
    tier_all()
    with django_capture_on_commit_callbacks(execute=True):
        note_signals(account.pk, is_disputed=True)
    assert tier_of(account) == "disputed"
    assert ReportedState.objects.get().tier == "early"
    assert changes_of(account)[-1] == ("early", "disputed", DAY)


def test_an_account_imported_late_is_placed_at_once(tmp_path: Path, django_capture_on_commit_callbacks: Any) -> None:
    make_product(product_code="std")
    set_business_date(DAY)
    with django_capture_on_commit_callbacks(execute=True):
        deliver(tmp_path, **late_delivery(2))
    tiers = AccountState.objects.order_by("account__account_no").values_list("account__account_no", "days_past_due", "tier")
    assert list(tiers) == [("N0", 10, "early"), ("N1", 10, "early")]


def test_of_a_large_delivery_the_close_places_the_accounts_and_the_import_says_so(
    tmp_path: Path, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_run, "MOST_TOLD", 1)
    make_product(product_code="std")
    set_business_date(DAY)
    with django_capture_on_commit_callbacks(execute=True):
        deliver(tmp_path, **late_delivery(2))
    assert list(AccountState.objects.values_list("days_past_due", "tier").distinct()) == [(10, "")]
    assert list(ImportIssue.objects.values_list("code", "is_error")) == [("placed_at_close", False)]
    assert tier_all() == 2
    assert set(AccountState.objects.values_list("tier", flat=True)) == {"early"}


def late_delivery(accounts: int) -> dict[str, str]:
    """Return files of accounts opened 60 days ago whose one instalment was due ten days ago."""
    numbers, opened, due = range(accounts), DAY - timedelta(days=60), DAY - timedelta(days=10)
    return {
        "customers": "customer_no,name\n" + "".join(f"K{n},Name\n" for n in numbers),
        "accounts": "account_no,customer_no,product_code,opened_on,credit_limit\n"
        + "".join(f"N{n},K{n},std,{opened},100\n" for n in numbers),
        "installments": "account_no,order_no,sequence,due_date,principal\n" + "".join(f"N{n},O,1,{due},70\n" for n in numbers),
    }


def test_before_the_first_close_nothing_is_placed() -> None:
    account = stand(make_account(), days_past_due=14)
    assert retier(account.pk) is None
    assert (tier_of(account), TierChange.objects.count()) == ("", 0)


def test_an_account_that_stays_is_not_written() -> None:
    account = stand(make_account(), days_past_due=14)
    set_business_date(DAY)
    assert retier(account.pk) == ("", "early")
    assert retier(account.pk) is None
    assert TierChange.objects.count() == 1


columns = st.fixed_dictionaries(
    {
        "days_past_due": st.sampled_from([0, 0, 1, 30, 31, 60, 61, 90, 91, 400]),
        "outstanding_principal_minor": st.sampled_from([0, 699_999, 700_000, 1_000_000]),
        "is_written_off": st.booleans(),
    }
)
signals = st.none() | st.fixed_dictionaries(
    {
        "is_disputed": st.booleans(), "is_fraud_suspected": st.booleans(), "is_in_legal": st.booleans(),
        "late_months_6m": st.integers(0, 3), "broken_promises_6m": st.integers(0, 1),
        "utilization_month_end_bp": st.sampled_from([0, 4_500, 4_501, 10_000]),
        "score": st.sampled_from([None, 580, 600]), "score_month_end": st.sampled_from([None, 600]),
    }
)  # fmt: skip


@given(book=st.lists(st.tuples(columns, signals, st.sampled_from([0, 1_000_000])), min_size=1, max_size=5))
def test_the_step_the_spot_and_plain_python_agree(book: list[Any]) -> None:
    product = make_product()
    ids = []
    for state, noted, limit in book:
        account = stand(make_account(product=product, credit_limit_minor=limit), **state)
        if noted is not None:
            AccountSignals.objects.create(account=account, **noted)
        ids.append(account.pk)
    set_business_date(DAY)
    policy = live_policy(DAY)
    assert policy is not None
    rows = dict(ACCOUNT_FACTS.rows(account_rows().filter(pk__in=ids), DAY))
    by_hand = {pk: policy.tier_of(rows[pk]) for pk in ids}
    with transaction.atomic():
        for pk in ids:
            retier(pk)
        on_the_spot = dict(AccountState.objects.filter(pk__in=ids).values_list("pk", "tier"))
        transaction.set_rollback(True)
    tier_all()
    assert on_the_spot == by_hand == dict(AccountState.objects.filter(pk__in=ids).values_list("pk", "tier"))


def test_payments_of_a_random_book_leave_what_a_close_would(django_capture_on_commit_callbacks: Any) -> None:
    accounts = make_random_book(seed=7, accounts=25, days=30)
    for offset in range(40):
        close_day(FIRST_DAY + timedelta(days=offset), actor=TESTER)
    day = FIRST_DAY + timedelta(days=39)
    with django_capture_on_commit_callbacks(execute=True):
        for number, account in enumerate(accounts):
            post_payment(
                actor=TESTER, account_id=account.pk, amount_minor=5_000 * (number + 1), value_date=day, reference=f"now{number}"
            )
    ids = [account.pk for account in accounts]
    on_the_spot = dict(AccountState.objects.filter(pk__in=ids).values_list("pk", "tier"))
    assert tier_all(day) == 0
    assert len(set(on_the_spot.values())) > 1


# What the database keeps -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda: TierPolicy.objects.update(note="other"),
        lambda: TierPolicy.objects.update(status="draft"),
        lambda: TierPolicy.objects.update(live_from=DAY),
        lambda: TierPolicy.objects.all().delete(),
        lambda: Tier.objects.filter(code="early").update(rule="dpd >= 2"),
        lambda: Tier.objects.filter(code="early").delete(),
        lambda: Tier.objects.create(
            policy=TierPolicy.objects.get(), position=99, code="x", name_en="X", name_zh="甲", rule="dpd = 0", tone="m0"
        ),
    ],
)
def test_the_database_refuses_to_change_what_was_approved(change: Any) -> None:
    with pytest.raises(DatabaseError, match="draft the next version"), transaction.atomic():
        change()
    assert (TierPolicy.objects.get().note, Tier.objects.count()) == ("Shipped with the site", 9)


def test_the_database_refuses_a_second_policy_live_from_a_day() -> None:
    first = TierPolicy.objects.get()
    with pytest.raises(DatabaseError), transaction.atomic():
        TierPolicy.objects.create(
            version=2, calendar=first.calendar, live_from=first.live_from, status="approved", approved_at=first.approved_at
        )


@pytest.mark.parametrize("change", ["update", "delete"])
def test_the_database_refuses_to_change_the_history(change: str) -> None:
    stand(make_account())
    tier_all()
    with pytest.raises(DatabaseError, match="only added"), transaction.atomic():
        TierChange.objects.update(to_tier="late") if change == "update" else TierChange.objects.all().delete()
