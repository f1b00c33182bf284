"""Real Celery workers and a real beat lose each other, the broker or their lives; the run ledger brings the day home."""

from __future__ import annotations

from typing import Any

import pytest
from sites import FIRST, LAST, Site

pytestmark = pytest.mark.faults

MONTH_END = "2025-02-28"
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
SECONDS = 90.0


def beat(site: Site) -> None:
    """Start a real scheduler on the rows that the set-up put in, ringing each second."""
    site.ask("tick_each_second")
    site.begin("celery", "beat", "--pidfile=", "--max-interval", "1")


def test_a_worker_killed_in_mid_step_is_made_up_for_by_the_next_tick(site: Site, undisturbed: dict[str, Any]) -> None:
    killed = {"at": "working", "step": "age", "shard": 1, "day": MONTH_END, "do": "kill_all", "name": "killed"}
    site.worker(faults=[killed])
    assert site.ask("start", day=FIRST, through=LAST) == "running"
    assert site.has_happened("killed"), site.log
    site.lose_the_broker()
    # Only beat, a new worker and the run ledger are left.
    site.worker()
    beat(site)
    assert site.ask("wait_until_closed", day=LAST, seconds=SECONDS) == LAST, site.log
    assert site.ask("dump") == undisturbed


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_a_pool_process_killed_in_a_step_leaves_its_shard_to_another(site: Site, undisturbed: dict[str, Any], step: str) -> None:
    site.worker(faults=[{"at": "working", "step": step, "shard": 0, "day": MONTH_END, "do": "kill", "name": "killed"}])
    assert site.ask("start", day=FIRST, through=LAST) == "running"
    assert site.has_happened("killed"), site.log
    beat(site)
    assert site.ask("wait_until_closed", day=LAST, seconds=SECONDS) == LAST, site.log
    assert site.ask("dump") == undisturbed


@pytest.mark.slow
@pytest.mark.parametrize("point", ["opened", "claimed", "performed", "completing", "completed"])
def test_a_worker_killed_between_steps_shards_or_days_loses_nothing(site: Site, undisturbed: dict[str, Any], point: str) -> None:
    site.worker(faults=[{"at": point, "day": MONTH_END, "do": "kill_all", "name": "killed"}])
    assert site.ask("start", day=FIRST, through=LAST) == "running"
    assert site.has_happened("killed"), site.log
    site.worker()
    beat(site)
    assert site.ask("wait_until_closed", day=LAST, seconds=SECONDS) == LAST, site.log
    assert site.ask("dump") == undisturbed


@pytest.mark.slow
def test_a_broker_lost_in_mid_run_loses_nothing(site: Site, undisturbed: dict[str, Any]) -> None:
    held = {"at": "performed", "step": "age", "shard": 0, "day": MONTH_END, "do": "wait", "name": "held"}
    site.worker(faults=[held])
    assert site.ask("start", day=FIRST, through=LAST) == "running"
    assert site.has_happened("held"), site.log
    site.lose_the_broker()
    site.go_on("held")
    assert site.ask("wait_until_closed", day=LAST, seconds=SECONDS) == LAST, site.log
    assert site.ask("dump") == undisturbed


@pytest.mark.slow
def test_a_broker_lost_while_a_worker_waits_for_work_is_found_again(site: Site, undisturbed: dict[str, Any]) -> None:
    worker = site.worker()
    beat(site)
    assert site.ask("wait_for_heartbeat", seconds=SECONDS), site.log
    site.lose_the_broker()
    assert site.ask("start", day=FIRST, through=LAST) == "running"
    assert site.ask("wait_until_closed", day=LAST, seconds=SECONDS) == LAST, site.log
    assert worker.poll() is None
    assert site.ask("dump") == undisturbed


@pytest.mark.slow
def test_the_installed_schedules_make_a_real_beat_and_worker_show_that_they_live(site: Site) -> None:
    site.worker()
    beat(site)
    assert site.ask("wait_for_heartbeat", seconds=SECONDS), site.log
