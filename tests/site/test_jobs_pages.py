"""The jobs page: what it shows, who may do what on it, and that each press is an operation with a trail."""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.translation import override
from django_celery_beat.models import PeriodicTask
from factories import TESTER, make_account, make_user, set_business_date

from accounts.models import AccountState
from riskops import doorbell
from riskops.close_of_business import STEPS, close_day, start_close, work_on
from riskops.shared import heartbeat, workers
from riskops.shared.day import book_state
from riskops.shared.feeds import record_arrival
from riskops.shared.models import AuditEntry, CloseRun, CloseShard, Feed, Heartbeat
from riskops.shared.roles import Role
from riskops.site.jobs.queries import STEP_NAMES

pytestmark = pytest.mark.django_db
DAY = date(2025, 3, 10)
URL = "/jobs/2025-03-10/"


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[date]:
    """Hear the bells instead of sending them, and see a site that lives."""
    heard: list[date] = []
    monkeypatch.setattr(doorbell, "ring", lambda run, bells=None: heard.append(run.business_date))
    heartbeat.beat(heartbeat.TICK)
    return heard


def as_role(*roles: Role) -> Client:
    client = Client()
    client.force_login(make_user(*roles))
    return client


def text(client: Client, url: str, **headers: str) -> str:
    response = client.get(url, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def three_shards(settings: Any) -> None:
    settings.CLOSE_SHARD_ACCOUNTS = 2
    for _ in range(5):
        account = make_account()
        AccountState.objects.create(account=account, product=account.product, opened_on=account.opened_on)


def expect_payments() -> Feed:
    return Feed.objects.create(name="payments", file_name="payments.csv", cut_off=time(6, 0))


def failed_close() -> CloseRun:
    run = start_close(business_date=DAY, actor=TESTER)
    error = "Traceback (most recent call last):\n  …\nRuntimeError: the disk is full\n"
    run.shards.filter(step="post").update(status="failed", attempts=5, error=error)
    CloseRun.objects.update(status="failed")
    return run


def test_closes_are_rows_with_their_steps_shards_and_who_started_them(settings: Any) -> None:
    three_shards(settings)
    close_day(DAY, actor=TESTER)
    page = text(as_role(Role.ANALYST), "/jobs/")
    assert "10 Mar 2025" in page
    assert "49/49" in page
    assert "tester" in page
    assert [
        page.count(f'<span class="step-name">{step}</span>') for step in ("posting", "aging", "decisions", "snapshot", "report")
    ] == [1] * 5


def test_a_page_of_many_closes_asks_as_often_as_one_of_few(settings: Any) -> None:
    client = as_role(Role.ADMINISTRATOR)
    expect_payments()
    for offset in range(3):
        record_arrival(
            file_name="payments.csv", business_date=DAY + timedelta(days=offset), rows=0, amount_total="0", import_id=None
        )
    close_day(DAY, actor=TESTER)
    client.get("/jobs/")
    with CaptureQueriesContext(connection) as few:
        client.get("/jobs/")
    three_shards(settings)
    for offset in (1, 2):
        close_day(DAY + timedelta(days=offset), actor=TESTER)
    with CaptureQueriesContext(connection) as many:
        client.get("/jobs/")
    assert len(many) == len(few) <= 16


def test_older_closes_are_on_the_next_page() -> None:
    for offset in range(27):
        close_day(DAY + timedelta(days=offset), actor=TESTER)
    client = as_role(Role.ANALYST)
    first = text(client, "/jobs/")
    assert "5 Apr 2025" in first and "12 Mar 2025" in first and "11 Mar 2025" not in first
    assert 'href="?before=2025-03-12"' in first
    second = text(client, "/jobs/?before=2025-03-12")
    assert "11 Mar 2025" in second and "10 Mar 2025" in second and "12 Mar 2025" not in second.split('id="live"')[1]


def test_a_running_close_is_asked_for_every_two_seconds_and_comes_as_a_part_of_the_page(settings: Any) -> None:
    three_shards(settings)
    run = start_close(business_date=DAY, actor=TESTER)
    run.shards.filter(step="post").update(status="done")
    client = as_role(Role.TEAM_LEAD)
    assert 'hx-trigger="every 2s"' in text(client, "/jobs/")
    part = text(client, "/jobs/", HX_Request="true")
    assert part.lstrip().startswith('<div id="live"')
    assert "3/49" in part
    assert "<html" not in part
    # The top bar and the next day to close move with it.
    assert 'hx-swap-oob="outerHTML:.topbar .close-status"' in part
    work_on(run.pk)
    after = text(client, "/jobs/", HX_Request="true")
    assert 'hx-trigger="every 20s"' in after
    assert 'id="next-day" hx-swap-oob="true"' in after and "11 Mar 2025" in after


def test_the_page_loads_anew_when_a_close_comes_to_stand_still() -> None:
    failed_close()
    client = as_role(Role.TEAM_LEAD)
    moved = client.get(URL, headers={"HX-Request": "true", "X-Stands-Still": "no"})
    same = client.get(URL, headers={"HX-Request": "true", "X-Stands-Still": "yes"})
    assert (moved.headers.get("HX-Refresh"), same.headers.get("HX-Refresh")) == ("true", None)


def test_a_team_lead_closes_the_next_day(rung: list[date]) -> None:
    set_business_date(DAY)
    response = as_role(Role.TEAM_LEAD).post("/jobs/close/", {"through": ""})
    assert (response.status_code, response.headers["Location"]) == (302, "/jobs/")
    run = CloseRun.objects.get()
    assert (run.business_date, run.through, run.status) == (date(2025, 3, 11), date(2025, 3, 11), "running")
    assert rung == [date(2025, 3, 11)]
    assert AuditEntry.objects.get(action="close.start").actor_name == run.started_by


def test_days_through_a_chosen_one_are_closed_in_turn(rung: list[date]) -> None:
    set_business_date(DAY)
    as_role(Role.ADMINISTRATOR).post("/jobs/close/", {"through": "2025-03-14"})
    assert CloseRun.objects.get().through == date(2025, 3, 14)
    assert rung == [date(2025, 3, 11)]


def test_the_first_close_asks_for_its_day() -> None:
    client = as_role(Role.TEAM_LEAD)
    refused = client.post("/jobs/close/", {"through": ""})
    assert refused.status_code == 422
    assert "This field is required." in refused.content.decode()
    assert not CloseRun.objects.exists()
    client.post("/jobs/close/", {"first": "2025-03-10", "through": "2025-03-11"})
    run = CloseRun.objects.get()
    assert (run.business_date, run.through) == (DAY, date(2025, 3, 11))


@pytest.mark.parametrize(
    ("through", "said"),
    [
        ("2025-03-10", "2025-03-10 comes before 2025-03-11, the next day to close; choose 2025-03-11 or a later day."),
        ("2099-12-31", "2099-12-31 is not over (today is "),
        ("31.3.2025", "Enter a valid date."),
    ],
)
def test_a_day_that_cannot_be_closed_is_refused_beside_its_field(through: str, said: str) -> None:
    set_business_date(DAY)
    response = as_role(Role.TEAM_LEAD).post("/jobs/close/", {"through": through})
    assert response.status_code == 422
    assert said in response.content.decode()
    assert not CloseRun.objects.exists()


def test_today_is_not_over_and_yesterday_is() -> None:
    today = timezone.localdate()
    set_business_date(today - timedelta(days=2))
    client = as_role(Role.TEAM_LEAD)
    assert client.post("/jobs/close/", {"through": today.isoformat()}).status_code == 422
    assert client.post("/jobs/close/", {"through": (today - timedelta(days=1)).isoformat()}).status_code == 302


def test_a_failed_close_shows_why_and_is_restarted_with_what_was_mended(rung: list[date]) -> None:
    failed_close()
    client = as_role(Role.TEAM_LEAD)
    page = text(client, URL)
    assert "RuntimeError: the disk is full" in page and "Traceback (most recent call last):" in page
    assert text(client, "/jobs/").count("RuntimeError: the disk is full") == 1
    assert client.post(f"{URL}restart/", {"reason": "made room"}).headers["Location"] == URL
    assert CloseRun.objects.get().status == "running"
    assert CloseShard.objects.get(step="post").attempts == 0
    assert AuditEntry.objects.get(action="close.run").reason == "made room"
    assert rung == [DAY]
    again = client.post(f"{URL}restart/", {"reason": ""})
    assert again.status_code == 422
    assert "The close of 2025-03-10 has not failed (running), so there is nothing to restart." in again.content.decode()
    assert rung == [DAY]


def test_further_days_wait_for_a_close_that_stands_still() -> None:
    failed_close()
    response = as_role(Role.TEAM_LEAD).post("/jobs/close/", {"through": "2025-03-12"})
    assert response.status_code == 422
    assert "The close of 2025-03-10 stands still (failed); restart it or let it go on first." in response.content.decode()
    assert CloseRun.objects.get().through == DAY


def test_a_waiting_close_is_overridden_by_a_manager_with_a_reason(rung: list[date]) -> None:
    expect_payments()
    start_close(business_date=DAY, actor=TESTER)
    client = as_role(Role.MANAGER)
    assert "Waits for payments" in text(client, URL)
    refused = client.post(f"{URL}override/", {"reason": "  "})
    assert refused.status_code == 422
    assert CloseRun.objects.get().status == "waiting"
    assert client.post(f"{URL}override/", {"reason": "Bank holiday"}).status_code == 302
    run = CloseRun.objects.get()
    assert (run.status, run.is_provisional, run.override_reason) == ("running", True, "Bank holiday")
    assert AuditEntry.objects.get(action="close.override_feed").reason == "Bank holiday"
    assert rung == [DAY]
    assert "Bank holiday" in text(client, URL)


def test_an_administrator_pauses_and_resumes_the_nightly_close_with_a_reason() -> None:
    set_business_date(DAY)
    client = as_role(Role.ADMINISTRATOR)
    assert client.post("/jobs/nightly/", {"paused": "yes", "reason": ""}).status_code == 422
    assert not book_state().nightly_paused
    client.post("/jobs/nightly/", {"paused": "yes", "reason": "migration week"})
    assert book_state().nightly_paused
    assert "The nightly close is paused." in text(client, "/jobs/")
    assert client.post("/jobs/nightly/", {"paused": "yes", "reason": "again"}).status_code == 422
    client.post("/jobs/nightly/", {"paused": "no", "reason": "done"})
    assert not book_state().nightly_paused
    lines = AuditEntry.objects.filter(action="close.pause").order_by("id").values_list("before", "after", "reason")
    assert list(lines) == [
        ({"paused": False}, {"paused": True}, "migration week"),
        ({"paused": True}, {"paused": False}, "done"),
    ]


def test_the_sample_book_says_why_its_date_stands_still() -> None:
    state = set_business_date(DAY)
    state.book, state.nightly_paused = "sample", True
    state.save()
    said = text(as_role(Role.ANALYST), "/jobs/")
    assert "Of the sample no payments are known after its last month-end, so no night closes another day of it." in said


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("/jobs/close/", {Role.TEAM_LEAD, Role.ADMINISTRATOR}),
        (f"{URL}restart/", {Role.TEAM_LEAD, Role.ADMINISTRATOR}),
        (f"{URL}override/", {Role.MANAGER, Role.ADMINISTRATOR}),
        ("/jobs/nightly/", {Role.ADMINISTRATOR}),
    ],
)
@pytest.mark.parametrize("role", list(Role))
def test_only_the_roles_of_the_table_may_press(url: str, allowed: set[Role], role: Role) -> None:
    start_close(business_date=DAY, actor=TESTER)
    before = list(CloseRun.objects.values())
    response = as_role(role).post(url, {"through": "", "reason": ""})
    assert (response.status_code == 403) == (role not in allowed)
    assert list(CloseRun.objects.values()) == before


