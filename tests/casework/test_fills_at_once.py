"""Queues are read first and written afterwards: a hold that comes in between stands when all is done."""

from __future__ import annotations

import threading

import pytest
from django.db import close_old_connections, connection, transaction
from django.utils import timezone
from work_books import DAY, fill, item_of, late_account, make_queue

from accounts.operations.signals import note_signals
from casework.bulk import queues as filling
from riskops.shared.models import CloseRun, CloseShard
from riskops.shared.sql import execute, fetch

#: How long the slower one waits for the faster: it cannot know whether that one is done or waits for it.
PATIENCE_SECONDS = 2


def hold_between(monkeypatch, account, fill_all):
    """Put the account on hold after `fill_all` has read what belongs in the queues and before it writes it."""
    collect, has_read, is_held = filling.collect_wanted, threading.Event(), threading.Event()

    def collect_and_wait(*arguments, **named):
        collect(*arguments, **named)
        if threading.current_thread().name == "filling":
            has_read.set()
            is_held.wait(PATIENCE_SECONDS)

    monkeypatch.setattr(filling, "collect_wanted", collect_and_wait)
    failures = []

    def run():
        try:
            fill_all()
        except BaseException as failure:
            failures.append(failure)
        finally:
            close_old_connections()
            connection.close()

    thread = threading.Thread(target=run, name="filling")
    thread.start()
    assert has_read.wait(60)
    with transaction.atomic():
        note_signals(account.pk, is_on_hold=True)
    is_held.set()
    thread.join(60)
    assert failures == []


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_a_hold_stands_although_all_queues_are_filled_at_that_moment(monkeypatch):
    make_queue()
    account = late_account(owed=900_000)
    fill()
    hold_between(monkeypatch, account, lambda: filling.fill_queues(as_of=DAY, now=timezone.now()))
    assert item_of(account).blocked_by == "hold"


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_a_hold_stands_although_the_close_is_at_work_on_its_shard(monkeypatch):
    make_queue()
    account = late_account(owed=900_000)
    fill()
    run = CloseRun.objects.create(business_date=DAY, through=DAY, status=CloseRun.Status.RUNNING)
    shard = CloseShard.objects.create(run=run, step="cases", step_order=1, number=1, first_account_id=1, last_account_id=10**9)

    def step():
        with transaction.atomic():
            CloseShard.objects.select_for_update().get(pk=shard.pk)
            filling.fill_queues(as_of=DAY, now=timezone.now(), first_account_id=1, last_account_id=10**9)

    hold_between(monkeypatch, account, step)
    assert item_of(account).blocked_by == "hold"


@pytest.mark.servers
@pytest.mark.django_db
def test_a_queue_whose_items_nobody_has_counted_is_not_joined_row_by_row(monkeypatch):
    make_queue()
    for _ in range(30):
        late_account()
    # As the planner finds it the first time: a table that is known to have nothing of this queue.
    execute("ANALYZE casework_workitem")
    plans = []

    def explain_and_run(self, sql, parameters=()):
        every = (*parameters, *self.parameters)
        if sql.startswith("UPDATE"):
            plans.append("\n".join(line for (line,) in fetch(f"EXPLAIN {sql}", every)))
        return execute(sql, every)

    monkeypatch.setattr(filling._Written, "run", explain_and_run)
    assert fill() == 30
    assert len(plans) == 3
    assert [plan for plan in plans if "Nested Loop" in plan] == []
