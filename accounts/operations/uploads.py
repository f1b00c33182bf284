"""Deliveries that come over the site or the API: put aside, queued for a worker, and removed when they are done with.

An upload holds personal data in clear. It is kept only until its import ends; after a dry run, or when the import failed
through no fault of the files, for a day, so that the same files can be loaded without being sent again.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from accounts.models import PortfolioImport
from accounts.operations.import_lock import AnotherImportRuns, import_lock
from accounts.operations.importing import ImportRunAlready, bury_the_dead, request_import, run_import
from accounts.operations.loading_books import write_if_sample
from accounts.portfolio_files.formats import FORMAT_BY_NAME, KNOWN_FILES, MANIFEST
from accounts.roles import DOWNLOAD_QUARANTINE
from riskops.shared.audit import Actor, record
from riskops.shared.bells import ring
from riskops.shared.own_reasons import own_reason

log = structlog.get_logger(__name__)

Status = PortfolioImport.Status
UPLOAD_KEPT: Final = timedelta(days=1)
QUARANTINE_KEPT: Final = timedelta(days=30)
_PREFIX: Final = "upload-"
#: A queued import that no worker has taken by then lost its bell.
_UNHEARD_AFTER: Final = timedelta(seconds=30)


class UploadedFile(Protocol):
    """A file as Django hands it over."""

    name: str | None
    size: int | None

    def chunks(self) -> Iterable[bytes]:
        """Give its bytes, a bounded number at a time."""


class UploadRefused(Exception):
    """What was sent cannot be a delivery; says what can."""


class CannotLoadAgain(Exception):
    """The files of the import are not there any more, or it loaded them; says which."""


def receive_upload(files: Sequence[UploadedFile], *, is_dry_run: bool, on_error: str, actor: Actor) -> PortfolioImport:
    """Put a .zip, an .xlsx or some .csv files aside, note their import and wake a worker for it.

    :raises UploadRefused: none of these, or too large
    """
    _check(files)
    folder = uploads_folder()
    folder.mkdir(parents=True, exist_ok=True)
    # Readable by its owner alone, as mkdtemp makes it.
    place = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=folder))
    names = ", ".join(_plain_name(file) for file in files)
    try:
        row = request_import(
            source_name=_short(names),
            stored_path=str(_put_aside(files, place)),
            is_dry_run=is_dry_run,
            on_error=on_error,
            actor=actor,
        )
    except BaseException:
        # Without its row nobody would ever remove it.
        shutil.rmtree(place, ignore_errors=True)
        raise
    transaction.on_commit(lambda: ring_import(row.pk))
    return row


def _put_aside(files: Sequence[UploadedFile], place: Path) -> Path:
    """Write the files into a folder and return where the delivery is."""
    is_packed = _kind(files[0]) != ".csv"
    target = place if is_packed else place / "files"
    target.mkdir(exist_ok=True)
    for file in files:
        # Never the sender's name as a path: an archive goes by our own, a CSV file by one that is known or plainly unknown.
        name = f"delivery{_kind(file)}" if is_packed else _plain_name(file)
        with (target / name).open("wb") as handle:
            for chunk in file.chunks():
                handle.write(chunk)
    return target / f"delivery{_kind(files[0])}" if is_packed else target


@transaction.atomic
def load_again(import_id: int, *, actor: Actor) -> PortfolioImport:
    """Load the files of a dry run, or of an import that failed through no fault of theirs, and return the new import.

    :raises CannotLoadAgain: the files are gone, or they were refused or loaded
    """
    # Locked: pressed twice, it loads once.
    old = PortfolioImport.objects.select_for_update().get(pk=import_id)
    if not may_load_again(old):
        raise CannotLoadAgain(
            gettext("the files of import %(number)s cannot be loaded again: send them anew") % {"number": old.pk}
        )
    row = request_import(
        source_name=old.source_name, stored_path=old.stored_path, is_dry_run=False, on_error=old.on_error, actor=actor
    )
    # The files belong to the new import from here on.
    PortfolioImport.objects.filter(pk=old.pk).update(stored_path="")
    transaction.on_commit(lambda: ring_import(row.pk))
    return row


def may_load_again(row: PortfolioImport) -> bool:
    """Whether the files are still here and worth it: checked in a dry run, good rows among bad ones, or failed on the way."""
    sets_aside = row.is_dry_run and row.on_error == PortfolioImport.OnError.QUARANTINE and row.status == Status.REFUSED
    is_worth_it = row.status in (Status.CHECKED, Status.FAILED) or (sets_aside and bool(row.quarantine_path))
    return is_worth_it and _is_upload(row) and Path(row.stored_path).exists()


def run_queued(import_id: int) -> None:
    """Run an import that waits, if nobody else has begun it, and remove its upload where nothing more can come of it."""
    row = PortfolioImport.objects.select_related("started_by").get(pk=import_id)
    actor = Actor.of(row.started_by) if row.started_by else Actor(own_reason(gettext_noop("import")))
    if row.status == Status.QUEUED and _is_upload(row):
        write_if_sample(Path(row.stored_path))
    try:
        outcome = run_import(import_id, actor=actor)
    except ImportRunAlready as already:
        log.info("import_runs_already", import_id=import_id, detail=str(already))
        return
    if not may_load_again(outcome.portfolio_import):
        _remove_upload(outcome.portfolio_import)


def tick() -> None:
    """See to imports that nobody took, whose process is gone, or whose files have been kept long enough."""
    now = timezone.now()
    try:
        with import_lock(waits=False):
            if bury_the_dead():
                log.warning("imports_ended_early")
    except AnotherImportRuns:
        return
    for row in PortfolioImport.objects.filter(status=Status.QUEUED, created_at__lt=now - _UNHEARD_AFTER).order_by("pk"):
        # What is queued by a command is run by that command.
        if _is_upload(row):
            ring_import(row.pk)
    for row in PortfolioImport.objects.exclude(stored_path="").filter(finished_at__lt=now - UPLOAD_KEPT):
        if _is_upload(row):
            _remove_upload(row)
    for place in uploads_folder().glob(f"{_PREFIX}*"):
        # What a process was putting aside when it was killed has no row.
        is_old = place.stat().st_mtime < (now - UPLOAD_KEPT).timestamp()
        if is_old and not PortfolioImport.objects.filter(stored_path__startswith=f"{place}/").exists():
            shutil.rmtree(place, ignore_errors=True)
    for row in PortfolioImport.objects.exclude(quarantine_path="").filter(finished_at__lt=now - QUARANTINE_KEPT):
        shutil.rmtree(Path(row.quarantine_path).parent, ignore_errors=True)
        PortfolioImport.objects.filter(pk=row.pk).update(quarantine_path="")


def note_download(row: PortfolioImport, *, actor: Actor) -> None:
    """Note that somebody took the records that were set aside: they hold personal data in clear."""
    record(
        actor=actor,
        action=DOWNLOAD_QUARANTINE,
        subject_type="import",
        subject_key=str(row.pk),
        after={"source": row.source_name},
    )


def ring_import(import_id: int) -> None:
    """Wake a worker for an import that waits."""
    from accounts.tasks import run_import

    ring(run_import, import_id=import_id)


def _check(files: Sequence[UploadedFile]) -> None:
    kinds = {_kind(file) for file in files}
    if not files:
        raise UploadRefused(gettext("nothing was sent: choose a .zip, an .xlsx or CSV files"))
    if kinds != {".csv"} and (len(files) > 1 or not kinds <= {".zip", ".xlsx"}):
        raise UploadRefused(
            gettext("%(names)s cannot be a delivery: send one .zip, one .xlsx, or CSV files (%(known)s)")
            % {"names": ", ".join(_plain_name(file) for file in files), "known": KNOWN_FILES}
        )
    size = sum(file.size or 0 for file in files)
    if size > settings.IMPORT_MAX_BYTES:
        raise UploadRefused(
            gettext("%(size)s bytes were sent; at most %(limit)s: send it in parts, or use the command import_portfolio")
            % {"size": f"{size:,}", "limit": f"{settings.IMPORT_MAX_BYTES:,}"}
        )
    names = [_plain_name(file) for file in files]
    if len(set(names)) < len(names):
        raise UploadRefused(gettext("a file was sent twice: %(names)s; send each once") % {"names": ", ".join(names)})


def _kind(file: UploadedFile) -> str:
    return Path(file.name or "").suffix.lower()


def _plain_name(file: UploadedFile) -> str:
    """Return the last part of a sender's file name, if it is one that could matter; else a harmless one."""
    name = os.path.basename((file.name or "").replace("\\", "/"))
    if name in FORMAT_BY_NAME or name == MANIFEST:
        return name
    return "".join(c if c.isalnum() or c in "-_. " else "_" for c in name)[:100].lstrip(".") or "unnamed"


def _short(text: str) -> str:
    return text if len(text) <= 255 else text[:254] + "…"


def uploads_folder() -> Path:
    """Return the folder of what was sent and is not yet done with."""
    return Path(settings.VAR_DIR) / "imports" / "uploads"


def _is_upload(row: PortfolioImport) -> bool:
    """Whether the delivery lies where uploads are put: anything else is somebody's own folder and never touched."""
    return bool(row.stored_path) and Path(row.stored_path).is_relative_to(uploads_folder())


def _remove_upload(row: PortfolioImport) -> None:
    if not _is_upload(row):
        return
    place = uploads_folder() / Path(row.stored_path).relative_to(uploads_folder()).parts[0]
    shutil.rmtree(place, ignore_errors=True)
    PortfolioImport.objects.filter(pk=row.pk).update(stored_path="")