def test_a_refused_form_asks_for_what_moves_at_the_address_of_its_page() -> None:
    expect_payments()
    start_close(business_date=DAY, actor=TESTER)
    client = as_role(Role.ADMINISTRATOR)
    for posted_to, page in (("/jobs/close/", "/jobs/"), (f"{URL}override/", URL)):
        refused = client.post(posted_to, {"through": "2024-01-01", "reason": ""})
        assert refused.status_code == 422
        assert re.findall(r'hx-get="([^"]*)"', refused.content.decode()) == [page]
        assert client.get(page, headers={"HX-Request": "true"}).status_code == 200


@pytest.mark.parametrize(
    ("posted_to", "page"),
    [
        ("/jobs/close/", "/jobs/"),
        ("/jobs/nightly/", "/jobs/"),
        (f"{URL}restart/", URL),
        (f"{URL}override/?step=age", f"{URL}?step=age"),
        ("/accounts/A-1/reveal/", "/accounts/A-1/"),
        ("/imports/1/load/", "/imports/1/"),
        ("/api/token/", "/api/"),
    ],
)
def test_who_comes_from_the_log_in_to_where_a_form_was_sent_finds_its_page(posted_to: str, page: str) -> None:
    client = as_role(*Role)
    answer = client.get(posted_to)
    assert (answer.status_code, answer.headers["Location"]) == (302, page)
    assert client.put(posted_to).status_code == 405


