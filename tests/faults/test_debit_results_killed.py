"""An import of debit results is killed with SIGKILL at many statements: no debit is booked twice, the next one books the rest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import forking
import pytest
from migrated import Migrated
from sites import ROOT, Site, new_site

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("debits_killed")]

CHILD = Path(__file__).with_name("debit_child.py")
#: Where it dies, in parts of its statements.
QUICK = (0.1, 0.4, 0.6, 0.8, 0.97)
THOROUGH = tuple(number / 16 for number in range(1, 16))


def run(site: Site, word: str, *, kill_at: int = 0) -> Any:
    """Run a process to its end and return its answer; None where it was killed."""
    environment = site.environment(None) | {"KILL_AT_STATEMENT": str(kill_at)}
    done = forking.run(CHILD, (word,), environment=environment, folder=ROOT, timeout=120)
    if kill_at:
        assert done.returncode == -9, done.stderr[-4_000:]
        return None
    assert done.returncode == 0, done.stderr[-4_000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def handed_over(migrated: Migrated, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A book with three debits that the provider has."""
    site = new_site(tmp_path_factory.mktemp("debits-template"), copy_of=migrated)
    assert [row[1] for row in run(site, "prepare")["tries"]] == ["sent"] * 3
    yield site
    site.close()


@pytest.fixture(scope="module")
def undisturbed(handed_over: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Any]]:
    """How many statements it takes, and the book that it leads to."""
    site = new_site(tmp_path_factory.mktemp("debits-undisturbed") / "site", copy_of=handed_over)
    statements = run(site, "take")
    found = run(site, "dump")
    assert [row[0] for row in found["payments"]] == ["D-M-K0-1", "D-M-K2-1"]
    yield statements, found
    site.close()


@pytest.mark.parametrize("part", [*QUICK, *(pytest.param(part, marks=pytest.mark.slow) for part in THOROUGH)])
def test_killed_anywhere_each_debit_is_booked_once(
    handed_over: Site, undisturbed: tuple[int, Any], tmp_path: Path, part: float
) -> None:
    statements, wanted = undisturbed
    site = new_site(tmp_path / "site", copy_of=handed_over)
    try:
        run(site, "take", kill_at=max(1, round(statements * part)))
        dead = run(site, "dump")
        # A payment is there exactly where its try is taken: the two are one transaction.
        assert [row[0] for row in dead["payments"]] == [row[0] for row in dead["tries"] if row[1] == "done"]
        run(site, "take")
        assert run(site, "dump") == wanted
        run(site, "take")
        assert run(site, "dump") == wanted
    finally:
        site.close()
