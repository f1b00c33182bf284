"""A letter as it will look, as it was printed, and its evidence: read by those who may, each reading recorded."""

from __future__ import annotations

import json
from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.roles import REVEAL_PERSON
from recovery import letter_roles as may_do
from recovery.models import Letter, LetterDocument, RecoveryFile
from recovery.operations.letters import keeping
from recovery.operations.letters.printing import written
from recovery.operations.letters.refusals import CannotPrint
from recovery.rendering.layouts import LAYOUT, layout_file
from recovery.views.legal import case_or_404
from recovery.views.letters import letter_or_404
from riskops.shared.audit import Actor, record
from riskops.shared.printing.documents import Said
from riskops.shared.printing.typesetting import as_pictures
from riskops.shared.roles import requires


def said_of(letter: Letter, now: Any) -> tuple[Said, int, LetterDocument | None]:
    """Return what a letter says, its layout, and its document where it was printed; else as it would be printed now.

    :raises CannotPrint: it could not be printed as things are
    """
    document = LetterDocument.objects.filter(letter=letter).first()
    if document is not None:
        return json.loads(document.said["said"]), document.layout, document
    said = written(letter, now).said
    return said, LAYOUT, None


def _note_reading(reader: Actor, letter: Letter, what: str) -> None:
    record(
        actor=reader,
        action=REVEAL_PERSON,
        subject_type="letter",
        subject_key=letter.reference,
        account_id=letter.account_id,
        after={"fields": ["name", "address"]},
        reason=what,
    )


@never_cache
@require_GET
@requires(may_do.READ_LETTER)
def preview(request: HttpRequest, letter_id: int) -> HttpResponse:
    """Show a letter's pages as they look; the reading is recorded."""
    found = letter_or_404(request, letter_id)
    number = {"letter": found.reference}
    context: dict[str, Any] = {"title": _("Letter %(letter)s, not printed yet") % number, "letter": found}
    try:
        said, layout, document = said_of(found, timezone.now())
        if document is not None:
            context["title"] = _("Letter %(letter)s as printed") % number
    except CannotPrint as refusal:
        return render(request, "recovery/letters/preview.html", {**context, "refusal": str(refusal)}, status=422)
    pages = range(1, len(as_pictures(said, layout=layout_file(layout))) + 1)
    _note_reading(Actor.of(request.user), found, gettext("letter read on screen"))
    return render(
        request, "recovery/letters/preview.html", {**context, "pages": pages, "document": document, "hash": said["hash"]}
    )


@never_cache
@require_GET
@requires(may_do.READ_LETTER)
def page_picture(request: HttpRequest, letter_id: int, page: int) -> HttpResponse:
    """Return one page of a letter as a picture; the page that shows it has recorded the reading."""
    found = letter_or_404(request, letter_id)
    try:
        said, layout, _document = said_of(found, timezone.now())
    except CannotPrint as refusal:
        raise Http404(str(refusal)) from None
    pictures = as_pictures(said, layout=layout_file(layout))
    if not 1 <= page <= len(pictures):
        raise Http404(gettext("The letter has %(pages)s pages.") % {"pages": len(pictures)})
    return HttpResponse(pictures[page - 1], content_type="image/png", headers={"Cache-Control": "no-store, private"})


@never_cache
@require_GET
@requires(may_do.READ_LETTER)
def pdf(request: HttpRequest, letter_id: int) -> HttpResponseBase:
    """Hand a printed letter out as the file that was kept; the reading is recorded."""
    return pdf_of(letter_or_404(request, letter_id), Actor.of(request.user))


def pdf_of(letter: Letter, reader: Actor) -> HttpResponseBase:
    """Return the kept file of a letter as a download; the reading is recorded."""
    document = LetterDocument.objects.filter(letter=letter).first()
    if document is None:
        raise Http404(gettext("Letter %(letter)s is not printed yet.") % {"letter": letter.reference})
    answer = handed_out(document.stored_as, f"{letter.reference}.pdf", "application/pdf")
    _note_reading(reader, letter, gettext("PDF of the letter"))
    return answer


@never_cache
@require_GET
@requires(may_do.READ_LETTER)
def evidence_file(request: HttpRequest, file_id: int) -> HttpResponseBase:
    """Hand a file of evidence out, of a letter or a legal case that the person may open; the reading is recorded."""
    kept = RecoveryFile.objects.select_related("letter").filter(pk=file_id).first()
    if kept is None:
        raise Http404(gettext("There is no file %(id)s.") % {"id": file_id})
    if kept.letter_id is not None:
        letter = letter_or_404(request, kept.letter_id)
        answer = handed_out(kept.stored_as, kept.name, kept.content_type)
        _note_reading(Actor.of(request.user), letter, kept.name)
    else:
        case = case_or_404(request, kept.case_id or 0)
        answer = handed_out(kept.stored_as, kept.name, kept.content_type)
        record(
            actor=Actor.of(request.user),
            action=REVEAL_PERSON,
            subject_type="legal case",
            subject_key=case.reference,
            account_id=case.account_id,
            after={"fields": ["file"]},
            reason=kept.name,
        )
    return answer


def handed_out(stored_as: str, name: str, content_type: str) -> HttpResponseBase:
    """Return kept bytes as a download that runs nowhere: not guessed at, not framed, not kept."""
    try:
        handle = keeping.opened(stored_as)
    except FileNotFoundError:
        raise Http404(
            gettext("The bytes of %(name)s are not under var/; restore them from the backup.") % {"name": name}
        ) from None
    answer = FileResponse(handle, as_attachment=True, filename=name, content_type=content_type)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox; frame-ancestors 'none'"
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    answer.headers["Cache-Control"] = "no-store, private"
    return answer
