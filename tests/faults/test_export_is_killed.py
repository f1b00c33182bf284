"""A worker is killed with SIGKILL while it writes an aging file: the next tick has it written anew and whole, nothing is left."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from forking import run
from migrated import Migrated
from sites import ROOT, Site, new_site

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("export_killed")]

CHILD = Path(__file__).with_name("export_child.py")


def _begin(site: Site, script: Path, *words: str, kill_at: str = "") -> subprocess.CompletedProcess[str]:
    return run(script, words, environment=site.environment(None) | {"KILL_AT": kill_at}, folder=ROOT, timeout=300)


def _ask(site: Site, word: str) -> Any:
    done = _begin(site, CHILD, word, str(site.folder))
    assert done.returncode == 0, done.stderr[-4_000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def prepared(migrated: Migrated, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, bytes]]:
    """A book of which an aging file is asked for, and that file as the command writes it."""
    site = new_site(tmp_path_factory.mktemp("export-template"), copy_of=migrated)
    _ask(site, "prepare")
    path = site.folder / "by-command.csv"
    done = _begin(site, ROOT / "manage.py", "export_aging", "--date", "2025-04-02", "--output", str(path))
    assert done.returncode == 0, done.stderr
    yield site, path.read_bytes()
    site.close()


@pytest.mark.parametrize(("point", "halves", "told"), [("claimed", 1, 0), ("half", 1, 20), ("written", 1, 40)])
def test_a_killed_export_is_written_anew_and_whole(
    prepared: tuple[Site, bytes], tmp_path: Path, point: str, halves: int, told: int
) -> None:
    template, wanted = prepared
    site = new_site(tmp_path / "site", copy_of=template)
    try:
        killed = _begin(site, CHILD, "write", str(site.folder), kill_at=point)
        assert killed.returncode == -9, killed.stderr
        found = _ask(site, "dump")
        # Nobody is shown a file; how far it came stands in the row.
        assert (found["status"], found["path"], found["rows_done"], len(found["files"])) == ("running", "", told, halves)

        # Its claim holds for a while: a second bell changes nothing.
        _ask(site, "write")
        assert _ask(site, "dump") == found

        assert len(_ask(site, "tick")) == 1
        after = _ask(site, "dump")
        assert (after["status"], after["rows_done"], after["rows_total"], after["attempts"]) == ("done", 40, 40, 2)
        assert after["files"] == [after["path"]]
        assert Path(after["path"]).read_bytes() == wanted
        assert oct(os.stat(Path(after["path"]).parent).st_mode & 0o777) == "0o700"
    finally:
        site.close()


def test_a_bell_that_nobody_heard_is_rung_again(prepared: tuple[Site, bytes], tmp_path: Path) -> None:
    template, wanted = prepared
    site = new_site(tmp_path / "site", copy_of=template)
    try:
        # The book was copied with the question in it; no worker and no broker ever saw it.
        assert len(_ask(site, "tick")) == 1
        assert Path(_ask(site, "dump")["path"]).read_bytes() == wanted
    finally:
        site.close()
