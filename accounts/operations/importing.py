"""Portfolio files into the book: imports noted and run, one at a time. See docs/import.md."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.models import PortfolioImport
from accounts.operations.import_lock import import_lock
from accounts.operations.import_reporting import ImportOutcome, Progress
from accounts.operations.import_run import Run
from accounts.portfolio_files.delivery import DeliveryRefused, open_delivery
from riskops.shared.audit import Actor

Status = PortfolioImport.Status
#: Kept in English in the import's row; pages show it in the reader's language.
ENDED_EARLY: Final = gettext_noop("the process ended before the import did; nothing was loaded")
_UNFINISHED: Final = (Status.READING, Status.CHECKING, Status.APPLYING)


class ImportRunAlready(Exception):
    """The import has run, or runs: a bell that rang twice."""

    def __init__(self, row: PortfolioImport) -> None:
        super().__init__(f"import {row.pk} of {row.source_name} is {row.get_status_display()}; it is run once")


def request_import(*, source_name: str, stored_path: str, is_dry_run: bool, on_error: str, actor: Actor) -> PortfolioImport:
    """Note an import that is to run; `stored_path` is where the delivery lies."""
    return PortfolioImport.objects.create(
        source_name=source_name,
        stored_path=stored_path,
        is_dry_run=is_dry_run,
        on_error=on_error,
        started_by_id=actor.user_id,
    )


def run_import(import_id: int, *, actor: Actor, notify: Callable[[PortfolioImport], None] | None = None) -> ImportOutcome:
    """Run a noted import to its end and return how it went. Waits for other imports.

    :param notify: told now and then how far it is
    :raises ImportRunAlready: another process was faster; nothing is to be done
    """
    with import_lock():
        bury_the_dead()
        row = PortfolioImport.objects.get(pk=import_id)
        if row.status != Status.QUEUED:
            raise ImportRunAlready(row)
        return Run(row, actor, Progress(row, notify)).run()


def import_portfolio(
    path: Path,
    *,
    actor: Actor,
    is_dry_run: bool = False,
    on_error: str = PortfolioImport.OnError.ABORT,
    notify: Callable[[PortfolioImport], None] | None = None,
) -> ImportOutcome:
    """Import a folder, a .zip or an .xlsx now and return how it went.

    :raises UnusableSource: the path is none of them
    """
    open_delivery_once(path)
    row = request_import(source_name=path.name, stored_path=str(path), is_dry_run=is_dry_run, on_error=on_error, actor=actor)
    return run_import(row.pk, actor=actor, notify=notify)


def open_delivery_once(path: Path) -> None:
    """Find out whether a path can be a delivery at all, before anything is noted about it.

    :raises UnusableSource: it cannot
    """
    try:
        with open_delivery(path, most_bytes=settings.IMPORT_MAX_BYTES):
            return
    except DeliveryRefused:
        # A bad delivery is still one: its import says what is wrong.
        return


def bury_the_dead() -> int:
    """Say of imports whose process is gone that they failed; return how many. Call it within `import_lock`.

    Whoever holds the lock is the only one running, and what a killed import had done is rolled back.
    """
    return PortfolioImport.objects.filter(status__in=_UNFINISHED).update(
        status=Status.FAILED, step="", finished_at=timezone.now(), failure=ENDED_EARLY
    )
