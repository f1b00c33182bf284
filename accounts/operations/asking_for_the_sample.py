"""The sample book asked for on the site: noted as an import, made by the worker that loads it, followed like any other."""

from __future__ import annotations

import shutil
import tempfile
from datetime import date
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import PortfolioImport
from accounts.operations.importing import request_import
from accounts.operations.loading_books import SAMPLE, SAMPLE_DAY_FILE, BookHoldsOtherData, claim_sample
from accounts.operations.uploads import ring_import, uploads_folder
from accounts.roles import LOAD_SAMPLE
from riskops.shared.audit import Actor, record

#: How the import is called in the list.
SOURCE_NAME = "sample book"
_ENDED = (
    PortfolioImport.Status.APPLIED,
    PortfolioImport.Status.CHECKED,
    PortfolioImport.Status.REFUSED,
    PortfolioImport.Status.FAILED,
)


class SampleRefused(Exception):
    """The sample book does not go into this database, or is on its way already; says which."""


@transaction.atomic
def ask_for_sample(*, today: date, actor: Actor) -> PortfolioImport:
    """Note that the sample book is to be loaded, pause the nightly close, and wake a worker; return the import to follow.

    :param today: the last month-end of the sample is the latest one before this day
    :raises SampleRefused: there are accounts already, or an import that has not ended
    """
    try:
        is_free = claim_sample(actor, today=today)
    except BookHoldsOtherData:
        is_free = False
    if not is_free:
        raise SampleRefused(_("The book holds accounts already; the sample book goes into an empty one only."))
    if (running := PortfolioImport.objects.exclude(status__in=_ENDED).first()) is not None:
        raise SampleRefused(
            _("Import %(number)s has not ended; wait for it, then look at the book again.") % {"number": running.pk}
        )
    folder = uploads_folder()
    folder.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix="upload-", dir=folder))
    try:
        (place / SAMPLE_DAY_FILE).write_text(today.isoformat())
        row = request_import(
            source_name=SOURCE_NAME,
            stored_path=str(place / "files"),
            is_dry_run=False,
            on_error=PortfolioImport.OnError.ABORT,
            actor=actor,
        )
        record(
            actor=actor,
            action=LOAD_SAMPLE,
            subject_type="import",
            subject_key=str(row.pk),
            after={"book": SAMPLE, "today": today.isoformat()},
        )
    except BaseException:
        # Without its row nobody would ever remove it.
        shutil.rmtree(place, ignore_errors=True)
        raise
    transaction.on_commit(lambda: ring_import(row.pk))
    return row
