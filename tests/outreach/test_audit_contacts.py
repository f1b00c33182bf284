"""The audit finds nothing in what went through the gate, and everything that did not."""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from factories import make_account
from outreach_books import NOON, SENDER, make_reachable, wanted

from outreach.gate import end_contact, pass_gate
from outreach.models import Contact, ContactHold, OptOut
from outreach.queries.audit import violations
from outreach.rules.contact_policy import RuleId
from outreach.rules.contacts import CALLS, Channel, Hold, Outcome, Party, Purpose

pytestmark = pytest.mark.django_db
BEGIN, END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)


def found() -> list[Any]:
    return list(violations(BEGIN, END))


def bypass(of: Contact, **changed: Any) -> Contact:
    """Write a line of the log without asking the gate, made to look like another one."""
    of.pk = None
    for name, value in {"key": f"bypass {Contact.objects.count()}", **changed}.items():
        setattr(of, name, value)
    of.save(force_insert=True)
    return of


def passed(account: Any, key: str = "k1", channel: Channel = Channel.SMS, at: datetime = NOON, **more: Any) -> Contact:
    contact: Contact | None = pass_gate(actor=SENDER, key=key, request=wanted(account, channel, **more), now=at).contact
    assert contact is not None
    return contact


def test_a_second_message_of_a_channel_that_went_round_the_gate_is_found() -> None:
    contact = passed(make_reachable())
    assert found() == []
    planted = bypass(contact, at=NOON + timedelta(hours=1))
    (violation,) = found()
    assert (violation.contact.pk, violation.verdict.rule) == (planted.pk, RuleId.MESSAGES_CHANNEL)


def test_a_call_too_many_at_a_number_is_found_whosever_customer_it_was_about() -> None:
    first, other = make_reachable(), make_reachable()
    for number in range(6):
        contact = passed(first, f"c{number}", Channel.CALL, NOON + timedelta(minutes=number))
        end_contact(contact.pk, Outcome.UNANSWERED, now=contact.at)
    later = passed(other, "o1", Channel.CALL, NOON + timedelta(days=1))
    assert found() == []
    planted = bypass(later, at=NOON + timedelta(hours=1))
    (violation,) = found()
    assert (violation.contact.pk, violation.verdict.rule) == (planted.pk, RuleId.UNANSWERED)


def test_one_sent_at_night_is_found() -> None:
    bypass(passed(make_reachable()), at=NOON + timedelta(days=1, hours=11))
    assert [v.verdict.rule for v in found()] == [RuleId.QUIET_HOURS]


def test_a_line_that_hides_an_opt_out_or_a_hold_is_found() -> None:
    account = make_reachable()
    contact = passed(account)
    OptOut.objects.create(customer=account.customer, channel="sms", source="reply", since=NOON, noted_by_name="a")
    bypass(contact, at=NOON + timedelta(days=1))
    ContactHold.objects.create(
        customer=account.customer, kind=Hold.DEATH, reason="r", since=NOON + timedelta(days=2), placed_by_name="a"
    )
    bypass(contact, at=NOON + timedelta(days=3), channel="email")
    # The first, at the very moment of the opt-out, was let through before it; what comes at it does not count as before.
    assert [v.verdict.rule for v in found()] == [RuleId.OPT_OUT, RuleId.OPT_OUT, RuleId.HOLD]


def test_one_judged_by_another_policy_than_that_of_its_day_is_found() -> None:
    contact = passed(make_reachable())
    contact.policy = type(contact.policy).objects.get(profile="us-reg-f")
    bypass(contact, at=NOON + timedelta(days=1))
    (violation,) = found()
    assert violation.verdict.is_allowed and violation.expected_policy is not None
    assert str(violation.expected_policy) == "cn-2026 v1"


def test_what_was_not_known_then_counts_as_it_stood_then() -> None:
    account = make_reachable()
    calls = [passed(account, f"c{n}", Channel.CALL, NOON + timedelta(minutes=n)) for n in range(3)]
    for contact in calls:
        end_contact(contact.pk, Outcome.UNANSWERED, now=NOON + timedelta(minutes=10))
    assert found() == []
    # Two of the three were in progress when the third was let through, so it could have been the third answered one.
    assert passed(account, "c4", Channel.CALL, NOON + timedelta(minutes=11))
    assert found() == []


