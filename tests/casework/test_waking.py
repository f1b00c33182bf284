"""What sleeps wakes for its own event, once, and never over what somebody did meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pytest
from factories import make_payment, make_reversal
from work_books import DAY, NOW, asked, fill, item_of, late_account, make_queue, worker

from accounts.models import Payment
from casework.bulk import waking
from casework.models import WorkItem
from casework.operations.claiming import get_next
from casework.operations.work_refusals import WakeReached
from casework.operations.working import boost, snooze
from riskops.shared.audit import Actor
from riskops.shared.roles import Role
from riskops.shared.scope import WHOLE_BOOK

pytestmark = pytest.mark.django_db


def take(person, now=NOW):
    return get_next(actor=Actor.of(person), scope=WHOLE_BOOK, now=now, queue_code="late")


def test_a_reversal_is_no_payment():
    make_queue()
    account = late_account()
    fill()
    paid = make_payment(account, paid_on=DAY, amount=100)
    Payment.objects.update(recorded_at=NOW - timedelta(hours=1))
    snooze(asked(worker(), item_of(account)), until=NOW + timedelta(days=5), wake_on="payment")
    taken_back = make_reversal(paid, paid_on=DAY)
    Payment.objects.filter(pk=taken_back.pk).update(recorded_at=NOW + timedelta(hours=1))
    fill(now=NOW + timedelta(hours=2))
    assert item_of(account).status == "snoozed"


def test_waking_asks_for_sleep_in_the_statement_that_writes(django_assert_num_queries):
    """A look first and an update by id afterwards would open what somebody finished in between."""
    make_queue()
    account = late_account()
    fill()
    snooze(asked(worker(), item_of(account)), until=NOW + timedelta(hours=1))
    with django_assert_num_queries(2) as asked_for:
        assert waking.wake_items(as_of=DAY, now=NOW + timedelta(hours=2)) == 1
    update = next(query["sql"] for query in asked_for.captured_queries if query["sql"].startswith("UPDATE"))
    assert "\"status\" = 'snoozed'" in update
    assert item_of(account).status == "open"


def test_days_that_have_come_already_are_refused():
    make_queue()
    account = late_account(days=10)
    fill()
    with pytest.raises(WakeReached, match="10 days late"):
        snooze(asked(worker(), item_of(account)), until=NOW + timedelta(days=5), wake_on="days", wake_days=10)
    assert (item_of(account).status, item_of(account).version) == ("open", 1)
    snooze(asked(worker(), item_of(account)), until=NOW + timedelta(days=5), wake_on="days", wake_days=11)
    assert item_of(account).status == "snoozed"


def test_a_boost_is_over_after_its_last_day_even_where_no_close_ran():
    make_queue()
    large, small = late_account(owed=500_000), late_account(owed=200_000)
    fill()
    boost(asked(worker(Role.TEAM_LEAD), item_of(small)), factor=5, until=NOW.date(), reason="the board asks")
    assert take(worker()).item.account_id == small.pk
    assert take(worker(), now=NOW + timedelta(days=1)).item.account_id == large.pk
    assert item_of(small).boost_factor == 1


def test_the_next_account_wakes_a_bounded_number_of_sleepers(monkeypatch):
    monkeypatch.setattr(waking, "MOST_WOKEN", 2)
    make_queue()
    accounts = [late_account() for _number in range(5)]
    fill()
    WorkItem.objects.update(status="snoozed", snoozed_until=NOW, asleep_since=NOW - timedelta(days=1))
    take(worker())
    assert WorkItem.objects.filter(status="snoozed").count() == len(accounts) - 2
    take(worker())
    assert WorkItem.objects.filter(status="snoozed").count() == len(accounts) - 4
