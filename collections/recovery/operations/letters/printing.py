"""Approved letters made into documents: written from the book of the day, printed, hashed, kept, and never changed again."""

from __future__ import annotations

import hashlib
import json
import time
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import AccountState, CreditAccount
from accounts.operations.reviewing import business_day
from recovery.letter_policies import template_on
from recovery.letter_roles import PRINT_LETTER
from recovery.models import Letter, LetterDocument
from recovery.operations.letters import keeping, refusals
from recovery.operations.letters.deciding import note_letter, save_letter
from recovery.rendering.layouts import LAYOUT, layout_file
from recovery.rendering.letter_values import Dated, FiguresDisagree, letter_said
from recovery.rules.letter_text import VARIABLES, ValueAbsent
from riskops.shared.audit import Actor
from riskops.shared.printing.documents import Said, content_hash, texts_of
from riskops.shared.printing.glyphs import missing_from
from riskops.shared.printing.typesetting import as_pdf

#: The machine that prints.
PRINTER: Final = Actor("letter-printer")
#: For how long a letter is its printer's: far longer than one takes.
LEASE: Final = timedelta(minutes=1)


def print_approved(*, for_seconds: float | None = None, now: datetime | None = None) -> int:
    """Print approved letters until none is left that was not tried, and return how many were printed.

    Each is claimed for a minute and printed outside of any transaction, so that two who print at once share the work, on SQLite
    too. One that cannot be printed keeps the reason and is passed over; one whose printer died is claimed again.

    :param for_seconds: no new one is begun after so many
    """
    began, after, done = time.monotonic(), 0, 0
    while for_seconds is None or time.monotonic() - began < for_seconds:
        moment = now or timezone.now()
        claimed = _claim(after, moment)
        if claimed is None:
            return done
        after, said = claimed
        done += said is not None and _print(after, said, moment)
    return done


@transaction.atomic
def _claim(after: int, now: datetime) -> tuple[int, Said | None] | None:
    """Claim the next letter and return its id with what it says: None where it cannot be printed, which it keeps."""
    skip = connection.features.has_select_for_update_skip_locked
    waiting = Letter.objects.select_for_update(of=("self",), skip_locked=skip).select_related("policy")
    unclaimed = Q(printing_until=None) | Q(printing_until__lt=now)
    letter = waiting.filter(unclaimed, status=Letter.Status.APPROVED, pk__gt=after).order_by("pk").first()
    if letter is None:
        return None
    try:
        said = written(letter, now).said
    except refusals.CannotPrint as refusal:
        if letter.problem != str(refusal):
            letter.problem = str(refusal)[:500]
            save_letter(letter)
        return letter.pk, None
    letter.printing_until = now + LEASE
    letter.save(update_fields=["printing_until"])
    return letter.pk, said


class Written(NamedTuple):
    """A letter as it would be printed now. `total_minor`: what it demands, in minor units."""

    said: Said
    template_id: int
    dated: Dated
    total_minor: int


@transaction.atomic
def written(letter: Letter, now: datetime) -> Written:
    """Return a letter as the book stands now; nothing is written.

    :raises CannotPrint: a template or a value is missing, figures disagree, or the font lacks a sign
    """
    today = timezone.localdate(now)
    template = template_on(letter.template_code, today)
    if template is None:
        why = _("no version of letter template %(code)s holds today; approve one.") % {"code": letter.template_code}
        raise refusals.CannotPrint(letter.reference, why)
    account = CreditAccount.objects.select_related("customer", "product").get(pk=letter.account_id)
    state = AccountState.objects.filter(pk=letter.account_id).first()
    if state is None or state.overdue_total_minor <= 0:
        raise refusals.CannotPrint(letter.reference, _("nothing is past due; stop the letter."))
    as_of = max(business_day(), state.ahead_on or business_day())
    dated = Dated.of(today=today, as_of=as_of, pay_within_days=letter.policy.pay_within_days)
    if not account.customer.person.get("address", "").strip():
        raise refusals.CannotPrint(letter.reference, _("the customer has no postal address; add it to the book."))
    try:
        said = letter_said(account, state, template, language=letter.language, reference=letter.reference, dated=dated)
    except ValueAbsent as absent:
        label = VARIABLES[absent.name][1 if letter.language == "zh" else 0]
        why = _("the account has no value for {%(name)s} (%(label)s); fill it in, or word the template without it.")
        raise refusals.CannotPrint(letter.reference, why % {"name": absent.name, "label": label}) from None
    except FiguresDisagree:
        why = _("the unpaid instalments do not add up to what is past due; close the day, or rebuild the account.")
        raise refusals.CannotPrint(letter.reference, why) from None
    missing = missing_from("".join(texts_of(said)))
    if missing:
        why = _("the font of letters has no sign for %(signs)s; write the name or address otherwise in the book.")
        raise refusals.CannotPrint(letter.reference, why % {"signs": " ".join(missing)})
    return Written(said, template.pk, dated, state.overdue_total_minor)


def _print(letter_id: int, said: Said, now: datetime) -> bool:
    """Print a claimed letter and keep it, if it would still say the same; return whether it was."""
    pdf = as_pdf(said, layout=layout_file(LAYOUT), at=now)
    stored_as = keeping.store(pdf, prefix=f"letter-{letter_id}")
    try:
        is_kept = _keep(letter_id, said, pdf, stored_as, now)
    except BaseException:
        keeping.forget(stored_as)
        raise
    if not is_kept:
        keeping.forget(stored_as)
    return is_kept


@transaction.atomic
def _keep(letter_id: int, said: Said, pdf: bytes, stored_as: str, now: datetime) -> bool:
    letter = Letter.objects.select_for_update(of=("self",)).select_related("policy").get(pk=letter_id)
    if letter.status != Letter.Status.APPROVED:
        # Stopped meanwhile, or printed by whoever claimed it after the minute.
        return False
    try:
        again = written(letter, now)
    except refusals.CannotPrint:
        again = None
    letter.printing_until = None
    if again is None or content_hash(again.said) != content_hash(said):
        # A payment was posted, say: it is written anew at the next bell.
        letter.save(update_fields=["printing_until"])
        return False
    document = LetterDocument.objects.create(
        letter=letter,
        template_id=again.template_id,
        layout=LAYOUT,
        dated=again.dated.letter_on,
        total_minor=again.total_minor,
        pay_by=again.dated.pay_by,
        said={"said": _plain(said)},
        content_sha256=content_hash(said),
        pdf_sha256=hashlib.sha256(pdf).hexdigest(),
        size_bytes=len(pdf),
        stored_as=stored_as,
        made_at=now,
        made_by_name=PRINTER.name,
    )
    letter.status, letter.problem = Letter.Status.PRINTED, ""
    save_letter(letter)
    after: dict[str, object] = {
        "status": letter.status,
        "content_sha256": document.content_sha256,
        "pdf_sha256": document.pdf_sha256,
        "template": str(document.template),
    }
    note_letter(PRINTER, letter, PRINT_LETTER, before="approved", after=after)
    return True


def _plain(said: Said) -> str:
    return json.dumps(said, ensure_ascii=False)
