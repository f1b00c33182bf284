"""The addresses of the API of cases and promises, under /api/v1/."""

from django.urls import URLPattern, path

from casework.api import care, case_settings, cases
from riskops.shared import converters  # noqa: F401  (registers <key:…>)

urlpatterns: list[URLPattern] = [
    path("cases/", cases.Cases.as_view(), name="api-cases"),
    path("accounts/<key:account_no>/case/", cases.AccountCase.as_view(), name="api-account-case"),
    path("accounts/<key:account_no>/case/outcomes/", cases.CaseOutcome.as_view(), name="api-case-outcomes"),
    path("accounts/<key:account_no>/case/next-action/", cases.CaseNextAction.as_view(), name="api-case-next-action"),
    path("accounts/<key:account_no>/case/owner/", cases.CaseOwner.as_view(), name="api-case-owner"),
    path("accounts/<key:account_no>/case/right-party/", cases.CaseRightParty.as_view(), name="api-case-right-party"),
    path("accounts/<key:account_no>/case/reason/", cases.CaseReason.as_view(), name="api-case-reason"),
    path("accounts/<key:account_no>/case/contacts/", cases.CaseContacts.as_view(), name="api-case-contacts"),
    path("accounts/<key:account_no>/case/costs/", cases.CaseCosts.as_view(), name="api-case-costs"),
    path("case-contacts/<int:contact_id>/refuse/", cases.CaseContactRefusal.as_view(), name="api-case-contact-refuse"),
    path("accounts/<key:account_no>/promises/", cases.AccountPromises.as_view(), name="api-account-promises"),
    path("promises/", cases.Promises.as_view(), name="api-promises"),
    path("promises/<int:promise_id>/cancel/", cases.PromiseCancel.as_view(), name="api-promise-cancel"),
    path("case-figures/", case_settings.CaseFiguresView.as_view(), name="api-case-figures"),
    path("promise-terms/", case_settings.PromiseTermsView.as_view(), name="api-promise-terms"),
    path("outcome-codes/", case_settings.OutcomeCodes.as_view(), name="api-outcome-codes"),
    path("vulnerable-customers/", care.CareCustomers.as_view(), name="api-vulnerable-customers"),
    path("accounts/<key:account_no>/care/", care.AccountCare.as_view(), name="api-account-care"),
    path("accounts/<key:account_no>/care/read/", care.AccountCareRead.as_view(), name="api-account-care-read"),
    path("accounts/<key:account_no>/care/end/", care.AccountCareEnd.as_view(), name="api-account-care-end"),
    path("lateness-reasons/", case_settings.LatenessReasons.as_view(), name="api-lateness-reasons"),
    path("case-prompts/", case_settings.CasePrompts.as_view(), name="api-case-prompts"),
    path("case-prompts/<int:prompt_id>/", case_settings.CasePromptDetail.as_view(), name="api-case-prompt"),
]