def test_a_contact_that_was_not_made_is_none() -> None:
    contact = passed(make_reachable())
    end_contact(contact.pk, Outcome.NOT_MADE, now=NOON)
    assert passed(contact.account, "k2", at=NOON + timedelta(hours=1))
    assert found() == []


def test_the_command_says_how_many_and_which() -> None:
    contact = passed(make_reachable())
    said = StringIO()
    call_command("audit_contacts", "--from", "2025-03-01", "--to", "2025-03-12", stdout=said)
    assert said.getvalue() == "all 1 contacts from 2025-03-01 to 2025-03-12 were allowed\n"
    account_no = contact.account.account_no
    planted = bypass(contact, at=NOON + timedelta(hours=1))
    out, err = StringIO(), StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("audit_contacts", "--from", "2025-03-12", "--to", "2025-03-12", stdout=out, stderr=err)
    assert ended.value.code == 1
    assert out.getvalue() == (
        f"contact {planted.pk} 2025-03-12T05:00:00+00:00 sms account {account_no}: rule messages-channel, 1 of 1 (cn-2026 v1)\n"
    )
    assert "1 of 2 contacts" in err.getvalue()
    # Its day over, it is not of the period.
    call_command("audit_contacts", "--from", "2025-03-13", "--to", "2025-03-13", stdout=said)


#: `make deep` looks at as many as the product promises; CI at a part of them.
HISTORIES = 10_000 if os.environ.get("HYPOTHESIS_PROFILE") == "deep" else 400


#: So many customers name the same third party.
SHARING = 8
#: Longer than any history: those who share a number are asked about one after the other, since the log only goes forward.
APART = timedelta(days=130)


def random_history(seed: int, asks: int) -> None:
    """Let somebody ask for contacts with a customer of two accounts for weeks, as often as it occurs to them."""
    chance = random.Random(seed)
    zone = chance.choice(["Asia/Shanghai", "America/New_York", "Africa/Cairo"])
    accounts = [make_reachable(person={"name": "N", "phone": f"139{seed:08d}", "email": f"{seed}@example.com"}, time_zone=zone)]
    accounts.append(make_account(customer=accounts[0].customer))
    moment, open_ones = NOON + seed % SHARING * APART, []
    for number in range(asks):
        moment += timedelta(minutes=chance.choice([0, 1, 7, 45, 200, 900, 3000]))
        if open_ones and chance.random() < 0.6:
            ended = open_ones.pop(chance.randrange(len(open_ones)))
            ways = [Outcome.EFFECTIVE, Outcome.UNANSWERED, Outcome.REFUSED, Outcome.NOT_MADE]
            how = chance.choice(ways if ended.channel in CALLS else [Outcome.DELIVERED, Outcome.UNDELIVERED])
            end_contact(ended.pk, how, now=moment)
        channel = chance.choice([Channel.CALL, Channel.CALL, Channel.SMS, Channel.EMAIL, Channel.VOICE_BOT])
        more: dict[str, Any] = {"purpose": chance.choice([Purpose.REMINDER, Purpose.OFFER, Purpose.NOTICE])}
        if chance.random() < 0.1:
            more = {"purpose": Purpose.LOCATE, "party": Party.THIRD_PARTY, "discloses_debt": False, "detail": 5 + seed // SHARING}
        asked = wanted(chance.choice(accounts), channel, **more)
        answer = pass_gate(actor=SENDER, key=f"{seed}-{number}", request=asked, now=moment)
        if answer.contact is not None:
            open_ones.append(answer.contact)


@pytest.mark.parametrize("seed", range(12))
def test_random_histories_hold_no_contact_that_was_not_allowed(seed: int) -> None:
    random_history(seed, 60)
    assert Contact.objects.count() >= 5
    assert found() == []


@pytest.mark.once
@pytest.mark.slow
def test_many_random_histories_hold_no_contact_that_was_not_allowed() -> None:
    for seed in range(1_000, 1_000 + HISTORIES):
        random_history(seed, 20)
    assert Contact.objects.count() >= 5 * HISTORIES
    assert found() == []
