"""A process that writes an aging file for the site and can be killed on the way.

Words: prepare (make a book of 40 accounts, close a day, ask for its aging), write (do what was asked for; KILL_AT in the
environment names where it dies), tick (what the beat does each minute, with the worker in this process), dump (how it stands).
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "accounts")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "riskops.settings")

DAY = date(2025, 4, 2)


def prepare(folder: Path) -> Any:
    """Make the book and the question."""
    from closed_books import add_account, close
    from factories import TESTER, make_installment, make_product

    from accounts.operations.readings import ask_for_aging

    product = make_product(penalty_rate_ppm=1_000)
    for number in range(40):
        make_installment(add_account(f"A{number:02}", product=product), due_date=date(2025, 3, 1), principal=10_000 + number)
    close(DAY, DAY)
    return ask_for_aging(as_of=DAY, truth="known", actor=TESTER).pk


def _dies(at: str, call: Callable[..., Any], count: int = 1) -> Callable[..., Any]:
    """Return a call that kills the process when it comes to be made for the `count`-th time, if it is the one named."""
    made = 0

    def killing(*arguments: Any, **options: Any) -> Any:
        nonlocal made
        made += 1
        if os.environ.get("KILL_AT") == at and made == count:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments, **options)

    return killing


def _write(reading_id: int) -> None:
    from accounts import exports
    from accounts.operations import readings

    exports.ACCOUNTS_AT_ONCE = 10
    readings._PROGRESS_SECONDS = 0
    readings.write_aging = _dies("claimed", readings.write_aging)
    exports._cells = _dies("half", exports._cells, 25)
    readings._finish = _dies("written", readings._finish)
    readings.run(reading_id)


def write(folder: Path) -> Any:
    """Do what was asked for."""
    from accounts.models import BookReading

    _write(BookReading.objects.get().pk)
    return None


def tick(folder: Path) -> Any:
    """Look at what lies open, as a minute later; the bell that is rung is heard here."""
    from django.utils import timezone

    from accounts.operations import readings

    later = timezone.now() + readings.LEASE + timedelta(seconds=1)
    timezone.now = lambda: later
    rung: list[int] = []
    readings._ring = rung.append
    readings.tick()
    for reading_id in rung:
        _write(reading_id)
    # The one after removes what the killed one left.
    for path in readings._folder().iterdir():
        os.utime(path, (0, 0))
    readings.tick()
    return rung


def dump(folder: Path) -> Any:
    """Return the row, and what lies in the folder of files."""
    from accounts.models import BookReading
    from accounts.operations.readings import _folder

    row = BookReading.objects.values("status", "rows_done", "rows_total", "attempts", "path").get()
    return {**row, "files": [str(path) for path in _folder().iterdir()] if _folder().exists() else []}


def main() -> None:
    """Do what the command line says, in the folder it names."""
    import django

    import riskops  # noqa: F401  (puts collections/ on the path)

    django.setup()
    word, folder = sys.argv[1:]
    answer = {"prepare": prepare, "write": write, "tick": tick, "dump": dump}[word](Path(folder))
    print(json.dumps(answer, default=str))


if __name__ == "__main__":
    main()
