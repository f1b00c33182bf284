"""Outreach over the API: the same operations as the pages, the same refusals."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from factories import make_account, make_examination, make_product, make_user
from outreach_books import SENDER, SHANGHAI, make_reachable, wanted

from outreach.gate import pass_gate
from outreach.models import Contact
from outreach.rules.contacts import Channel
from riskops.shared.models import PortfolioScope
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db
MORNING = datetime(2025, 3, 12, 10, tzinfo=SHANGHAI)


@pytest.fixture(autouse=True)
def _in_the_morning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: MORNING)


class Caller:
    """Somebody who asks the API."""

    def __init__(self, role: Role) -> None:
        self.person = make_user(role)
        make_examination(self.person, passed_on=MORNING.date() - timedelta(days=10))
        self.client = Client()
        self.client.force_login(self.person)

    def asks(self, method: str, path: str, data: Any = None, *, status: int = 200) -> Any:
        answer = getattr(self.client, method)(f"/api/v1/{path}", data=data, content_type="application/json")
        assert answer.status_code == status, answer.content
        return answer.json()


def test_a_customer_as_contacts_go() -> None:
    account = make_reachable(consent_push=False)
    pass_gate(actor=SENDER, key="k", request=wanted(account, Channel.SMS), now=MORNING)
    said = Caller(Role.MANAGER).asks("get", f"customers/{account.customer.customer_no}/contact/")
    channels = {row["channel"]: row for row in said["accounts"][0]["channels"]}
    assert said["accounts"][0]["policy"] == "cn-2026 v1"
    assert channels["call"]["reminder"] == {"is_allowed": True, "rule": None, "until": None, "why": ""}
    assert channels["sms"]["reminder"] == {
        "is_allowed": False,
        "rule": "messages-channel",
        "until": "2025-03-13T00:00:00Z",
        "why": "messages of a day by one channel: 1 of 1",
    }
    assert (channels["push"]["reminder"]["rule"], channels["push"]["reminder"]["until"]) == ("consent", None)
    assert channels["sms"]["notice"]["is_allowed"]
    assert said["consents"] == ["sms", "email"]
    assert said["details"][0] == {"channel": "call", "masked": "••••0001", "state": ""}


def test_a_call_from_asking_to_its_end() -> None:
    account = make_reachable()
    caller, other = Caller(Role.ANALYST), Caller(Role.ANALYST)
    path = f"customers/{account.customer.customer_no}/contact/calls/"
    asked = {"key": "c-1", "account_no": account.account_no, "channel": "call", "purpose": "reminder"}
    answer = caller.asks("post", path, asked)
    contact_id = answer["contact"]["id"]
    assert answer["verdict"]["is_allowed"] and answer["contact"]["outcome"] == "open"
    assert caller.asks("post", path, asked)["contact"]["id"] == contact_id
    # Somebody else's key is somebody else's call.
    assert other.asks("post", path, asked)["contact"]["id"] != contact_id
    assert caller.asks("post", f"{path}{contact_id}/dial/")["link"].startswith("tel:+86")
    assert other.asks("post", f"{path}{contact_id}/dial/", status=409)["code"] == "not_yours_to_dial"
    caller.asks("post", f"{path}99/dial/", status=404)
    refused = other.asks("post", f"{path}{contact_id}/end/", {"outcome": "effective"}, status=403)
    assert refused["code"] == "contact_of_other"
    assert caller.asks("post", f"{path}{contact_id}/end/", {"outcome": "effective", "note": "n"})["outcome"] == "effective"
    again = caller.asks("post", f"{path}{contact_id}/end/", {"outcome": "unanswered"}, status=409)
    assert again["code"] == "contact_ended"
    # What has ended is not let through again by its key, nor anybody else by it.
    assert caller.asks("post", path, asked, status=409)["code"] == "contact_ended"
    third = {**asked, "purpose": "locate", "party": "third_party", "number": "13900000099"}
    assert caller.asks("post", path, third, status=409)["code"] == "key_taken"
    caller.asks("post", f"{path}99/end/", {"outcome": "effective"}, status=404)
    caller.asks("post", path, {**asked, "channel": "sms"}, status=400)
    with_number = caller.asks("post", path, {**asked, "key": "c-2", "number": "123"}, status=422)
    assert (with_number["code"], with_number["about"]) == ("detail_not_of_customer", "number")


def test_a_call_that_is_not_allowed_is_answered_and_recorded() -> None:
    account = make_reachable()
    caller = Caller(Role.ANALYST)
    asked = {"key": "c-1", "account_no": account.account_no, "channel": "call", "purpose": "locate"}
    answer = caller.asks("post", f"customers/{account.customer.customer_no}/contact/calls/", asked)
    assert answer["contact"] is None
    assert (answer["verdict"]["rule"], answer["verdict"]["until"]) == ("third-party", None)
    rows = Caller(Role.COMPLIANCE).asks("get", "contact-log/refused/")["results"]
    assert [(row["rule"], row["asked_by"]) for row in rows] == [("third-party", caller.person.get_username())]


def test_a_collector_gets_past_no_hold_by_calling_a_call_a_notice() -> None:
    account = make_reachable()
    caller, lead = Caller(Role.ANALYST), Caller(Role.TEAM_LEAD)
    base = f"customers/{account.customer.customer_no}/contact/"
    caller.asks("post", f"{base}holds/", {"kind": "stop_contact", "reason": "he asked for it"}, status=201)
    asked = {"key": "c-1", "account_no": account.account_no, "channel": "call", "purpose": "notice"}
    refused = caller.asks("post", f"{base}calls/", asked, status=403)
    assert (refused["code"], refused["about"]) == ("notice_not_by_collector", "purpose")
    assert not Contact.objects.exists()
    assert caller.asks("post", f"{base}calls/", {**asked, "purpose": "reminder"})["verdict"]["rule"] == "hold"
    assert lead.asks("post", f"{base}calls/", {**asked, "key": "c-2"})["verdict"]["is_allowed"]


def test_holds_and_wishes() -> None:
    account = make_reachable()
    base = f"customers/{account.customer.customer_no}/contact/"
    caller, lead = Caller(Role.ANALYST), Caller(Role.TEAM_LEAD)
    hold = caller.asks(
        "post", f"{base}holds/", {"kind": "dispute", "account_no": account.account_no, "reason": "paid"}, status=201
    )
    assert (hold["kind"], hold["account_no"]) == ("dispute", account.account_no)
    assert caller.asks("post", f"{base}holds/", {"kind": "dispute", "reason": ""}, status=422)["code"] == "reason_needed"
    stranger = make_account(product=account.product)
    refused = caller.asks(
        "post", f"{base}holds/", {"kind": "minor", "account_no": stranger.account_no, "reason": "r"}, status=422
    )
    assert refused["code"] == "account_not_of_customer"
    assert lead.asks("post", f"{base}holds/{hold['id']}/end/", {"reason": "found"})["until"] is not None
    assert caller.asks("put", f"{base}opt-outs/sms/", {"evidence": "call"})["channel"] == "sms"
    caller.asks("put", f"{base}opt-outs/sms/", {"evidence": "call"}, status=409)
    caller.asks("put", f"{base}opt-outs/pigeon/", {"evidence": "call"}, status=404)
    assert caller.asks("get", base)["opt_outs"][0]["source"] == "person"
    assert caller.asks("delete", f"{base}opt-outs/sms/", {"evidence": "call"})["until"] is not None
    hours = {"opens_at": "18:00", "closes_at": "20:00", "evidence": "call"}
    assert caller.asks("put", f"{base}hours/", hours)["agreed_hours"] == {"opens_at": "18:00:00", "closes_at": "20:00:00"}
    none = {"opens_at": None, "closes_at": None, "evidence": "call"}
    assert caller.asks("put", f"{base}hours/", none)["agreed_hours"] is None
    dead = caller.asks("put", f"{base}details/email/", {"state": "bounced", "evidence": "550"})
    assert {"channel": "email", "masked": "w•••@•••.com", "state": "bounced"} in dead["details"]
    caller.asks("put", f"{base}details/email/", {"state": "", "evidence": "answered"})


def test_a_policy_from_draft_to_its_day() -> None:
    writer, second = Caller(Role.COMPLIANCE), Caller(Role.COMPLIANCE)
    made = writer.asks("post", "contact-policies/", {"copy_of": "cn-2026", "note": "fewer"}, status=201)
    path = "contact-policies/cn-2026/2/"
    assert (made["version"], made["status"], made["messages_a_week"]) == (2, "draft", 7)
    changed = writer.asks("patch", path, {"messages_a_week": 5, "revision": 1})
    assert (changed["messages_a_week"], changed["messages_a_day"], changed["revision"]) == (5, 2, 2)
    assert writer.asks("patch", path, {"messages_a_week": 4, "revision": 1}, status=409)["code"] == "version_stale"
    malformed = writer.asks("patch", path, {"messages_a_day": 9, "revision": 2}, status=422)
    assert (malformed["code"], malformed["about"]) == ("version_malformed", "messages_a_day")
    writer.asks("post", f"{path}propose/", {"live_from": "2025-03-12"}, status=422)
    writer.asks("post", f"{path}propose/", {"live_from": "2025-03-13"})
    assert writer.asks("post", f"{path}approve/", status=403)["code"] == "own_draft"
    second.asks("post", f"{path}send-back/", {"reason": "why five?"})
    writer.asks("post", f"{path}propose/", {"live_from": "2025-03-13"})
    assert second.asks("post", f"{path}approve/")["status"] == "approved"
    second.asks("post", f"{path}withdraw/", {"reason": "wait"})
    assert [row["status"] for row in writer.asks("get", "contact-policies/") if row["profile"] == "cn-2026"] == [
        *("withdrawn", "approved"),
    ]
    writer.asks("get", "contact-policies/none/1/", status=404)


def test_the_log_and_its_audit() -> None:
    account = make_reachable()
    other = make_account(customer=account.customer, product=make_product(product_code="other"))
    for number, of in enumerate((account, other)):
        pass_gate(actor=SENDER, key=f"k{number}", request=wanted(of, (Channel.SMS, Channel.EMAIL)[number]), now=MORNING)
    compliance, lead = Caller(Role.COMPLIANCE), Caller(Role.TEAM_LEAD)
    assert [row["channel"] for row in compliance.asks("get", "contact-log/")["results"]] == ["email", "sms"]
    PortfolioScope.objects.create(user=lead.person, product_code="other")
    assert [row["account_no"] for row in lead.asks("get", "contact-log/")["results"]] == [other.account_no]
    period = {"first": "2025-03-12", "last": "2025-03-12"}
    assert compliance.asks("post", "contact-log/audit/", period)["found"] == 0
    planted = Contact.objects.get(channel="sms")
    planted.pk, planted.key, planted.at = None, "planted", MORNING + timedelta(hours=1)
    planted.save(force_insert=True)
    found = compliance.asks("post", "contact-log/audit/", period)
    assert (found["contacts"], found["found"], found["by_rule"]) == (3, 1, {"messages-channel": 1})
    assert (
        compliance.asks("post", "contact-log/audit/", {**period, "last": "2025-05-12"}, status=422)["code"] == "period_malformed"
    )
