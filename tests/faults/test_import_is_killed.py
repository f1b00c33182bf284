"""An import is killed with SIGKILL at many statements: the book is as before, and the next one ends as if nothing had been."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from forking import run
from migrated import Migrated
from sites import ROOT, Site, new_site

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("import_killed")]

CHILD = Path(__file__).with_name("import_child.py")
#: Where in the import it dies, in parts of its statements up to the commit; 1 is the last one before it.
QUICK = (0.5, 0.85, 1.0)
THOROUGH = tuple(number / 16 for number in range(1, 16))


def _begin(site: Site, word: str, *, kill_at: int = 0) -> subprocess.CompletedProcess[str]:
    environment = site.environment(None) | {"KILL_AT_STATEMENT": str(kill_at)}
    return run(CHILD, (word, str(site.folder)), environment=environment, folder=ROOT, timeout=120)


def _ask(site: Site, word: str) -> Any:
    done = _begin(site, word)
    assert done.returncode == 0, done.stderr[-4_000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def prepared(migrated: Migrated, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Any]]:
    """The book that the delivery meets, and what is in it."""
    site = new_site(tmp_path_factory.mktemp("import-template"), copy_of=migrated)
    yield site, _ask(site, "prepare")
    site.close()


def _copy(template: Site, folder: Path) -> Site:
    site = new_site(folder, copy_of=template)
    (site.folder / "second").symlink_to(template.folder / "second")
    return site


@pytest.fixture(scope="module")
def undisturbed(prepared: tuple[Site, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int, Any]]:
    """How many statements the import takes up to its commit, how many up to its end, and the book that it leads to."""
    site = _copy(prepared[0], tmp_path_factory.mktemp("import-undisturbed") / "site")
    statements = _ask(site, "load")
    # The staging tables are dropped once the loading transaction is over, and so are tiers and cases brought up to date; what
    # comes after the last statement on the staging tables is after the commit.
    dropped = next(number for number, sql in enumerate(statements) if sql.startswith("DROP TABLE stage_"))
    last = max(number for number, sql in enumerate(statements[:dropped], start=1) if "stage_" in sql)
    yield last, dropped, _ask(site, "dump")
    site.close()


@pytest.mark.parametrize("part", [*QUICK, *(pytest.param(part, marks=pytest.mark.slow) for part in THOROUGH)])
def test_a_killed_import_leaves_the_book_as_it_was_and_the_next_one_loads_it(
    prepared: tuple[Site, Any], undisturbed: tuple[int, int, Any], tmp_path: Path, part: float
) -> None:
    template, before = prepared
    statements, _to_its_end, wanted = undisturbed
    site = _copy(template, tmp_path / "site")
    try:
        killed = _begin(site, "load", kill_at=max(1, round(statements * part)))
        assert killed.returncode == -9, killed.stderr

        found = _ask(site, "dump")
        dead = found["imports"][len(before["imports"]) :]
        assert {**found, "imports": before["imports"]} == before
        assert all(status in ("queued", "reading", "checking", "applying") for _, status in dead)

        _ask(site, "load")
        after = _ask(site, "dump")
        ends = [status for _, status in after["imports"]]
        # One that died before it took up its work was never begun: the tick rings for it, or nobody misses it.
        assert ends[-1] == "applied" and set(ends[1:-1]) <= {"failed", "queued"}, after["imports"]
        assert {**after, "imports": None} == {**wanted, "imports": None}
    finally:
        site.close()


def test_an_import_killed_after_its_commit_is_loaded(
    prepared: tuple[Site, Any], undisturbed: tuple[int, int, Any], tmp_path: Path
) -> None:
    _to_its_commit, statements, wanted = undisturbed
    site = _copy(prepared[0], tmp_path / "site")
    try:
        assert _begin(site, "load", kill_at=statements + 1).returncode == -9
        assert _ask(site, "dump") == wanted
    finally:
        site.close()
