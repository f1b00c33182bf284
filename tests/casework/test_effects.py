"""What priorities are worked out with is measured once for all accounts; one account on the spot goes by it and costs little."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from factories import make_user
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from work_books import DAY, NOW, fill, item_of, late_account, make_queue, worker

from accounts.models import AccountSignals, AccountState
from casework.bulk.effects import keep_effects, measure_effects
from casework.bulk.queues import fill_queues
from casework.models import QueueEffect, WorkItem, WorkRecord
from casework.operations.queues import QueueSettings, close_cases, save_queue
from casework.operations.weights import set_weights
from casework.queries.effectiveness import current_weights, effectiveness
from riskops.shared.audit import Actor
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db


def fill_one(account, now=NOW):
    return fill_queues(as_of=DAY, now=now, first_account_id=account.pk, last_account_id=account.pk)


def work(item, outcomes=50, successes=10):
    """Record outcomes in an item's queue: with the shipped prior of 8 % and 8 minutes it then has 3.2 % and 4 minutes."""
    WorkRecord.objects.bulk_create(
        WorkRecord(
            item=item, queue=item.queue, act="outcome", outcome="promise" if number < successes else "no_answer",
            recorded_at=NOW, worked_seconds=240, version_after=1,
        )
        for number in range(outcomes)
    )  # fmt: skip


