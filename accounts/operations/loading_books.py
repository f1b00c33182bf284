"""Books that come with the product, the sample and the synthetic one, loaded as any delivery is: through the import."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_noop

from accounts.models import CreditAccount
from accounts.operations.import_reporting import ImportOutcome
from accounts.operations.importing import import_portfolio
from accounts.operations.shipped_agreements import publish_shipped_agreements
from accounts.sample_book import write_sample_book
from accounts.sample_book.window import calendar_before
from accounts.synthetic_book import BookPlan, write_synthetic_book
from riskops.shared.audit import Actor, record
from riskops.shared.day import lock_book

SAMPLE: Final = "sample"
SYNTHETIC: Final = "synthetic"
#: Kept in English in the book's row; pages show it in the reader's language.
PAUSED_NOTE: Final = gettext_noop(
    "The nightly close is paused: this is the sample book, and no payments are known after its last month-end. "
    "Close the next day by hand on the jobs page."
)
SYNTHETIC_NOTE: Final = gettext_noop(
    "The nightly close is paused: this is a synthetic book, made by make_book for measuring. Nobody in it exists."
)


#: In the folder of an import of the sample that a worker still has to make: the day it is asked for.
SAMPLE_DAY_FILE: Final = "sample-as-of"


class BookHoldsOtherData(Exception):
    """A book that comes with the product goes into an empty database only."""

    def __init__(self, book: str) -> None:
        super().__init__(
            f'the database holds accounts already (its book is called "{book}"); '
            "a shipped book goes into an empty one: name another database in DATABASE_URL or RISKOPS_VAR"
        )


def load_sample(*, today: date, actor: Actor) -> ImportOutcome | None:
    """Load the sample book and pause the nightly close; None if it is loaded already.

    :param today: the last month-end of the sample is the latest one before this day
    :raises BookHoldsOtherData: there are other accounts
    """
    if not claim_sample(actor, today=today):
        return None
    with _scratch_folder() as delivery:
        write_sample_book(delivery, today=today)
        return import_portfolio(delivery, actor=actor)


@transaction.atomic
def claim_sample(actor: Actor, *, today: date) -> bool:
    """Name the empty book the sample and pause its nightly close; False if the sample is loaded already.

    An agreement and a disclosure come with it, published on the first day of its window: without them nothing can be granted.

    :param today: as of `load_sample`
    :raises BookHoldsOtherData: there are other accounts
    """
    if not _claim_empty_book(SAMPLE, PAUSED_NOTE, actor):
        return False
    publish_shipped_agreements(actor=actor, published_on=calendar_before(today).day(0, 1))
    return True


def write_if_sample(delivery: Path) -> None:
    """Write the files of the sample book where an import of it will read them; nothing if they are there, or it is no such one.

    In one move at the end: a worker that was killed while writing leaves nothing that looks like a delivery.
    """
    asked = delivery.parent / SAMPLE_DAY_FILE
    if delivery.exists() or not asked.exists():
        return
    with tempfile.TemporaryDirectory(prefix="making-", dir=delivery.parent) as scratch:
        made = Path(scratch) / "book"
        write_sample_book(made, today=date.fromisoformat(asked.read_text()))
        try:
            made.rename(delivery)
        except OSError:
            # Another worker was faster.
            if not delivery.exists():
                raise


def load_synthetic(plan: BookPlan, *, actor: Actor) -> ImportOutcome | None:
    """Load a made-up book and pause the nightly close; None if one is loaded already.

    :raises BookHoldsOtherData: there are other accounts
    """
    if not _claim_empty_book(SYNTHETIC, SYNTHETIC_NOTE, actor):
        return None
    with _scratch_folder() as delivery:
        write_synthetic_book(delivery, plan)
        return import_portfolio(delivery, actor=actor)


@transaction.atomic
def _claim_empty_book(book: str, note: str, actor: Actor) -> bool:
    """Name the empty book and pause its nightly close; False if it holds accounts and bears the name already.

    Before the load, so that a load that is broken off is taken up again and never closed by night.

    :raises BookHoldsOtherData: there are accounts under another name
    """
    state = lock_book()
    if CreditAccount.objects.exists():
        if state.book == book:
            return False
        raise BookHoldsOtherData(state.book)
    before = {"book": state.book, "nightly_paused": state.nightly_paused}
    state.book, state.nightly_paused, state.note = book, True, note
    state.save()
    record(
        actor=actor,
        action="book.pause_nightly",
        subject_type="book",
        subject_key=book,
        before=before,
        after={"book": book, "nightly_paused": True},
        reason=note,
    )
    return True


@contextmanager
def _scratch_folder() -> Iterator[Path]:
    folder = Path(settings.VAR_DIR) / "imports"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="book-", dir=folder) as scratch:
        yield Path(scratch) / "book"
