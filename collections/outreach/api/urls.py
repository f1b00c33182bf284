"""The addresses of outreach's API, under /api/v1/."""

from django.urls import URLPattern, path

from outreach.api import customers, log, policies
from riskops.shared import converters  # noqa: F401  (registers <key:…>)

_POLICY = "contact-policies/<slug:profile>/<int:version>/"
_CUSTOMER = "customers/<key:customer_no>/contact/"
urlpatterns: list[URLPattern] = [
    path("contact-policies/", policies.ContactPolicies.as_view(), name="api-contact-policies"),
    path(_POLICY, policies.ContactPolicyDetail.as_view(), name="api-contact-policy"),
    path(f"{_POLICY}propose/", policies.ContactPolicyProposal.as_view(), name="api-contact-policy-propose"),
    path(f"{_POLICY}approve/", policies.ContactPolicyApproval.as_view(), name="api-contact-policy-approve"),
    path(f"{_POLICY}send-back/", policies.ContactPolicyReturn.as_view(), name="api-contact-policy-send-back"),
    path(f"{_POLICY}withdraw/", policies.ContactPolicyWithdrawal.as_view(), name="api-contact-policy-withdraw"),
    path(_CUSTOMER, customers.CustomerContact.as_view(), name="api-customer-contact"),
    path(f"{_CUSTOMER}calls/", customers.Contacts.as_view(), name="api-customer-calls"),
    path(f"{_CUSTOMER}calls/<int:contact_id>/end/", customers.ContactEnd.as_view(), name="api-customer-call-end"),
    path(f"{_CUSTOMER}holds/", customers.ContactHolds.as_view(), name="api-customer-holds"),
    path(f"{_CUSTOMER}holds/<int:hold_id>/end/", customers.ContactHoldEnd.as_view(), name="api-customer-hold-end"),
    path(f"{_CUSTOMER}opt-outs/<slug:channel>/", customers.CustomerOptOut.as_view(), name="api-customer-opt-out"),
    path(f"{_CUSTOMER}hours/", customers.CustomerHours.as_view(), name="api-customer-hours"),
    path(f"{_CUSTOMER}details/<slug:channel>/", customers.CustomerDetail.as_view(), name="api-customer-detail"),
    path("contact-log/", log.ContactLog.as_view(), name="api-contact-log"),
    path("contact-log/refused/", log.RefusedContacts.as_view(), name="api-contact-log-refused"),
    path("contact-log/audit/", log.ContactAudit.as_view(), name="api-contact-log-audit"),
]
