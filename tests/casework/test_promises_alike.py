"""Promises judged by the close, on the spot, and in plain Python from the entries: the same rows on random books."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from casework_books import DAY
from django.db import connection, transaction
from factories import TESTER, make_account, make_installment, make_payment, make_product, make_reversal, set_business_date
from hypothesis import given, settings
from hypothesis import strategies as st
from promise_books import TODAY, judge_all, late_account, promise_of, signals_of, stand_at

from accounts.models import AccountSignals
from accounts.operations.rebuilding import rebuild_accounts
from accounts.queries.entries import load_entries
from accounts.queries.known_facts import known_facts
from casework.bulk.promises import _verdicts
from casework.models import CaseEvent, Promise, PromisePart
from casework.operations.promises import observe_account, take_promise
from casework.queries.promises.pledges import payments_of, pledge_of
from casework.rules.promises import Paid, Part, Pledge, counted_after, history, judge
from riskops.close_of_business import LAST_ACCOUNT_ID, close_through

pytestmark = pytest.mark.django_db

PROMISES = ("account_id", "status", "paid_minor", "next_due_on", "decided_on")
PARTS = ("promise__account_id", "number", "status", "paid_minor")
EVENTS = ("case__account_id", "kind", "day", "actor_name", "days_past_due", "overdue_minor")
SIGNALS = ("account_id", "broken_promises_6m", "has_open_promise", "promise_due_on", "promise_broken_on")

amounts = st.sampled_from([1, 99, 1_000, 4_950, 5_000, 9_900, 10_000, 30_000])
parts = st.lists(st.tuples(st.integers(0, 6), amounts), min_size=1, max_size=3, unique_by=lambda part: part[0])
moneys = st.lists(st.tuples(st.integers(-1, 12), amounts, st.none() | st.integers(0, 20)), max_size=4)


@settings(max_examples=25)
@given(book=st.lists(st.tuples(parts, moneys), min_size=1, max_size=3), days=st.lists(st.integers(0, 12), min_size=1, max_size=5))
def test_the_step_and_the_spot_give_the_same_rows(book: list[Any], days: list[int]) -> None:
    product = make_product()
    accounts = []
    for promised, paid in book:
        account = late_account(product=product)
        promise_of(account, *sorted(promised))
        for ahead, amount, back in paid:
            payment = make_payment(account, paid_on=TODAY + timedelta(days=ahead), amount=amount)
            if back is not None:
                make_reversal(payment, paid_on=TODAY + timedelta(days=ahead + back))
        accounts.append(account)

    def rows(judged: Any) -> list[Any]:
        found = []
        for ahead in sorted(set(days)):
            day = TODAY + timedelta(days=ahead)
            set_business_date(day)
            stand_at(day, *accounts)
            judged(ahead)
            found += [
                list(Promise.objects.filter(account__in=accounts).order_by("account_id").values_list(*PROMISES)),
                list(
                    PromisePart.objects.filter(promise__account__in=accounts)
                    .order_by("promise__account_id", "number")
                    .values_list(*PARTS)
                ),
                list(AccountSignals.objects.filter(account__in=accounts).order_by("account_id").values_list(*SIGNALS)),
            ]
        told = CaseEvent.objects.filter(case__account__in=accounts).order_by("case__account_id", "pk")
        for event in told:
            event.details.pop("promise", None)
        return [*found, list(told.values_list(*EVENTS)), [event.details for event in told]]

    def on_the_spot(_ahead: int) -> None:
        for account in accounts:
            observe_account(account.pk)

    with transaction.atomic():
        spot = rows(on_the_spot)
        transaction.set_rollback(True)
    assert rows(judge_all) == spot


@settings(max_examples=25)
@given(promised=parts, paid=moneys)
def test_a_promise_followed_day_by_day_is_what_its_entries_say(promised: Any, paid: Any) -> None:
    account = late_account()
    promise = promise_of(account, *sorted(promised))
    for ahead, amount, back in paid:
        payment = make_payment(account, paid_on=TODAY + timedelta(days=ahead), amount=amount)
        if back is not None:
            make_reversal(payment, paid_on=TODAY + timedelta(days=ahead + back))
    followed = []
    was = "open"
    last = 16
    for ahead in range(last + 1):
        stand_at(TODAY + timedelta(days=ahead), account)
        judge_all(ahead)
        promise.refresh_from_db()
        if promise.status != was:
            was = promise.status
            followed.append((TODAY + timedelta(days=ahead), was))
    pledge, payments = pledge_of(promise, promise.parts.all()), payments_of([promise])[account.pk]
    # Nothing was owed any more: a promise that was cancelled for that is so by the book, not by its own entries.
    if was != "cancelled":
        assert list(history(pledge, payments, through=TODAY + timedelta(days=last))) == followed
        day = TODAY + timedelta(days=last)
        verdict = judge(pledge, payments, as_of=day, closed_through=day)
        assert (verdict.status, verdict.paid_minor) == (promise.status, promise.paid_minor)
        broken = was == "broken" and followed[-1][0] > counted_after(day)
        assert signals_of(account)[0] == int(broken)


def test_what_is_known_of_a_past_day_are_the_promises_of_that_day() -> None:
    account = make_account(opened_on=date(2025, 1, 1))
    make_installment(account, due_date=date(2025, 2, 15), principal=100_000)
    rebuild_accounts([account.pk], as_of=date(2025, 2, 27), ahead_on=None)
    close_through(date(2025, 2, 28), date(2025, 2, 28), actor=TESTER)
    take_promise(actor=TESTER, account_id=account.pk, parts=[(date(2025, 3, 3), 50_000)])
    close_through(date(2025, 3, 1), date(2025, 3, 10), actor=TESTER)
    seen = {}
    entries = load_entries([account.pk])[account.pk]
    for day in (date(2025, 2, 28), date(2025, 3, 1), date(2025, 3, 3), date(2025, 3, 4), date(2025, 9, 3), date(2025, 9, 4)):
        (facts,) = known_facts([(entries, entries.rebuilt(day))]).values()
        seen[day.isoformat()] = (facts["open_promise"], facts["broken_promises_6m"])
    assert seen == {
        "2025-02-28": (False, 0),
        "2025-03-01": (True, 0),
        "2025-03-03": (True, 0),
        "2025-03-04": (False, 1),
        "2025-09-03": (False, 1),
        "2025-09-04": (False, 0),
    }


def test_a_rule_on_plain_values() -> None:
    part = Part(DAY, 1_000, 1_000, 990, DAY + timedelta(days=1))
    pledge = Pledge(DAY, 7, DAY + timedelta(days=31), 5_000, (part,))
    paid = [Paid(7, DAY, 500), Paid(8, DAY, 989), Paid(9, DAY + timedelta(days=1), 1)]
    day_before, end = DAY, DAY + timedelta(days=1)
    assert judge(pledge, paid, as_of=day_before, closed_through=day_before).status == "open"
    assert judge(pledge, paid, as_of=end, closed_through=day_before).status == "kept"
    assert judge(pledge, paid[:2], as_of=end, closed_through=end).status == "partly"
    assert judge(pledge, paid[:1], as_of=end, closed_through=end, owes_nothing=True).status == "cancelled"


def test_payments_of_a_promise_are_found_by_its_account_and_not_among_all_that_are_no_reversal() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL plans by its statistics")
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + _verdicts(DAY, f"BETWEEN 0 AND {LAST_ACCOUNT_ID}"))
        plan = [row[3] for row in cursor.fetchall()]
    looked_up = [line for line in plan if line.startswith("SEARCH m ")]
    assert looked_up and all("payments_by_account (account_id=?" in line for line in looked_up)
