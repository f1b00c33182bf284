"""Offers of plans reach the customer: a notice with the link to their page, through the gate, as long as it is offered."""

from __future__ import annotations

import re
import sys
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from factories import make_user
from outreach_books import make_reachable
from sending_books import Carrier, make_message, send, use

sys.path.insert(0, str(Path(__file__).parents[1] / "casework"))
from plan_books import OPEN, People, close_through, late_account

from accounts.models import CreditAccount
from casework.models import Plan
from casework.operations.plans.deciding import withdraw_plan
from casework.operations.plans.signing import hand_in_agreement, send_back_agreement
from outreach.customer_links import LinkExpired, account_of_token
from outreach.models import Denial, Message
from outreach.operations.holds import place_hold
from outreach.outbox_wording import reason_text
from outreach.rules.contacts import Hold
from riskops.shared.audit import Actor
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role
from riskops.shared.wording import day_text

pytestmark = pytest.mark.django_db
#: Noon in China on the open day.
NOON = datetime.combine(OPEN, time(4), tzinfo=UTC)


@pytest.fixture
def carrier(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Carrier:
    settings.PUBLIC_URL, settings.ENVIRONMENT_NAME = "https://pay.example.com", "production"
    carrier = Carrier()
    use(monkeypatch, carrier)
    return carrier


@pytest.fixture
def people() -> People:
    return People()


def offered(people: People, **fields: Any) -> Plan:
    customer = make_reachable(person={"name": "王芳", "phone": "13900000001"}, **fields).customer
    plan = people.approves(people.proposes(late_account(account_no="A-PLAN", customer=customer)))
    # Offered at this hour of today; sent at noon of the book's open day.
    Message.objects.filter(step=f"plan:{plan.pk}").update(due_at=NOON)
    return plan


def offer() -> Message:
    """Return the message of the offer; the closes planned others."""
    return Message.objects.get(step__startswith="plan:")


def offers() -> list[Message]:
    """Return the messages of offers, the oldest first."""
    return list(Message.objects.filter(step__startswith="plan:").order_by("pk"))


def hand_in(people: People, plan: Plan) -> None:
    content = b"%PDF-1.7 signed"
    actor = Actor.of(people.analyst)
    hand_in_agreement(actor=actor, reference=plan.reference, name="a.pdf", chunks=[content], size_bytes=len(content))


def send_back(people: People, plan: Plan, now: datetime = NOON) -> Plan:
    return send_back_agreement(actor=Actor.of(people.lead), reference=plan.reference, reason="nobody signed it", now=now)


@pytest.mark.parametrize(("language", "words"), [("zh-hans", "我们为您提供还款方案"), ("en", "We offer you a plan to pay")])
def test_an_offer_goes_out_with_the_link_to_the_customers_page_and_no_amount(
    carrier: Carrier, people: People, language: str, words: str
) -> None:
    plan = offered(people, language=language)
    message = offer()
    assert (message.step, message.purpose, message.channel, message.status) == (f"plan:{plan.pk}", "offer", "sms", "queued")

    assert send(message, NOON).status == "sent"

    said = carrier.calls[0].body
    assert words in said and plan.reference in said
    assert "https://pay.example.com/c/" in said and "{" not in said
    assert "106" not in said and "35.34" not in said


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "To read the agreement and accept it, call 400-111-2222."), ("zh-hans", "400-111-2222")],
)
def test_without_an_address_of_the_site_it_says_whom_to_call(
    carrier: Carrier, people: People, settings: Any, language: str, words: str
) -> None:
    settings.PUBLIC_URL, settings.ENVIRONMENT_NAME, settings.CUSTOMER_HOTLINE = "", "production", "400-111-2222"
    plan = offered(people, language=language)
    send(offer(), NOON)
    said = carrier.calls[0].body
    assert plan.reference in said and words in said and "own page" not in said and "{" not in said


