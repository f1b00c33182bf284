"""docs/benchmarks.md: its words are here, its tables come from runs of `make bench`, which are kept beside this module."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.rows import Row, as_markdown

#: Smaller books are for trying the benchmark out.
_SMALLEST_KEPT: Final = 1_000_000

_WORDS: Final = """# Benchmarks

What the site reaches on large books. `make bench` measures it, prints the tables below and keeps every run in `var/bench/`;
`python -m tests.benchmarks --document` writes this page from the last complete run of each size, and keeps those runs in
`tests/benchmarks/kept/`. No test depends on a time.

```
make bench                                       # 1,000,000 accounts, PostgreSQL and SQLite
make bench ACCOUNTS=10000000 ENGINE=postgresql ONLY=close
make bench ACCOUNTS=50000 ONLY=close,pages       # a quick look
```

The book is `manage.py make_book`'s, loaded by `manage.py import_portfolio`. PostgreSQL is a server of the benchmark's own, so
that nobody else writes to its log; `BENCH_DATABASE_URL` names another one, and `BENCH_REDIS_URL` a Redis database for bells and
cache beside it. Each night about one account in thirty pays; the payments come in through the importer before the close,
outside its time.

| scenario | what is compared |
| --- | --- |
| import | the whole book, by command; the same files again; a sample by `bulk_create` upserts doing the same work |
| nights | seven closes in a row: time, size of the updated tables, heap-only updates |
| close | nights of [the smallest SQL](../tests/benchmarks/smallest_sql.py) and of the close in turn, medians; then a month-end |
| repeat | all marks of a closed night set back, all of it done again |
| workers | long-lived Celery workers, woken by the bell, timed from the first claim to the end of the run |
| loops | payments of the day and instalments of account after account through the ORM, to the close's figures; on a sample |
| outreach | a full outbox through gate, templates, local provider and receipts with two long-lived workers; the gate alone |
| pages | HTTP with log-in sessions against two gunicorn workers; queries counted in the process |
| worklist | a queue of 100,000 at any depth, fifty people who ask for the next; PostgreSQL alone |
| restrictions | HTTP with a token against two gunicorn workers: batches of 1,000 numbers, single look-ups; PostgreSQL alone |
| letters | 1,000 approved letters, half Chinese, half English: printed as PDF, encrypted and kept by two Celery workers |

The smallest SQL is one `UPDATE … FROM` a grouped subquery over the whole book, changed rows only, in one transaction with the
same settings of the session; the day's payments are posted before it, outside its time. The close that follows it must leave
each of those columns as it is, which is how the two are held to the same columns. All the rest (posting, shards, the run
ledger, the report of the day, the audit trail) is what the close does more.

Heap-only updates are counted on the account states, the table that closes rewrite. An instalment is written when it is paid,
and then leaves the index of open instalments, which no heap-only update can do. With an index of all instalments those updates
would be heap-only too and a night would write an eighth less WAL (measured on 60,000 accounts), but every close would read all
instalments ever paid, of which an old book has many times more.
"""


def write_document(path: Path, *, results: Path, kept: Path) -> None:
    """Write the page from the runs there are, and keep those it shows.

    :param results: where `make bench` leaves its runs, on one machine
    :param kept: the runs that the page showed before; afterwards those that it shows now
    """
    found = {file.name: json.loads(file.read_text()) for folder in (kept, results) for file in folder.glob("*.json")}
    runs = [found[name] for name in sorted(found)]
    sections, shown = [], []
    for (accounts, engine), run in sorted(_last_runs(runs).items()):
        again = _measured_again(runs, run, engine)
        sections.append(_section(accounts, engine, run, again))
        shown += [run, *again.values()]
    parts = [_WORDS, *(sections or [f"\nNo run over {_SMALLEST_KEPT:,} accounts or more has been kept yet.\n"])]
    path.write_text("\n".join(parts), encoding="utf-8")
    kept.mkdir(exist_ok=True)
    for name, run in found.items():
        if run in shown:
            (kept / name).write_text(json.dumps(run, ensure_ascii=False, indent=1) + "\n")
        else:
            (kept / name).unlink(missing_ok=True)


def _last_runs(runs: list[dict[str, Any]]) -> dict[tuple[int, str], dict[str, Any]]:
    """Return the last run of each size and engine; one of all scenarios goes before one of some."""
    chosen: dict[tuple[int, str], dict[str, Any]] = {}
    for run in runs:
        for engine in run["engines"]:
            key = (run["accounts"], engine)
            known = chosen.get(key)
            if run["accounts"] >= _SMALLEST_KEPT and (known is None or run["only"].count(",") >= known["only"].count(",")):
                chosen[key] = run
    return chosen


def _measured_again(runs: list[dict[str, Any]], first: dict[str, Any], engine: str) -> dict[str, dict[str, Any]]:
    """Return the later runs of some scenarios alone, by scenario: same size, same engine, same machine."""
    again: dict[str, dict[str, Any]] = {}
    for run in runs:
        is_later = run["date"] > first["date"] and run["accounts"] == first["accounts"] and _same_machine(run, first)
        if is_later and engine in run["engines"]:
            measured = {row["scenario"] for row in run["engines"][engine]["rows"]}
            again |= {scenario: run for scenario in run["only"].split(",") if scenario in measured}
    return again


def _same_machine(run: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(run["machine"].get(name) == other["machine"].get(name) for name in ("processor", "cores", "memory", "Python"))


def _section(accounts: int, engine: str, run: dict[str, Any], again: dict[str, dict[str, Any]]) -> str:
    found = run["engines"][engine]
    facts = run["machine"] | found["database"]
    lines = " · ".join(f"{name} {value}" for name, value in facts.items())
    rows = [row for row in found["rows"] if row["scenario"] not in again]
    rows += [row for name, later in again.items() for row in later["engines"][engine]["rows"] if row["scenario"] == name]
    said = "".join(_said_again(name, later, found["rows"]) for name, later in again.items())
    name = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}[engine]
    table = as_markdown(Row(**row) for row in rows)
    return f"\n## {accounts:,} accounts on {name}, {run['date'][:10]}\n\n{lines}\n\n{table}\n{said}"


def _said_again(scenario: str, later: dict[str, Any], rows_before: list[dict[str, Any]]) -> str:
    """Return what is said of a scenario measured again: nothing that was measured is left out."""
    at, commit = later["date"][:16].replace("T", " "), later["machine"].get("commit", "?")
    return (
        f"\nMeasured again in a run of its own, {at}, commit {commit}: {scenario}. The run before had\n"
        f"{_figures(rows_before, scenario)}.\n"
    )


def _figures(rows: list[dict[str, Any]], scenario: str) -> str:
    """Return what a run found of a scenario, in a line."""
    return "; ".join(f"{row['name']}: {row['measured']}" for row in rows if row["scenario"] == scenario) or "not measured it"
