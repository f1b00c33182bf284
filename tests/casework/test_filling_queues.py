"""What is in the queues: the same from the whole book, from one account, and from the rules in plain Python."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import pytest
from django.db import connection, transaction
from factories import make_account, make_installment, make_payment, make_product, make_user, set_business_date
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from work_books import DAY, NOW, asked, fill, item_of, late_account, make_queue, worker

from accounts.facts import ACCOUNT_FACTS, facts_of
from accounts.models import AccountSignals, AccountState
from accounts.operations.signals import note_signals
from accounts.queries.rule_cost import RuleTooSlow
from casework.bulk.queues import fill_queues
from casework.models import Queue, WorkItem, WorkRecord
from casework.operations.queues import QueueSettings, keep_tier_queues, save_queue
from casework.operations.weights import set_weights
from casework.operations.work_refusals import NotUndoable, QueueMalformed, WeightsChanged, WeightsMalformed
from casework.operations.working import boost, record_outcome, snooze, undo
from casework.queries.effectiveness import current_weights, effectiveness, formula_of
from casework.rules.priority import Effectiveness, Weights, measured, priority
from riskops.shared.audit import Actor
from riskops.shared.roles import Role
from riskops.shared.rule_language import holds, parse_rule
from riskops.shared.scope import WHOLE_BOOK

pytestmark = pytest.mark.django_db


def order(queue="late"):
    return list(
        WorkItem.objects.filter(queue__code=queue, status="open").order_by("-rank", "pk").values_list("account_id", flat=True)
    )


def test_the_formula_worked_out_by_hand():
    # 10,000.00 × 45 % × 60 % × 8 % ÷ 8 minutes = 27.00 a minute; in ten-thousandths 270,000.
    weights = Weights((100, 600, 2_500, 4_500, 6_500, 8_000, 9_000, 9_500), 6_000)
    by_bucket = weights.by_bucket(Effectiveness(800, 8))
    assert by_bucket[3] == 2_700_000
    assert priority(100_000_000, by_bucket[3]) == 270_000
    assert priority(100_000_000, by_bucket[0]) == 6_000


def test_what_was_measured_takes_the_place_of_the_prior():
    prior = Effectiveness(800, 8, author="Mei")
    assert measured(50, 100, 60_000, 100, prior=prior) == Effectiveness(800, 10, outcomes=100)
    assert measured(25, 100, 0, 0, prior=prior) == Effectiveness(400, 8, outcomes=100)
    assert measured(0, 100, 30, 1, prior=prior).effect_bp == 0
    assert measured(100, 100, 1, 1, prior=Effectiveness(9_000, 8)).effect_bp == 10_000


def test_a_repeated_fill_changes_nothing():
    make_queue()
    for days in (0, 5, 50):
        late_account(days=days)
    assert fill() == 2
    assert fill() == 0


def test_an_account_leaves_and_comes_back_as_another_episode():
    make_queue()
    account = late_account()
    fill()
    AccountState.objects.update(days_past_due=0)
    fill()
    assert item_of(account).status == "gone"
    AccountState.objects.update(days_past_due=1)
    fill(now=NOW + timedelta(days=1))
    item = item_of(account)
    assert (item.status, item.episode, item.entered_at, item.assigned_to) == ("open", 2, NOW + timedelta(days=1), None)


def test_after_its_rest_a_worked_account_comes_back_if_it_still_belongs():
    make_queue()
    account, paid = late_account(), late_account()
    fill()
    person = worker()
    for each in (account, paid):
        record_outcome(asked(person, item_of(each)), outcome="promise")
    assert item_of(account).returns_on == date(2026, 3, 20)
    AccountState.objects.filter(pk=paid.pk).update(days_past_due=0)
    fill(now=NOW + timedelta(days=2))
    assert (item_of(account).status, item_of(paid).status) == ("done", "gone")
    fill(now=NOW + timedelta(days=3))
    assert (item_of(account).status, item_of(account).episode) == ("open", 2)


def test_the_service_clock_counts_working_time_and_pauses_on_hold():
    make_queue(service_minutes=120)
    account = late_account()
    fill()
    # Ten in the morning; two hours of working time on.
    assert item_of(account).due_at == NOW + timedelta(hours=2)
    signals = AccountSignals.objects.create(account=account, is_on_hold=True)
    fill(now=NOW + timedelta(minutes=30))
    item = item_of(account)
    assert (item.blocked_by, item.due_at, item.minutes_left) == ("hold", None, 90)
    signals.is_on_hold = False
    signals.save()
    # Half past five in the afternoon: half an hour today, an hour from nine tomorrow.
    fill(now=NOW + timedelta(hours=7, minutes=30))
    item = item_of(account)
    assert (item.due_at, item.minutes_left) == (NOW + timedelta(hours=24), None)


def test_a_hold_noted_between_closes_blocks_at_once(django_capture_on_commit_callbacks):
    make_queue()
    account = late_account()
    fill()
    with django_capture_on_commit_callbacks(execute=True):
        note_signals(account.pk, is_on_hold=True)
    assert item_of(account).blocked_by == "hold"


def test_tiers_have_their_queues_and_lanes_work_in_spite_of_what_they_are_for():
    set_business_date(DAY)
    assert keep_tier_queues(DAY) == 8
    assert keep_tier_queues(DAY) == 0
    disputed = Queue.objects.get(code="disputed")
    assert (disputed.ignored_blocks, Queue.objects.get(code="early").tier_minutes) == (["dispute", "hold"], {"early": 1080})
    account, early = late_account(is_disputed=True), late_account()
    AccountState.objects.filter(pk=account.pk).update(tier="disputed")
    AccountState.objects.filter(pk=early.pk).update(tier="early")
    fill()
    assert (item_of(account).queue, item_of(account).blocked_by) == (disputed, "")
    assert item_of(early).queue.code == "early"
    # Two working days of nine hours from ten in the morning.
    assert item_of(early).due_at == NOW + timedelta(days=2)


def test_other_weights_reorder_the_queue():
    make_queue()
    # By default 30 days late (m1) with more owed stands behind 100 days (m4) with less.
    fresh, old = late_account(days=20, owed=500_000), late_account(days=100, owed=100_000)
    fill()
    assert order() == [old.pk, fresh.pk]
    manager = make_user(Role.MANAGER)
    flat = {"chance_bp": [5_000] * 8, "loss_bp": 6_000, "priors": {"": (800, 8)}, "least_outcomes": 50}
    common = {"actor": Actor.of(manager), "now": NOW, "as_of": DAY}
    made = set_weights(**common, **flat, version=0, reason="treat all alike")
    assert (made.version, order()) == (1, [fresh.pk, old.pk])
    with pytest.raises(WeightsChanged):
        set_weights(**common, **flat, version=0, reason="again")
    with pytest.raises(WeightsMalformed):
        set_weights(**common, **{**flat, "chance_bp": [1]}, version=1, reason="again")
    assert order() == [fresh.pk, old.pk]


def test_the_largest_exposure_under_the_largest_weight_still_has_a_priority():
    """200,000,000.00 is weighed as 90 million: × 100 % × 100 % × 100 % ÷ 1 minute, in ten-thousandths; more overflows."""
    queue = make_queue()
    account = late_account(owed=20_000_000_000)
    fill()
    most = {"chance_bp": [10_000] * 8, "loss_bp": 10_000, "priors": {"": (10_000, 1)}, "least_outcomes": 50}
    set_weights(actor=Actor.of(make_user(Role.MANAGER)), now=NOW, as_of=DAY, version=0, reason="the bounds", **most)
    weight = Weights((10_000,) * 8, 10_000).by_bucket(Effectiveness(10_000, 1))[1]
    assert item_of(account, queue).priority == priority(2_000_000_000_000, weight) == 900_000_000_000


def test_nothing_is_undone_into_a_queue_that_closed():
    make_queue()
    account = late_account()
    fill()
    person = worker()
    made = record_outcome(asked(person, item_of(account)), outcome="promise")
    closed = QueueSettings(name_en="late", rule="dpd > 0", is_open=False)
    save_queue(actor=Actor.of(worker(Role.TEAM_LEAD)), code="late", settings=closed, now=NOW, as_of=DAY, version=1)
    with pytest.raises(NotUndoable):
        undo(actor=Actor.of(person), scope=WHOLE_BOOK, record_id=made.pk, now=NOW)
    assert (item_of(account).status, item_of(account).returns_on) == ("gone", None)


def test_a_rule_that_the_close_could_not_afford_fills_no_queue(monkeypatch):
    def slow(*_arguments, **_named):
        raise RuleTooSlow(5)

    monkeypatch.setattr("casework.operations.queues.measure_rule", slow)
    lead = Actor.of(worker(Role.TEAM_LEAD))
    with pytest.raises(QueueMalformed, match="more than 5 seconds") as refused:
        save_queue(actor=lead, code="slow", settings=QueueSettings("Slow", rule="dpd > 0"), now=NOW, as_of=DAY)
    assert (refused.value.field, Queue.objects.count()) == ("rule", 0)


def test_recorded_outcomes_reorder_two_queues_against_each_other():
    make_queue("late")
    other = make_queue("other")
    account = late_account()
    fill()
    before = item_of(account, other).priority
    item = item_of(account, other)
    WorkRecord.objects.bulk_create(
        WorkRecord(
            item=item, queue=other, act="outcome", outcome="promise" if number < 10 else "no_answer", recorded_at=NOW,
            worked_seconds=240, version_after=1,
        )
        for number in range(50)
    )  # fmt: skip
    fill(now=NOW + timedelta(minutes=1))
    found = effectiveness([other], weights=current_weights(), now=NOW)[other.pk]
    assert (found.effect_bp, found.minutes, found.outcomes) == (320, 4, 50)
    # Effect 8 → 3.2 %, minutes 8 → 4: 0.8 of the priority.
    assert item_of(account, other).priority == before * 8 // 10


def test_a_boost_leads_until_its_last_day():
    make_queue()
    large, small = late_account(owed=500_000), late_account(owed=200_000)
    fill()
    boost(asked(worker(Role.TEAM_LEAD), item_of(small)), factor=5, until=NOW.date() + timedelta(days=1), reason="the board asks")
    assert order() == [small.pk, large.pk]
    fill(now=NOW + timedelta(days=1))
    assert order() == [small.pk, large.pk]
    fill(now=NOW + timedelta(days=2))
    assert order() == [large.pk, small.pk]


def test_a_snooze_ends_with_its_day_or_its_event():
    make_queue()
    by_day, by_payment, by_promise, by_days, still = (late_account() for _number in range(5))
    fill()
    person, until = worker(), NOW + timedelta(days=5)
    snooze(asked(person, item_of(by_day)), until=NOW + timedelta(days=1))
    snooze(asked(person, item_of(by_payment)), until=until, wake_on="payment")
    snooze(asked(person, item_of(by_promise)), until=until, wake_on="broken_promise")
    snooze(asked(person, item_of(by_days)), until=until, wake_on="days", wake_days=12)
    snooze(asked(person, item_of(still)), until=until, wake_on="payment")
    fill(now=NOW + timedelta(hours=1))
    assert order() == []
    payment = make_payment(by_payment, paid_on=DAY, amount=100)
    type(payment).objects.update(recorded_at=NOW + timedelta(hours=2))
    AccountSignals.objects.create(account=by_promise, broken_promises_6m=1)
    AccountState.objects.filter(pk=by_days.pk).update(days_past_due=12)
    fill(now=NOW + timedelta(days=1))
    assert sorted(order()) == sorted([by_day.pk, by_payment.pk, by_promise.pk, by_days.pk])
    assert item_of(still).status == "snoozed"


@pytest.mark.parametrize("kind", ["lateness", "overdue", "service_time"])
def test_other_orders(kind):
    make_queue(order=kind, service_minutes=60)
    first = late_account(days=40, owed=10_000)
    fill()
    second = late_account(days=10, owed=90_000)
    fill(now=NOW + timedelta(minutes=30))
    assert order() == {"lateness": [first.pk, second.pk], "overdue": [second.pk, first.pk]}.get(kind, [first.pk, second.pk])


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(
    accounts=st.lists(
        st.tuples(st.integers(0, 120), st.integers(0, 2_000_000), st.booleans(), st.booleans(), st.sampled_from(["", "early"])),
        min_size=1,
        max_size=6,
    ),
    rule=st.sampled_from(["dpd > 7", "exposure > 5000 and dpd > 0", "score = None", "disputed = True or dpd >= 31"]),
)
def test_whole_book_one_account_and_plain_python_agree(accounts, rule):
    from django.db import transaction

    with transaction.atomic():
        queues = [make_queue("ruled", rule), make_queue("tiered", "", tiers=["early"], tier_minutes={"early": 60})]
        made = []
        for days, owed, held, disputed, tier in accounts:
            account = late_account(days=days, owed=owed, is_on_hold=held, is_disputed=disputed)
            AccountState.objects.filter(pk=account.pk).update(tier=tier)
            made.append((account, tier))
        fill()
        whole = _columns()
        WorkItem.objects.all().delete()
        for account, _tier in made:
            fill_queues(as_of=DAY, now=NOW, first_account_id=account.pk, last_account_id=account.pk)
        assert _columns() == whole
        weights = formula_of(current_weights()).by_bucket(Effectiveness(800, 8))
        parsed = parse_rule(rule, ACCOUNT_FACTS)
        for account, tier in made:
            facts = facts_of([account.pk], DAY)[account.pk]
            in_queues = [holds(parsed, facts), tier == "early"]
            for queue, belongs in zip(queues, in_queues, strict=True):
                row = whole.get((account.pk, queue.pk))
                assert (row is not None) == belongs
                if row is not None:
                    blocked = "hold" if facts["on_hold"] else "dispute" if facts["disputed"] else ""
                    assert row[:2] == (priority(facts["exposure"], weights[facts["bucket"]]), blocked)
        transaction.set_rollback(True)


def _columns():
    names = ("priority", "blocked_by", "rank", "basis", "status", "due_at", "minutes_left")
    rows = WorkItem.objects.values_list("account_id", "queue_id", *names)
    return {(account, queue): tuple(rest) for account, queue, *rest in rows}


def test_a_close_fills_the_queues_of_the_tiers():
    from riskops.close_of_business import close_day

    product = make_product()
    account = make_account(product=product)
    AccountState.objects.create(account=account, product=product, opened_on=account.opened_on)
    make_installment(account, due_date=date(2025, 3, 1))
    close_day(date(2025, 3, 10), actor=Actor("tester"))
    item = WorkItem.objects.select_related("queue").get()
    assert (item.account_id, item.queue.code, item.status) == (account.pk, "early", "open")
    close_day(date(2025, 3, 11), actor=Actor("tester"))
    assert WorkItem.objects.get().episode == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_who_close_the_first_day_make_the_queues_of_the_policy_once():
    set_business_date(DAY)
    made = []

    def another_worker():
        try:
            made.append(keep_tier_queues(DAY))
        finally:
            connection.close()

    with transaction.atomic():
        made.append(keep_tier_queues(DAY))
        thread = threading.Thread(target=another_worker)
        thread.start()
        # Until this one commits, the other neither sees its queues nor may make them.
        thread.join(timeout=1)
        assert thread.is_alive()
    thread.join(timeout=60)
    assert made == [8, 0]