def test_with_the_link_the_number_to_call_is_left_out(carrier: Carrier, people: People, settings: Any) -> None:
    settings.CUSTOMER_HOTLINE = "400-111-2222"
    offered(people, language="en")
    send(offer(), NOON)
    assert "own page" in carrier.calls[0].body and "accept it, call" not in carrier.calls[0].body


def test_an_offer_that_could_not_say_how_to_accept_is_not_sent_and_the_plan_says_what_to_do(
    carrier: Carrier, people: People, settings: Any
) -> None:
    settings.PUBLIC_URL, settings.ENVIRONMENT_NAME, settings.CUSTOMER_HOTLINE = "", "production", ""
    plan = offered(people)
    assert not offers()
    site = Client()
    site.force_login(people.lead)
    page = site.get(f"/plans/{plan.reference}/").content.decode()
    assert "neither a public address nor a hotline" in page and "Tell the customer another way" in page
    told = site.get(f"/api/v1/plans/{plan.reference}/").json()["offer"]
    assert told["message"] is None and "nor a hotline" in told["why"] and told["what_next"]


def test_one_that_was_queued_before_the_site_lost_both_is_given_up(carrier: Carrier, people: People, settings: Any) -> None:
    offered(people)
    settings.PUBLIC_URL, settings.ENVIRONMENT_NAME, settings.CUSTOMER_HOTLINE = "", "production", ""
    message = send(offer(), NOON)
    assert (message.status, message.reason) == ("dead", "no-way-to-accept")
    assert not carrier.calls


def test_the_link_of_an_offer_is_good_until_its_last_day_at_least(carrier: Carrier, people: People, settings: Any) -> None:
    settings.CUSTOMER_LINK_DAYS = 3
    offered(people)
    send(offer(), NOON)
    (token,) = re.findall(r"https://pay\.example\.com/c/([\w-]+)/", carrier.calls[0].body)
    account = CreditAccount.objects.get(account_no="A-PLAN")
    assert account_of_token(token, today=date(2025, 3, 21)) == account.pk
    with pytest.raises(LinkExpired):
        account_of_token(token, today=date(2025, 3, 22))


@pytest.mark.parametrize("hold", [Hold.STOP_CONTACT, Hold.COMPLAINT, Hold.INSOLVENCY])
def test_an_offer_passes_no_hold_that_a_notice_passes(carrier: Carrier, people: People, hold: Hold) -> None:
    plan = offered(people)
    place_hold(
        actor=Actor.of(people.lead),
        customer=plan.customer,
        account=None,
        kind=hold,
        reason="asked for",
        now=NOON - timedelta(hours=1),
    )

    message = send(offer(), NOON)

    # No law wants it told: it is no dead letter that somebody must see to.
    assert (message.status, message.reason) == ("cancelled", "gate: hold")
    assert not carrier.calls and Denial.objects.get(purpose="offer").hold == hold


def test_an_offer_goes_by_the_way_that_was_agreed_to_and_by_none_where_none_was(carrier: Carrier, people: People) -> None:
    offered(people, consent_sms=False)
    assert send(offer(), NOON).reason == "gate: consent"
    assert not carrier.calls

    Message.objects.filter(pk=offer().pk).update(status="queued", fallback=[{"channel": "email", "template": ""}], due_at=NOON)
    send(offer(), NOON)
    by_mail = offers()[1]
    assert (by_mail.channel, by_mail.purpose, by_mail.expires_on) == ("email", "offer", date(2025, 3, 21))


def test_an_offer_counts_among_the_messages_of_the_day_and_waits_its_turn(carrier: Carrier, people: People) -> None:
    plan = offered(people)
    assert send(offer(), NOON).status == "sent"
    reminder = make_message(plan.account, step="d9", episode=date(2025, 3, 1), planned_on=OPEN, due_at=NOON)
    waits = send(reminder, NOON + timedelta(minutes=5))
    assert (waits.status, waits.reason) == ("queued", "gate: messages-channel")


