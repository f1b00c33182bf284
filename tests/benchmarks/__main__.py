"""`make bench`: measure both engines, print the table, keep it in var/bench, and write docs/benchmarks.md from what is kept.

ACCOUNTS   the size of the book (1,000,000)
ENGINE     postgresql, sqlite, or both with a comma between (both)
ONLY       scenarios with commas between (import,nights,close,tiers,repeat,workers,loops,outreach,pages,worklist,restrictions,
           letters)
BENCH_DATABASE_URL   a PostgreSQL database that may be dropped and made anew (default: a server of the benchmark's own)
BENCH_REDIS_URL      a Redis database for bells and cache beside PostgreSQL (default: bells in files); it is emptied
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from redis import Redis

from tests.benchmarks.databases import fresh_database
from tests.benchmarks.document import write_document
from tests.benchmarks.engine import SCENARIOS
from tests.benchmarks.machine import machine
from tests.benchmarks.postgresql_server import NoServer, database_server
from tests.benchmarks.rows import Row, as_text

ROOT: Final = Path(__file__).resolve().parent.parent.parent
RESULTS: Final = ROOT / "var" / "bench"
#: The runs that docs/benchmarks.md shows.
KEPT: Final = Path(__file__).resolve().parent / "kept"
ENGINES: Final = ("postgresql", "sqlite")


def main() -> int:
    """Measure, print, keep. Exit status 1: something broke; a bound that is not met is no failure."""
    options = _options()
    if options.document:
        write_document(ROOT / "docs" / "benchmarks.md", results=RESULTS, kept=KEPT)
        return 0
    # Stopped from outside, it still stops its server.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    started = datetime.now().astimezone()
    run: dict[str, Any] = {
        "date": started.isoformat(timespec="seconds"),
        "accounts": options.accounts,
        "only": options.only,
        "machine": machine(),
        "engines": {},
    }
    broken = False
    for engine in options.engines:
        try:
            found, status = _measure(engine, options)
        except NoServer as reason:
            print(f"[{engine}] not measured: {reason}", file=sys.stderr)
            broken = True
            continue
        broken = broken or status != 0
        run["engines"][engine] = found
        RESULTS.mkdir(parents=True, exist_ok=True)
        (RESULTS / f"{started:%Y%m%d-%H%M%S}.json").write_text(json.dumps(run, ensure_ascii=False, indent=1) + "\n")
    for engine, found in run["engines"].items():
        facts = run["machine"] | found["database"]
        print(f"\n{engine} · {options.accounts:,} accounts · {run['date']}")
        print(" · ".join(f"{name} {value}" for name, value in facts.items()) + "\n")
        print(as_text(Row(**row) for row in found["rows"]))
    return 1 if broken else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=int(os.environ.get("ACCOUNTS") or 1_000_000))
    parser.add_argument("--engine", default=os.environ.get("ENGINE") or ",".join(ENGINES))
    parser.add_argument("--only", default=os.environ.get("ONLY") or ",".join(SCENARIOS))
    parser.add_argument("--document", action="store_true", help="measure nothing, write docs/benchmarks.md from what is kept")
    options = parser.parse_args()
    options.engines = options.engine.split(",")
    for words, known in ((options.engines, ENGINES), (options.only.split(","), SCENARIOS)):
        unknown = [word for word in words if word not in known]
        if unknown:
            parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(known)}")
    if options.accounts < 1_000:
        parser.error(f"ACCOUNTS={options.accounts}: at least 1000, smaller books measure noise")
    return options


def _measure(engine: str, options: argparse.Namespace) -> tuple[dict[str, Any], int]:
    """Measure one engine in a process of its own and return what it found, and its exit status."""
    folder = RESULTS / f"{engine}-work"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        with _database(engine, folder) as url:
            redis = os.environ.get("BENCH_REDIS_URL", "") if engine == "postgresql" else ""
            if redis:
                # Bells of an earlier run would wake workers of this one.
                Redis.from_url(redis).flushdb()
            environment = os.environ | {
                "DATABASE_URL": url,
                "RISKOPS_VAR": str(folder),
                "LOG_LEVEL": "WARNING",
                "REDIS_URL": redis,
            }
            result = folder / "result.json"
            status = subprocess.run(
                [
                    *(sys.executable, "-m", "tests.benchmarks.engine", "--accounts", str(options.accounts)),
                    *("--only", options.only, "--folder", str(folder), "--result", str(result)),
                ],
                cwd=ROOT,
                env=environment,
            ).returncode
            return json.loads(result.read_text()) if result.exists() else {"rows": [], "database": {}}, status
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _database(engine: str, folder: Path) -> Iterator[str]:
    if engine == "sqlite":
        yield f"sqlite:///{folder / 'bench.sqlite3'}"
        return
    with database_server(RESULTS / "postgresql-server") as url, fresh_database(url):
        yield url


if __name__ == "__main__":
    sys.exit(main())
