"""The addresses of the API of letters and legal cases, under /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, path

from outreach.api.versions import VersionEndpoints
from recovery.api import legal, letters
from riskops.shared import converters  # noqa: F401  (registers <key:…>)


def _versions(base: str, name: str, endpoints: VersionEndpoints) -> list[URLPattern]:
    one = f"{base}/<slug:key>/<int:version>"
    return [
        path(f"{base}/", endpoints.all.as_view(), name=f"api-{name}-list"),
        path(f"{one}/", endpoints.one.as_view(), name=f"api-{name}"),
        path(f"{one}/propose/", endpoints.proposal.as_view(), name=f"api-{name}-propose"),
        path(f"{one}/approve/", endpoints.approval.as_view(), name=f"api-{name}-approve"),
        path(f"{one}/send-back/", endpoints.send_back.as_view(), name=f"api-{name}-send-back"),
        path(f"{one}/drop/", endpoints.drop.as_view(), name=f"api-{name}-drop"),
        path(f"{one}/withdraw/", endpoints.withdrawal.as_view(), name=f"api-{name}-withdraw"),
    ]


urlpatterns: list[URLPattern] = [
    path("letters/", letters.Letters.as_view(), name="api-letters"),
    path("letters/propose-due/", letters.DueLetters.as_view(), name="api-letters-propose-due"),
    path("letters/decisions/", letters.LetterDecisions.as_view(), name="api-letter-decisions"),
    path("letters/verify/", letters.LetterVerification.as_view(), name="api-letter-verify"),
    path("letters/<int:letter_id>/", letters.LetterDetail.as_view(), name="api-letter"),
    path("letters/<int:letter_id>/stop/", letters.LetterStop.as_view(), name="api-letter-stop"),
    path("letters/<int:letter_id>/send/", letters.LetterSending.as_view(), name="api-letter-send"),
    path("letters/<int:letter_id>/end/", letters.LetterEnd.as_view(), name="api-letter-end"),
    path("letters/<int:letter_id>/evidence/", letters.LetterEvidence.as_view(), name="api-letter-evidence"),
    path("letters/<int:letter_id>/pdf/", letters.LetterPdf.as_view(), name="api-letter-pdf"),
    path("accounts/<key:account_no>/letter/", letters.WeighedLetter.as_view(), name="api-letter-weighed"),
    *_versions("letter-templates", "letter-template", letters.TEMPLATE_ENDPOINTS),
    *_versions("letter-policies", "letter-policy", letters.POLICY_ENDPOINTS),
    path("legal-cases/", legal.LegalCases.as_view(), name="api-legal-cases"),
    path("legal-cases/<int:case_id>/", legal.LegalCaseDetail.as_view(), name="api-legal-case"),
    path("legal-cases/<int:case_id>/decision/", legal.LegalCaseDecision.as_view(), name="api-legal-case-decision"),
    path("legal-cases/<int:case_id>/stage/", legal.LegalCaseStage.as_view(), name="api-legal-case-stage"),
    path("legal-cases/<int:case_id>/close/", legal.LegalCaseClosing.as_view(), name="api-legal-case-close"),
    path("legal-cases/<int:case_id>/files/", legal.LegalCaseFiles.as_view(), name="api-legal-case-files"),
    path("limitation/", legal.LimitationList.as_view(), name="api-limitation-list"),
    path("accounts/<key:account_no>/limitation/", legal.Limitation.as_view(), name="api-limitation"),
    path(
        "accounts/<key:account_no>/limitation/<int:fact_id>/withdraw/",
        legal.LimitationWithdrawal.as_view(),
        name="api-limitation-withdraw",
    ),
]