@pytest.mark.parametrize("role", [Role.COMPLIANCE, Role.MANAGER, Role.ANALYST])
def test_whoever_sees_the_plan_reads_what_became_of_its_offer_and_what_to_do(
    carrier: Carrier, people: People, role: Role
) -> None:
    plan = offered(people, consent_sms=False)
    site = Client()
    site.force_login(make_user(role))
    page = site.get(f"/plans/{plan.reference}/").content.decode()
    assert "SMS: waits" in page and "Tell the customer another way" not in page
    told = site.get(f"/api/v1/plans/{plan.reference}/").json()["offer"]
    message = offer()
    assert told == {
        "message": message.pk, "channel": "sms", "status": "queued", "sent_at": None, "why": "", "what_next": ""
    }  # fmt: skip

    send(message, NOON)

    page = site.get(f"/plans/{plan.reference}/").content.decode()
    assert "SMS: stopped" in page and "Tell the customer another way: by a call" in page
    told = site.get(f"/api/v1/plans/{plan.reference}/").json()["offer"]
    assert (told["status"], told["why"]) == ("cancelled", reason_text("gate: consent"))
    assert told["why"] in page and told["what_next"].startswith("Tell the customer another way")
    # Once it is signed nobody need be told.
    people.signs(plan)
    assert site.get(f"/api/v1/plans/{plan.reference}/").json()["offer"]["what_next"] == ""
    assert "Tell the customer another way" not in site.get(f"/plans/{plan.reference}/").content.decode()


def test_a_plan_that_is_not_offered_yet_has_no_offer_to_show(people: People) -> None:
    plan = people.proposes(late_account(account_no="A-PLAN"))
    site = Client()
    site.force_login(people.lead)
    assert 'id="offer"' not in site.get(f"/plans/{plan.reference}/").content.decode()
    assert site.get(f"/api/v1/plans/{plan.reference}/").json()["offer"]["message"] is None


def test_an_offer_is_not_sent_after_its_last_day(carrier: Carrier, people: People) -> None:
    offered(people)
    message = offer()
    assert message.expires_on == date(2025, 3, 21)
    Message.objects.filter(pk=message.pk).update(due_at=NOON + timedelta(days=11))
    assert send(offer(), NOON + timedelta(days=11)).reason == "expired"


@pytest.mark.parametrize("how", ["signed", "withdrawn"])
def test_what_is_offered_no_more_is_not_sent(carrier: Carrier, people: People, how: str) -> None:
    plan = offered(people)
    if how == "signed":
        people.signs(plan)
    else:
        withdraw_plan(actor=Actor.of(people.analyst), reference=plan.reference, reason="wrong figures")
    message = send(offer(), NOON)
    assert (message.status, message.reason) == ("cancelled", "offer-over")
    assert reason_text(message.reason) == "the plan it offers is signed, withdrawn or over"
    assert not carrier.calls


def test_while_a_paper_waits_the_offer_waits_and_goes_out_once_it_is_sent_back(carrier: Carrier, people: People) -> None:
    plan = offered(people)
    hand_in(people, plan)

    message = send(offer(), NOON)

    assert (message.status, message.reason, message.due_at) == ("queued", "paper-waits", NOON + timedelta(minutes=15))
    assert reason_text(message.reason) == "its plan was signed on paper, which waits to be confirmed"
    assert not carrier.calls
    send_back(people, plan)
    assert send(offer(), NOON + timedelta(hours=1)).status == "sent"
    assert plan.reference in carrier.calls[0].body