def test_a_browser_keeps_neither_a_part_of_a_page_nor_a_token() -> None:
    close_day(DAY, actor=TESTER)
    client = as_role(Role.TEAM_LEAD)
    # One address gives the page or what moves of it: going back must not show the part alone.
    for path in ("/jobs/", URL, "/api/"):
        for headers in ({}, {"HX-Request": "true"}):
            assert "no-store" in client.get(path, headers=headers).headers.get("Cache-Control", ""), path


def test_an_agency_user_sees_no_jobs_and_a_stranger_is_sent_to_log_in() -> None:
    assert as_role(Role.AGENCY).get("/jobs/").status_code == 403
    assert Client().get("/jobs/").headers["Location"].startswith("/admin/login/")


def test_a_close_that_is_not_there_and_a_day_that_is_none_lead_nowhere() -> None:
    client = as_role(Role.ADMINISTRATOR)
    assert client.get(URL).status_code == 404
    assert client.get("/jobs/2025-02-30/").status_code == 404
    assert client.post(f"{URL}override/", {"reason": "x"}).status_code == 404


def test_silence_of_scheduler_and_workers_is_said_with_what_to_do() -> None:
    client = as_role(Role.ANALYST)
    assert "Nobody is at work." not in text(client, "/jobs/")
    Heartbeat.objects.update(at=timezone.now() - timedelta(minutes=4))
    page = text(client, "/jobs/")
    assert "Nobody is at work." in page and "celery -A riskops worker" in page
    # A worker that is busy with a close serves no tick; what it claims is its sign of life.
    run = start_close(business_date=DAY, actor=TESTER)
    run.shards.filter(step="post").update(started_at=timezone.now(), status="claimed", claimed_by=workers.worker_name())
    assert "Nobody is at work." not in text(client, "/jobs/")


