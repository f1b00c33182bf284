"""Calls that people make: whom they may call by which number, when they may dial it, and how it may end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from factories import make_account, make_examination, make_user
from outreach_books import NOON, SENDER, make_reachable, wanted

from accounts.models import Application
from accounts.operations.applications.revealing import reveal_applicant
from accounts.operations.revealing import reveal_person
from outreach.gate import Answer, end_contact, pass_gate
from outreach.models import Contact, DetailState
from outreach.operations import calls, refusals
from outreach.operations.calls import ask_for_contact, dial, end_call
from outreach.operations.holds import end_hold, place_hold
from outreach.operations.wishes import opt_out
from outreach.queries.audit import violations
from outreach.rules.contact_policy import RuleId
from outreach.rules.contacts import Channel, Hold, Outcome, Party, Purpose
from riskops.shared.audit import Actor
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def collector() -> Actor:
    person = make_user(Role.ANALYST)
    make_examination(person, passed_on=NOON.date() - timedelta(days=10))
    return Actor.of(person)


def make_lost(phone: str) -> Any:
    """Return an account whose customer was not reached three times in a row, so that third parties may be asked."""
    account = make_reachable(person={"name": phone, "phone": phone})
    for days in (3, 2, 1):
        at = NOON - timedelta(days=days)
        contact = pass_gate(actor=SENDER, key=f"{phone} {days}", request=wanted(account, Channel.CALL), now=at).contact
        assert contact is not None
        end_contact(contact.pk, Outcome.UNANSWERED, now=at)
    return account


def asks_third(collector: Actor, account: Any, number: str) -> Answer:
    return ask_for_contact(
        actor=collector, key=f"{account.pk} {Contact.objects.count()} {number}", account=account, channel=Channel.CALL,
        purpose=Purpose.LOCATE, party=Party.THIRD_PARTY, number=number, now=NOON,
    )  # fmt: skip


WRITTEN = ("139 0000 0099", "+86 139 0000 0099", "0086-139-0000-0099", "8613900000099", "013900000099")


@pytest.mark.parametrize("first", WRITTEN)
def test_a_third_party_who_refused_is_not_asked_again_however_their_number_is_written(collector: Actor, first: str) -> None:
    debtor, other = make_lost("13900000011"), make_lost("13900000012")
    contact = asks_third(collector, debtor, first).contact
    assert contact is not None
    end_call(actor=collector, customer=debtor.customer, contact_id=contact.pk, outcome=Outcome.REFUSED, note="", now=NOON)
    for account in (debtor, other):
        for number in WRITTEN:
            assert asks_third(collector, account, number).verdict.rule is RuleId.THIRD_PARTY, number


def test_the_customers_own_number_is_nobody_elses_however_it_is_written(collector: Actor) -> None:
    account = make_lost("13900000011")
    for number in ("13900000011", "+86 139 0000 0011", "8613900000011"):
        with pytest.raises(refusals.DetailNotOfCustomer):
            asks_third(collector, account, number)
    said = ask_for_contact(
        actor=collector, key="own", account=account, channel=Channel.CALL, purpose=Purpose.REMINDER,
        number="+86 139 0000 0011", now=NOON,
    )  # fmt: skip
    assert said.contact is not None and said.contact.detail == account.customer.phone_index


def test_attempts_at_a_number_count_together_however_it_is_written(collector: Actor) -> None:
    account = make_lost("13900000011")
    for turn in range(6):
        contact = asks_third(collector, account, WRITTEN[turn % 4]).contact
        assert contact is not None
        end_contact(contact.pk, Outcome.UNANSWERED, now=contact.at)
    assert asks_third(collector, account, WRITTEN[4]).verdict.rule is RuleId.UNANSWERED


def lets_through(collector: Actor, account: Any, key: str = "k", at: datetime = NOON) -> Contact:
    answer = ask_for_contact(actor=collector, key=key, account=account, channel=Channel.CALL, purpose=Purpose.REMINDER, now=at)
    assert answer.contact is not None
    return answer.contact


def test_what_was_let_through_is_not_dialled_once_it_is_not_allowed_any_more(collector: Actor) -> None:
    account = make_reachable()
    contact = lets_through(collector, account)

    def dials(at: datetime) -> str:
        return dial(actor=collector, customer=account.customer, contact_id=contact.pk, now=at)

    assert dials(NOON + timedelta(hours=1)) == "+8613900000001"
    with pytest.raises(refusals.NotToDialNow, match="quiet hours"):
        dials(NOON.replace(hour=22))
    with pytest.raises(refusals.CallOfAnotherDay, match="12 Mar 2025"):
        dials(NOON + timedelta(days=1))
    DetailState.objects.create(detail=contact.detail, state="invalid", since=NOON, evidence="e", noted_by_name="a")
    with pytest.raises(refusals.NotToDialNow, match="no number"):
        dials(NOON)
    DetailState.objects.all().delete()
    opt_out(actor=collector, customer=account.customer, channel=Channel.CALL, source="person", note="he said so", now=NOON)
    with pytest.raises(refusals.NotToDialNow, match="opted out"):
        dials(NOON + timedelta(minutes=1))
    assert AuditEntry.objects.filter(action="contact.dial").count() == 1


def test_whoever_is_not_examined_any_more_does_not_dial(collector: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    account = make_reachable()
    contact = lets_through(collector, account)
    monkeypatch.setattr(calls, "has_examination", lambda actor, on: False)
    with pytest.raises(refusals.NotToDialNow, match="no valid examination"):
        dial(actor=collector, customer=account.customer, contact_id=contact.pk, now=NOON)


def test_calls_of_one_day_are_not_kept_for_the_next(collector: Actor) -> None:
    account = make_reachable()
    kept = [lets_through(collector, account, f"a{turn}") for turn in range(3)]
    tomorrow = NOON + timedelta(days=1)
    for turn in range(3):
        lets_through(collector, account, f"b{turn}", tomorrow)
    for contact in kept:
        with pytest.raises(refusals.CallOfAnotherDay):
            dial(actor=collector, customer=account.customer, contact_id=contact.pk, now=tomorrow)


def test_a_key_of_yesterday_is_no_call_of_today(collector: Actor) -> None:
    account = make_reachable()
    contact = lets_through(collector, account)
    assert lets_through(collector, account, at=NOON + timedelta(hours=1)).pk == contact.pk
    with pytest.raises(refusals.CallOfAnotherDay):
        lets_through(collector, account, at=NOON + timedelta(days=1))


def test_a_call_whose_number_was_shown_counts_unless_a_lead_says_otherwise(collector: Actor) -> None:
    account = make_reachable()
    contact, other = lets_through(collector, account), lets_through(collector, account, "other")

    def ends(contact: Contact, actor: Actor = collector) -> Contact:
        return end_call(
            actor=actor, customer=account.customer, contact_id=contact.pk, outcome=Outcome.NOT_MADE, note="line broke", now=NOON
        )

    assert ends(other).outcome == "not_made"
    dial(actor=collector, customer=account.customer, contact_id=contact.pk, now=NOON)
    with pytest.raises(refusals.NumberWasShown):
        ends(contact)
    contact.refresh_from_db()
    assert contact.outcome == "open"
    assert ends(contact, Actor.of(make_user(Role.TEAM_LEAD))).outcome == "not_made"


def test_limits_are_not_escaped_by_calls_that_were_never_made(collector: Actor) -> None:
    account = make_reachable()
    for turn in range(6):
        contact = lets_through(collector, account, f"k{turn}")
        dial(actor=collector, customer=account.customer, contact_id=contact.pk, now=NOON)
        with pytest.raises(refusals.NumberWasShown):
            end_call(
                actor=collector, customer=account.customer, contact_id=contact.pk, outcome=Outcome.NOT_MADE, note="", now=NOON
            )
        end_call(actor=collector, customer=account.customer, contact_id=contact.pk, outcome=Outcome.UNANSWERED, note="", now=NOON)
    answer = ask_for_contact(actor=collector, key="k7", account=account, channel=Channel.CALL, purpose=Purpose.REMINDER, now=NOON)
    assert answer.verdict.rule is RuleId.UNANSWERED


def asks_representative(collector: Actor, account: Any, number: str, at: datetime = NOON) -> Answer:
    return ask_for_contact(
        actor=collector, key=f"{account.pk} {Contact.objects.count()} {number}", account=account, channel=Channel.CALL,
        purpose=Purpose.REMINDER, party=Party.REPRESENTATIVE, number=number, now=at,
    )  # fmt: skip


def represented(actor: Actor, account: Any, number: str = "") -> Any:
    return place_hold(
        actor=actor, customer=account.customer, account=None, kind=Hold.LEGAL_REPRESENTATION, reason="a letter of theirs",
        representative=number, now=NOON,
    )  # fmt: skip


def test_a_representative_is_called_at_the_number_that_was_noted_and_at_no_other(collector: Actor) -> None:
    account = make_reachable()
    hold = represented(collector, account)
    assert asks_representative(collector, account, "13900000099").verdict.rule is RuleId.REPRESENTATIVE
    assert represented(collector, account, "139 0000 0099").pk == hold.pk
    assert AuditEntry.objects.filter(action="contact_hold.place").latest("pk").after["has_representative"] is True
    assert asks_representative(collector, account, "13900000098").verdict.rule is RuleId.REPRESENTATIVE
    contact = asks_representative(collector, account, "+86 139 0000 0099").contact
    assert contact is not None and contact.standing["is_representative"] is True
    assert list(violations(NOON - timedelta(days=1), NOON + timedelta(days=1))) == []
    # A line that went round the gate is found.
    Contact.objects.create(
        key="planted", customer=account.customer, account=account, channel="call", purpose="reminder", party="representative",
        detail=7, at=NOON + timedelta(minutes=1), policy=contact.policy, engine=contact.engine, asked=contact.asked,
        standing={**contact.standing, "is_representative": False}, made_by_name="x",
    )  # fmt: skip
    assert [found.verdict.rule for found in violations(NOON, NOON + timedelta(days=1))] == [RuleId.REPRESENTATIVE]


def test_a_number_on_record_is_not_replaced_and_goes_with_its_hold(collector: Actor) -> None:
    account = make_reachable()
    hold = represented(collector, account, "13900000099")
    with pytest.raises(refusals.HoldThere):
        represented(collector, account, "13900000098")
    lead = Actor.of(make_user(Role.TEAM_LEAD))
    end_hold(actor=lead, customer=account.customer, hold_id=hold.pk, reason="over", now=NOON)
    assert asks_representative(collector, account, "13900000099", NOON + timedelta(hours=1)).verdict.rule is RuleId.REPRESENTATIVE


@pytest.mark.parametrize(
    ("kind", "number"), [("legal_representation", "13900000001"), ("legal_representation", "none"), ("dispute", "13900000099")]
)
def test_only_a_number_of_a_representative_goes_with_a_hold(collector: Actor, kind: str, number: str) -> None:
    account = make_reachable()
    with pytest.raises(refusals.NotOfRepresentative):
        place_hold(
            actor=collector, customer=account.customer, account=None, kind=Hold(kind), reason="r", representative=number, now=NOON
        )


def test_a_third_party_who_refused_is_not_called_as_a_representative(collector: Actor) -> None:
    debtor, other = make_lost("13900000011"), make_lost("13900000012")
    contact = asks_third(collector, debtor, "13900000099").contact
    assert contact is not None
    end_call(actor=collector, customer=debtor.customer, contact_id=contact.pk, outcome=Outcome.REFUSED, note="", now=NOON)
    represented(collector, other, "+86 139 0000 0099")
    assert asks_representative(collector, other, "13900000099").verdict.rule is RuleId.REPRESENTATIVE


def test_a_number_that_was_revealed_counts_as_one_that_was_dialled(collector: Actor) -> None:
    account = make_reachable()
    contact = lets_through(collector, account)
    ends = {"customer": account.customer, "contact_id": contact.pk, "outcome": Outcome.NOT_MADE, "note": "", "now": NOON}
    reveal_person(actor=Actor.of(make_user(Role.ANALYST)), account_id=account.pk, reason="another caller")
    reveal_person(actor=collector, account_id=make_account(customer=account.customer).pk, reason="for my call")
    with pytest.raises(refusals.NumberWasShown):
        end_call(actor=collector, **ends)
    assert end_call(actor=Actor.of(make_user(Role.LEGAL)), **ends).outcome == "not_made"


@pytest.mark.parametrize("known_by", ["customer", "number"])
def test_a_number_that_was_revealed_with_an_application_counts_too(collector: Actor, known_by: str) -> None:
    account = make_reachable()
    contact = lets_through(collector, account)
    ends = {"customer": account.customer, "contact_id": contact.pk, "outcome": Outcome.NOT_MADE, "note": "", "now": NOON}
    about: dict[str, dict[str, Any]] = {
        "customer": {"customer": account.customer}, "number": {"phone_index": account.customer.phone_index},
    }  # fmt: skip
    asked = {
        "product": account.product, "person": {"phone": "13900000001"}, "received_on": NOON.date(), "requested_limit_minor": 1,
        "declared_income_minor": 1, "content_hash": 0,
    }  # fmt: skip
    own = Application.objects.create(application_no="AP1", **asked, **about[known_by])
    other = Application.objects.create(application_no="AP2", **asked)
    reveal_applicant(actor=collector, application_id=other.pk, reason="somebody else applies")
    reveal_applicant(actor=Actor.of(make_user(Role.ANALYST)), application_id=own.pk, reason="another reader")
    assert end_call(actor=collector, **ends).outcome == "not_made"
    contact = lets_through(collector, account, "again")
    reveal_applicant(actor=collector, application_id=own.pk, reason="to read what they said")
    with pytest.raises(refusals.NumberWasShown):
        end_call(actor=collector, **{**ends, "contact_id": contact.pk})


def test_another_call_whose_number_was_shown_that_day_is_enough(collector: Actor) -> None:
    account = make_reachable()
    contact, other = lets_through(collector, account), lets_through(collector, account, "other")
    dial(actor=collector, customer=account.customer, contact_id=other.pk, now=NOON)
    with pytest.raises(refusals.NumberWasShown):
        end_call(actor=collector, customer=account.customer, contact_id=contact.pk, outcome=Outcome.NOT_MADE, note="", now=NOON)


def test_neither_visits_nor_calls_of_others_are_taken_back_by_who_made_them(collector: Actor) -> None:
    account = make_reachable()
    visit = ask_for_contact(
        actor=collector, key="v", account=account, channel=Channel.VISIT, purpose=Purpose.REMINDER, now=NOON
    ).contact
    represented(collector, account, "13900000099")
    called = asks_representative(collector, account, "13900000099").contact
    lost = make_lost("13900000011")
    third = asks_third(collector, lost, "13900000098").contact
    for contact in (visit, called, third):
        assert contact is not None
        ends = {"customer": contact.customer, "contact_id": contact.pk, "outcome": Outcome.NOT_MADE, "note": "", "now": NOON}
        with pytest.raises(refusals.MayHaveBeenMade):
            end_call(actor=collector, **ends)
        assert end_call(actor=Actor.of(make_user(Role.TEAM_LEAD)), **ends).outcome == "not_made"
