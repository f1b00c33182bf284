"""Payments that come while a day is closed: none is lost, none counts twice, and what the close reported stays what it found."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sites import CLOSED_THROUGH, FIRST, LAST, Site

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("closed_book")]

MONTH_END = "2025-02-28"
ACCOUNTS = 22


def wait_at(step: str, shard: int, name: str) -> dict[str, Any]:
    return {"at": "performed", "step": step, "shard": shard, "day": MONTH_END, "do": "wait", "name": name}


@pytest.mark.slow
def test_payments_posted_between_the_steps_are_all_counted_and_the_report_stays(site: Site) -> None:
    assert site.close_days(FIRST, FIRST) == 0, site.log
    stops = ["post", "age", "sweeps", "reviews", "snapshot"]
    closing = site.begin(
        *("manage", "close_of_business", "--date", MONTH_END), faults=[wait_at(step, 1, f"after_{step}") for step in stops]
    )
    for number, step in enumerate(stops):
        assert site.has_happened(f"after_{step}"), site.log
        # A closed day, the day being closed, and one to come; shards 0 and 1 have done the step, 2 and 3 have not.
        posted = site.ask("post", each=1, first_no=1_000 * number, days=[FIRST, MONTH_END, LAST])
        assert posted == 3 * ACCOUNTS
        site.go_on(f"after_{step}")
    assert closing.wait(120) == 0, site.log

    assert site.ask("unequal_to_replay") == []
    found = site.ask("reported", day=MONTH_END)
    assert found["accounts"] == found["aggregate"] == found["snapshots"]
    # What the snapshot step had taken in before the last payments came is kept beside the changed states.
    assert found["kept"] == 12
    finished = site.ask("finish", first=MONTH_END, last=LAST)
    assert (finished["closed_before"], finished["unequal_to_replay"]) == (MONTH_END, [])
    live = [row for row in map(json.loads, finished["tables"]["Payment"]) if row["payment_no"].startswith("LIVE")]
    assert len(live) == len(stops) * 3 * ACCOUNTS
    assert all(row["is_posted"] for row in live)


def test_payments_posted_as_fast_as_they_come_while_days_are_closed_lose_nothing(site: Site) -> None:
    days = [CLOSED_THROUGH, FIRST, MONTH_END, LAST]
    posters = [site.begin("post", json.dumps({"each": 1, "first_no": 10_000 * number, "days": days})) for number in range(2)]
    closing = site.begin("manage", "close_of_business", "--date", FIRST, "--through", LAST)
    assert [process.wait(120) for process in (closing, *posters)] == [0, 0, 0], site.log
    finished = site.ask("finish", first=FIRST, last=LAST)
    assert (finished["closed_before"], finished["unequal_to_replay"]) == (LAST, [])
    live = [row for row in map(json.loads, finished["tables"]["Payment"]) if row["payment_no"].startswith("LIVE")]
    assert len(live) == 2 * len(days) * ACCOUNTS
    assert all(row["is_posted"] for row in live)
    found = site.ask("reported", day=LAST)
    assert found["accounts"] == found["aggregate"]
