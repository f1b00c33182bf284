"""Whom the contact policy does not let be called just now is not taken from a queue, and comes back by itself."""

from __future__ import annotations

import random
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from experiment_books import put_in_arm
from factories import make_customer, make_product
from outreach_books import SENDER, wanted
from work_books import DAY, NOW, asked, fill, item_of, late_account, make_queue, worker

from accounts.models import AccountState, CreditAccount
from casework.models import Queue, WorkItem
from casework.operations import claiming
from casework.operations.acting import hold
from casework.operations.claiming import claim_item, get_next
from casework.operations.work_refusals import ItemBlocked, NothingToTake
from outreach.gate import ask_gate, end_contact, pass_gate
from outreach.models import AgreedHours, Contact, ContactPolicy, Experiment
from outreach.passing import calls_refused, items_at_rest
from outreach.rules.contacts import Channel, Outcome
from riskops.shared.audit import Actor
from riskops.shared.scope import WHOLE_BOOK

pytestmark = pytest.mark.django_db
#: Half past ten in the evening in Shanghai, the day before.
NIGHT = NOW - timedelta(hours=11, minutes=30)


def in_tier(tier: str = "early", *, owed: int = 100_000, **customer: Any) -> CreditAccount:
    """Return a late account of a tier whose customer has a telephone."""
    product = make_product()
    account = late_account(owed=owed, product=product, customer=make_customer(person={"phone": f"139{owed:08d}"}, **customer))
    AccountState.objects.filter(pk=account.pk).update(tier=tier)
    return account


def spoken_to(account: CreditAccount, times: int, now: datetime = NOW) -> None:
    for number in range(times):
        at = now - timedelta(minutes=30 - number)
        answer = pass_gate(actor=SENDER, key=f"{account.pk} {number}", request=wanted(account, Channel.CALL), now=at)
        assert answer.contact is not None
        end_contact(answer.contact.pk, Outcome.EFFECTIVE, now=at)


def called(account: CreditAccount, at: datetime, *, outcome: Outcome = Outcome.EFFECTIVE, **more: Any) -> Contact:
    """Note a call in the log as it would be, whatever a policy says of it."""
    return Contact.objects.create(
        key=f"{account.pk} {Contact.objects.count()}", customer=account.customer, account=account, purpose="reminder",
        channel=more.pop("channel", "call"), detail=7, at=at, outcome=outcome, policy=ContactPolicy.objects.earliest("pk"),
        ended_at=None if outcome is Outcome.OPEN else at, engine="1", asked={}, standing={}, made_by_name="x", **more,
    )  # fmt: skip


def version_of(profile: str, **figures: Any) -> None:
    """Let a second version of a policy hold, since what was approved is not changed."""
    copy = ContactPolicy.objects.get(profile=profile)
    copy.pk, copy.version, copy.live_from = None, 2, DAY
    for name, value in figures.items():
        setattr(copy, name, value)
    copy.save(force_insert=True)


def taken(person: Any, now: datetime = NOW) -> str:
    return get_next(actor=Actor.of(person), scope=WHOLE_BOOK, now=now).item.account.account_no


def test_who_was_spoken_to_three_times_today_is_passed_over_and_comes_back_tomorrow() -> None:
    first, second = in_tier(owed=900_000), in_tier(owed=50_000)
    make_queue()
    fill()
    spoken_to(first, 3)
    assert taken(worker()) == second.account_no
    with pytest.raises(ItemBlocked, match="answered calls of a day: 3 of 3"):
        claim_item(actor=Actor.of(worker()), scope=WHOLE_BOOK, item_id=item_of(first).pk, now=NOW)
    assert WorkItem.objects.get(account=first).status == "open"
    assert taken(worker(), NOW + timedelta(days=1)) == first.account_no


def test_whoever_has_the_account_in_hand_records_the_last_call_that_was_allowed() -> None:
    account = in_tier()
    make_queue()
    fill()
    person = worker()
    claim = get_next(actor=Actor.of(person), scope=WHOLE_BOOK, now=NOW - timedelta(minutes=1)).claim
    spoken_to(account, 3, NOW - timedelta(hours=1))
    assert calls_refused([account.pk], NOW)
    assert hold(asked(person, item_of(account), token=claim.token)).item.account_id == account.pk


