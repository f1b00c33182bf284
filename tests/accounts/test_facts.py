"""The facts that rules see of an account: each worked out by hand, the same for one account and for the whole book."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from factories import make_account, make_product

from accounts.facts import ACCOUNT_FACTS, account_rows, facts_of
from accounts.models import AccountSignals, AccountState, CreditAccount
from accounts.operations.limits import write_credit_limit
from riskops.shared.rule_language import holding, holds, parse_rule

DAY = date(2025, 6, 16)
pytestmark = pytest.mark.django_db


def stand(account: CreditAccount, **columns: Any) -> CreditAccount:
    """Give an account the state it would have after a close."""
    AccountState.objects.create(
        account=account,
        product=account.product,
        opened_on=account.opened_on,
        credit_limit_minor=account.credit_limit_minor,
        **columns,
    )
    return account


@pytest.fixture
def late() -> CreditAccount:
    account = make_account(
        product=make_product(product_code="cash", currency="CNY"), opened_on=date(2024, 11, 30), credit_limit_minor=2_500_000
    )
    stand(
        account,
        oldest_unpaid_due_date=date(2025, 5, 14),
        days_past_due=33,
        bucket=2,
        overdue_principal_minor=300_000,
        overdue_interest_minor=20_000,
        overdue_fee_minor=1,
        penalty_due_minor=410,
        outstanding_principal_minor=1_845_000,
        outstanding_interest_minor=30_000,
        outstanding_fee_minor=1,
        category=1,
        stage=2,
    )
    AccountSignals.objects.create(
        account=account,
        last_payment_on=date(2025, 5, 31),
        dpd_month_end=17,
        utilization_month_end_bp=6_000,
        worst_dpd_6m=17,
        late_months_6m=1,
        score=612,
        score_month_end=630,
        broken_promises_6m=2,
        failed_debits_3m=3,
        debit_failed_on=date(2025, 6, 11),
        has_open_promise=True,
        restricted_on=date(2025, 6, 17),
        is_restricted=True,
    )
    return account


def test_every_fact_of_a_late_account_by_hand(late: CreditAccount) -> None:
    assert facts_of([late.pk], DAY) == {
        late.pk: {
            "dpd": 33,
            "dpd_change": 16,
            "bucket": 2,
            "worst_dpd_6m": 17,
            "late_months_6m": 1,
            # 3,204.11 and 18,754.11 in ten-thousandths.
            "overdue": 32_041_100,
            "exposure": 187_541_100,
            "credit_limit": 250_000_000,
            "available": 65_500_000,
            # 18,450.00 of 25,000.00: 73.8 %, up from 60 %.
            "utilization": 7_380,
            "utilization_change": 1_380,
            "days_since_payment": 16,
            # November 2024 is month 0.
            "months_on_book": 7,
            "category": "special_mention",
            "stage": 2,
            "written_off": False,
            "product": "cash",
            "currency": "CNY",
            "score": 612,
            "score_change": -18,
            "broken_promises_6m": 2,
            "failed_debits_3m": 3,
            "days_since_failed_debit": 5,
            "open_promise": True,
            "disputed": False,
            "fraud_suspected": False,
            "in_legal": False,
            "on_hold": False,
            "placed": False,
            "hardship_plan": False,
            "vulnerable": False,
            "restricted": True,
            # Restricted on the open day, after the last close.
            "days_since_restriction": 0,
            "days_since_review": None,
            "no_automated_decisions": False,
        }
    }


def test_an_account_without_signals_has_what_a_row_of_defaults_would_give() -> None:
    account = stand(make_account(credit_limit_minor=0), days_past_due=5, bucket=1, outstanding_principal_minor=100)
    sparse = facts_of([account.pk], DAY)
    AccountSignals.objects.create(account=account)
    assert facts_of([account.pk], DAY) == sparse
    row = sparse[account.pk]
    assert (row["dpd_change"], row["available"], row["broken_promises_6m"]) == (5, 0, 0)
    assert [name for name, value in row.items() if value is None] == [
        "utilization", "utilization_change", "days_since_payment", "score", "score_change", "days_since_failed_debit",
        "days_since_restriction", "days_since_review",
    ]  # fmt: skip


@pytest.mark.parametrize(("currency", "digits", "minor"), [("JPY", 0, 5_000), ("CNY", 2, 500_000), ("KWD", 3, 5_000_000)])
def test_amounts_of_all_currencies_compare_in_major_units(currency: str, digits: int, minor: int) -> None:
    product = make_product(currency=currency, minor_digits=digits)
    account = stand(make_account(product=product), outstanding_principal_minor=minor)
    assert facts_of([account.pk], DAY)[account.pk]["exposure"] == 50_000_000
    for text, expected in [("exposure >= 5000", True), ("exposure > 5000", False), ("exposure > 4999.9999", True)]:
        rule = parse_rule(text, ACCOUNT_FACTS)
        assert holding(rule, ACCOUNT_FACTS, account_rows(), DAY).exists() is expected
        assert holds(rule, facts_of([account.pk], DAY, rule.names)[account.pk]) is expected


def test_a_range_of_accounts_has_the_facts_of_its_accounts(late: CreditAccount) -> None:
    other = stand(make_account())
    whole = dict(ACCOUNT_FACTS.rows(account_rows(), DAY))
    assert dict(ACCOUNT_FACTS.rows(account_rows(late.pk, late.pk), DAY)) == {late.pk: whole[late.pk]}
    assert dict(ACCOUNT_FACTS.rows(account_rows(late.pk, other.pk), DAY)) == whole


def test_all_facts_of_all_accounts_are_one_query(late: CreditAccount, django_assert_num_queries: Any) -> None:
    stand(make_account())
    with django_assert_num_queries(1):
        assert len(dict(ACCOUNT_FACTS.rows(account_rows(), DAY))) == 2


def test_a_new_limit_is_written_in_both_places(late: CreditAccount) -> None:
    assert write_credit_limit(late.pk, 1_845_000) == 2_500_000
    late.refresh_from_db()
    assert (late.credit_limit_minor, late.state.credit_limit_minor) == (1_845_000, 1_845_000)
    assert facts_of([late.pk], DAY, ["utilization", "available"])[late.pk] == {"utilization": 10_000, "available": 0}


def test_a_fact_that_can_be_absent_says_so(late: CreditAccount) -> None:
    stand(make_account(credit_limit_minor=0))
    absent = {name for _, row in ACCOUNT_FACTS.rows(account_rows(), DAY) for name, value in row.items() if value is None}
    assert absent == {fact.name for fact in ACCOUNT_FACTS if fact.is_nullable}
