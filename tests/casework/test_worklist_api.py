"""Queues and worklist over the API: the same answers and refusals as the pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone
from factories import make_conflict, make_examination, make_user
from rest_framework.test import APIClient
from work_books import fill, item_of, late_account, make_queue

from casework.models import Claim, WorkItem
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db


def as_role(role, **fields):
    person = make_user(role, **fields)
    make_examination(person, passed_on=timezone.localdate() - timedelta(days=10))
    client = APIClient()
    client.force_authenticate(person)
    return client


@pytest.fixture
def accounts():
    make_queue(service_minutes=60)
    made = [late_account(owed=owed) for owed in (900_000, 50_000)]
    fill(now=timezone.now())
    return made


def test_queue_next_outcome_next_and_undo(accounts):
    client = as_role(Role.ANALYST)
    listed = client.get("/api/v1/work-items/?queue=late").json()
    assert [row["account_no"] for row in listed["results"]] == [account.account_no for account in accounts]
    assert (listed["figures"]["open"], listed["next"]) == (2, None)
    taken = client.post("/api/v1/work-items/next/", {"queue": "late"}, format="json").json()
    item = taken["items"][0]
    # 9,000.00 × 6 % (m1) × 60 % × 8 % ÷ 8 minutes: the shipped weights and prior.
    assert (item["account_no"], item["overdue"], item["priority"]) == (accounts[0].account_no, "9000.00", "3.2400")
    sent = {"version": item["version"], "token": taken["token"], "outcome": "promise"}
    done = client.post(f"/api/v1/work-items/{item['id']}/outcome/", sent, format="json")
    assert (done.status_code, done.json()["act"], done.json()["was_in_time"]) == (200, "outcome", True)
    again = client.post(f"/api/v1/work-items/{item['id']}/outcome/", sent, format="json")
    assert (again.status_code, again.json()["code"]) == (409, "lease_ended")
    second = client.post("/api/v1/work-items/next/", {}, format="json").json()
    assert second["items"][0]["account_no"] == accounts[1].account_no
    undone = client.post(f"/api/v1/work-records/{done.json()['id']}/undo/")
    assert undone.json()["is_undone"] and item_of(accounts[0]).status == "open"


def test_refusals_say_code_and_reason(accounts):
    one, two = as_role(Role.ANALYST), as_role(Role.ANALYST)
    item = item_of(accounts[0])
    assert one.post(f"/api/v1/work-items/{item.pk}/claim/").status_code == 200
    refused = two.post(f"/api/v1/work-items/{item.pk}/claim/")
    assert (refused.status_code, refused.json()["code"]) == (409, "claimed_by_other")
    stale = one.post(f"/api/v1/work-items/{item.pk}/skip/", {"version": 99, "reason": "x"}, format="json")
    assert (stale.status_code, stale.json()["code"]) == (409, "item_changed")
    empty = one.post(f"/api/v1/work-items/{item.pk}/skip/", {"version": item.version, "reason": " "}, format="json")
    assert (empty.status_code, empty.json()["about"]) == (422, "reason")
    assert one.post("/api/v1/work-items/999999/claim/").status_code == 404
    without = APIClient()
    without.force_authenticate(make_user(Role.ANALYST))
    expired = without.post("/api/v1/work-items/next/", {}, format="json")
    assert (expired.status_code, expired.json()["code"]) == (403, "examination_expired")
    assert (Claim.objects.count(), item_of(accounts[0]).version) == (1, item.version)


def test_every_other_act_has_its_endpoint(accounts):
    lead = as_role(Role.TEAM_LEAD, username="lead")
    item = item_of(accounts[0])

    def act(what, **fields):
        version = WorkItem.objects.get(pk=item.pk).version
        return lead.post(f"/api/v1/work-items/{item.pk}/{what}/", {"version": version, **fields}, format="json").status_code

    tomorrow = timezone.now() + timedelta(days=1)
    assert act("assign", username="lead") == 200
    assert act("boost", factor=5, until=tomorrow.date().isoformat(), reason="asked for by the board") == 200
    assert act("snooze", until=tomorrow.isoformat(), wake_on="payment") == 200
    assert act("wake") == 200
    assert act("escalate", reason="too large for me") == 409
    assert act("boost", factor=500, until=tomorrow.date().isoformat(), reason="much") == 422
    assert act("snooze", until=(timezone.now() - timedelta(days=1)).isoformat()) == 422
    number = accounts[0].account_no
    assert lead.put(f"/api/v1/accounts/{number}/note/", {"version": 0, "text": "one"}, format="json").json()["version"] == 1
    other = lead.put(f"/api/v1/accounts/{number}/note/", {"version": 0, "text": "two"}, format="json")
    assert (other.status_code, other.json()["theirs"], other.json()["version"]) == (409, "one", 1)
    assert lead.post(f"/api/v1/accounts/{number}/present/").json() == {"others": []}
    items = [item_of(account).pk for account in accounts]
    bulk = {"action": "snooze", "items": items, "until": tomorrow.date().isoformat(), "reference": "b1"}
    preview = lead.post("/api/v1/work-items/bulk/preview/", bulk, format="json").json()
    assert (preview["selected"], preview["free"]) == (2, 2)
    report = lead.post("/api/v1/work-items/bulk/", bulk, format="json").json()
    assert [row["done"] for row in report["results"]] == [True, True]
    assert lead.post("/api/v1/work-items/bulk/", bulk, format="json").json()["id"] == report["id"]
    assert lead.get("/api/v1/work-items/skips/").json() == []


def test_what_was_passed_on_is_told_to_leads_but_of_those_they_have_a_conflict_with(accounts):
    analyst, lead = as_role(Role.ANALYST), as_role(Role.TEAM_LEAD, username="lead")
    for account in accounts:
        sent = {"version": item_of(account).version, "reason": "speaks a dialect I do not"}
        assert analyst.post(f"/api/v1/work-items/{item_of(account).pk}/skip/", sent, format="json").status_code == 200
    person = get_user_model().objects.get(username="lead")
    page = Client()
    page.force_login(person)

    def told():
        listed = [row["account_no"] for row in lead.get("/api/v1/work-items/skips/").json()]
        shown = page.get("/worklist/skipped/").content.decode()
        assert sorted(listed) == sorted(account.account_no for account in accounts if account.account_no in shown)
        return set(listed)

    assert told() == {account.account_no for account in accounts}
    make_conflict(person, accounts[0].customer)
    assert told() == {accounts[1].account_no}


def test_queues_lists_views_and_weights(accounts):
    lead, manager = as_role(Role.TEAM_LEAD), as_role(Role.MANAGER)
    made = lead.post("/api/v1/queues/", {"code": "vip", "name_en": "VIP", "kind": "fixed"}, format="json")
    assert (made.status_code, made.json()["version"]) == (201, 1)
    listed = lead.post("/api/v1/queues/vip/list/", {"account_nos": [accounts[1].account_no, "nobody"]}, format="json").json()
    assert listed == {"changed": 1, "unknown": ["nobody"]}
    assert lead.get("/api/v1/work-items/?queue=vip").json()["results"][0]["account_no"] == accounts[1].account_no
    off = lead.post("/api/v1/queues/vip/list/", {"account_nos": [accounts[1].account_no], "remove": True}, format="json").json()
    assert off == {"changed": 1, "unknown": []}
    stale = lead.put("/api/v1/queues/vip/", {"name_en": "V", "kind": "fixed", "version": 7}, format="json")
    assert (stale.status_code, stale.json()["code"]) == (409, "queue_changed")
    refused = lead.post("/api/v1/queues/", {"code": "bad", "name_en": "B", "rule": "dpdd > 3"}, format="json")
    assert (refused.status_code, refused.json()["about"]) == (422, "rule")
    view = lead.post("/api/v1/work-views/", {"name": "Mine", "query": "queue=late"}, format="json").json()
    assert lead.get("/api/v1/work-views/").json() == [view]
    assert lead.delete(f"/api/v1/work-views/{view['id']}/").status_code == 204
    weights = lead.get("/api/v1/priority-weights/").json()
    assert weights["author"] == "riskops"
    assert lead.put("/api/v1/priority-weights/", weights, format="json").status_code == 403
    set_to = manager.put("/api/v1/priority-weights/", {**weights, "loss_bp": 7_000, "reason": "measured"}, format="json")
    assert (set_to.status_code, set_to.json()["version"], set_to.json()["loss_bp"]) == (200, 1, 7_000)
    over = manager.put("/api/v1/priority-weights/", {**weights, "reason": "again"}, format="json")
    assert (over.status_code, over.json()["code"]) == (409, "weights_changed")
    assert [row["code"] for row in lead.get("/api/v1/queues/").json()] == ["late", "vip"]
