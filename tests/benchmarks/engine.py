"""Everything measured on one engine, in a process of its own: settings name one database. Writes its rows as it goes."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tests.benchmarks.rows import Row
    from tests.benchmarks.site import Site

#: In this order; each stands on the book as the one before left it.
SCENARIOS: Final = (
    *("import", "nights", "close", "tiers", "repeat", "workers", "loops", "outreach", "pages", "worklist", "restrictions"),
    "letters",
)
#: People at one queue and the payment platform's look-ups: their bounds are PostgreSQL's, where rows are locked one by one.
_OF_POSTGRESQL: Final = frozenset({"worklist", "restrictions"})
#: The month-end that the nights lead up to.
MONTH_END: Final = date(2025, 6, 30)


def main() -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, required=True)
    parser.add_argument("--only", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--result", type=Path, required=True)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "riskops.settings")
    import django

    import riskops  # noqa: F401  (puts collections/ on the path)

    django.setup()
    from tests.benchmarks.machine import database
    from tests.benchmarks.rows import as_text
    from tests.benchmarks.site import Site, management_command

    management_command("migrate", "-v0")
    site = Site(options.accounts, options.folder)
    only = [name for name in options.only.split(",") if site.engine == "postgresql" or name not in _OF_POSTGRESQL]
    result = {"database": database(), "rows": [], "facts": site.facts}
    failed = False
    for name, scenario in scenarios(site, only):
        began = time.monotonic()
        rows: list[Row] = []
        try:
            for row in scenario():
                rows.append(row)
        except Exception:
            failed = True
            traceback.print_exc()
        print(f"[{site.engine}] {name}: {time.monotonic() - began:.0f} s\n{as_text(rows)}\n", flush=True)
        result["rows"] += [row.plain() for row in rows]  # type: ignore[operator]
        options.result.write_text(json.dumps(result))
        if failed:
            break
    return 1 if failed else 0


def scenarios(site: Site, only: list[str]) -> Iterator[tuple[str, Callable[[], Iterator[Row]]]]:
    """Give the scenarios asked for, after the book has been loaded and closed once."""
    from tests.benchmarks import closing, importing, letters, loops, outreach, pages, restrictions, tiers, workers, worklist

    # The last night of the comparison is the one before the month-end; the first of all is not measured.
    nights = 1 + 2 * closing.PAIRS + (closing.NIGHTS if "nights" in only else 0)
    as_of = MONTH_END - timedelta(days=nights + 1)
    yield "book", partial(importing.load_book, site, as_of=as_of)
    if "import" in only:
        yield "import", partial(importing.measure_import, site, as_of=as_of)
    yield "first close", partial(closing.measure_first_close, site, as_of)
    if "nights" in only:
        yield "nights", partial(closing.measure_nights, site)
    if {"close", "outreach", "pages", "worklist"} & set(only):
        yield "close", partial(closing.measure_close, site)
    if "tiers" in only:
        yield "tiers", partial(tiers.measure_tiers, site)
    if "repeat" in only:
        yield "repeat", partial(closing.measure_repeat, site)
    if "workers" in only:
        yield "workers", partial(workers.measure_workers, site)
    if "loops" in only:
        yield "loops", partial(loops.measure_loops, site)
    if "outreach" in only:
        yield "outreach", partial(outreach.measure_outreach, site)
    if "pages" in only:
        yield "pages", partial(pages.measure_pages, site)
    if "worklist" in only:
        yield "worklist", partial(worklist.measure_worklist, site)
    if "restrictions" in only:
        yield "restrictions", partial(restrictions.measure_restrictions, site)
    if "letters" in only:
        yield "letters", partial(letters.measure_letters, site)


if __name__ == "__main__":
    sys.exit(main())
