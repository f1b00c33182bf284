"""The closes, the feeds and the nightly close over the API: the same answers and refusals as the pages."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest
from django.utils import timezone
from factories import TESTER, make_user, set_business_date
from rest_framework.test import APIClient

from riskops import doorbell
from riskops.close_of_business import close_day, start_close
from riskops.shared.day import book_state
from riskops.shared.feeds import record_arrival
from riskops.shared.models import AuditEntry, CloseRun, Feed
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db
DAY = date(2025, 3, 10)
FEED = {"name": "payments", "file_name": "payments.csv", "cut_off": "06:30:00"}


@pytest.fixture(autouse=True)
def _bells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "ring", lambda run, bells=None: None)


def as_role(role: Role) -> APIClient:
    client = APIClient()
    client.force_authenticate(make_user(role))
    return client


def test_the_closes_are_listed_with_where_the_book_stands() -> None:
    close_day(DAY, actor=TESTER)
    answer = as_role(Role.SERVICE).get("/api/v1/closes/").json()
    assert (answer["business_date"], answer["next_day"], answer["nightly_paused"], answer["next"]) == (
        "2025-03-10",
        "2025-03-11",
        False,
        None,
    )
    (run,) = answer["results"]
    assert (run["business_date"], run["status"], run["shards"], run["shards_done"]) == ("2025-03-10", "complete", 17, 17)
    assert [step["step"] for step in run["steps"]] == [
        "post", "age", "plans", "promises", "signals", "agencies", "tier", "sweeps", "reviews", "decisions", "write_offs",
        "episodes", "cases", "snapshot", "arms", "outreach", "publish",
    ]  # fmt: skip


def test_one_close_is_given_with_its_shards() -> None:
    close_day(DAY, actor=TESTER)
    client = as_role(Role.ANALYST)
    answer = client.get("/api/v1/closes/2025-03-10/?step=age").json()
    (shard,) = answer["shard_rows"]
    assert (shard["step"], shard["number"], shard["status"], shard["attempts"]) == ("age", 0, "done", 1)
    assert shard["accounts"] == [0, None]
    assert answer["next_after"] is None
    assert client.get("/api/v1/closes/2025-03-11/").status_code == 404
    assert client.get("/api/v1/closes/2025-03-10/?after=-1").status_code == 400


def test_days_are_closed() -> None:
    set_business_date(DAY)
    answer = as_role(Role.TEAM_LEAD).post("/api/v1/closes/", {"through": "2025-03-12"})
    assert (answer.status_code, answer.json()["business_date"], answer.json()["status"]) == (202, "2025-03-11", "running")
    assert CloseRun.objects.get().through == date(2025, 3, 12)


@pytest.mark.parametrize(
    ("through", "status", "code"),
    [("2025-03-10", 422, "day_closed_before"), ("2099-01-01", 422, "day_not_over"), ("yesterday", 400, None)],
)
def test_a_day_that_cannot_be_closed_is_refused(through: str, status: int, code: str | None) -> None:
    set_business_date(DAY)
    answer = as_role(Role.TEAM_LEAD).post("/api/v1/closes/", {"through": through})
    assert (answer.status_code, answer.json().get("code")) == (status, code)
    assert not CloseRun.objects.exists()


def test_without_any_history_the_first_day_must_be_said() -> None:
    client = as_role(Role.TEAM_LEAD)
    refused = client.post("/api/v1/closes/", {"through": "2025-03-10"})
    assert (refused.status_code, refused.json()) == (
        422,
        {"code": "first_day_missing", "about": "first", "detail": "No day was ever closed; say which day is the first one."},
    )
    answer = client.post("/api/v1/closes/", {"first": "0205-03-10"})
    assert (answer.status_code, answer.json()) == (
        422,
        {
            "code": "first_day_too_early",
            "about": "first",
            "detail": "0205-03-10 is not a day of any book; the first one can be 1990-01-01 or later.",
        },
    )
    assert not CloseRun.objects.exists()
    assert client.post("/api/v1/closes/", {"first": "2025-03-10"}).status_code == 202
    assert CloseRun.objects.get().business_date == DAY


def test_a_failed_close_is_restarted_and_nothing_else_is() -> None:
    run = start_close(business_date=DAY, actor=TESTER)
    client = as_role(Role.ADMINISTRATOR)
    refused = client.post("/api/v1/closes/2025-03-10/restart/")
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_to_restart")
    run.shards.filter(step="post").update(status="failed", attempts=5)
    CloseRun.objects.update(status="failed")
    answer = client.post("/api/v1/closes/2025-03-10/restart/", {"reason": "made room"})
    assert (answer.status_code, answer.json()["status"]) == (200, "running")
    assert AuditEntry.objects.get(action="close.run").reason == "made room"


def test_a_waiting_close_is_overridden_with_a_reason() -> None:
    Feed.objects.create(name="payments", file_name="payments.csv", cut_off=time(6, 30))
    start_close(business_date=DAY, actor=TESTER)
    client = as_role(Role.MANAGER)
    url = "/api/v1/closes/2025-03-10/override/"
    refused = client.post(url)
    assert (refused.status_code, refused.json()["code"], refused.json()["about"]) == (422, "reason_missing", "reason")
    answer = client.post(url, {"reason": "Bank holiday"})
    assert (answer.status_code, answer.json()["is_provisional"], answer.json()["waiting_for"]) == (200, True, ["payments"])
    again = client.post(url, {"reason": "Bank holiday"})
    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_override")
    assert AuditEntry.objects.filter(action="close.override_feed").count() == 1


def test_the_nightly_close_is_paused_and_resumed() -> None:
    client = as_role(Role.ADMINISTRATOR)
    assert client.get("/api/v1/closes/nightly/").json() == {"paused": False}
    assert client.post("/api/v1/closes/nightly/", {"paused": True}).status_code == 422
    assert client.post("/api/v1/closes/nightly/", {"paused": True, "reason": "x"}).json() == {"paused": True}
    assert client.post("/api/v1/closes/nightly/", {"paused": True, "reason": "x"}).status_code == 409
    assert book_state().nightly_paused
    assert client.post("/api/v1/closes/nightly/", {"paused": False, "reason": "y"}).json() == {"paused": False}


def test_feeds_are_set_up_and_changed_in_part() -> None:
    client = as_role(Role.ADMINISTRATOR)
    made = client.post("/api/v1/feeds/", FEED)
    assert made.status_code == 201
    feed_id = made.json()["id"]
    assert made.json() == {
        "id": feed_id,
        **FEED,
        "is_expected": True,
        "on_missing": "stop",
        "weekdays": "1234567",
    }
    taken = client.post("/api/v1/feeds/", FEED)
    assert (taken.status_code, taken.json()["about"]) == (422, "name")
    for looser in ({"on_missing": "provisional"}, {"is_expected": False}, {"weekdays": "12345"}):
        unexplained = client.patch(f"/api/v1/feeds/{feed_id}/", looser)
        assert (unexplained.status_code, unexplained.json()["about"]) == (422, "reason"), looser
    assert AuditEntry.objects.filter(subject_type="feed").count() == 1
    changed = client.patch(f"/api/v1/feeds/{feed_id}/", {"on_missing": "provisional", "reason": "comes by post this week"})
    assert AuditEntry.objects.filter(subject_type="feed").latest("id").reason == "comes by post this week"
    assert changed.json() == {**made.json(), "on_missing": "provisional"}
    assert client.patch(f"/api/v1/feeds/{feed_id}/", {"weekdays": "8"}).status_code == 422
    assert client.patch(f"/api/v1/feeds/{feed_id}/", {"file_name": "../secrets"}).status_code == 422
    assert client.patch("/api/v1/feeds/999999/", {"weekdays": "1"}).status_code == 404
    assert client.get("/api/v1/feeds/").json() == [changed.json()]
    # Stricter again needs no reason.
    assert client.patch(f"/api/v1/feeds/{feed_id}/", {"on_missing": "stop"}).status_code == 200
    assert AuditEntry.objects.filter(subject_type="feed").count() == 3


def test_arrivals_are_listed_by_feed() -> None:
    Feed.objects.create(name="payments", file_name="payments.csv", cut_off=time(6, 30))
    record_arrival(file_name="payments.csv", business_date=DAY, rows=12, amount_total="99.50", import_id=5)
    client = as_role(Role.COMPLIANCE)
    (arrival,) = client.get("/api/v1/feeds/arrivals/").json()
    assert arrival.pop("arrived_at")[:10] == timezone.localdate().isoformat()
    assert arrival == {"feed": "payments", "business_date": "2025-03-10", "rows": 12, "amount_total": "99.50", "import_id": 5}
    assert client.get("/api/v1/feeds/arrivals/?feed=cards").json() == []


def test_schedules_are_read_and_changed_in_part() -> None:
    client = as_role(Role.ADMINISTRATOR)
    by_name = {row["name"]: row for row in client.get("/api/v1/schedules/").json()}
    tick, nightly = by_name["close tick"], by_name["nightly close"]
    assert (tick["name"], tick["enabled"], tick["at"], tick["every_seconds"]) == ("close tick", True, None, 60)
    assert (nightly["name"], nightly["at"], nightly["every_seconds"]) == ("nightly close", "00:30:00", None)
    url = f"/api/v1/schedules/{nightly['id']}/"
    assert client.patch(url, {"at": "02:15"}).json() == {**nightly, "at": "02:15:00"}
    assert client.patch(url, {"enabled": False}).json() == {**nightly, "at": "02:15:00", "enabled": False}
    refused = client.patch(url, {"every_seconds": 60})
    assert (refused.status_code, refused.json()["about"]) == (422, "every_seconds")
    silly = client.patch(f"/api/v1/schedules/{tick['id']}/", {"every_seconds": 1})
    assert (silly.status_code, silly.json()["code"]) == (422, "schedule_malformed")
    assert client.patch("/api/v1/schedules/999999/", {"enabled": True}).status_code == 404
    assert AuditEntry.objects.filter(action="schedule.edit").count() == 2


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
def test_schedules_are_for_administrators_over_the_api_too(role: Role) -> None:
    assert as_role(role).get("/api/v1/schedules/").status_code == 403
    assert as_role(role).patch("/api/v1/schedules/1/", {"enabled": False}).status_code == 403


WRITES: list[tuple[str, str, set[Role]]] = [
    ("post", "/api/v1/closes/", {Role.TEAM_LEAD, Role.ADMINISTRATOR}),
    ("post", "/api/v1/closes/2025-03-10/restart/", {Role.TEAM_LEAD, Role.ADMINISTRATOR}),
    ("post", "/api/v1/closes/2025-03-10/override/", {Role.MANAGER, Role.ADMINISTRATOR}),
    ("post", "/api/v1/closes/nightly/", {Role.ADMINISTRATOR}),
    ("post", "/api/v1/feeds/", {Role.ADMINISTRATOR}),
    ("patch", "/api/v1/feeds/1/", {Role.ADMINISTRATOR}),
]


@pytest.mark.parametrize(("method", "url", "allowed"), WRITES)
@pytest.mark.parametrize("role", list(Role))
def test_only_the_roles_of_the_table_may_write(method: str, url: str, allowed: set[Role], role: Role) -> None:
    answer: Any = getattr(as_role(role), method)(url, {})
    assert (answer.status_code == 403) == (role not in allowed)
    assert not CloseRun.objects.exists() and not Feed.objects.exists()


@pytest.mark.parametrize("url", ["/api/v1/closes/", "/api/v1/closes/nightly/", "/api/v1/feeds/", "/api/v1/feeds/arrivals/"])
def test_an_agency_user_reads_nothing_of_it(url: str) -> None:
    assert as_role(Role.AGENCY).get(url).status_code == 403
    assert as_role(Role.ANALYST).get(url).status_code == 200
