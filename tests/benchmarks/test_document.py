"""docs/benchmarks.md shows the newest figures, and does not lose the ones they replace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.benchmarks.document import write_document
from tests.benchmarks.rows import Row, at_least


def measured(folder: Path, name: str, only: str, rows: list[Row], **differing: Any) -> None:
    """Leave a run as `make bench` does."""
    run = {
        "date": f"2026-01-0{name}T10:00:00+00:00",
        "accounts": 1_000_000,
        "only": only,
        "machine": {"processor": "P", "commit": f"c{name}"},
    }
    engines = {"postgresql": {"rows": [row.plain() for row in rows], "database": {"database": "PostgreSQL 15"}}}
    (folder / f"{name}.json").write_text(json.dumps(run | {"engines": engines} | differing))


def test_a_scenario_measured_again_shows_its_new_figure_and_tells_the_old_one(tmp_path: Path) -> None:
    results, kept = tmp_path / "results", tmp_path / "kept"
    results.mkdir()
    measured(results, "1", "close,restrictions", [at_least("close", "c", 3, 2), at_least("restrictions", "asked", 215, 250)])
    measured(results, "2", "restrictions", [at_least("import", "i", 5, 2), at_least("restrictions", "asked", 336, 250)])
    measured(results, "3", "restrictions", [at_least("restrictions", "asked", 999, 250)], machine={"processor": "another"})

    write_document(tmp_path / "page.md", results=results, kept=kept)

    assert sorted(file.name for file in kept.iterdir()) == ["1.json", "2.json"]
    page = (tmp_path / "page.md").read_text()
    # On another machine, with nothing but what was kept, it is the same page.
    write_document(tmp_path / "page.md", results=tmp_path / "none", kept=kept)
    assert (tmp_path / "page.md").read_text() == page
    assert "| close | c | 3.00 | ≥ 2 | ok |" in page
    assert "| restrictions | asked | 336.00 | ≥ 250 | ok |" in page
    assert (
        "Measured again in a run of its own, 2026-01-02 10:00, commit c2: restrictions. The run before had\nasked: 215.00."
        in page
    )
    assert "999" not in page
    assert "| import | i |" not in page
