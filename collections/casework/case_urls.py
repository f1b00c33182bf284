"""The addresses of cases and promises."""

from django.urls import URLPattern, path

from casework.views import case_settings, cases
from riskops.shared import converters  # noqa: F401  (registers <key:…>)

urlpatterns: list[URLPattern] = [
    path("cases/", cases.cases, name="cases"),
    path("cases/<key:account_no>/", cases.case, name="case"),
    path("cases/<key:account_no>/outcome/", cases.outcome, name="case-outcome"),
    path("cases/<key:account_no>/next-action/", cases.next_action, name="case-next-action"),
    path("cases/<key:account_no>/owner/", cases.owner, name="case-owner"),
    path("cases/<key:account_no>/right-party/", cases.right_party, name="case-right-party"),
    path("cases/<key:account_no>/reason/", cases.reason, name="case-reason"),
    path("cases/<key:account_no>/contact/", cases.contact, name="case-contact"),
    path("cases/<key:account_no>/cost/", cases.cost, name="case-cost"),
    path("cases/<key:account_no>/promise/", cases.promise, name="case-promise"),
    path("cases/<key:account_no>/contact/<int:contact_id>/refuse/", cases.refuse_contact, name="case-contact-refuse"),
    path("cases/<key:account_no>/promise/<int:promise_id>/cancel/", cases.cancel, name="promise-cancel"),
    path("promises/", cases.promises, name="promises"),
    path("case-settings/", case_settings.settings, name="case-settings"),
    path("case-settings/figures/", case_settings.figures, name="case-figures"),
    path("case-settings/promise-terms/", case_settings.terms, name="promise-terms"),
    path("case-settings/outcomes/new/", case_settings.new_outcome, name="outcome-code-new"),
    path("case-settings/outcomes/<key:code>/", case_settings.outcome, name="outcome-code"),
    path("case-settings/reasons/new/", case_settings.new_reason, name="lateness-reason-new"),
    path("case-settings/reasons/<key:code>/", case_settings.reason, name="lateness-reason"),
    path("case-settings/script/new/", case_settings.new_prompt, name="case-prompt-new"),
    path("case-settings/script/<int:prompt_id>/", case_settings.prompt, name="case-prompt"),
]