def test_it_is_said_when_no_feed_is_expected_at_all() -> None:
    client = as_role(Role.ANALYST)
    assert "No feed is expected." in text(client, "/jobs/")
    feed = expect_payments()
    assert "No feed is expected." not in text(client, "/jobs/")
    feed.is_expected = False
    feed.save()
    assert "No feed is expected." in text(client, "/jobs/")


def test_the_feeds_of_the_next_day_are_shown_late_or_come(settings: Any) -> None:
    set_business_date(DAY - timedelta(days=1))
    expect_payments()
    client = as_role(Role.ANALYST)
    assert "late</span>" in text(client, "/jobs/")
    record_arrival(file_name="payments.csv", business_date=DAY, rows=1234, amount_total="99.50", import_id=5)
    page = text(client, "/jobs/")
    assert "came</span>" in page and "1,234 rows" in page
    assert "99.50" in text(client, "/jobs/arrivals/")


def test_the_shards_of_a_close_can_be_read_by_step(settings: Any) -> None:
    three_shards(settings)
    close_day(DAY, actor=TESTER)
    client = as_role(Role.ANALYST)
    assert text(client, URL).count("<tr><td>") == 49
    assert text(client, f"{URL}?step=age").count("<tr><td>") == 3
    assert text(client, f"{URL}?step=age&after=2").count("<tr><td>") == 1
    assert "This step has no shards." in text(client, f"{URL}?step=nonsense")