def test_an_account_on_the_spot_is_weighed_as_the_close_weighed_all_until_the_next_one():
    queue = make_queue()
    touched, other = late_account(), late_account()
    close_cases(as_of=DAY, now=NOW, first_account_id=0, last_account_id=2**63 - 1)
    before = item_of(touched, queue).priority
    work(item_of(other, queue))
    assert fill_one(touched, now=NOW + timedelta(minutes=1)) == 0
    AccountState.objects.filter(pk=touched.pk).update(penalty_due_minor=100_000)
    fill_one(touched, now=NOW + timedelta(minutes=1))
    # Twice as much owed; the outcomes count from the next close on, for both.
    assert (item_of(touched, queue).priority, item_of(other, queue).priority) == (2 * before, before)
    found = effectiveness([queue], weights=current_weights(), now=NOW)[queue.pk]
    assert (found.effect_bp, found.minutes, found.is_prior, found.author) == (800, 8, True, "riskops")
    day, now = DAY + timedelta(days=1), NOW + timedelta(days=1)
    close_cases(as_of=day, now=now, first_account_id=touched.pk, last_account_id=touched.pk)
    close_cases(as_of=day, now=now, first_account_id=other.pk, last_account_id=other.pk)
    assert (item_of(touched, queue).priority, item_of(other, queue).priority) == (2 * before * 8 // 10, before * 8 // 10)
    found = effectiveness([queue], weights=current_weights(), now=now)[queue.pk]
    assert (found.effect_bp, found.minutes, found.outcomes, found.author) == (320, 4, 50, "")


def test_a_day_is_measured_once_and_never_back():
    queue = make_queue()
    account = late_account()
    fill()
    assert (keep_effects(as_of=DAY, now=NOW), keep_effects(as_of=DAY, now=NOW)) == (1, 0)
    work(item_of(account))
    assert keep_effects(as_of=DAY - timedelta(days=1), now=NOW + timedelta(minutes=1)) == 0
    assert QueueEffect.objects.get(queue=queue).outcomes == 0
    # New weights count anew, and the day stays: the close that is under way has measured already.
    assert measure_effects(as_of=DAY - timedelta(days=1), now=NOW + timedelta(minutes=1)) == 1
    effect = QueueEffect.objects.get(queue=queue)
    assert (effect.outcomes, effect.as_of) == (50, DAY)


def test_new_weights_count_outcomes_anew_and_reorder_the_queues_at_once():
    worked, idle = make_queue("worked"), make_queue("idle")
    account = late_account()
    close_cases(as_of=DAY, now=NOW, first_account_id=0, last_account_id=2**63 - 1)
    assert item_of(account, worked).priority == item_of(account, idle).priority
    before = item_of(account, idle).priority
    work(item_of(account, worked))
    weights = {"chance_bp": [100, 600, 2_500, 4_500, 6_500, 8_000, 9_000, 9_500], "loss_bp": 6_000, "least_outcomes": 50}
    set_weights(
        actor=Actor.of(make_user(Role.MANAGER)), version=0, priors={"": (800, 8), "idle": (1_600, 8)}, reason="as it went",
        now=NOW + timedelta(minutes=1), as_of=DAY, **weights,
    )  # fmt: skip
    assert item_of(account, worked).priority == before * 8 // 10
    assert item_of(account, idle).priority == before * 2


def test_a_queue_that_is_set_up_between_closes_is_measured_then():
    settings_ = QueueSettings("New", rule="dpd > 0")
    save_queue(actor=Actor.of(worker(Role.TEAM_LEAD)), code="new", settings=settings_, now=NOW, as_of=DAY)
    assert QueueEffect.objects.get().as_of == DAY


def test_an_account_whose_items_are_as_they_should_be_costs_no_writing_and_no_table():
    make_queue()
    make_queue("tiered", "", tiers=["early"], tier_minutes={"early": 60})
    late, idle = late_account(), late_account(days=0)
    AccountState.objects.filter(pk=late.pk).update(tier="early")
    fill()
    keep_effects(as_of=DAY, now=NOW)
    for account, most in ((late, 5), (idle, 3)):
        with transaction.atomic(), CaptureQueriesContext(connection) as asked_for:
            assert fill_one(account) == 0
        said = [query["sql"] for query in asked_for if "SAVEPOINT" not in query["sql"]]
        # The queues, held; its items; its facts; and of a queue that it is in the weights and what was measured.
        assert len(said) == most
        assert all(text.startswith("SELECT") for text in said)
    AccountState.objects.filter(pk=late.pk).update(penalty_due_minor=5_000)
    with CaptureQueriesContext(connection) as asked_for:
        assert fill_one(late) == 2
    assert not [query["sql"] for query in asked_for if "TEMPORARY" in query["sql"] or "ANALYZE" in query["sql"]]


def test_all_queues_of_tiers_take_one_pass_and_go_by_their_own_blocks_and_orders():
    make_queue("early", "", tiers=["early"], service_minutes=60)
    make_queue("lane", "", tiers=["lane"], order="lateness", ignored_blocks=["hold"], service_minutes=90)
    early, lane = late_account(is_on_hold=True), late_account(is_on_hold=True)
    for account, tier in ((early, "early"), (lane, "lane")):
        AccountState.objects.filter(pk=account.pk).update(tier=tier)
    with CaptureQueriesContext(connection) as asked_for:
        assert fill() > 0
    assert len([query for query in asked_for if query["sql"].startswith("INSERT INTO casework_wanted")]) == 1
    held, free = item_of(early), item_of(lane)
    assert (held.queue.code, held.blocked_by, held.basis, held.minutes_left) == ("early", "hold", held.priority, 60)
    assert (free.queue.code, free.blocked_by, free.basis) == ("lane", "", 10)
    assert free.due_at == NOW + timedelta(minutes=90)


_CHANGES = st.sampled_from(
    ["nothing", "paid", "later", "more", "held", "freed", "tiered", "lane", "asleep", "boosted", "done", "given", "listed"]
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(
    order=st.sampled_from(["priority", "lateness", "overdue", "service_time"]),
    days=st.integers(0, 100),
    steps=st.lists(st.tuples(_CHANGES, st.integers(0, 3)), min_size=1, max_size=5),
)
def test_one_account_on_the_spot_leaves_nothing_for_the_whole_book_to_change(order, days, steps):
    """Whatever befell an account: what is brought up to date alone, or held to be so without a statement, is so."""
    with transaction.atomic():
        make_queue("ruled", "dpd > 7", order=order, service_minutes=120)
        make_queue("tiered", "", tiers=["early"], tier_minutes={"early": 60}, order=order)
        # In one pass with the queue before it, although it is ordered otherwise and worked in spite of what it is for.
        make_queue("lane", "", tiers=["lane"], order="lateness", ignored_blocks=["hold"], service_minutes=90)
        listed = make_queue("listed", "", kind="fixed", order=order)
        account, other = late_account(days=days), late_account(days=20)
        signals = AccountSignals.objects.create(account=account)
        fill()
        state, items = AccountState.objects.filter(pk=account.pk), WorkItem.objects.filter(account=account)
        now = NOW
        for what, hours in steps:
            now += timedelta(hours=8 * hours)
            if what == "paid":
                state.update(days_past_due=0, bucket=0, overdue_principal_minor=0)
            elif what == "later":
                state.update(days_past_due=40, bucket=2)
            elif what == "more":
                state.update(penalty_due_minor=12_345)
            elif what in ("held", "freed"):
                AccountSignals.objects.filter(pk=signals.pk).update(is_on_hold=what == "held")
            elif what == "tiered":
                state.update(tier="early")
            elif what == "lane":
                state.update(tier="lane")
            elif what == "asleep":
                items.filter(status="open").update(
                    status="snoozed", snoozed_until=now + timedelta(hours=9), asleep_since=now, wake_on="days", wake_days=30
                )
            elif what == "boosted":
                for item in items:
                    item.boost_factor, item.boost_until, item.rank = 3, date(2026, 3, 17), 3 * item.basis
                    item.save()
            elif what == "done":
                items.filter(status="open").update(status="done", outcome="promise", returns_on=date(2026, 3, 18))
            elif what == "given":
                items.filter(status="open").update(assigned_to=make_user(Role.ANALYST))
            elif what == "listed" and not items.filter(queue=listed).exists():
                product, customer = account.product_id, account.customer_id
                WorkItem.objects.create(queue=listed, account=account, product_id=product, customer_id=customer, entered_at=now)
            fill_one(account, now=now)
            assert fill_one(account, now=now) == 0
            fill_one(other, now=now)
            assert fill(now=now) == 0
        transaction.set_rollback(True)
