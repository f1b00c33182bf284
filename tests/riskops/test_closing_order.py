"""Which day may be closed when, what a failing step does, and who finds out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command, execute_from_command_line
from django.utils import timezone
from factories import TESTER, make_account, set_business_date

from accounts.models import AccountState
from riskops import close_of_business, doorbell
from riskops.close_of_business import close_day, close_through, start_close
from riskops.shared import closing, heartbeat, shards, workers
from riskops.shared.day import CloseIsRunning, book_state, hold_book
from riskops.shared.models import AuditEntry, CloseRun, CloseShard, Heartbeat

pytestmark = pytest.mark.django_db
DAY = date(2025, 3, 10)
NEXT = date(2025, 3, 11)


@pytest.fixture(autouse=True)
def _small_shards(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CLOSE_SHARD_ACCOUNTS = 2
    monkeypatch.setattr(shards, "BACK_OFF_SECONDS", (0.0, 0.0, 0.0, 0.0))


@pytest.fixture
def _book() -> None:
    """Five accounts: three shards."""
    for _ in range(5):
        account = make_account()
        AccountState.objects.create(account=account, product=account.product, opened_on=account.opened_on)


def fail_at(monkeypatch: pytest.MonkeyPatch, step_name: str, shard_number: int, *, times: int) -> list[int]:
    """Let a step fail on a shard the given number of times, after it has written; return the shards it was asked for."""
    asked: list[int] = []

    def failing(step: closing.Step) -> closing.Step:
        def work(shard: closing.Shard) -> int:
            rows = step.work(shard)
            asked.append(shard.number)
            if shard.number == shard_number and asked.count(shard_number) <= times:
                raise RuntimeError("the disk is full")
            return rows

        return replace(step, work=work) if step.name == step_name else step

    monkeypatch.setattr(close_of_business, "STEPS", tuple(failing(step) for step in close_of_business.STEPS))
    return asked


def marks() -> dict[tuple[str, int], tuple[str, int]]:
    return {(s.step, s.number): (s.status, s.attempts) for s in CloseShard.objects.all()}


def test_a_day_is_closed_step_by_step_over_every_shard(_book: None) -> None:
    run = close_day(DAY, actor=TESTER)
    assert (run.status, run.is_open, run.is_provisional, run.started_by) == ("complete", False, False, "tester")
    sharded = (
        "post",
        "age",
        "plans",
        "promises",
        "signals",
        "agencies",
        "tier",
        "sweeps",
        "reviews",
        "decisions",
        "write_offs",
        "episodes",
        "cases",
        "snapshot",
        "arms",
        "outreach",
    )
    assert marks() == {
        **{(step, number): ("done", 1) for step in sharded for number in range(3)},
        ("publish", 0): ("done", 1),
    }
    assert book_state().business_date == DAY


@pytest.mark.parametrize("day", [DAY, DAY - timedelta(days=1), DAY - timedelta(days=400)])
def test_a_closed_day_is_refused_and_nothing_is_done(_book: None, day: date) -> None:
    close_day(DAY, actor=TESTER)
    with pytest.raises(closing.DayAlreadyClosed, match=f"{day} is closed already; nothing was done"):
        close_day(day, actor=TESTER)
    assert CloseRun.objects.count() == 1
    assert book_state().business_date == DAY


def test_a_day_out_of_order_is_refused_with_the_one_that_is_next(_book: None) -> None:
    close_day(DAY, actor=TESTER)
    with pytest.raises(
        closing.DayOutOfOrder, match=r"The last closed day is 2025-03-10, so the next to close is 2025-03-11, not 2025-03-12\."
    ):
        close_day(date(2025, 3, 12), actor=TESTER)
    assert CloseRun.objects.count() == 1


@pytest.mark.parametrize("far", ["1989-12-31", "2205-03-10", "9999-12-31"])
def test_a_day_that_no_file_can_speak_of_is_not_closed(_book: None, far: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(closing.DayOutOfCalendar, match=f"{far} is not between 1990-01-01 and 2099-12-31; check the year"):
        start_close(business_date=date.fromisoformat(far), actor=TESTER)
    for words in (["--date", far], ["--date", "2025-03-10", "--through", far]):
        if words[-1] < "2025":
            continue
        # As from a shell: only there does an unusable argument end with a status of its own.
        with pytest.raises(SystemExit) as end:
            execute_from_command_line(["manage.py", "close_of_business", *words])
        assert end.value.code == 2
        assert f"{far} is not a day of any book" in capsys.readouterr().err
    assert not CloseRun.objects.exists()


def test_no_other_day_is_opened_while_one_is_open(_book: None) -> None:
    start_close(business_date=DAY, actor=TESTER)
    with pytest.raises(
        closing.DayOutOfOrder, match=r"The close of 2025-03-10 is not complete \(running\); finish it before 2025-03-11\."
    ):
        start_close(business_date=NEXT, actor=TESTER)
    assert list(CloseRun.objects.values_list("business_date", flat=True)) == [DAY]


def test_opening_an_open_day_again_gives_the_same_run_and_may_carry_it_further(_book: None) -> None:
    first = start_close(business_date=DAY, actor=TESTER)
    second = start_close(business_date=DAY, through=NEXT, actor=TESTER)
    assert (second.pk, second.through) == (first.pk, NEXT)
    assert CloseShard.objects.count() == 49
    line = AuditEntry.objects.get(action="close.run")
    assert (line.before, line.after) == ({"through": "2025-03-10"}, {"through": "2025-03-11"})


def test_a_gap_of_days_is_closed_day_by_day(_book: None) -> None:
    close_day(DAY, actor=TESTER)
    runs = close_through(date(2025, 3, 14), date(2025, 3, 15), actor=TESTER)
    assert [run.business_date.day for run in runs] == [11, 12, 13, 14, 15]
    assert {run.status for run in runs} == {"complete"}


def test_the_first_close_begins_at_the_day_asked_for(_book: None) -> None:
    assert [run.business_date for run in close_through(DAY, NEXT, actor=TESTER)] == [DAY, NEXT]


def test_a_first_close_that_was_broken_off_is_finished_before_the_days_after_it(_book: None) -> None:
    start_close(business_date=DAY, actor=TESTER)
    with pytest.raises(closing.DayOutOfOrder, match="The close of 2025-03-10 is not complete"):
        close_through(date(2025, 3, 9), date(2025, 3, 9), actor=TESTER)
    runs = close_through(date(2025, 3, 12), date(2025, 3, 12), actor=TESTER)
    assert [(run.business_date.day, run.status) for run in runs] == [(10, "complete"), (11, "complete"), (12, "complete")]


def test_days_that_somebody_else_closes_meanwhile_are_passed_over(_book: None, monkeypatch: pytest.MonkeyPatch) -> None:
    close_day(DAY, actor=TESTER)
    real = close_of_business.close_day

    def closed_by_another(day: date, *, actor: Any) -> CloseRun:
        if day == NEXT:
            real(day, actor=actor)
        return real(day, actor=actor)

    monkeypatch.setattr(close_of_business, "close_day", closed_by_another)
    runs = close_through(NEXT, date(2025, 3, 12), actor=TESTER)
    assert [run.business_date for run in runs] == [date(2025, 3, 12)]


def test_a_step_that_fails_once_is_tried_again_and_leaves_no_trace(_book: None, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = fail_at(monkeypatch, "age", 1, times=1)
    assert close_day(DAY, actor=TESTER).status == "complete"
    assert asked == [0, 1, 1, 2]
    mark = CloseShard.objects.get(step="age", number=1)
    assert (mark.status, mark.attempts, mark.error) == ("done", 2, "")


def test_a_failed_shard_waits_longer_before_each_attempt(_book: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "BACK_OFF_SECONDS", (1, 5, 20, 60))
    fail_at(monkeypatch, "post", 0, times=9)
    run = start_close(business_date=DAY, actor=TESTER)
    first = CloseShard.objects.filter(step="post", number=0)
    waits = []
    for _ in range(4):
        assert close_of_business.work_on(run.pk, for_seconds=0.5).status == "running"
        mark = first.get()
        assert mark.started_at is not None and mark.lease_until is not None
        waits.append(int((mark.lease_until - mark.started_at).total_seconds()))
        first.update(lease_until=timezone.now())
    assert waits == [1, 5, 20, 60]
    with pytest.raises(closing.StepFailed):
        close_of_business.work_on(run.pk)
    assert marks()["post", 0] == ("failed", 5)


def test_a_step_that_keeps_failing_stops_the_close_where_it_is(_book: None, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_at(monkeypatch, "age", 1, times=5)
    with pytest.raises(
        closing.StepFailed, match=r"The close of 2025-03-10 stopped at step age, shard 1: RuntimeError: the disk is full"
    ):
        close_day(DAY, actor=TESTER)
    run = CloseRun.objects.get()
    assert (run.status, run.is_open, run.finished_at) == ("failed", True, None)
    assert marks()["age", 1] == ("failed", 5)
    assert marks()["snapshot", 0] == ("pending", 0)
    assert book_state().business_date is None
    line = AuditEntry.objects.get(action="close.failed")
    assert (line.subject_key, line.after) == ("2025-03-10 age 1", {"attempts": 5, "error": "RuntimeError: the disk is full"})


def test_a_failed_close_restarted_does_only_what_is_not_done(_book: None, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = fail_at(monkeypatch, "age", 1, times=5)
    with pytest.raises(closing.StepFailed):
        close_day(DAY, actor=TESTER)
    run = closing.restart(CloseRun.objects.get().pk, actor=TESTER, reason="made room")
    assert (run.status, marks()["age", 1]) == ("running", ("pending", 0))
    assert close_of_business.work_on(run.pk).status == "complete"
    assert marks()["post", 0] == ("done", 1)
    assert marks()["age", 1] == ("done", 1)
    assert asked.count(0) == 1
    line = AuditEntry.objects.get(action="close.run")
    assert (line.reason, line.before, line.after) == ("made room", {"status": "failed"}, {"status": "running"})


def test_the_command_says_where_it_stopped_and_goes_on_when_typed_again(
    _book: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_at(monkeypatch, "snapshot", 0, times=5)
    with pytest.raises(CommandError, match="stopped at step snapshot, shard 0: RuntimeError: the disk is full"):
        call_command("close_of_business", "--date", "2025-03-10")
    call_command("close_of_business", "--date", "2025-03-10")
    assert capsys.readouterr().out.startswith("2025-03-10 complete in ")


def test_a_shard_that_took_five_workers_with_it_is_left_to_a_person(_book: None) -> None:
    run = start_close(business_date=DAY, actor=TESTER)
    # A worker of this machine whose process is gone, as after SIGKILL for want of memory.
    dead = workers.worker_name().split(":")[0] + ":999999999:0123abcd"
    CloseShard.objects.filter(step="post", number=0).update(status="claimed", claimed_by=dead, attempts=5)
    with pytest.raises(closing.StepFailed, match="5 workers died at this shard, the last one was"):
        close_of_business.work_on(run.pk)
    assert CloseRun.objects.get().status == "failed"


def test_a_claim_of_a_worker_elsewhere_is_kept_until_its_lease_runs_out(_book: None) -> None:
    run = start_close(business_date=DAY, actor=TESTER)
    soon = timezone.now() + timedelta(seconds=60)
    first = CloseShard.objects.filter(step="post", number=0)
    first.update(status="claimed", claimed_by="elsewhere:1:00000000", attempts=1, lease_until=soon)
    assert close_of_business.work_on(run.pk, for_seconds=0.5).status == "running"
    assert marks()["post", 0] == ("claimed", 1)
    assert marks()["post", 2] == ("done", 1)
    first.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert close_of_business.work_on(run.pk).status == "complete"
    assert marks()["post", 0] == ("done", 2)


def test_a_worker_begins_no_further_shard_when_its_time_is_over(_book: None) -> None:
    run = start_close(business_date=DAY, actor=TESTER)
    assert close_of_business.work_on(run.pk, for_seconds=-1).status == "running"
    assert set(marks().values()) == {("pending", 0)}


def rung(monkeypatch: pytest.MonkeyPatch) -> list[tuple[date, int | None]]:
    """Hear the bells instead of sending them."""
    heard: list[tuple[date, int | None]] = []

    def ring(run: CloseRun, *, bells: int | None = None) -> None:
        heard.append((run.business_date, bells))

    monkeypatch.setattr(doorbell, "ring", ring)
    return heard


def test_a_worker_goes_along_the_chain_of_days_and_rings_for_nobody(_book: None, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = rung(monkeypatch)
    run = doorbell.start(business_date=DAY, through=date(2025, 3, 13), actor=TESTER)
    doorbell.work_along(run.pk, for_seconds=60)
    assert book_state().business_date == date(2025, 3, 13)
    assert heard == [(DAY, None)]
    # A bell that comes late finds nothing to do, and above all rings no further ones.
    doorbell.work_along(run.pk, for_seconds=60)
    assert heard == [(DAY, None)]


def test_a_worker_whose_time_is_over_rings_once_for_the_next(_book: None, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = rung(monkeypatch)
    run = start_close(business_date=DAY, actor=TESTER)
    doorbell.work_along(run.pk, for_seconds=-1)
    assert heard == [(DAY, 1)]


def test_the_tick_goes_on_with_a_chain_that_was_cut(_book: None, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = rung(monkeypatch)
    run = start_close(business_date=DAY, through=NEXT, actor=TESTER)
    close_of_business.work_on(run.pk)
    doorbell.tick()
    assert CloseRun.objects.get(is_open=True).business_date == NEXT
    assert heard == [(NEXT, None)]


def test_the_tick_shows_that_scheduler_and_worker_live(monkeypatch: pytest.MonkeyPatch) -> None:
    assert heartbeat.last_sign() is None
    doorbell.tick()
    sign = Heartbeat.objects.get(name="close tick")
    assert heartbeat.last_sign() == sign.at
    assert not heartbeat.is_silent(sign.at, now=sign.at + timedelta(minutes=3))
    assert heartbeat.is_silent(sign.at, now=sign.at + timedelta(minutes=3, seconds=1))
    assert heartbeat.is_silent(None, now=sign.at)


def test_the_nightly_close_catches_up_and_does_nothing_while_paused(_book: None, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = rung(monkeypatch)
    assert doorbell.start_nightly(last=NEXT, actor=TESTER) is None, "the first day is for a person to choose"
    state = set_business_date(DAY)
    state.nightly_paused = True
    state.save()
    assert doorbell.start_nightly(last=date(2025, 3, 14), actor=TESTER) is None
    assert not CloseRun.objects.exists()
    state.nightly_paused = False
    state.save()
    run = doorbell.start_nightly(last=date(2025, 3, 14), actor=TESTER)
    assert run is not None
    assert (run.business_date, run.through) == (NEXT, date(2025, 3, 14))
    assert heard == [(NEXT, None)]
    assert doorbell.start_nightly(last=DAY, actor=TESTER) is None


@pytest.mark.django_db
def test_a_night_closes_nothing_in_a_book_without_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = rung(monkeypatch)
    set_business_date(DAY)
    assert doorbell.start_nightly(last=date(2026, 3, 14), actor=TESTER) is None
    assert not CloseRun.objects.exists()
    assert heard == []


def test_an_import_is_refused_while_a_close_runs_but_not_while_it_waits(_book: None) -> None:
    run = start_close(business_date=DAY, actor=TESTER)
    with pytest.raises(CloseIsRunning, match=r"The close of 2025-03-10 is not complete \(running\)"):
        hold_book()
    CloseRun.objects.filter(pk=run.pk).update(status="waiting")
    assert hold_book().closing is None


def test_a_book_without_accounts_can_be_closed() -> None:
    assert close_day(DAY, actor=TESTER).status == "complete"
    steps = (
        "post",
        "age",
        "plans",
        "promises",
        "signals",
        "agencies",
        "tier",
        "sweeps",
        "reviews",
        "decisions",
        "write_offs",
        "episodes",
        "cases",
        "snapshot",
        "arms",
        "outreach",
        "publish",
    )
    assert marks().keys() == {(step, 0) for step in steps}


@pytest.mark.parametrize("text", ["2025-02-30", "20250310", "2025-W11-1", "3025-03-10", "1989-12-31", "2100-01-01"])
@pytest.mark.parametrize("argument", ["--date", "--through"])
def test_a_day_that_no_book_holds_is_an_unusable_argument(_book: None, argument: str, text: str) -> None:
    arguments = {"--date": "2025-03-10", "--through": "2025-03-10"} | {argument: text}
    with pytest.raises(CommandError, match=f"{argument}: '?{text}'? is not"):
        call_command("close_of_business", *(part for pair in arguments.items() for part in pair))
    assert not CloseRun.objects.exists()
