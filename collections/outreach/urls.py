"""The addresses of outreach's pages."""

from django.urls import URLPattern, path

from outreach.views import customer, log, policies
from riskops.shared import converters  # noqa: F401  (registers <key:…>)

app_name = "outreach"
urlpatterns: list[URLPattern] = [
    path("contact-policies/", policies.policies, name="policies"),
    path("contact-policies/new/", policies.new_profile, name="policy_new"),
    path("contact-policies/<slug:profile>/draft/", policies.draft, name="policy_draft"),
    path("contact-policies/<slug:profile>/<int:version>/", policies.policy, name="policy"),
    path("contact-policies/<slug:profile>/<int:version>/edit/", policies.edit, name="policy_edit"),
    path("contact-policies/<slug:profile>/<int:version>/propose/", policies.propose, name="policy_propose"),
    path("contact-policies/<slug:profile>/<int:version>/approve/", policies.approve, name="policy_approve"),
    path("contact-policies/<slug:profile>/<int:version>/send-back/", policies.send_back, name="policy_send_back"),
    path("contact-policies/<slug:profile>/<int:version>/withdraw/", policies.withdraw, name="policy_withdraw"),
    path("contact-log/", log.log, name="log"),
    path("contact-log/refused/", log.refused, name="log_refused"),
    path("contact-log/audit/", log.audit, name="log_audit"),
    path("customers/<key:customer_no>/contact/", customer.customer, name="customer"),
    path("customers/<key:customer_no>/contact/call/", customer.call, name="call"),
    path("customers/<key:customer_no>/contact/<int:contact_id>/end/", customer.end_contact, name="contact_end"),
    path("customers/<key:customer_no>/contact/hold/", customer.hold, name="hold"),
    path("customers/<key:customer_no>/contact/holds/<int:hold_id>/end/", customer.end_hold, name="hold_end"),
    path("customers/<key:customer_no>/contact/opt-out/", customer.opt_out, name="opt_out"),
    path("customers/<key:customer_no>/contact/hours/", customer.hours, name="hours"),
    path("customers/<key:customer_no>/contact/detail/", customer.detail, name="detail"),
]
