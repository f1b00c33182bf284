"""Files of reviews, and of what upper rooms keep files with: what is taken, where it is kept, and how it is handed out again.

A file's kind is told from its bytes, never from its name or from what a browser says. The bytes lie under var/ by a name of
our own, encrypted as personal fields are; they come out only through the guarded view, as a download that no browser opens in
the site's own origin.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import unicodedata
import zipfile
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any, Final, Protocol

from django.conf import settings
from django.db import models, transaction

from accounts.models import Review, ReviewFile
from accounts.operations import review_refusals as refusals
from accounts.operations.reviewing import review_to_write_on
from accounts.roles import WORK_REVIEW
from riskops.shared.audit import Actor, record
from riskops.shared.personal import seal, seal_key_id, unseal

MOST_BYTES: Final = 10 * 1024 * 1024
MOST_FILES: Final = 20
LONGEST_NAME: Final = 120
#: The kinds that are taken, by their ending.
KINDS: Final = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "txt": "text/plain; charset=utf-8",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_OFFICE: Final = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml"}


def folder() -> Path:
    """Return where the bytes lie."""
    return Path(settings.VAR_DIR) / "review-files"


def kind_of(content: bytes) -> str | None:
    """Return the ending of the kind that the bytes are of, None for a kind that is not taken."""
    if content.startswith(b"%PDF-"):
        return "pdf"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if content.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if content.startswith(b"PK\x03\x04"):
        return _office_kind(content)
    return "txt" if _is_plain_text(content) else None


def _office_kind(content: bytes) -> str | None:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            names = set(archive.namelist())
    except zipfile.BadZipFile:
        return None
    # Macros run on the reader's machine: none are taken.
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        return None
    return next((ending for ending, part in _OFFICE.items() if part in names), None)


def _is_plain_text(content: bytes) -> bool:
    """Return whether the bytes are text that no browser takes for a page."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    if any(unicodedata.category(character) == "Cc" and character not in "\t\r\n" for character in text):
        return False
    return not re.search(r"<\s*(!doctype|html|script|svg|\?xml)", text, re.IGNORECASE)


def clean_name(name: str, ending: str) -> str:
    """Return a name that is safe to show and to save: no folders, no characters that do not print, the ending of its kind."""
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    printable = "".join(character for character in base if character.isprintable() and character not in '<>:"|?*').strip(". ")
    stem = printable.rsplit(".", 1)[0] if "." in printable else printable
    return f"{stem[: LONGEST_NAME - len(ending) - 1] or 'file'}.{ending}"


def add_file(*, actor: Actor, review_id: int, name: str, chunks: Iterable[bytes], size_bytes: int) -> ReviewFile:
    """Keep a file with an open review, as whoever may write on it.

    :raises ReviewUnknown, ReviewClosed: there is none to keep it with
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises ReviewOfSomebodyElse: another person works on it
    :raises FileTooLarge, FileEmpty, FileKindUnknown, FileThereAlready, TooManyFiles: it is not taken
    """
    content = read_content(chunks, size_bytes)
    ending = kind_of(content)
    with transaction.atomic():
        review = review_to_write_on(review_id, actor)
        if ending is None:
            raise refusals.FileKindUnknown(name, tuple(KINDS))
        digest = hashlib.sha256(content).hexdigest()
        there = review.files.filter(sha256=digest).first()
        if there is not None:
            raise refusals.FileThereAlready(there.name)
        if review.files.count() >= MOST_FILES:
            raise refusals.TooManyFiles(MOST_FILES)
        stored_as = f"{review_id}-{secrets.token_hex(16)}"
        store_content(stored_as, content)
        try:
            with transaction.atomic():
                kept = _kept(actor, review, clean_name(name, ending), ending, digest, len(content), stored_as)
        except BaseException:
            forget_content(stored_as)
            raise
    return kept


def _kept(actor: Actor, review: Review, name: str, ending: str, digest: str, size: int, stored_as: str) -> ReviewFile:
    kept = ReviewFile.objects.create(
        review=review,
        name=name,
        content_type=KINDS[ending],
        size_bytes=size,
        sha256=digest,
        stored_as=stored_as,
        added_by_id=actor.user_id,
        added_by_name=actor.name,
    )
    record(
        actor=actor,
        action=WORK_REVIEW,
        subject_type="review",
        subject_key=f"{review.account.account_no}/{review.pk}",
        account_id=review.account_id,
        after={"file": kept.pk, "name": name, "size_bytes": size, "sha256": digest},
    )
    return kept


def read_content(chunks: Iterable[bytes], size_bytes: int) -> bytes:
    """Return the bytes of an upload.

    :raises FileTooLarge, FileEmpty: it is not taken
    """
    if size_bytes > MOST_BYTES:
        raise refusals.FileTooLarge(size_bytes, MOST_BYTES)
    content = b"".join(chunks)
    if not content:
        raise refusals.FileEmpty
    if len(content) > MOST_BYTES:
        raise refusals.FileTooLarge(len(content), MOST_BYTES)
    return content


def forget_content(stored_as: str) -> None:
    """Take bytes away whose row was not kept after all."""
    (folder() / stored_as).unlink(missing_ok=True)


def store_content(file_name: str, content: bytes, sealed_for: str | None = None) -> None:
    """Keep bytes, encrypted, under a name that nothing has yet."""
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder() / file_name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(seal(content, sealed_for or file_name))
        handle.flush()
        os.fsync(handle.fileno())


class KeptFile(Protocol):
    """A row that names bytes kept here."""

    stored_as: Any


#: The models whose rows name bytes kept here.
_KEPT: Final[list[type[models.Model]]] = [ReviewFile]


def register_kept_files(model: type[models.Model]) -> None:
    """Add a model of an upper room with a column `stored_as`: its files are encrypted anew with the others."""
    if model not in _KEPT:
        _KEPT.append(model)


def open_file(kept: KeptFile) -> BytesIO:
    """Return the bytes of a file, in clear, as an open handle.

    :raises FileNotFoundError: they are gone from var/
    :raises UnknownKey, cryptography.exceptions.InvalidTag: they cannot be decrypted, or are not the ones that were kept
    """
    return BytesIO(unseal((folder() / kept.stored_as).read_bytes(), kept.stored_as))


def reseal_files(key_id: int) -> int:
    """Encrypt with the newest key, whose number is given, every file that is not, and return how many were not.

    A file is replaced whole or not at all, so that it may be broken off anywhere and repeated.

    :raises UnknownKey: a file is encrypted with a key that is not configured; those before it are done
    """
    return sum(_reseal_files_of(model, key_id) for model in _KEPT)


def _reseal_files_of(model: type[models.Model], key_id: int) -> int:
    resealed = 0
    rows: Any = model._default_manager
    for stored_as in rows.order_by("pk").values_list("stored_as", flat=True).iterator():
        path = folder() / stored_as
        # What is gone is the download's to say.
        if not path.exists():
            continue
        sealed = path.read_bytes()
        if seal_key_id(sealed) == key_id:
            continue
        content = unseal(sealed, stored_as)
        fresh = f"{stored_as}.{secrets.token_hex(4)}"
        store_content(fresh, content, sealed_for=stored_as)
        os.replace(folder() / fresh, path)
        resealed += 1
    return resealed
