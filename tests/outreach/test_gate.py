"""The gate: what it lets through is in the log and counts, whoever asks at once; what it refuses is recorded with the rule."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.db.models import Count
from factories import make_account, make_product, make_user
from outreach_books import NOON, SENDER, make_reachable, wanted
from side_by_side import at_once

from accounts.operations.signals import note_signals
from outreach.gate import ContactNotOpen, KeyOfAnother, ask_gate, end_contact, pass_gate
from outreach.models import AgreedHours, Contact, ContactHold, ContactPolicy, Denial, DetailState, OptOut
from outreach.policies import NoPolicy
from outreach.rules.contact_policy import RuleId
from outreach.rules.contacts import Channel, Hold, Outcome, Purpose
from riskops.shared.audit import Actor
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db


def asks(account: Any, key: str = "k1", channel: Channel = Channel.SMS, at: Any = NOON, **more: Any) -> Any:
    return pass_gate(actor=SENDER, key=key, request=wanted(account, channel, **more), now=at)


def test_what_is_let_through_is_in_the_log_with_all_that_it_was_judged_on() -> None:
    account = make_reachable()
    answer = asks(account)
    assert answer.verdict.is_allowed and answer.is_new
    contact = Contact.objects.get()
    assert (contact.customer_id, contact.channel, contact.purpose, contact.outcome) == (
        account.customer_id,
        "sms",
        "reminder",
        "open",
    )
    assert (str(contact.policy), contact.made_by_name, contact.at) == ("cn-2026 v1", "reminders", NOON)
    assert contact.standing == {
        "zone": "Asia/Shanghai",
        "agreed_hours": None,
        "consents": ["email", "push", "sms"],
        "opted_out": [],
        "holds": [],
        "is_representative": False,
        "is_unusable": False,
        "has_refused": False,
        "is_lost": False,
    }
    assert Denial.objects.count() == 0


def test_asked_again_under_its_key_it_is_the_same_contact_and_counts_once() -> None:
    account = make_reachable()
    first, again = asks(account), asks(account, at=NOON + timedelta(hours=1))
    assert (again.contact.pk, again.is_new) == (first.contact.pk, False)
    assert Contact.objects.count() == 1


def test_asked_again_it_is_judged_again_for_hours_and_wishes_go_on() -> None:
    account = make_reachable()
    first = asks(account, channel=Channel.CALL)
    night = asks(account, channel=Channel.CALL, at=NOON.replace(hour=22))
    assert (night.contact, night.verdict.rule, night.verdict.until) == (None, RuleId.QUIET_HOURS, NOON.replace(day=13, hour=8))
    OptOut.objects.create(customer=account.customer, channel="call", source="person", since=NOON, noted_by_name="a")
    assert asks(account, channel=Channel.CALL, at=NOON + timedelta(minutes=1)).verdict.rule is RuleId.OPT_OUT
    assert [contact.pk for contact in Contact.objects.all()] == [first.contact.pk]
    assert list(Denial.objects.order_by("pk").values_list("rule", flat=True)) == ["quiet-hours", "opt-out"]


def test_a_key_is_never_that_of_another_contact() -> None:
    asks(make_reachable())
    other = make_reachable(person={"name": "B", "phone": "13900000002"})
    with pytest.raises(KeyOfAnother):
        asks(other)
    assert Contact.objects.count() == 1


def test_a_refused_contact_is_recorded_with_its_rule_and_nothing_is_counted() -> None:
    account = make_reachable()
    asks(account)
    answer = asks(account, "k2", at=NOON + timedelta(hours=2))
    assert (answer.contact, answer.verdict.rule) == (None, RuleId.MESSAGES_CHANNEL)
    denial = Denial.objects.get()
    assert (denial.rule, denial.had, denial.most, denial.asked_by_name) == ("messages-channel", 1, 1, "reminders")
    assert denial.until == answer.verdict.until == NOON.replace(day=13, hour=8)
    assert Contact.objects.count() == 1


def test_asking_what_it_would_say_writes_nothing() -> None:
    account = make_reachable()
    assert ask_gate(wanted(account), NOON).verdict.is_allowed
    assert ask_gate(wanted(account), NOON.replace(hour=23)).verdict.rule is RuleId.QUIET_HOURS
    assert not Contact.objects.exists() and not Denial.objects.exists()


def test_the_accounts_of_a_customer_share_what_is_allowed() -> None:
    first = make_reachable()
    second = make_account(customer=first.customer)
    asks(first)
    assert asks(second, "k2").verdict.rule is RuleId.MESSAGES_CHANNEL


def test_attempts_at_a_number_count_whosever_customer_it_is() -> None:
    first, other = make_reachable(), make_reachable()
    assert first.customer.phone_index == other.customer.phone_index
    for number in range(6):
        contact = asks(first, f"c{number}", Channel.CALL, at=NOON + timedelta(minutes=number)).contact
        end_contact(contact.pk, Outcome.UNANSWERED, now=contact.at)
    later = NOON + timedelta(hours=1)
    assert ask_gate(wanted(other, Channel.CALL), later).verdict.rule is RuleId.UNANSWERED
    answer = asks(other, "o1", Channel.CALL, at=later)
    assert (answer.verdict.rule, answer.verdict.finding.had) == (RuleId.UNANSWERED, 6)
    # Of the debtor alone count the answered ones, and at another number nothing of it counts.
    assert asks(other, "o2", at=later).verdict.is_allowed
    assert asks(other, "o3", Channel.CALL, at=later, detail=7).verdict.is_allowed
    assert asks(other, "o4", Channel.CALL, at=NOON + timedelta(days=1)).verdict.is_allowed


def test_holds_opt_outs_agreed_hours_and_dead_numbers_are_seen() -> None:
    account = make_reachable()
    customer = account.customer
    hold = ContactHold.objects.create(customer=customer, kind=Hold.DISPUTE, reason="r", since=NOON, placed_by_name="a")
    assert asks(account, "a").verdict.finding.hold is Hold.DISPUTE
    hold.until = NOON + timedelta(hours=1)
    hold.save()
    assert asks(account, "b", at=NOON + timedelta(minutes=59)).verdict.rule is RuleId.HOLD
    OptOut.objects.create(customer=customer, channel="sms", source="reply", since=NOON, noted_by_name="a")
    assert asks(account, "c", at=NOON + timedelta(hours=1)).verdict.rule is RuleId.OPT_OUT
    AgreedHours.objects.create(
        customer=customer, opens_at="18:00", closes_at="20:00", agreed_at=NOON, evidence="call", noted_by_name="a"
    )
    assert asks(account, "d", Channel.EMAIL, at=NOON + timedelta(hours=1)).verdict.until == NOON.replace(hour=18)
    DetailState.objects.create(detail=customer.email_index, state="bounced", since=NOON, evidence="550", noted_by_name="a")
    assert asks(account, "e", Channel.EMAIL, at=NOON.replace(hour=18)).verdict.rule is RuleId.DETAIL
    assert asks(account, "f", Channel.PUSH, at=NOON.replace(hour=18)).verdict.is_allowed
    assert list(Denial.objects.order_by("pk").values_list("rule", flat=True)) == [
        *("hold", "hold", "opt-out", "quiet-hours", "detail"),
    ]


@pytest.mark.parametrize(
    ("signal", "hold"),
    [
        ("is_disputed", Hold.DISPUTE),
        ("is_fraud_suspected", Hold.FRAUD_CLAIM),
        ("has_hardship_plan", Hold.HARDSHIP_PLAN),
        ("is_on_hold", Hold.STOP_CONTACT),
    ],
)
def test_signals_of_the_account_hold_contact_back_too(signal: str, hold: Hold) -> None:
    account = make_reachable()
    note_signals(account.pk, **{signal: True})
    assert asks(account).verdict.finding.hold is hold
    assert asks(make_account(customer=account.customer), "k2").verdict.is_allowed


def test_a_product_follows_the_profile_that_names_it() -> None:
    account = make_reachable()
    strict = make_account(customer=account.customer, product=make_product(product_code="strict-one"))
    late = NOON.replace(hour=21, minute=30)
    assert asks(strict, at=late).verdict.is_allowed
    # What was approved is not changed: a later version names the product.
    copy = ContactPolicy.objects.get(profile="cn-strict")
    copy.pk, copy.version, copy.products, copy.live_from = None, 2, ["strict-one"], NOON.date()
    copy.save(force_insert=True)
    assert asks(strict, "k2", Channel.EMAIL, at=late).verdict.rule is RuleId.QUIET_HOURS
    assert asks(account, "k3", Channel.EMAIL, at=late).verdict.is_allowed
    assert asks(strict, "k4", Channel.PUSH, at=NOON - timedelta(days=1)).policy.version == 1


def test_without_a_policy_nobody_is_contacted(settings: Any) -> None:
    settings.CONTACT_PROFILE = "none-such"
    with pytest.raises(NoPolicy):
        asks(make_reachable())
    assert not Contact.objects.exists()


def test_a_contact_ends_once() -> None:
    contact = asks(make_reachable()).contact
    end_contact(contact.pk, Outcome.DELIVERED, now=NOON)
    assert end_contact(contact.pk, Outcome.DELIVERED, now=NOON + timedelta(hours=1)).ended_at == NOON
    with pytest.raises(ContactNotOpen):
        end_contact(contact.pk, Outcome.UNDELIVERED, now=NOON)
    assert Contact.objects.get().outcome == "delivered"


@pytest.mark.parametrize(
    "change",
    [
        {"at": NOON - timedelta(days=9)},
        {"channel": "email"},
        {"standing": {}},
        {"made_by_name": "somebody"},
    ],
)
def test_the_database_refuses_to_rewrite_the_log(change: dict[str, Any]) -> None:
    asks(make_reachable())
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        Contact.objects.update(**change)
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        Contact.objects.all().delete()
    end_contact(Contact.objects.get().pk, Outcome.DELIVERED, now=NOON)
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        Contact.objects.update(outcome="not_made")


def test_the_database_refuses_to_change_an_approved_policy_and_a_denial() -> None:
    with pytest.raises(DatabaseError, match="next version"), transaction.atomic():
        ContactPolicy.objects.update(messages_a_day=99)
    with pytest.raises(DatabaseError, match="next version"), transaction.atomic():
        ContactPolicy.objects.all().delete()
    account = make_reachable()
    asks(account, at=NOON.replace(hour=3))
    with pytest.raises(DatabaseError, match="only added"), transaction.atomic():
        Denial.objects.all().delete()


def test_a_later_clock_of_whoever_was_first_does_not_let_the_second_slip_through() -> None:
    account = make_reachable()
    asks(account, at=NOON + timedelta(seconds=1))
    assert asks(account, "k2", at=NOON).verdict.rule is RuleId.MESSAGES_CHANNEL
    # And the log goes forward: what is let through stands after what it was judged on.
    assert asks(account, "k3", Channel.EMAIL, at=NOON).contact.at == NOON + timedelta(seconds=1)


def test_what_was_noted_while_the_gate_waited_holds_although_its_clock_is_later() -> None:
    account = make_reachable()
    ContactHold.objects.create(
        customer=account.customer, kind=Hold.MINOR, reason="r", since=NOON + timedelta(seconds=1), placed_by_name="a"
    )
    assert asks(account).verdict.rule is RuleId.HOLD


def test_asking_takes_the_same_queries_however_much_there_was(django_assert_num_queries: Any) -> None:
    account = make_reachable()
    for day in range(40):
        asks(account, f"k{day}", purpose=Purpose.NOTICE, at=NOON - timedelta(days=50 - day))
    with django_assert_num_queries(8):
        assert asks(account, "last").verdict.is_allowed


@pytest.mark.django_db(transaction=True)
def test_of_many_who_want_the_last_permitted_message_one_gets_it() -> None:
    account = make_reachable()
    asks(account, "first", Channel.EMAIL)
    works = [
        lambda n=n: pass_gate(actor=SENDER, key=f"at once {n}", request=wanted(account, Channel.PUSH), now=NOON) for n in range(6)
    ]
    answers = at_once(works)
    assert [a.verdict.is_allowed for a in answers].count(True) == 1
    assert Contact.objects.values("channel").annotate(n=Count("pk")).filter(n__gt=1).count() == 0
    assert Denial.objects.count() == 5


@pytest.mark.django_db(transaction=True)
def test_of_many_customers_at_one_number_no_more_are_called_at_once_than_one_may_be() -> None:
    accounts = [make_reachable() for _ in range(4)]
    for number in range(5):
        contact = asks(accounts[0], f"c{number}", Channel.CALL).contact
        end_contact(contact.pk, Outcome.UNANSWERED, now=NOON)
    answers = at_once([lambda account=account: asks(account, f"at once {account.pk}", Channel.CALL) for account in accounts])
    assert [a.verdict.is_allowed for a in answers].count(True) == 1


def test_a_person_makes_contacts_under_their_own_name() -> None:
    user = make_user(Role.ANALYST)
    answer = pass_gate(actor=Actor.of(user), key="c1", request=wanted(make_reachable(), Channel.CALL), now=NOON)
    assert (answer.contact.made_by_id, answer.contact.made_by_name) == (user.pk, user.get_username())