def test_at_night_nobody_is_taken_but_who_agreed_to_it() -> None:
    asleep, awake = in_tier(owed=900_000), in_tier(owed=50_000)
    AgreedHours.objects.create(
        customer=awake.customer, opens_at=time(20), closes_at=time(23), agreed_at=NOW, evidence="call", noted_by_name="a"
    )
    make_queue()
    fill()
    assert taken(worker(), NIGHT) == awake.account_no
    AgreedHours.objects.all().delete()
    with pytest.raises(NothingToTake, match=r"2 open items.*quiet hours.*08:00"):
        taken(worker(), NIGHT)
    assert taken(worker(), NIGHT.replace(hour=0)) == asleep.account_no


def test_hours_are_those_of_the_customer() -> None:
    at_home, abroad = in_tier(), in_tier(owed=2, time_zone="Europe/London")
    fill()
    assert set(calls_refused([at_home.pk, abroad.pk], NIGHT)) == {at_home.pk}
    # Ten in the morning in Shanghai is two at night in London.
    assert set(calls_refused([at_home.pk, abroad.pk], NOW)) == {abroad.pk}


def test_it_is_the_gates_own_answer() -> None:
    accounts = [in_tier(owed=1_000), in_tier(owed=1_001), in_tier(owed=1_002, time_zone="Europe/London")]
    fill()
    spoken_to(accounts[1], 3)
    for hours in range(0, 48, 3):
        now = NOW + timedelta(hours=hours)
        waits = {a.pk for a in accounts if ask_gate(wanted(a, Channel.CALL), now).verdict.until is not None}
        assert set(calls_refused([a.pk for a in accounts], now)) == waits, now


def test_a_queue_that_works_in_spite_of_it_and_tiers_without_calls_are_left_alone() -> None:
    account = in_tier()
    make_queue("reviews", ignored_blocks=["calls"])
    fill()
    assert taken(worker(), NIGHT) == account.account_no
    AccountState.objects.update(tier="watch")
    assert calls_refused([account.pk], NIGHT) == {}


def test_a_control_group_is_passed_over_with_the_reason_until_its_experiment_is_stopped() -> None:
    first, second = in_tier(owed=900_000), in_tier(owed=50_000)
    make_queue()
    fill()
    run = put_in_arm("none", first, on=DAY)
    person = worker()
    assert taken(person) == second.account_no
    with pytest.raises(ItemBlocked, match="It ends when the experiment is stopped"):
        claim_item(actor=Actor.of(worker()), scope=WHOLE_BOOK, item_id=item_of(first).pk, now=NOW)
    with pytest.raises(NothingToTake, match="control group of an experiment"):
        taken(worker())
    Experiment.objects.filter(pk=run.pk).update(stopped_on=NOW.date(), verdict="stopped")
    assert taken(worker()) == first.account_no


def test_of_a_customer_in_a_control_group_the_account_under_another_product_is_taken() -> None:
    control = in_tier(owed=900_000)
    other = late_account(owed=1_000, customer=control.customer)
    AccountState.objects.filter(pk=other.pk).update(tier="early")
    make_queue()
    fill()
    put_in_arm("none", control, on=DAY)
    assert taken(worker()) == other.account_no


def test_a_control_group_that_is_all_that_lies_in_front_hides_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claiming, "_BATCH", 2)
    monkeypatch.setattr(claiming, "_MOST_BATCHES", 3)
    controls = [in_tier(owed=900_000 + number) for number in range(9)]
    last = in_tier(owed=1_000)
    make_queue()
    fill()
    put_in_arm("none", *controls, on=DAY)
    assert taken(worker()) == last.account_no
    # A review is no contact, and a queue that works in spite of it does.
    AccountState.objects.filter(account=controls[4]).update(tier="watch")
    assert taken(worker()) == controls[4].account_no
    Queue.objects.update(ignored_blocks=["calls"])
    assert taken(worker()) in {control.account_no for control in controls}


@pytest.mark.parametrize("days_ago", [0, 6])
@pytest.mark.parametrize("talks", [True, False])
def test_those_who_rest_for_days_and_are_all_that_lies_in_front_hide_nobody(
    monkeypatch: pytest.MonkeyPatch, settings: Any, talks: bool, days_ago: int
) -> None:
    settings.CONTACT_PROFILE = "us-reg-f"
    monkeypatch.setattr(claiming, "_BATCH", 2)
    monkeypatch.setattr(claiming, "_MOST_BATCHES", 3)
    resting = [in_tier(owed=900_000 + number) for number in range(9)]
    last = in_tier(owed=1_000)
    make_queue()
    fill()
    for account in resting:
        for _number in range(1 if talks else 7):
            outcome = Outcome.EFFECTIVE if talks else Outcome.UNANSWERED
            called(account, NOW - timedelta(days=days_ago, minutes=10), outcome=outcome)
    assert taken(worker()) == last.account_no
    with pytest.raises(NothingToTake, match="after a conversation" if talks else "7 of 7"):
        taken(worker())
    assert taken(worker(), NOW + timedelta(days=7 - days_ago)) in {account.account_no for account in resting}


