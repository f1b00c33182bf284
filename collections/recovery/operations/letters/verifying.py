"""Whether a letter is ours: asked by the digits on its pages, or by the file itself."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.db.models import Q

from recovery.letter_roles import VERIFY_LETTER
from recovery.models import Letter, LetterDocument
from recovery.operations.letters import refusals
from riskops.shared.audit import Actor, record
from riskops.shared.printing.documents import HASH_SHOWN

_HEX: Final = re.compile(r"[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class Verified:
    """What is said of a hash: whether it is of a letter of ours, and which; no personal data.

    :param is_file: it is the very file that was printed; else what stands on the page, or the beginning of it
    """

    is_ours: bool
    is_file: bool = False
    letter_id: int | None = None
    reference: str = ""
    dated: date | None = None
    state: str = ""


def verify_hash(*, actor: Actor, text: str) -> Verified:
    """Say whether a letter with these digits is ours. Asked about is recorded.

    :param text: the digits of a page (spaces are nothing), or a whole SHA-256 of the content or of the file
    :raises HashMalformed: fewer digits than a page shows, or no digits
    """
    digits = "".join(text.split()).lower()
    if not _HEX.fullmatch(digits) or not HASH_SHOWN <= len(digits) <= 64:
        raise refusals.HashMalformed(HASH_SHOWN)
    documents = LetterDocument.objects.select_related("letter")
    # By prefix: what a page shows is the beginning of the hash. Of 80 bits no second one begins alike.
    found = documents.filter(Q(content_sha256__startswith=digits) | Q(pdf_sha256=digits)).order_by("pk").first()
    return _said(actor, digits, found, is_file=found is not None and found.pdf_sha256 == digits)


def verify_file(*, actor: Actor, content: bytes) -> Verified:
    """Say whether a file is, byte for byte, a letter that we printed. Asked about is recorded."""
    digest = hashlib.sha256(content).hexdigest()
    found = LetterDocument.objects.select_related("letter").filter(pdf_sha256=digest).first()
    return _said(actor, digest, found, is_file=True)


def _said(actor: Actor, digits: str, found: LetterDocument | None, *, is_file: bool) -> Verified:
    letter: Letter | None = found.letter if found else None
    record(
        actor=actor,
        action=VERIFY_LETTER,
        subject_type="letter",
        subject_key=letter.reference if letter else digits[:HASH_SHOWN],
        account_id=letter.account_id if letter else None,
        after={"is_ours": found is not None},
    )
    if letter is None or found is None:
        return Verified(is_ours=False)
    return Verified(True, is_file, letter.pk, letter.reference, found.dated, str(letter.get_status_display()))
