"""The planning of a day's messages: by the close over the whole book, on the spot for one account, and both alike."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from operator import itemgetter
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from experiment_books import put_in_arm
from factories import TESTER, make_account, make_customer, make_installment, make_product, set_business_date
from outreach_books import SENDER, make_reachable
from planning_books import DAY, LAST_ACCOUNT_ID, NEXT, NOW, call, follow, late, plan, planned, step
from random_books import FIRST_DAY, longer, make_random_book
from side_by_side import at_once

from accounts.models import AccountSignals, AccountState, CreditAccount, Customer
from accounts.operations.payments import post_payment
from casework.models import Vulnerability
from outreach.bulk.plan import plan_messages
from outreach.models import ContactHold, ContactPolicy, DetailState, Message, OptOut, Strategy, WrongPerson
from outreach.operations.planning import plan_account, plan_now
from outreach.operations.sending.claiming import lock_all
from outreach.operations.strategy_refusals import BookIsFrozen, NothingDue
from outreach.queries.ladder_place import ladder_stand
from outreach.rules.contacts import NOTED_HOLDS, Channel, Hold, Purpose
from outreach.rules.ladders import OVERTAKEN, Anchor, Step
from outreach.shipped_strategies import seed_strategies
from riskops.close_of_business import close_day
from riskops.shared.models import AuditEntry, BookState

pytestmark = pytest.mark.django_db
SMS, EMAIL, PUSH = Channel.SMS, Channel.EMAIL, Channel.PUSH
STEPS = [step("soon", -3), step("today", 0), step("one", 1), step("week", 7, EMAIL, SMS, valid_days=4)]


# The step ----------------------------------------------------------------------------------------------------------------


def test_each_account_gets_the_step_of_its_day_and_no_other() -> None:
    follow(STEPS)
    days = {-4: [], -3: ["soon"], -1: ["soon"], 0: ["today"], 1: ["one"], 3: ["one"], 4: [], 7: ["week"], 11: ["week"], 12: []}
    accounts = {day: late(day) for day in days}
    assert plan() == 7
    assert {day: [row[0] for row in planned(account)] for day, account in accounts.items()} == days


def test_a_message_says_all_that_the_dispatcher_needs() -> None:
    strategy = follow(STEPS)
    account = late(8)
    plan()
    message = Message.objects.get()
    said = {field.name: getattr(message, field.attname) for field in Message._meta.concrete_fields}
    assert said.pop("id") and said.pop("created_at") == NOW
    assert said == {
        "account": account.pk, "customer": account.customer_id, "episode": date(2025, 6, 9), "step": "week", "channel": "email",
        "purpose": "reminder", "strategy": strategy.pk, "template_code": "week-email", "template": None, "texts": None,
        "fallback": [{"channel": "sms", "template": "week-sms"}], "planned_on": DAY, "expires_on": date(2025, 6, 20),
        "priority": 5, "status": "queued", "due_at": datetime(2025, 6, 17, tzinfo=UTC), "reason": "", "attempts": 0,
        "claimed_until": None, "claimed_by": "", "contact": None, "provider": "", "reference": "", "said": None, "language": "",
        "sent_at": None, "settled_at": None, "failures": 0, "doubts": 0,
    }  # fmt: skip


def test_a_step_done_twice_and_a_range_of_its_own_change_nothing_else() -> None:
    follow(STEPS)
    first, second = late(1), late(1)
    about = {"as_of": DAY, "now": NOW}
    assert plan_messages(first_account_id=second.pk, last_account_id=second.pk, **about) == 1
    assert planned(first) == []
    assert plan() == 1
    before = list(Message.objects.order_by("pk").values())
    assert plan() == plan(now=NOW + timedelta(hours=9)) == 0
    assert list(Message.objects.order_by("pk").values()) == before


def test_without_a_contact_policy_nothing_is_planned_and_the_day_is_closed_all_the_same(settings: Any) -> None:
    follow(STEPS)
    late(1)
    settings.CONTACT_PROFILE = "none-such"
    assert plan() == 0
    assert not Message.objects.exists()


def test_hours_open_by_the_time_zone_of_the_customer() -> None:
    follow(STEPS)
    zones = {"Asia/Shanghai": 0, "America/New_York": 12, "Europe/Berlin": 6}
    accounts = {zone: late(1, time_zone=zone) for zone in zones}
    plan()
    found = {zone: Message.objects.get(account=account).due_at for zone, account in accounts.items()}
    # Eight o'clock there, on the day the messages go out, in hours of UTC.
    assert found == {zone: datetime(2025, 6, 17, hour, tzinfo=UTC) for zone, hour in zones.items()}


def test_rules_tiers_and_stop_rules_choose_who_gets_a_step() -> None:
    follow([step("all", 1, tiers=("early",), rule="exposure >= 100", stop_rule="open_promise = True")])
    owes = {"outstanding_principal_minor": 10_000, "tier": "early"}
    taken, other_tier, owes_less, promised = (
        late(1, state=state) for state in (owes, {**owes, "tier": "late"}, {**owes, "outstanding_principal_minor": 9_999}, owes)
    )
    AccountSignals.objects.create(account=promised, has_open_promise=True)
    assert plan() == 1
    assert planned(taken, other_tier, owes_less, promised) == [("all", "sms", "queued", "")]


def test_a_step_that_is_not_taken_leaves_the_one_before_it_due() -> None:
    follow([step("mild", 5, valid_days=9), step("strict", 7, rule="exposure > 9000")])
    account = late(8)
    assert plan() == 1
    assert planned(account) == [("mild", "sms", "queued", "")]


def test_to_a_vulnerable_customer_goes_what_was_written_for_them_and_no_demand_or_call() -> None:
    """Whatever a rule says: a call, a demand and the usual words are left out."""
    steps = [
        step("usual", 1, valid_days=20),
        step("soft", 5, rule="vulnerable = True", valid_days=20),
        step("stern", 8, rule="vulnerable = True", purpose=Purpose.DEMAND, valid_days=20),
        call("phone", 9, rule="vulnerable = True", valid_days=20),
        step("law", 0, anchor=Anchor.RESTRICTED, purpose=Purpose.NOTICE),
    ]
    follow(steps)
    vulnerable, other, restricted = late(10), late(10), late(10)
    AccountSignals.objects.create(account=vulnerable, is_vulnerable=True)
    AccountSignals.objects.create(account=restricted, is_vulnerable=True, is_restricted=True, restricted_on=NEXT)
    stand = ladder_stand(CreditAccount.objects.select_related("product").get(pk=vulnerable.pk), as_of=DAY, today=NEXT)
    assert stand is not None and [line.due and line.due.code for line in stand.lines] == ["soft"]
    plan()
    assert [row[0] for row in planned(vulnerable)] == ["soft"]
    assert [row[0] for row in planned(other)] == ["usual"]
    assert [row[0] for row in planned(restricted)] == ["soft", "law"]


def test_a_call_sends_nothing_and_stands_before_what_was_due_earlier() -> None:
    follow([step("week", 7, valid_days=60), call("phone", 10)])
    early, later = late(9), late(10)
    assert plan() == 1
    assert planned(early, later) == [("week", "sms", "queued", "")]


def test_after_a_long_stop_the_latest_step_goes_out_once_and_what_waited_is_stopped() -> None:
    follow(STEPS)
    account = late(1)
    plan()
    AccountState.objects.update(oldest_unpaid_due_date=NEXT - timedelta(days=1), days_past_due=6)
    assert plan(DAY + timedelta(days=6)) == 1
    assert planned(account) == [("one", "sms", "cancelled", OVERTAKEN), ("week", "email", "queued", "")]
    assert plan(DAY + timedelta(days=7)) == 0


def test_what_went_out_is_left_as_it_is_when_a_later_step_comes() -> None:
    follow(STEPS)
    account = late(1)
    plan()
    Message.objects.update(status="dead")
    AccountState.objects.update(oldest_unpaid_due_date=NEXT - timedelta(days=1))
    plan(DAY + timedelta(days=6))
    assert planned(account) == [("one", "sms", "dead", ""), ("week", "email", "queued", "")]


def test_paid_the_next_instalment_is_an_episode_of_its_own() -> None:
    follow(STEPS)
    account = late(1)
    plan()
    account.installments.update(is_open=False)
    make_installment(account, due_date=NEXT + timedelta(days=3))
    AccountState.objects.update(oldest_unpaid_due_date=None, moves_on=None)
    assert plan() == 1
    assert [row[0] for row in planned(account)] == ["one", "soon"]
    assert set(Message.objects.values_list("episode", flat=True)) == {DAY, NEXT + timedelta(days=3)}


def test_a_version_that_takes_over_goes_by_the_days_that_were_planned() -> None:
    follow(STEPS)
    account = late(1)
    plan()
    follow([step("first", 1, valid_days=9), step("second", 2, valid_days=9)], since=NEXT)
    assert plan() == 0, "its step of the same day was planned under another name"
    AccountState.objects.update(oldest_unpaid_due_date=DAY)
    assert plan(DAY + timedelta(days=1)) == 1
    assert [row[0] for row in planned(account)] == ["one", "second"]


def test_products_follow_the_strategy_that_names_them_else_the_sites_own(settings: Any) -> None:
    follow(STEPS)
    named, other = late(1), late(1)
    follow([step("gentle", 1)], code="gentle", products=[named.product.product_code])
    plan()
    assert [row[0] for row in planned(named, other)] == ["gentle", "one"]
    settings.COLLECTION_STRATEGY = "none-such"
    later = late(1)
    assert plan() == 0
    assert planned(later) == []


def test_the_restriction_is_a_line_of_its_own_beside_the_due_date() -> None:
    notice = step("notice", 0, anchor=Anchor.RESTRICTED, purpose=Purpose.NOTICE, valid_days=3)
    follow([*STEPS, notice])
    account, lifted = late(7), late(20)
    AccountSignals.objects.create(account=account, is_restricted=True, restricted_on=DAY)
    AccountSignals.objects.create(account=lifted, is_restricted=False, restricted_on=DAY)
    assert plan() == 2
    assert sorted(row[0] for row in planned(account)) == ["notice", "week"]
    assert Message.objects.get(step="notice").episode == DAY
    assert planned(lifted) == []
    # Restricted anew, it is told anew.
    AccountSignals.objects.filter(account=account).update(restricted_on=NEXT)
    assert plan() == 1
    assert Message.objects.filter(step="notice").count() == 2


def test_promises_are_lines_of_their_own_before_their_day_and_after_the_breach() -> None:
    reminder = step("promised", -1, anchor=Anchor.PROMISE_DUE, valid_days=1)
    breach = step("broken", 1, anchor=Anchor.PROMISE_BROKEN, valid_days=2)
    follow([step("one", 1, stop_rule="open_promise = True"), reminder, breach])
    day = NEXT + timedelta(days=1)
    promised, in_two_days, broken, promised_again = late(1), late(1), late(9), late(9)
    AccountSignals.objects.create(account=promised, has_open_promise=True, promise_due_on=day)
    AccountSignals.objects.create(account=in_two_days, has_open_promise=True, promise_due_on=day + timedelta(days=1))
    AccountSignals.objects.create(account=broken, promise_broken_on=DAY)
    AccountSignals.objects.create(
        account=promised_again, promise_broken_on=DAY, has_open_promise=True, promise_due_on=day + timedelta(days=9)
    )
    assert plan() == 2
    assert [row[0] for row in planned(promised)] == ["promised"]
    assert [row[0] for row in planned(broken)] == ["broken"]
    assert planned(in_two_days, promised_again) == []
    assert set(Message.objects.values_list("step", "episode")) == {("promised", day), ("broken", DAY)}
    assert plan() == 0
    assert plan(NEXT) == 1
    assert [row[0] for row in planned(in_two_days)] == ["promised"]


def test_steps_of_two_lines_that_begin_on_one_day_do_not_hide_each_other() -> None:
    follow([step("one", 1), step("notice", 5, anchor=Anchor.RESTRICTED, valid_days=9)])
    account = late(1)
    AccountSignals.objects.create(account=account, is_restricted=True, restricted_on=DAY)
    assert plan() == 1
    assert plan(DAY + timedelta(days=4)) == 1
    assert [row[:3] for row in planned(account)] == [("one", "sms", "queued"), ("notice", "sms", "queued")]


# The ways ----------------------------------------------------------------------------------------------------------------


def test_the_first_way_that_nothing_forbids_is_taken_and_those_after_it_are_kept() -> None:
    follow([step("one", 1, PUSH, SMS, EMAIL)])
    account = late(1, consent_push=False)
    plan()
    message = Message.objects.get(account=account)
    assert (message.channel, message.template_code) == ("sms", "one-sms")
    assert message.fallback == [{"channel": "email", "template": "one-email"}]


@pytest.mark.parametrize(
    ("obstacle", "why"),
    [("consent", "consent"), ("opt-out", "opt-out"), ("detail", "detail"), ("dead", "detail"), ("not-theirs", "detail"),
     ("hold", "hold"), ("signal", "hold"), ("on-hold", "hold"), ("account-hold", "hold")],
)  # fmt: skip
def test_a_message_without_an_open_way_is_stopped_at_once_with_the_rule(obstacle: str, why: str) -> None:
    follow([step("one", 1)])
    person = {"name": "Li Na"} if obstacle == "detail" else None
    account = late(1, person=person, consent_sms=obstacle != "consent")
    customer = account.customer
    if obstacle == "opt-out":
        OptOut.objects.create(customer=customer, channel="sms", source="reply", since=NOW, noted_by_name="x")
    elif obstacle == "dead":
        DetailState.objects.create(detail=customer.phone_index, state="bounced", since=NOW, evidence="e", noted_by_name="x")
    elif obstacle == "not-theirs":
        WrongPerson.objects.create(
            customer=customer, detail=customer.phone_index, since=NOW, evidence="e", noted_by_name="x"
        )  # fmt: skip
    elif obstacle.endswith("hold") and obstacle != "on-hold":
        about = account if obstacle.startswith("account") else None
        ContactHold.objects.create(
            customer=customer, account=about, kind="complaint", reason="r", since=NOW, placed_by_name="x"
        )  # fmt: skip
    elif obstacle in ("signal", "on-hold"):
        column = "is_disputed" if obstacle == "signal" else "is_on_hold"
        AccountSignals.objects.create(account=account, **{column: True})
    assert plan() == 1
    message = Message.objects.get()
    assert (message.status, message.reason, message.settled_at) == ("cancelled", why, NOW)
    assert plan() == 0, "it is not tried again"


def test_what_is_over_forbids_nothing() -> None:
    follow([step("one", 1)])
    account = late(1)
    over = {"since": NOW - timedelta(days=2), "until": NOW - timedelta(days=1)}
    OptOut.objects.create(customer=account.customer, channel="sms", source="reply", noted_by_name="x", **over)
    ContactHold.objects.create(customer=account.customer, kind="complaint", reason="r", placed_by_name="x", **over)
    other = ContactHold.objects.create(
        customer=account.customer, account=make_account(customer=account.customer), kind="dispute", reason="r", since=NOW,
        placed_by_name="x",
    )  # fmt: skip
    assert other.account_id != account.pk
    plan()
    assert planned(account) == [("one", "sms", "queued", "")]


def test_a_notice_needs_no_consent_and_passes_the_holds_that_the_policy_names() -> None:
    follow([step("notice", 1, purpose=Purpose.NOTICE)])
    passes = ContactPolicy.objects.get(profile="cn-2026").figures().notices_pass
    stops = sorted(set(NOTED_HOLDS) - passes)
    assert Hold.DISPUTE in passes and stops
    disputed, without, stopped = late(1), late(1, consent_sms=False), late(1)
    AccountSignals.objects.create(account=disputed, is_disputed=True, is_on_hold=True)
    ContactHold.objects.create(customer=stopped.customer, kind=stops[0], reason="r", since=NOW, placed_by_name="x")
    plan()
    assert [row[2:] for row in planned(disputed, without, stopped)] == [("queued", ""), ("queued", ""), ("cancelled", "hold")]


# Both paths --------------------------------------------------------------------------------------------------------------


def some_ladder(dice: random.Random) -> list[Step]:
    """Return a ladder with both lines, rules, tiers and calls, on days of its own."""
    steps: list[Step] = []
    for number, day in enumerate(sorted(dice.sample(range(-4, 26), dice.randint(3, 9)))):
        code = f"s{number}"
        if dice.random() < 0.2:
            steps.append(call(code, day, valid_days=dice.randint(0, 3)))
            continue
        steps.append(
            step(
                code, day, *dice.sample([SMS, EMAIL, PUSH], dice.randint(1, 3)),
                purpose=dice.choice([Purpose.REMINDER, Purpose.NOTICE, Purpose.DEMAND]),
                tiers=dice.choice([(), (), ("early",), ("normal", "middle")]),
                rule=dice.choice(["", "", "dpd > 3", "exposure > 100", "months_on_book < 2"]),
                stop_rule=dice.choice(["", "open_promise = True", "overdue < 50"]),
                valid_days=dice.randint(0, 6),
            )
        )  # fmt: skip
    for number, day in enumerate(dice.sample(range(6), 2)):
        steps.append(step(f"r{number}", day, SMS, EMAIL, anchor=Anchor.RESTRICTED, purpose=Purpose.NOTICE, valid_days=2))
    # Dice of their own: the rest of a seed's ladder and book stay what they were.
    own = random.Random(len(steps))
    for number, day in enumerate(own.sample(range(-3, 3), 2)):
        steps.append(step(f"p{number}", day, SMS, EMAIL, anchor=Anchor.PROMISE_DUE, valid_days=1))
        steps.append(step(f"b{number}", day + 4, EMAIL, anchor=Anchor.PROMISE_BROKEN, valid_days=own.randint(0, 3)))
    for number, day in enumerate(own.sample(range(26, 34), 2)):
        steps.append(step(f"v{number}", day, SMS, EMAIL, rule="vulnerable = True", valid_days=4))
    return steps


def disturb(dice: random.Random, accounts: list[CreditAccount]) -> None:
    """Give some customers consents, wishes and holds, and some accounts signals."""
    own, care = random.Random(len(accounts)), random.Random(len(accounts) + 1)
    for account in accounts:
        consents = {f"consent_{name}": dice.random() < 0.7 for name in ("sms", "email", "push")}
        person = {"name": "Li Na", "phone": f"139{account.pk:08d}"}
        person |= {"email": f"a{account.pk}@example.com"} if dice.random() < 0.7 else {}
        fresh = make_customer(person=person, time_zone=dice.choice(["Asia/Shanghai", "Asia/Tokyo"]), **consents)
        CreditAccount.objects.filter(pk=account.pk).update(customer=fresh)
        if dice.random() < 0.2:
            OptOut.objects.create(
                customer=fresh, channel=dice.choice(["sms", "email", "push"]), source="page", since=NOW, noted_by_name="x"
            )
        if dice.random() < 0.15:
            DetailState.objects.create(detail=fresh.phone_index, state="invalid", since=NOW, evidence="e", noted_by_name="x")
        if own.random() < 0.15:
            whose = own.choice([fresh, accounts[0].customer])
            columns = {"since": NOW, "evidence": "e", "noted_by_name": "x"}
            WrongPerson.objects.get_or_create(customer=whose, detail=fresh.phone_index, defaults=columns)
        if dice.random() < 0.15:
            about = dice.choice([None, account])
            ContactHold.objects.create(
                customer=fresh, account=about, kind=dice.choice(NOTED_HOLDS), reason="r", since=NOW, placed_by_name="x"
            )
        if dice.random() < 0.3:
            flags = {name: dice.random() < 0.3 for name in ("is_disputed", "is_on_hold", "has_open_promise", "has_hardship_plan")}
            is_restricted = dice.random() < 0.6
            restricted_on = FIRST_DAY + timedelta(days=dice.randrange(60))
            dates = {
                name: FIRST_DAY + timedelta(days=own.randrange(60)) if own.random() < 0.7 else None
                for name in ("promise_due_on", "promise_broken_on")
            }
            AccountSignals.objects.update_or_create(
                account=account, defaults={**flags, **dates, "is_restricted": is_restricted, "restricted_on": restricted_on}
            )
        if care.random() < 0.15:
            # The close marks the account.
            Vulnerability.objects.create(
                customer=fresh, said={"kind": "other", "text": ""}, since=FIRST_DAY, review_by=FIRST_DAY + timedelta(days=90),
                recorded_by_name="x", recorded_at=NOW,
            )  # fmt: skip


def leave_alone(dice: random.Random, accounts: list[CreditAccount]) -> None:
    """Let an experiment on all products leave some of the customers without contact."""
    known = CreditAccount.objects.filter(pk__in=[account.pk for account in accounts]).select_related("product")
    put_in_arm("none", *(account for account in known if dice.random() < 0.25), on=FIRST_DAY)


def rows_of(messages: Any) -> list[dict[str, Any]]:
    """Return messages as what both paths must agree on."""
    left = {"id", "created_at", "settled_at"}
    names = [field.attname for field in Message._meta.concrete_fields if field.name not in left]
    rows = list(messages.values(*names, "settled_at"))
    # A step comes once an episode, and an account has several of them.
    known_by = itemgetter("account_id", "episode", "step")
    return sorted(({**row, "settled_at": bool(row["settled_at"])} for row in rows), key=known_by)


def each_day(seed: int) -> Iterator[tuple[date, list[CreditAccount], datetime]]:
    """Close a random book day by day without planning; yield the day, the accounts, and the moment of the close."""
    dice = random.Random(seed)
    accounts = make_random_book(seed=seed, accounts=25, days=30)
    disturb(dice, accounts)
    Strategy.objects.filter(code="standard").exists() or seed_strategies()
    follow(some_ladder(dice))
    leave_alone(dice, accounts)
    BookState.objects.update_or_create(pk=1, defaults={"nightly_paused": True})
    for offset in range(40):
        day = FIRST_DAY + timedelta(days=offset)
        close_day(day, actor=TESTER)
        # Now and then the planning does not run, and not every state waits for a close.
        if offset > 5 and dice.random() < 0.8:
            yield day, accounts, datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=17)


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=marks) for seed, marks in longer(2, 3, 4, 5))])
def test_the_close_and_the_one_account_path_plan_the_same(seed: int, settings: Any) -> None:
    settings.CLOSE_SHARD_ACCOUNTS = 13
    seen = 0
    for day, accounts, now in each_day(seed):
        before = Message.objects.count()
        kept = list(Message.objects.order_by("pk").values_list("pk", "status", "reason", "settled_at"))
        rows = CreditAccount.objects.select_related("product", "customer", "signals")
        for account in rows.filter(pk__in=[account.pk for account in accounts]):
            plan_account(account, as_of=day, now=now)
        by_one = rows_of(Message.objects.all())
        Message.objects.exclude(pk__in=[pk for pk, *_rest in kept]).delete()
        for pk, status, reason, settled_at in kept:
            Message.objects.filter(pk=pk).update(status=status, reason=reason, settled_at=settled_at)
        assert Message.objects.count() == before
        planned_now = plan_messages(as_of=day, first_account_id=0, last_account_id=LAST_ACCOUNT_ID, now=now)
        assert rows_of(Message.objects.all()) == by_one, day
        assert planned_now == Message.objects.count() - before
        seen += planned_now
    states = set(Message.objects.values_list("status", "reason"))
    assert seen > 15 and len(states) > 2, "the book was too quiet to show anything"


# In the close, and by hand -----------------------------------------------------------------------------------------------


def a_late_account() -> CreditAccount:
    account = make_reachable(customer_no="C-close")
    make_installment(account, due_date=DAY)
    AccountState.objects.create(account=account, product=account.product, opened_on=account.opened_on)
    set_business_date(DAY - timedelta(days=1))
    return account


def test_the_close_plans_what_is_due_on_the_day_after_it() -> None:
    account = a_late_account()
    run = close_day(DAY, actor=TESTER)
    assert run.status == "complete"
    assert planned(account) == [("overdue-1", "push", "queued", "")]
    assert run.shards.get(step="outreach").rows == 1


def test_nothing_is_planned_in_a_frozen_book() -> None:
    account = a_late_account()
    BookState.objects.update(nightly_paused=True)
    close_day(DAY, actor=TESTER)
    assert planned(account) == []
    with pytest.raises(BookIsFrozen):
        plan_now(actor=SENDER, account=account, now=NOW)
    assert planned(account) == []


def test_one_account_is_planned_at_once_for_a_person_who_asks_and_the_close_repeats_nothing() -> None:
    follow(STEPS)
    account = late(1)
    set_business_date(DAY)
    assert [message.step for message in plan_now(actor=SENDER, account=account, now=NOW)] == ["one"]
    line = AuditEntry.objects.get(action="message.plan")
    assert (line.subject_key, line.after) == (account.account_no, {"steps": ["one sms queued"]})
    with pytest.raises(NothingDue, match=account.account_no):
        plan_now(actor=SENDER, account=account, now=NOW)
    assert plan() == 0


def test_a_payment_between_close_and_planning_is_seen() -> None:
    account = a_late_account()
    BookState.objects.update(nightly_paused=True)
    close_day(DAY, actor=TESTER)
    installment = account.installments.get()
    post_payment(actor=TESTER, account_id=account.pk, amount_minor=installment.principal_minor, value_date=NEXT, reference="T-1")
    assert plan() == 0


@pytest.mark.usefixtures("policies_known")
def test_the_planning_asks_the_same_number_of_queries_whatever_the_book() -> None:
    follow(STEPS)
    late(1)

    def asked(as_of: date) -> int:
        with CaptureQueriesContext(connection) as captured:
            plan(as_of)
        return len(captured)

    few = asked(DAY)
    for _ in range(5):
        late(1)
        make_product()
    assert asked(DAY) == few <= 9


def test_only_accounts_that_may_stand_on_a_step_have_their_instalments_looked_at() -> None:
    follow(STEPS)
    # Aging says that nothing happens to it before July, so it is not looked at, whatever its instalments say.
    quiet = late(-3, state={"moves_on": date(2025, 7, 9)})
    assert plan() == 0
    AccountState.objects.filter(pk=quiet.pk).update(moves_on=NEXT + timedelta(days=4))
    assert plan() == 1


def test_a_customer_without_a_state_yet_or_opened_later_gets_nothing() -> None:
    follow(STEPS)
    late(1, state={"opened_on": NEXT})
    assert plan() == 0
    assert Customer.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_planning_and_a_worker_who_sends_lock_messages_in_one_order() -> None:
    follow([step("one", 1), step("week", 7)])
    first, second = late(1), late(1)
    plan()
    # The one of the account that is planned for first has the higher id.
    waiting = {message.account_id: message for message in Message.objects.all()}
    Message.objects.filter(pk=waiting[first.pk].pk).delete()
    waiting[first.pk].pk = None
    waiting[first.pk].save(force_insert=True)
    lower, higher = sorted(message.pk for message in waiting.values())
    assert waiting[second.pk].pk == lower
    AccountState.objects.update(oldest_unpaid_due_date=DAY, days_past_due=6, moves_on=None)

    @transaction.atomic
    def sends() -> None:
        lock_all([lower])
        time.sleep(0.6)
        lock_all([lower, higher])

    @transaction.atomic
    def plans() -> int:
        time.sleep(0.3)
        return plan(DAY + timedelta(days=6), NOW + timedelta(days=6))

    assert at_once([sends, plans]) == [None, 2]
    assert Message.objects.filter(reason="overtaken").count() == 2
