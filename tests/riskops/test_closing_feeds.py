"""A day is not closed before its payments have come: dunning those who paid is the worst accident of this trade."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone
from factories import TESTER

from riskops import closes, doorbell
from riskops.close_of_business import close_day, close_through, start_close, work_on
from riskops.shared import closing
from riskops.shared.day import book_state
from riskops.shared.feeds import MissingFeeds, missing_feeds, record_arrival
from riskops.shared.models import AuditEntry, CloseRun, CloseShard, Feed, FeedArrival

pytestmark = pytest.mark.django_db
#: A Monday, long ago: every cut-off of it is over.
DAY = date(2025, 3, 10)
NOW = timezone.now()


def expect(name: str = "payments", **fields: Any) -> Feed:
    return Feed.objects.create(**{"name": name, "file_name": f"{name}.csv", "cut_off": time(6, 30), **fields})


def come(name: str = "payments", day: date = DAY, import_id: int = 1) -> None:
    record_arrival(file_name=f"{name}.csv", business_date=day, rows=3, amount_total="12.50", import_id=import_id)


def test_a_close_without_its_feed_waits_before_its_first_step() -> None:
    expect()
    run = close_day(DAY, actor=TESTER)
    assert (run.status, run.is_open, run.waiting_for, run.is_provisional) == ("waiting", True, ["payments"], False)
    assert set(CloseShard.objects.values_list("status", "attempts")) == {("pending", 0)}
    assert book_state().business_date is None


def test_the_feed_of_another_day_does_not_count() -> None:
    expect()
    come(day=date(2025, 3, 9))
    assert close_day(DAY, actor=TESTER).status == "waiting"


def test_the_close_goes_on_by_itself_once_the_feed_has_come_and_is_whole() -> None:
    expect()
    expect("cards", on_missing="provisional")
    run = close_day(DAY, actor=TESTER)
    assert (run.status, run.waiting_for) == ("waiting", ["payments", "cards"])
    come("cards")
    doorbell.tick()
    run.refresh_from_db()
    assert (run.status, run.waiting_for) == ("waiting", ["payments"])
    come()
    doorbell.tick()
    run.refresh_from_db()
    assert (run.status, run.waiting_for, run.is_provisional) == ("running", [], False)
    assert work_on(run.pk).status == "complete"
    assert AuditEntry.objects.get(action="close.feeds_arrived").actor_name == "close-of-business"


def test_a_feed_that_came_before_lets_the_close_run_at_once() -> None:
    expect()
    come()
    run = close_day(DAY, actor=TESTER)
    assert (run.status, run.is_provisional, run.waiting_for) == ("complete", False, [])


def test_a_day_may_be_closed_as_provisional_where_the_feed_is_set_up_so() -> None:
    expect(on_missing="provisional")
    run = close_day(DAY, actor=TESTER)
    assert (run.status, run.is_provisional, run.waiting_for) == ("complete", True, ["payments"])


def test_before_its_cut_off_even_such_a_feed_is_waited_for() -> None:
    expect(on_missing="provisional")
    zone = timezone.get_default_timezone()
    before = datetime(2025, 3, 11, 6, 29, 59, tzinfo=zone)
    at = datetime(2025, 3, 11, 6, 30, tzinfo=zone)
    assert missing_feeds(DAY, now=before) == MissingFeeds(stopping=("payments",))
    assert missing_feeds(DAY, now=at) == MissingFeeds(tolerated=("payments",))


def test_a_feed_is_expected_on_its_weekdays_and_only_while_it_is_switched_on() -> None:
    expect("weekly", weekdays="7")
    expect("off", is_expected=False)
    assert missing_feeds(DAY, now=NOW) == MissingFeeds()
    assert missing_feeds(date(2025, 3, 16), now=NOW) == MissingFeeds(stopping=("weekly",))


def test_a_gap_of_days_stops_at_the_first_one_whose_feed_is_missing() -> None:
    expect()
    come(day=DAY)
    runs = close_through(DAY, date(2025, 3, 12), actor=TESTER)
    assert [(run.business_date.day, run.status) for run in runs] == [(10, "complete"), (11, "waiting")]


def test_the_command_says_what_it_waits_for_and_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    expect()
    with pytest.raises(SystemExit) as ended:
        call_command("close_of_business", "--date", "2025-03-10")
    assert ended.value.code == 1
    said = "2025-03-10 waits for payments: import it, or override with a reason on the jobs page"
    assert capsys.readouterr().out.strip() == said


def test_an_override_needs_a_reason_and_leaves_the_day_provisional() -> None:
    expect()
    run = start_close(business_date=DAY, actor=TESTER)
    with pytest.raises(closes.ReasonMissing):
        closes.override_feed(actor=TESTER, business_date=DAY, reason=" \n", now=NOW)
    run.refresh_from_db()
    assert run.status == "waiting"
    assert not AuditEntry.objects.filter(action="close.override_feed").exists()

    run = closes.override_feed(actor=TESTER, business_date=DAY, reason=" Bank holiday: no file is made. ", now=NOW)
    assert (run.status, run.is_provisional, run.override_reason) == ("running", True, "Bank holiday: no file is made.")
    assert run.waiting_for == ["payments"]
    line = AuditEntry.objects.get(action="close.override_feed")
    assert (line.actor_name, line.reason, line.run_id) == ("tester", "Bank holiday: no file is made.", run.pk)
    assert line.after == {"status": "running", "missing": ["payments"], "provisional": True}
    assert work_on(run.pk).status == "complete"


def test_overriding_when_the_feed_has_just_come_leaves_the_day_whole() -> None:
    expect()
    start_close(business_date=DAY, actor=TESTER)
    come()
    run = closes.override_feed(actor=TESTER, business_date=DAY, reason="it does not come", now=NOW)
    assert (run.status, run.is_provisional, run.override_reason) == ("running", False, "")
    assert not AuditEntry.objects.filter(action="close.override_feed").exists()


def test_a_feed_that_is_switched_off_does_not_let_go_of_the_close_that_waits_for_it() -> None:
    feed = expect()
    run = close_day(DAY, actor=TESTER)
    feed.is_expected = False
    feed.save()
    doorbell.tick()
    run.refresh_from_db()
    assert (run.status, run.waiting_for) == ("waiting", ["payments"])
    assert not AuditEntry.objects.filter(action="close.feeds_arrived").exists()

    run = closes.override_feed(actor=TESTER, business_date=DAY, reason="the bank sends no file any more", now=NOW)
    assert (run.is_provisional, run.waiting_for) == (True, ["payments"])
    assert work_on(run.pk).status == "complete"
    assert close_day(date(2025, 3, 11), actor=TESTER).is_provisional is False


def test_nothing_is_overridden_where_nothing_waits() -> None:
    close_day(DAY, actor=TESTER)
    with pytest.raises(closes.NothingToOverride, match=r"The close of 2025-03-10 waits for no feed \(complete\)"):
        closes.override_feed(actor=TESTER, business_date=DAY, reason="because", now=NOW)
    with pytest.raises(closes.NoSuchClose, match=r"There is no close of 2025-03-11\."):
        closes.override_feed(actor=TESTER, business_date=date(2025, 3, 11), reason="because", now=NOW)
    assert not AuditEntry.objects.filter(action="close.override_feed").exists()


def test_the_same_import_notes_its_arrival_once() -> None:
    expect()
    come(import_id=7)
    come(import_id=7)
    come(import_id=8)
    assert list(FeedArrival.objects.order_by("id").values_list("import_id", "rows", "amount_total")) == [
        (7, 3, "12.50"),
        (8, 3, "12.50"),
    ]


def test_a_run_that_does_not_wait_is_not_touched_by_feeds() -> None:
    run = start_close(business_date=DAY, actor=TESTER)
    expect()
    again = closing.stop_waiting(run.pk, missing=MissingFeeds(stopping=("payments",)), actor=TESTER, override_reason="x")
    assert (again.status, again.waiting_for, again.override_reason) == ("running", [], "")
    assert CloseRun.objects.get().is_provisional is False