def test_an_administrator_changes_when_the_nightly_close_starts() -> None:
    client = as_role(Role.ADMINISTRATOR)
    task = PeriodicTask.objects.get(name="nightly close")
    page = text(client, "/admin/django_celery_beat/periodictask/")
    assert "daily at 00:30" in page and "every 60 s" in page
    change = f"/admin/django_celery_beat/periodictask/{task.pk}/change/"
    assert client.post(change, {"enabled": "on", "at": "02:15"}).status_code == 302
    task.refresh_from_db()
    assert task.crontab is not None
    assert (task.crontab.hour, task.crontab.minute, str(task.crontab.timezone)) == ("2", "15", "Asia/Shanghai")
    assert client.post(change, {"at": "02:15"}).status_code == 302
    lines = AuditEntry.objects.filter(action="schedule.edit").order_by("id").values_list("subject_key", "before", "after")
    assert list(lines) == [
        ("nightly close", {"enabled": True, "at": "00:30"}, {"enabled": True, "at": "02:15"}),
        ("nightly close", {"enabled": True, "at": "02:15"}, {"enabled": False, "at": "02:15"}),
    ]


def test_the_tick_can_be_made_slower_but_not_silly() -> None:
    client = as_role(Role.ADMINISTRATOR)
    task = PeriodicTask.objects.get(name="close tick")
    change = f"/admin/django_celery_beat/periodictask/{task.pk}/change/"
    assert client.post(change, {"enabled": "on", "every_seconds": "3"}).status_code == 200
    assert client.post(change, {"enabled": "on", "every_seconds": "120"}).status_code == 302
    task.refresh_from_db()
    assert task.interval is not None and task.interval.every == 120


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
def test_schedules_are_for_administrators_only(role: Role) -> None:
    assert as_role(role).get("/admin/django_celery_beat/periodictask/").status_code == 403


def test_an_administrator_sets_up_a_feed_and_everybody_else_only_sees_it() -> None:
    client = as_role(Role.ADMINISTRATOR)
    values = {
        "name": "payments",
        "file_name": "payments.csv",
        "is_expected": "on",
        "weekdays": "54321",
        "cut_off": "06:30",
        "on_missing": "stop",
    }
    refused = client.post("/admin/shared/feed/add/", {**values, "weekdays": "1238"})
    assert refused.status_code == 200
    assert "1238: give the days it comes for as digits, 1 is Monday and 7 is Sunday." in refused.content.decode()
    assert not Feed.objects.exists()
    assert client.post("/admin/shared/feed/add/", values).status_code == 302
    feed = Feed.objects.get()
    assert (feed.name, feed.weekdays, feed.cut_off) == ("payments", "12345", time(6, 30))
    looser = {**values, "on_missing": "provisional"}
    assert "Give a reason" in client.post(f"/admin/shared/feed/{feed.pk}/change/", looser).content.decode()
    feed.refresh_from_db()
    assert feed.on_missing == "stop"
    client.post(f"/admin/shared/feed/{feed.pk}/change/", {**looser, "reason": "a bank holiday"})
    line = AuditEntry.objects.filter(subject_type="feed").latest("id")
    assert (line.action, line.subject_key) == ("schedule.edit", "payments")
    assert line.before is not None and line.after is not None
    assert (line.before["on_missing"], line.after["on_missing"], line.reason) == ("stop", "provisional", "a bank holiday")
    analyst = as_role(Role.ANALYST)
    assert analyst.get("/admin/shared/feed/").status_code == 200
    assert analyst.post("/admin/shared/feed/add/", values).status_code == 403
    assert analyst.post(f"/admin/shared/feed/{feed.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(f"/admin/shared/feed/{feed.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Feed.objects.count() == 1


def test_every_step_of_the_close_has_a_name_in_both_languages() -> None:
    for step in STEPS:
        assert step.name in STEP_NAMES, step.name
        with override("zh-hans"):
            assert not re.search("[a-z]", str(STEP_NAMES[step.name])), step.name
