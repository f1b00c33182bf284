"""The pages of providers and replies, their API, and the timeline."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from deciding_books import page
from django.test import Client
from django.utils import timezone
from factories import make_account, make_conflict, make_product, make_user
from outreach_books import SHANGHAI, make_reachable

from outreach.models import CustomerReply, ProviderHealth
from outreach.operations.replies import take_reply
from outreach.providers.interface import Reply
from outreach.queries import replies as queries
from outreach.rules.contacts import Channel
from riskops.shared.models import AuditEntry, PortfolioScope
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db
NOW = datetime(2025, 3, 12, 12, tzinfo=SHANGHAI)


@pytest.fixture(autouse=True)
def _at_noon(monkeypatch: pytest.MonkeyPatch, impatient: Any) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    impatient.SMS_PROVIDERS = ["http-sms", "local"]


def client_of(role: Role) -> tuple[Client, Any]:
    client, person = Client(), make_user(role)
    client.force_login(person)
    return client, person


def passed_over(minutes: int = 1) -> ProviderHealth:
    return ProviderHealth.objects.create(
        provider="http-sms",
        failures=5,
        open_until=NOW + timedelta(minutes=minutes),
        last_error="sent, no answer: ReadTimeout",
        last_failed_at=NOW,
    )


def replied(event_id: str, text: str, *, sender: str = "13900000001", minutes: int = 0) -> CustomerReply:
    take_reply(Reply("http-sms", event_id, Channel.SMS, sender, text, NOW + timedelta(minutes=minutes)), NOW)
    return CustomerReply.objects.filter(event__event_id=event_id).latest("pk")


# Providers --------------------------------------------------------------------------------------------------------------


def test_the_page_shows_the_order_and_who_is_passed_over_and_why() -> None:
    passed_over()
    shown = page(client_of(Role.ANALYST)[0].get("/outbox/providers/"))
    assert "the next message goes by local" in shown
    assert "sent, no answer: ReadTimeout" in shown
    assert "until 12 Mar 2025 12:01" in shown
    assert "SMS_PROVIDERS" in shown
    assert "Try again now" not in shown, "not for an analyst"


def test_a_lead_has_it_tried_again_with_one_button() -> None:
    passed_over()
    client, lead = client_of(Role.TEAM_LEAD)
    assert "Try again now" in page(client.get("/outbox/providers/"))
    shown = page(client.post("/outbox/providers/http-sms/try-again/", follow=True))
    assert "Messages go by http-sms again." in shown
    assert "the next message goes by http-sms" in shown
    assert ProviderHealth.objects.get().open_until is None
    assert AuditEntry.objects.get(action="provider.try_again").actor_id == lead.pk
    again = page(client.post("/outbox/providers/http-sms/try-again/"), 409)
    assert "Messages go by http-sms already" in again
    assert page(client.post("/outbox/providers/pigeon/try-again/"), 404)
    assert AuditEntry.objects.filter(action="provider.try_again").count() == 1


def test_where_all_are_passed_over_or_there_is_none_the_page_says_so(impatient: Any) -> None:
    passed_over()
    impatient.SMS_PROVIDERS, impatient.PUSH_PROVIDERS = ["http-sms"], []
    shown = page(client_of(Role.MANAGER)[0].get("/outbox/providers/"))
    assert "every provider is passed over: messages wait" in shown
    assert "No provider carries this channel." in shown
    assert "An administrator names one in PUSH_PROVIDERS." in shown


def test_providers_over_the_api() -> None:
    passed_over(minutes=-1)
    client, _lead = client_of(Role.TEAM_LEAD)
    channels = client.get("/api/v1/outbox/providers/").json()
    assert [(part["channel"], [line["name"] for line in part["providers"]]) for part in channels] == [
        ("sms", ["http-sms", "local"]),
        ("email", ["local"]),
        ("push", ["local"]),
    ]
    first = channels[0]["providers"][0]
    assert (first["state"], first["failures"], first["is_idempotent"], first["is_askable"]) == ("half_open", 5, True, True)
    answer = client.post("/api/v1/outbox/providers/http-sms/try-again/")
    assert (answer.status_code, answer.json()) == (200, {"provider": "http-sms", "failures": 0})
    refused = client.post("/api/v1/outbox/providers/http-sms/try-again/")
    assert (refused.status_code, refused.json()["code"]) == (409, "provider_not_passed_over")
    assert client_of(Role.ANALYST)[0].post("/api/v1/outbox/providers/http-sms/try-again/").status_code == 403


# Replies ----------------------------------------------------------------------------------------------------------------


def test_replies_wait_to_be_read_and_who_read_them_is_noted() -> None:
    account = make_reachable()
    reply = replied("s1", "我周五还")
    client, analyst = client_of(Role.ANALYST)
    shown = page(client.get("/outbox/replies/"))
    assert "我周五还" in shown
    assert account.customer.customer_no in shown
    assert "••••0001" in shown and "13900000001" not in shown
    done = page(client.post(f"/outbox/replies/{reply.pk}/read/", follow=True))
    assert "It is noted that you have read it." in done
    assert "Nothing waits to be read." in done
    reply.refresh_from_db()
    assert (reply.read_at, reply.read_by_id, reply.read_by_name) == (NOW, analyst.pk, analyst.username)
    line = AuditEntry.objects.get(action="reply.mark_read")
    assert (line.subject_type, line.subject_key) == ("customer", account.customer.customer_no)
    assert "我周五还" in page(client.get("/outbox/replies/?show=read"))
    again = page(client.post(f"/outbox/replies/{reply.pk}/read/"), 409)
    assert f"{analyst.username} has read it already." in again
    assert page(client.post("/outbox/replies/999/read/"), 404)
    assert AuditEntry.objects.filter(action="reply.mark_read").count() == 1


def test_a_stop_needs_nobody_and_stands_apart() -> None:
    make_reachable()
    replied("s1", "退订")
    client, _person = client_of(Role.COMPLIANCE)
    assert "Nothing waits to be read." in page(client.get("/outbox/replies/"))
    for show in ("stop", "all"):
        shown = page(client.get(f"/outbox/replies/?show={show}"))
        assert "no more messages" in shown
        assert "I have read it" not in shown, "compliance only reads"


def test_a_reply_stands_on_the_customers_timeline() -> None:
    account = make_reachable()
    replied("s1", "订阅")
    client, _person = client_of(Role.ANALYST)
    timeline = page(client.get(f"/customers/{account.customer.customer_no}/?kind=reply"))
    assert "reply by SMS" in timeline
    assert "订阅" in timeline
    assert "messages again" in timeline


def test_replies_of_customers_out_of_sight_or_in_conflict_are_not_shown_and_not_read() -> None:
    other = make_reachable(person={"name": "Li", "phone": "13900000002"})
    hidden = replied("s1", "mine", sender="13900000002")
    nobody = replied("s2", "whose", sender="13900000009")
    client, person = client_of(Role.ANALYST)
    PortfolioScope.objects.create(user=person, product_code="another")
    shown = page(client.get("/outbox/replies/"))
    assert "mine" not in shown and "whose" not in shown
    for reply in (hidden, nobody):
        assert page(client.post(f"/outbox/replies/{reply.pk}/read/"), 404)
    colleague_client, colleague = client_of(Role.ANALYST)
    make_conflict(colleague, other.customer)
    shown = page(colleague_client.get("/outbox/replies/"))
    assert "mine" not in shown and "whose" in shown
    assert colleague_client.post(f"/outbox/replies/{hidden.pk}/read/").status_code == 403
    assert not CustomerReply.objects.filter(read_at__isnull=False).exists()
    # With one account of a product in sight the customer is.
    product = make_product(product_code="another")
    make_account(product=product, customer=other.customer)
    assert "mine" in page(client.get("/outbox/replies/"))


def test_replies_come_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "ROWS", 2)
    make_reachable()
    for number in range(5):
        # Two of one moment: the mark tells them apart.
        replied(f"s{number}", f"text {number}", minutes=number // 2)
    client, _person = client_of(Role.SERVICE)
    seen, after = [], ""
    for _page in range(3):
        said = client.get("/api/v1/outbox/replies/", {"after": after}).json()
        seen += [row["text"] for row in said["results"]]
        after = said["next"]
    assert seen == ["text 4", "text 3", "text 2", "text 1", "text 0"]
    assert after == ""
    for wrong in ("x", "2025-03-12", "2025-03-12T12:00:00,1", "2025-13-12T12:00:00+08:00,1", ",", "2025-03-12T12:00:00+08:00,²"):
        assert len(client.get("/api/v1/outbox/replies/", {"after": wrong}).json()["results"]) == 2


def test_replies_over_the_api() -> None:
    account = make_reachable()
    reply = replied("s1", "我周五还")
    client, person = client_of(Role.SERVICE)
    (row,) = client.get("/api/v1/outbox/replies/").json()["results"]
    assert row == {
        "id": reply.pk,
        "at": "2025-03-12T12:00:00+08:00",
        "channel": "sms",
        "customer_no": account.customer.customer_no,
        "address": "••••0001",
        "text": "我周五还",
        "wish": "other",
        "read_at": None,
        "read_by": "",
        "provider": "http-sms",
    }
    answer = client.post(f"/api/v1/outbox/replies/{reply.pk}/read/").json()
    assert answer["read_by"] == person.username
    refused = client.post(f"/api/v1/outbox/replies/{reply.pk}/read/")
    assert (refused.status_code, refused.json()["code"]) == (409, "reply_read")
