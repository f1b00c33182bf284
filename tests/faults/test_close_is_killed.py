"""A process is killed with SIGKILL at every point of a close; the next one ends as if nothing had been."""

from __future__ import annotations

import time
from typing import Any

import pytest
from sites import FIRST, LAST, Site

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("closed_book")]

MONTH_END = "2025-02-28"
#: Steps that have one shard over all accounts.
WHOLE_BOOK = ("publish",)
STEPS = [
    "post",
    "age",
    "promises",
    "signals",
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
]
#: Everywhere else that a close can be interrupted, on the month-end, the day on which it does most.
BETWEEN: list[dict[str, Any]] = [
    {"at": "opened"},
    *({"at": "claimed", "step": step, "shard": 0} for step in STEPS),
    *({"at": "performed", "step": step, "shard": 0} for step in STEPS),
    *({"at": "working", "step": step, "shard": 3} for step in STEPS[:3]),
    {"at": "completing"},
    {"at": "completed"},
]


def test_name(fault: dict[str, Any]) -> str:
    return "-".join(str(fault[key]) for key in ("at", "step", "shard") if key in fault)


test_name.__test__ = False  # type: ignore[attr-defined]


def kill_and_go_on(site: Site, fault: dict[str, Any]) -> dict[str, Any]:
    """Have the command killed at a point of the month-end's close, run it again, and return what is then in the book."""
    faults = [{**fault, "day": MONTH_END, "do": "kill", "name": "killed"}]
    assert site.close_days(FIRST, LAST, faults=faults) == -9, site.log
    finished = site.ask("finish", first=FIRST, last=LAST)
    assert finished.pop("closed_before") == (MONTH_END if fault["at"] == "completed" else FIRST)
    return finished


@pytest.mark.parametrize("step", STEPS)
def test_a_close_killed_inside_a_step_ends_as_if_it_had_not_been(site: Site, undisturbed: dict[str, Any], step: str) -> None:
    shard = 0 if step in WHOLE_BOOK else 1
    assert kill_and_go_on(site, {"at": "working", "step": step, "shard": shard}) == undisturbed


@pytest.mark.slow
@pytest.mark.parametrize("fault", BETWEEN, ids=test_name)
def test_a_close_killed_between_its_steps_ends_as_if_it_had_not_been(
    site: Site, undisturbed: dict[str, Any], fault: dict[str, Any]
) -> None:
    assert kill_and_go_on(site, fault) == undisturbed


def test_closing_the_same_days_again_changes_nothing(site: Site, undisturbed: dict[str, Any]) -> None:
    assert site.close_days(FIRST, LAST) == 0, site.log
    assert site.ask("finish", first=FIRST, last=LAST) == {"closed_before": LAST, **undisturbed}


def test_two_processes_that_close_the_same_days_do_each_shard_once(site: Site, undisturbed: dict[str, Any]) -> None:
    words = ("manage", "close_of_business", "--date", FIRST, "--through", LAST)
    together = [site.begin(*words) for _ in range(3)]
    assert [process.wait(90) for process in together] == [0, 0, 0], site.log
    # One mark and one line of the trail for each step and shard: the dump holds them all.
    assert site.ask("dump") == undisturbed


@pytest.mark.slow
def test_a_second_process_takes_over_at_once_from_one_that_was_killed(site: Site, undisturbed: dict[str, Any]) -> None:
    killed = {"at": "working", "step": "age", "shard": 0, "day": MONTH_END, "do": "kill", "name": "killed"}
    words = ("manage", "close_of_business", "--date", FIRST, "--through", LAST)
    # Either may be the one that comes to the shard; the fault happens once.
    both = [site.begin(*words, faults=[killed]) for _ in range(2)]
    # Asked in turn: a killed process is gone only once its parent has asked after it.
    until = time.monotonic() + 60
    while None in (ends := [process.poll() for process in both]) and time.monotonic() < until:
        time.sleep(0.05)
    assert set(ends) == {-9, 0}, site.log
    assert site.ask("dump") == undisturbed