def test_what_rests_for_days_is_what_the_policy_says(settings: Any) -> None:
    settings.CONTACT_PROFILE = "us-reg-f"
    dice = random.Random(6)
    zones = ["Asia/Shanghai", "America/Los_Angeles", "Europe/London", "Pacific/Kiritimati"]
    accounts = []
    for number in range(40):
        accounts.append(in_tier(owed=1_000 + number, time_zone=dice.choice(zones)))
        # At every hour, so that no hours speak before what is asked about.
        AgreedHours.objects.create(
            customer=accounts[-1].customer, opens_at=time(0), closes_at=time(0), agreed_at=NOW, evidence="call", noted_by_name="a"
        )
    # One follows another policy than the site's, and of one calling is not the work.
    version_of("cn-strict", products=[accounts[1].product.product_code])
    AccountState.objects.filter(pk=accounts[0].pk).update(tier="watch")
    make_queue()
    fill()
    for account in accounts:
        for _number in range(dice.choice([0, 1, 8, 12])):
            called(
                account, NOW - timedelta(hours=dice.randint(0, 4 * 24)),
                outcome=dice.choice([Outcome.UNANSWERED] * 9 + [Outcome.EFFECTIVE, Outcome.OPEN, Outcome.NOT_MADE]),
                channel=dice.choice(["call", "call", "voice_bot", "sms"]),
                party=dice.choice(["debtor"] * 4 + ["third_party", "representative"]),
            )  # fmt: skip
    found = set()
    for hours in range(0, 9 * 24, 5):
        now = NOW + timedelta(hours=hours)
        at_rest = set(WorkItem.objects.filter(items_at_rest(now)).values_list("account_id", flat=True))
        assert at_rest == set(calls_refused([account.pk for account in accounts], now)), now
        found.add(len(at_rest))
    assert max(found) > 10 and 0 in found


def test_where_no_call_is_ever_allowed_nobody_waits_for_one() -> None:
    account = in_tier()
    version_of("us-reg-f", products=[account.product.product_code], calls_a_week=0)
    make_queue()
    fill()
    called(account, NOW - timedelta(hours=1))
    assert calls_refused([account.pk], NOW) == {}
    assert not WorkItem.objects.filter(items_at_rest(NOW)).exists()


def test_a_queue_in_front_of_which_nobody_may_be_called_for_an_hour_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claiming, "_BATCH", 2)
    monkeypatch.setattr(claiming, "_MOST_BATCHES", 4)
    for number in range(30):
        in_tier(owed=900_000 + number, time_zone="Europe/London")
    behind, other = in_tier(owed=800_000), in_tier(owed=1_000)
    make_queue("large", "exposure >= 8000")
    make_queue("small", "exposure < 8000")
    fill()
    # Two at night in London, ten in the morning in Shanghai.
    assert taken(worker()) == other.account_no
    AccountState.objects.filter(pk=other.pk).update(tier="watch")
    with CaptureQueriesContext(connection) as asked_for, pytest.raises(NothingToTake, match="quiet hours"):
        taken(worker())
    assert len(asked_for) < 60
    assert WorkItem.objects.get(account=behind).status == "open"


def test_a_control_group_is_read_with_the_accounts(django_assert_num_queries: Any) -> None:
    account = in_tier()
    put_in_arm("none", account, on=DAY)
    fill()
    with django_assert_num_queries(3):
        assert "control group" in calls_refused([account.pk], NOW)[account.pk]


def test_what_else_forbids_a_call_for_good_passes_nobody_over() -> None:
    account = late_account(customer=make_customer(person={"name": "nobody to call"}))
    AccountState.objects.filter(pk=account.pk).update(tier="early")
    fill()
    assert calls_refused([account.pk], NOW) == {}


def test_without_a_policy_that_holds_the_queues_go_on(settings: Any) -> None:
    account = in_tier()
    fill()
    settings.CONTACT_PROFILE = "none-such"
    assert ContactPolicy.objects.exists()
    assert calls_refused([account.pk], NIGHT) == {}


@pytest.mark.usefixtures("policies_known")
def test_ten_accounts_cost_as_many_queries_as_one(django_assert_num_queries: Any) -> None:
    accounts = [in_tier(owed=1_000 + number).pk for number in range(10)]
    fill(as_of=DAY)
    for some in (accounts[:1], accounts):
        with django_assert_num_queries(3):
            calls_refused(some, NOW)
