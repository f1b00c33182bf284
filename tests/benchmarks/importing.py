"""The import: of the whole book, against bulk_create upserts of a sample, and once more with nothing changed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

from tests.benchmarks.databases import fresh_database
from tests.benchmarks.rows import Row, at_least, at_most, note
from tests.benchmarks.site import ROOT, Site, management_command, vacuum

SEED: Final = 1
#: The book that the upserts load. Larger tables only slow them down, so a sample flatters them.
SAMPLE: Final = 50_000


def make_files(folder: Path, *, accounts: int, as_of: date) -> Path:
    """Write the files of a synthetic book and return their folder."""
    management_command(
        "make_book", "--accounts", str(accounts), "--seed", str(SEED), "--as-of", as_of.isoformat(), "--output", str(folder)
    )
    return folder


def load_book(site: Site, *, as_of: date) -> Iterator[Row]:
    """Load the book that all other scenarios work on, as `manage.py import_portfolio` does, into the empty database."""
    files = make_files(site.folder / "files", accounts=site.imported, as_of=as_of)
    seconds, peak, _ = management_command("import_portfolio", str(files))
    site.facts |= {"import_seconds": seconds}
    vacuum()
    yield note("import", f"{site.imported:,} accounts", f"{seconds:.1f} s ({site.imported / seconds:,.0f} accounts a second)")
    yield at_most("import", "peak memory of the import", peak / 2**20, 400, "MiB", digits=0)


def measure_import(site: Site, *, as_of: date) -> Iterator[Row]:
    """Import the same files again, and load a sample with bulk_create upserts for comparison."""
    files = site.folder / "files"
    again, _, _ = management_command("import_portfolio", str(files))
    share = again / site.facts["import_seconds"]
    yield at_most("import", f"unchanged again ({again:.1f} s) / first time", share, 0.1, "×", digits=3)
    moved = _with_one_new_name(files, site.folder / "files-moved")
    nearly, _, _ = management_command("import_portfolio", str(moved))
    yield note("import", "one row changed, all read and compared / first time", f"{nearly / site.facts['import_seconds']:.2f} ×")
    sample = min(SAMPLE, site.imported)
    small = make_files(site.folder / "files-sample", accounts=sample, as_of=as_of)
    upserts = _upserts(small)
    mine, theirs = site.facts["import_seconds"] / site.imported, upserts["seconds"] / sample
    taken = f"{upserts['seconds']:.1f} s, {upserts['peak'] / 2**20:.0f} MiB"
    yield note("import", f"bulk_create upserts, {sample:,} accounts", taken)
    yield at_least("import", "bulk_create upserts / import, an account", theirs / mine, 4, "×")


def _with_one_new_name(files: Path, target: Path) -> Path:
    """Return a folder with the same files, in which the first customer is called otherwise."""
    target.mkdir(exist_ok=True)
    for path in files.glob("*.csv"):
        (target / path.name).unlink(missing_ok=True)
        if path.name != "customers.csv":
            (target / path.name).hardlink_to(path)
    with (files / "customers.csv").open(encoding="utf-8") as old, (target / "customers.csv").open("w", encoding="utf-8") as new:
        new.write(old.readline())
        number, name, rest = old.readline().split(",", 2)
        new.write(f"{number},{name}明,{rest}")
        shutil.copyfileobj(old, new)
    return target


def _upserts(files: Path) -> dict[str, float]:
    """Run the upserts in a database of their own and return their seconds and peak memory."""
    url = os.environ["DATABASE_URL"]
    beside = url.removesuffix(".sqlite3") + "_upserts.sqlite3" if url.startswith("sqlite") else url + "_upserts"
    environment = os.environ | {"DATABASE_URL": beside}
    with fresh_database(beside):
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=environment, check=True)
        result = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.upserts", str(files)],
            cwd=ROOT,
            env=environment,
            check=True,
            stdout=subprocess.PIPE,
        )
    answer: dict[str, float] = json.loads(result.stdout)
    return answer
