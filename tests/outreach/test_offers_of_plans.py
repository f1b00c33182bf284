"""Offers of plans reach the customer: a notice with the link to their page, through the gate, as long as it is offered."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from factories import make_user
from outreach_books import make_reachable
from sending_books import Carrier, send, use

sys.path.insert(0, str(Path(__file__).parents[1] / "casework"))
from plan_books import OPEN, People, late_account

from casework.models import Plan
from casework.operations.plans.deciding import withdraw_plan
from outreach.models import Message
from outreach.outbox_wording import reason_text
from riskops.shared.audit import Actor
from riskops.shared.roles import Role

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


@pytest.mark.parametrize(("language", "words"), [("zh-hans", "我们为您提供还款方案"), ("en", "We offer you a plan to pay")])
def test_an_offer_goes_out_with_the_link_to_the_customers_page_and_no_amount(
    carrier: Carrier, people: People, language: str, words: str
) -> None:
    plan = offered(people, language=language)
    message = offer()
    assert (message.step, message.purpose, message.channel, message.status) == (f"plan:{plan.pk}", "notice", "sms", "queued")

    assert send(message, NOON).status == "sent"

    said = carrier.calls[0].body
    assert words in said and plan.reference in said
    assert "https://pay.example.com/c/" in said and "{" not in said
    assert "106" not in said and "35.34" not in said


def test_without_an_address_of_the_site_it_goes_out_without_the_line_of_the_link(
    carrier: Carrier, people: People, settings: Any
) -> None:
    settings.PUBLIC_URL, settings.ENVIRONMENT_NAME = "", "production"
    plan = offered(people, language="en")
    send(offer(), NOON)
    said = carrier.calls[0].body
    assert plan.reference in said and "own page" not in said and "{" not in said


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
