"""The addresses of letters, legal cases and the limitation clock."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, path

from recovery.views import legal, letter_documents, letters
from recovery.views.letter_versions import POLICIES, TEMPLATES, VersionPages
from riskops.shared import converters  # noqa: F401  (registers <key:…>)


def _versions(base: str, name: str, plural: str, pages: VersionPages) -> list[URLPattern]:
    one, steps = f"{base}/<slug:key>/<int:version>", pages.steps
    more: dict[str, Any] = {
        "propose": steps.propose,
        "approve": steps.approve,
        "send-back": steps.send_back,
        "drop": steps.drop,
        "withdraw": steps.withdraw,
    }
    return [
        path(f"{base}/", pages.all, name=plural),
        path(f"{base}/new/", pages.new, name=f"{name}_new"),
        path(f"{base}/<slug:key>/draft/", pages.draft, name=f"{name}_draft"),
        path(f"{one}/", pages.one, name=name),
        path(f"{one}/edit/", pages.edit, name=f"{name}_edit"),
        *(path(f"{one}/{step}/", view, name=f"{name}_{step.replace('-', '_')}") for step, view in more.items()),
    ]


urlpatterns: list[URLPattern] = [
    path("letters/", letters.letters, name="letters"),
    path("letters/propose/", letters.propose_due, name="letters_propose"),
    path("letters/decide/", letters.decide, name="letters_decide"),
    path("letters/verify/", letters.verify, name="letter_verify"),
    path("letters/<int:letter_id>/", letters.letter, name="letter"),
    path("letters/<int:letter_id>/approve/", letters.approve, name="letter_approve"),
    path("letters/<int:letter_id>/reject/", letters.reject, name="letter_reject"),
    path("letters/<int:letter_id>/stop/", letters.stop, name="letter_stop"),
    path("letters/<int:letter_id>/send/", letters.send, name="letter_send"),
    path("letters/<int:letter_id>/end/", letters.end, name="letter_end"),
    path("letters/<int:letter_id>/evidence/", letters.add_evidence, name="letter_evidence"),
    path("letters/<int:letter_id>/preview/", letter_documents.preview, name="letter_preview"),
    path("letters/<int:letter_id>/pages/<int:page>/", letter_documents.page_picture, name="letter_page"),
    path("letters/<int:letter_id>/pdf/", letter_documents.pdf, name="letter_pdf"),
    path("recovery-files/<int:file_id>/", letter_documents.evidence_file, name="recovery_file"),
    path("accounts/<key:account_no>/letter/", letters.propose, name="letter_propose"),
    *_versions("letter-templates", "letter_template", "letter_templates", TEMPLATES),
    *_versions("letter-figures", "letter_policy", "letter_policies", POLICIES),
    path("legal/", legal.board, name="legal"),
    path("legal/limitation/", legal.limitation_list, name="limitation_list"),
    path("legal/<int:case_id>/", legal.case, name="legal_case"),
    path("legal/<int:case_id>/approve/", legal.approve, name="legal_case_approve"),
    path("legal/<int:case_id>/reject/", legal.reject, name="legal_case_reject"),
    path("legal/<int:case_id>/move/", legal.move, name="legal_case_move"),
    path("legal/<int:case_id>/stage/", legal.note_stage, name="legal_case_stage"),
    path("legal/<int:case_id>/close/", legal.close, name="legal_case_close"),
    path("legal/<int:case_id>/files/", legal.add_file, name="legal_case_file"),
    path("accounts/<key:account_no>/legal-case/", legal.propose, name="legal_case_propose"),
    path("accounts/<key:account_no>/limitation/", legal.limitation_clock, name="limitation"),
    path("accounts/<key:account_no>/limitation/note/", legal.limitation_note, name="limitation_note"),
    path("accounts/<key:account_no>/limitation/<int:fact_id>/withdraw/", legal.limitation_withdraw, name="limitation_withdraw"),
]