@pytest.mark.parametrize("ended", ["cancelled", "dead"])
def test_an_offer_of_which_no_message_is_left_is_sent_anew_when_the_paper_is_sent_back(
    carrier: Carrier, people: People, ended: str
) -> None:
    plan = offered(people)
    hand_in(people, plan)
    Message.objects.filter(pk=offer().pk).update(status=ended, reason="by-person")

    send_back(people, plan)

    first, second = offers()
    assert (first.status, second.status, second.step, second.planned_on) == (ended, "queued", f"plan:{plan.pk}:1", OPEN)
    assert send(second, NOON).status == "sent"
    # And so on, however often.
    hand_in(people, plan)
    Message.objects.filter(pk=second.pk).update(status=ended, reason="by-person")
    send_back(people, plan)
    assert [message.step for message in offers()][2:] == [f"plan:{plan.pk}:2"]


def test_an_offer_that_was_sent_is_not_sent_again(carrier: Carrier, people: People) -> None:
    plan = offered(people)
    send(offer(), NOON)
    hand_in(people, plan)
    send_back(people, plan)
    assert offer().status == "sent"


@pytest.mark.parametrize(
    ("closed", "until"),
    [(date(2025, 3, 19), None), (date(2025, 3, 20), date(2025, 3, 31)), (date(2025, 3, 22), date(2025, 4, 2))],
)
def test_a_paper_sent_back_on_the_last_day_or_later_leaves_the_days_of_the_terms_anew(
    carrier: Carrier, people: People, closed: date, until: date | None
) -> None:
    plan = offered(people, language="en")
    assert plan.offered_until == date(2025, 3, 21)
    hand_in(people, plan)
    close_through(closed, first=OPEN)
    noon = datetime.combine(closed + timedelta(days=1), time(4), tzinfo=UTC)

    send_back(people, plan, noon)

    plan.refresh_from_db()
    assert (plan.status, plan.offered_until) == ("offered", until or date(2025, 3, 21))
    kinds = [event.kind for event in plan.events.all()]
    assert kinds == ["proposed", "approved", "handed_in", "sent_back", *(["extended"] if until else [])]
    lines = AuditEntry.objects.filter(action="plan.send_back").order_by("pk")
    assert [line.after.get("offered_until") for line in lines] == [None, *([until.isoformat()] if until else [])]
    if until is None:
        assert offer().status == "queued"
        return
    # The message that waited names the day that is past: the new one goes out in its place.
    old, new = offers()
    assert send(old, noon).reason == "offer-replaced"
    assert reason_text("offer-replaced") == "a newer message of the same offer took its place"
    assert send(new, noon).status == "sent"
    (call,) = carrier.calls
    assert f"until {day_text(until)}" in call.body
    site = Client()
    site.force_login(people.lead)
    page = site.get(f"/plans/{plan.reference}/").content.decode()
    assert f'offer stands longer<span class="sub">the offer stands until {day_text(until)}</span>' in page
    # It does: the close of the next day lets nothing lapse.
    close_through(closed + timedelta(days=1), first=closed + timedelta(days=1))
    plan.refresh_from_db()
    assert plan.status == "offered"


def test_the_plans_page_says_what_became_of_it_and_leads_to_the_customers_page(
    carrier: Carrier, people: People, settings: Any
) -> None:
    plan = offered(people)
    site = Client()
    site.force_login(people.lead)
    page = site.get(f"/plans/{plan.reference}/").content.decode()
    message = offer()
    assert f'<a href="/outbox/{message.pk}/">SMS: waits</a>' in page
    # Only where the site is tried out does staff open it: elsewhere whoever has the link acts as the customer.
    assert "/c/" not in page
    settings.PUBLIC_URL, settings.ENVIRONMENT_NAME = "", "local"
    send(message, NOON)
    page = site.get(f"/plans/{plan.reference}/").content.decode()
    assert "SMS of 11 Mar 2025" in page and ": sent</a>" in page
    assert 'href="http://127.0.0.1:8000/c/' in page
    stranger = Client()
    stranger.force_login(make_user(Role.LEGAL))
    assert "SMS of 11 Mar 2025" in stranger.get(f"/plans/{plan.reference}/").content.decode()
