"""A worker is killed with SIGKILL between any two steps of sending, or within one: the customer gets the message exactly once.

So it is with a provider that can be asked for a key or that drops a second message with it. Of one that can neither, the customer
gets the message once at most, and where nobody can know it waits for a person.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import forking
import pytest
from migrated import Migrated
from sites import ROOT, Site, new_site

from outreach.rules.sending import GRACE

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("sending_killed")]

CHILD = Path(__file__).with_name("sending_child.py")
BEFORE_THE_CALL = ("claimed", "let through", "prepared", "calling")
AFTER_THE_CALL = ("handed over", "settling", "settled")


def run(site: Site, *words: str, provider: str, kill_at: str = "") -> Any:
    """Run a process to its end and return its answer; None where it was killed."""
    environment = site.environment(None) | {"KILL_AT": kill_at, "PROVIDER": provider}
    done = forking.run(CHILD, words, environment=environment, folder=ROOT, timeout=300)
    if kill_at:
        assert done.returncode == -9, f"it was not killed at {kill_at}: {done.stderr[-4_000:]}"
        return None
    assert done.returncode == 0, done.stderr[-4_000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def queued(migrated: Migrated, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A book with one message that is due."""
    site = new_site(tmp_path_factory.mktemp("sending-template"), copy_of=migrated)
    run(site, "prepare", provider="")
    yield site
    site.close()


@pytest.fixture
def site(queued: Site, tmp_path: Path) -> Iterator[Site]:
    own = new_site(tmp_path / "site", copy_of=queued)
    yield own
    own.close()


@pytest.mark.parametrize("provider", ["askable", pytest.param("idempotent", marks=pytest.mark.slow)])
@pytest.mark.parametrize("point", [*BEFORE_THE_CALL, *AFTER_THE_CALL])
def test_killed_anywhere_the_message_reaches_the_customer_exactly_once(site: Site, provider: str, point: str) -> None:
    run(site, "send", provider=provider, kill_at=point)
    told = run(site, "recover", "1", provider=provider)
    assert (told["effects"], [row[:2] for row in told["messages"]]) == (1, [["sms", "sent"]])
    # In the log it stands once as made; what certainly was not made is there as such.
    assert told["contacts"].count("open") == 1 and set(told["contacts"]) <= {"open", "not_made"}


@pytest.mark.slow
@pytest.mark.parametrize("point", [*BEFORE_THE_CALL, *AFTER_THE_CALL])
def test_where_nobody_can_know_it_is_never_sent_twice_and_waits_for_a_person(site: Site, point: str) -> None:
    run(site, "send", provider="neither", kill_at=point)
    told = run(site, "recover", "1", provider="neither")
    if point in ("claimed", "let through", "settled"):
        # Before the call was made known, or after its answer was: nothing is in doubt.
        assert (told["effects"], told["messages"]) == (1, [["sms", "sent", ""]])
    else:
        assert (told["calls"], told["messages"]) == (0 if point == "prepared" else 1, [["sms", "unknown", "person-needed"]])
        assert told["effects"] == (1 if point in AFTER_THE_CALL else 0)


@pytest.mark.slow
@pytest.mark.parametrize("first", ["prepared", "handed over"])
@pytest.mark.parametrize("second", ["worker lost", "asking", "asked", "concluding", "concluded"])
def test_killed_again_while_the_doubt_is_resolved_it_is_still_once(site: Site, first: str, second: str) -> None:
    run(site, "send", provider="askable", kill_at=first)
    # After the lease of the worker and the grace of the provider, so that it concludes wherever it was killed at first.
    minutes = GRACE / timedelta(minutes=1) + 1
    run(site, "doubt", f"{minutes}", provider="askable", kill_at=second)
    told = run(site, "recover", f"{minutes + 1}", provider="askable")
    assert (told["effects"], [row[:2] for row in told["messages"]]) == (1, [["sms", "sent"]])


@pytest.mark.slow
@pytest.mark.parametrize("point", ["handed over", "settling", "settled"])
def test_killed_after_a_refusal_for_the_time_being_it_goes_once_later(site: Site, point: str) -> None:
    run(site, "send", provider="refuses once", kill_at=point)
    told = run(site, "recover", "1", provider="refuses once")
    assert (told["effects"], [row[:2] for row in told["messages"]]) == (1, [["sms", "sent"]])
    assert told["contacts"] == ["not_made", "open"]


@pytest.mark.parametrize("point", ["settling", "settled"])
def test_killed_after_a_refusal_for_good_the_next_way_is_gone_once(site: Site, point: str) -> None:
    run(site, "send", provider="dead number", kill_at=point)
    told = run(site, "recover", "1", provider="dead number")
    # Where the refusal was lost with its worker, the provider says that it never had it, and refuses it again.
    assert [row[:2] for row in told["messages"]] == [["sms", "undelivered"], ["email", "sent"]]
    assert (told["effects"], told["calls"]) == (1, 2 if point == "settled" else 3)


@pytest.mark.slow
def test_a_broker_that_loses_every_bell_loses_no_message_and_a_plain_worker_takes_from_every_queue(site: Site) -> None:
    assert run(site, "ring", provider="askable") == 1
    site.lose_the_broker()
    environment = site.environment(None) | {"PROVIDER": "askable"}
    options = ("--concurrency", "1", "--without-gossip", "--without-mingle", "--without-heartbeat")
    with (site.folder / "worker.log").open("w") as log:
        worker = subprocess.Popen(
            [sys.executable, str(CHILD), "celery", *options],
            env=environment, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, start_new_session=True, text=True,
        )  # fmt: skip
    site.processes.append(worker)
    assert run(site, "ring", provider="askable") == 1
    told = run(site, "wait", provider="askable")
    assert (told["effects"], told["messages"]) == (1, [["sms", "sent", ""]]), (site.folder / "worker.log").read_text()[-4_000:]


def test_without_a_kill_the_points_are_passed(site: Site) -> None:
    run(site, "send", provider="askable")
    assert run(site, "recover", "1", provider="askable") == {
        "messages": [["sms", "sent", ""]],
        "contacts": ["open"],
        "effects": 1,
        "calls": 1,
    }
