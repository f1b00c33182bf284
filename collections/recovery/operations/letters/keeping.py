"""Where the bytes of letters and of their evidence lie: under var/, encrypted as personal data is, by names of our own."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction

from accounts.operations.attachments import KINDS, clean_name, kind_of
from accounts.operations.review_refusals import FileEmpty, FileKindUnknown, FileTooLarge
from recovery.letter_roles import END_LETTER, WORK_LEGAL_CASE
from recovery.models import LegalCase, Letter, LetterDocument, RecoveryFile
from recovery.operations.letters import refusals
from riskops.shared.audit import Actor, record
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.personal import seal, seal_key_id, unseal

MOST_BYTES: Final = 10 * 1024 * 1024
#: Files of one letter or case.
MOST_FILES: Final = 30


def folder() -> Path:
    """Return where the bytes lie."""
    return Path(settings.VAR_DIR) / "recovery-files"


def store(content: bytes, *, prefix: str) -> str:
    """Keep bytes, encrypted, and return the name they lie under."""
    stored_as = f"{prefix}-{secrets.token_hex(16)}"
    _write(stored_as, content, stored_as)
    return stored_as


def _write(file_name: str, content: bytes, sealed_for: str) -> None:
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder() / file_name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(seal(content, sealed_for))
        handle.flush()
        os.fsync(handle.fileno())


def forget(stored_as: str) -> None:
    """Remove bytes whose row was not written after all."""
    (folder() / stored_as).unlink(missing_ok=True)


def opened(stored_as: str) -> BytesIO:
    """Return kept bytes in clear.

    :raises FileNotFoundError: they are gone from var/
    :raises UnknownKey, cryptography.exceptions.InvalidTag: they cannot be decrypted, or are not the ones that were kept
    """
    return BytesIO(unseal((folder() / stored_as).read_bytes(), stored_as))


def reseal_recovery_files(key_id: int) -> int:
    """Encrypt with the newest key every kept file that is not, and return how many were not; safe to break off and repeat."""
    names = [
        *LetterDocument.objects.order_by("pk").values_list("stored_as", flat=True),
        *RecoveryFile.objects.order_by("pk").values_list("stored_as", flat=True),
    ]
    resealed = 0
    for stored_as in names:
        path = folder() / stored_as
        # What is gone is the download's to say.
        if not path.exists() or seal_key_id(path.read_bytes()) == key_id:
            continue
        fresh = f"{stored_as}.{secrets.token_hex(4)}"
        _write(fresh, unseal(path.read_bytes(), stored_as), stored_as)
        os.replace(folder() / fresh, path)
        resealed += 1
    return resealed


def add_letter_file(*, actor: Actor, letter_id: int, name: str, chunks: Iterable[bytes], size_bytes: int) -> RecoveryFile:
    """Keep evidence with a letter that was sent: the receipt, its scan.

    :raises LetterUnknown, LetterNotIn: there is none, or it was not sent
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises FileTooLarge, FileEmpty, FileKindUnknown, LetterFileRefused: it is not taken
    """
    content, ending = _read(name, chunks, size_bytes)
    with transaction.atomic():
        letter = Letter.objects.select_for_update(of=("self",)).select_related("account").filter(pk=letter_id).first()
        if letter is None:
            raise refusals.LetterUnknown(letter_id)
        refuse_conflict(actor, letter.customer_id)
        if letter.contact_id is None:
            raise refusals.LetterNotIn(letter.reference, str(letter.get_status_display()))
        kept = _keep(actor, content, name, ending, letter=letter, case=None)
        record(
            actor=actor,
            action=END_LETTER,
            subject_type="letter",
            subject_key=letter.reference,
            account_id=letter.account_id,
            after={"file": kept.pk, "name": kept.name, "sha256": kept.sha256},
        )
    return kept


def add_case_file(*, actor: Actor, case: LegalCase, name: str, chunks: Iterable[bytes], size_bytes: int) -> RecoveryFile:
    """Keep a document with a legal case: a filing, a judgment, a receipt of costs.

    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises FileTooLarge, FileEmpty, FileKindUnknown, LetterFileRefused: it is not taken
    """
    content, ending = _read(name, chunks, size_bytes)
    with transaction.atomic():
        case = LegalCase.objects.select_for_update(of=("self",)).get(pk=case.pk)
        refuse_conflict(actor, case.customer_id)
        kept = _keep(actor, content, name, ending, letter=None, case=case)
        record(
            actor=actor,
            action=WORK_LEGAL_CASE,
            subject_type="legal case",
            subject_key=case.reference,
            account_id=case.account_id,
            after={"file": kept.pk, "name": kept.name, "sha256": kept.sha256},
        )
    return kept


def _read(name: str, chunks: Iterable[bytes], size_bytes: int) -> tuple[bytes, str]:
    if size_bytes > MOST_BYTES:
        raise refusals.LetterFileRefused(str(FileTooLarge(size_bytes, MOST_BYTES)))
    content = b"".join(chunks)
    if not content:
        raise refusals.LetterFileRefused(str(FileEmpty()))
    if len(content) > MOST_BYTES:
        raise refusals.LetterFileRefused(str(FileTooLarge(len(content), MOST_BYTES)))
    ending = kind_of(content)
    if ending is None:
        raise refusals.LetterFileRefused(str(FileKindUnknown(name, tuple(KINDS))))
    return content, ending


def _keep(actor: Actor, content: bytes, name: str, ending: str, *, letter: Letter | None, case: LegalCase | None) -> RecoveryFile:
    digest = hashlib.sha256(content).hexdigest()
    there = RecoveryFile.objects.filter(letter=letter, case=case)
    same = there.filter(sha256=digest).first()
    if same is not None:
        raise refusals.LetterFileThere(same.name)
    if there.count() >= MOST_FILES:
        raise refusals.TooManyFiles(MOST_FILES)
    stored_as = store(content, prefix=f"evidence-{letter.pk if letter else 0}-{case.pk if case else 0}")
    try:
        with transaction.atomic():
            return RecoveryFile.objects.create(
                letter=letter,
                case=case,
                name=clean_name(name, ending),
                content_type=KINDS[ending],
                size_bytes=len(content),
                sha256=digest,
                stored_as=stored_as,
                added_by_name=actor.name,
            )
    except BaseException:
        forget(stored_as)
        raise
