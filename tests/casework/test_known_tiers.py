"""The known tier of any day: by the policy live on it, on what the entries say of it."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from typing import Any

import pytest
from book_strategies import accounts as random_accounts
from casework_books import stand
from factories import TESTER, make_account, make_installment, make_product
from hypothesis import given
from random_books import FIRST_DAY, make_random_book

from accounts.bulk.signals import month_ends_before
from accounts.exports import Truth, write_aging
from accounts.facts import ACCOUNT_FACTS, account_rows
from accounts.models import AccountSignals
from accounts.operations.payments import post_payment
from accounts.queries.entries import AccountEntries, load_entries
from accounts.queries.known_facts import known_facts, month_end_of
from casework.models import Tier, TierPolicy
from riskops.close_of_business import close_through

pytestmark = pytest.mark.django_db


def tiers_of(truth: Truth, day: date) -> dict[str, str]:
    """Return the tier column of an export by account number."""
    file = io.StringIO()
    write_aging(file, as_of=day, truth=truth)
    return {row["account_no"]: row["tier"] for row in csv.DictReader(io.StringIO(file.getvalue()))}


@given(account=random_accounts())
def test_a_month_end_read_off_the_allocations_is_the_replays(account: Any) -> None:
    opened = min([date(2024, 1, 1), *(slip.booked_on for slip in account.installments)])
    entries = AccountEntries(
        1, "A", opened, 2, account.terms, None, installments=list(account.installments), payments=list(account.payments),
        waivers=list(account.waivers),
    )  # fmt: skip
    rebuilt = entries.rebuilt(account.as_of)
    for back in range(45):
        day = account.as_of - timedelta(days=back)
        state = entries.rebuilt(day).state
        assert month_end_of(entries, rebuilt, day) == (state.days_past_due, state.outstanding_principal_minor), day


def test_facts_from_the_entries_are_those_that_the_close_left() -> None:
    accounts = make_random_book(seed=8, accounts=30, days=45)
    first = FIRST_DAY
    last = first + timedelta(days=80)
    close_through(first, last, actor=TESTER)
    ids = [account.pk for account in accounts]
    entries = load_entries(ids)
    known = known_facts([(entries[pk], entries[pk].rebuilt(last)) for pk in ids])
    stored = dict(ACCOUNT_FACTS.rows(account_rows().filter(pk__in=ids), last))
    assert {pk: dict(known[pk]) for pk in ids} == stored
    assert len({row["late_months_6m"] for row in stored.values()}) > 1


def test_every_fact_is_known_or_said_not_to_be() -> None:
    account = make_account()
    entries = load_entries([account.pk])[account.pk]
    (facts,) = known_facts([(entries, entries.rebuilt(account.opened_on))]).values()
    assert set(facts) == set(ACCOUNT_FACTS.names)


def test_what_is_known_of_a_closed_day_is_what_was_reported_until_an_entry_comes_late(
    django_capture_on_commit_callbacks: Any,
) -> None:
    product = make_product()
    account = make_account(account_no="A1", product=product, opened_on=date(2025, 1, 1))
    make_installment(account, due_date=date(2025, 2, 15))
    stand(account)
    close_through(date(2025, 1, 30), date(2025, 3, 20), actor=TESTER)
    month_end = date(2025, 2, 28)
    assert tiers_of(Truth.REPORTED, month_end) == tiers_of(Truth.KNOWN, month_end) == {"A1": "early"}
    assert tiers_of(Truth.KNOWN, date(2025, 3, 18)) == {"A1": "middle"}
    with django_capture_on_commit_callbacks(execute=True):
        post_payment(actor=TESTER, account_id=account.pk, amount_minor=10_000, value_date=date(2025, 2, 20), reference="late")
    assert tiers_of(Truth.REPORTED, month_end) == {"A1": "early"}
    assert tiers_of(Truth.KNOWN, month_end) == {"A1": "normal"}
    assert tiers_of(Truth.REPORTED, date(2025, 3, 20)) == {"A1": "middle"}
    assert tiers_of(Truth.KNOWN, date(2025, 3, 20)) == {"A1": "normal"}


def test_each_day_is_known_by_the_policy_that_was_live_on_it() -> None:
    account = make_account(account_no="A1", opened_on=date(2025, 1, 1))
    make_installment(account, due_date=date(2025, 2, 15))
    policy = TierPolicy(version=2, calendar=TierPolicy.objects.get().calendar, live_from=date(2025, 3, 1))
    policy.save()
    Tier.objects.create(policy=policy, position=1, code="all", name_en="All", name_zh="全部", rule="dpd >= 0", tone="m0")
    policy.status, policy.approved_at = TierPolicy.Status.APPROVED, policy.drafted_at
    policy.save()
    assert tiers_of(Truth.KNOWN, date(2025, 2, 28)) == {"A1": "early"}
    assert tiers_of(Truth.KNOWN, date(2025, 3, 1)) == {"A1": "all"}


def test_history_that_only_the_entries_tell_puts_a_past_day_in_watch() -> None:
    account = make_account(account_no="A1", opened_on=date(2024, 6, 1))
    # Late at the ends of July and August 2024, paid since.
    make_installment(account, due_date=date(2024, 7, 15))
    post_payment(actor=TESTER, account_id=account.pk, amount_minor=10_000, value_date=date(2024, 9, 10), reference="paid")
    assert tiers_of(Truth.KNOWN, date(2024, 8, 31)) == {"A1": "middle"}
    assert tiers_of(Truth.KNOWN, date(2024, 10, 5)) == {"A1": "watch"}
    assert tiers_of(Truth.KNOWN, date(2025, 6, 5)) == {"A1": "normal"}
    assert month_ends_before(date(2024, 10, 5))[0] == date(2024, 9, 30)
    assert not AccountSignals.objects.filter(late_months_6m__gt=0).exists()
