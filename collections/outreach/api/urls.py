"""The addresses of outreach's API, under /api/v1/."""

from django.urls import URLPattern, path

from outreach.api import channels, customers, delivery, experiments, log, outbox, strategies
from outreach.api.education import ENDPOINTS as ARTICLES
from outreach.api.policies import ENDPOINTS as POLICIES
from outreach.api.templates import ENDPOINTS as TEMPLATES
from outreach.api.templates import TemplatePreview, VersionPreview
from riskops.shared import converters  # noqa: F401  (registers <key:…>)

_POLICY = "contact-policies/<slug:key>/<int:version>/"
_ARTICLE = "education/<slug:key>/<int:version>/"
_TEMPLATE = "message-templates/<slug:key>/<int:version>/"
_STRATEGY = "strategies/<slug:key>/<int:version>/"
_EXPERIMENT = "experiments/<slug:key>/<int:version>/"
_CUSTOMER = "customers/<key:customer_no>/contact/"
urlpatterns: list[URLPattern] = [
    path("contact-policies/", POLICIES.all.as_view(), name="api-contact-policies"),
    path(_POLICY, POLICIES.one.as_view(), name="api-contact-policy"),
    path(f"{_POLICY}propose/", POLICIES.proposal.as_view(), name="api-contact-policy-propose"),
    path(f"{_POLICY}approve/", POLICIES.approval.as_view(), name="api-contact-policy-approve"),
    path(f"{_POLICY}send-back/", POLICIES.send_back.as_view(), name="api-contact-policy-send-back"),
    path(f"{_POLICY}drop/", POLICIES.drop.as_view(), name="api-contact-policy-drop"),
    path(f"{_POLICY}withdraw/", POLICIES.withdrawal.as_view(), name="api-contact-policy-withdraw"),
    path(_CUSTOMER, customers.CustomerContact.as_view(), name="api-customer-contact"),
    path(f"{_CUSTOMER}calls/", customers.Contacts.as_view(), name="api-customer-calls"),
    path(f"{_CUSTOMER}calls/<int:contact_id>/dial/", customers.ContactDial.as_view(), name="api-customer-call-dial"),
    path(f"{_CUSTOMER}calls/<int:contact_id>/end/", customers.ContactEnd.as_view(), name="api-customer-call-end"),
    path(f"{_CUSTOMER}holds/", customers.ContactHolds.as_view(), name="api-customer-holds"),
    path(f"{_CUSTOMER}holds/<int:hold_id>/end/", customers.ContactHoldEnd.as_view(), name="api-customer-hold-end"),
    path(f"{_CUSTOMER}opt-outs/<slug:channel>/", customers.CustomerOptOut.as_view(), name="api-customer-opt-out"),
    path(f"{_CUSTOMER}hours/", customers.CustomerHours.as_view(), name="api-customer-hours"),
    path(f"{_CUSTOMER}details/<slug:channel>/", customers.CustomerDetail.as_view(), name="api-customer-detail"),
    path("contact-log/", log.ContactLog.as_view(), name="api-contact-log"),
    path("contact-log/refused/", log.RefusedContacts.as_view(), name="api-contact-log-refused"),
    path("contact-log/audit/", log.ContactAudit.as_view(), name="api-contact-log-audit"),
    path("education/", ARTICLES.all.as_view(), name="api-education"),
    path(_ARTICLE, ARTICLES.one.as_view(), name="api-education-article"),
    path(f"{_ARTICLE}propose/", ARTICLES.proposal.as_view(), name="api-education-propose"),
    path(f"{_ARTICLE}approve/", ARTICLES.approval.as_view(), name="api-education-approve"),
    path(f"{_ARTICLE}send-back/", ARTICLES.send_back.as_view(), name="api-education-send-back"),
    path(f"{_ARTICLE}drop/", ARTICLES.drop.as_view(), name="api-education-drop"),
    path(f"{_ARTICLE}withdraw/", ARTICLES.withdrawal.as_view(), name="api-education-withdraw"),
    path("message-templates/", TEMPLATES.all.as_view(), name="api-message-templates"),
    path("message-templates/preview/", TemplatePreview.as_view(), name="api-message-template-texts"),
    path(_TEMPLATE, TEMPLATES.one.as_view(), name="api-message-template"),
    path(f"{_TEMPLATE}preview/", VersionPreview.as_view(), name="api-message-template-preview"),
    path(f"{_TEMPLATE}propose/", TEMPLATES.proposal.as_view(), name="api-message-template-propose"),
    path(f"{_TEMPLATE}approve/", TEMPLATES.approval.as_view(), name="api-message-template-approve"),
    path(f"{_TEMPLATE}send-back/", TEMPLATES.send_back.as_view(), name="api-message-template-send-back"),
    path(f"{_TEMPLATE}drop/", TEMPLATES.drop.as_view(), name="api-message-template-drop"),
    path(f"{_TEMPLATE}withdraw/", TEMPLATES.withdrawal.as_view(), name="api-message-template-withdraw"),
    path("strategies/", strategies.ENDPOINTS.all.as_view(), name="api-strategies"),
    path(_STRATEGY, strategies.ENDPOINTS.one.as_view(), name="api-strategy"),
    path(f"{_STRATEGY}try/", strategies.StrategyTry.as_view(), name="api-strategy-try"),
    path(f"{_STRATEGY}propose/", strategies.ENDPOINTS.proposal.as_view(), name="api-strategy-propose"),
    path(f"{_STRATEGY}approve/", strategies.ENDPOINTS.approval.as_view(), name="api-strategy-approve"),
    path(f"{_STRATEGY}send-back/", strategies.ENDPOINTS.send_back.as_view(), name="api-strategy-send-back"),
    path(f"{_STRATEGY}drop/", strategies.ENDPOINTS.drop.as_view(), name="api-strategy-drop"),
    path(f"{_STRATEGY}withdraw/", strategies.ENDPOINTS.withdrawal.as_view(), name="api-strategy-withdraw"),
    path("accounts/<key:account_no>/ladder/", strategies.AccountLadder.as_view(), name="api-account-ladder"),
    path("outbox/providers/", delivery.DeliveryProviders.as_view(), name="api-providers"),
    path("outbox/providers/<slug:provider>/try-again/", delivery.DeliveryProviderRetry.as_view(), name="api-provider-retry"),
    path("outbox/replies/", delivery.CustomerReplies.as_view(), name="api-replies"),
    path("outbox/replies/<int:reply_id>/read/", delivery.CustomerReplyRead.as_view(), name="api-reply-read"),
    path("outbox/", outbox.Outbox.as_view(), name="api-outbox"),
    path("outbox/counts/", outbox.OutboxCounts.as_view(), name="api-outbox-counts"),
    path("outbox/dead/", outbox.DeadLetters.as_view(), name="api-outbox-dead"),
    path("outbox/correct/", outbox.Corrections.as_view(), name="api-outbox-correct"),
    path("outbox/<int:message_id>/", outbox.OneMessage.as_view(), name="api-message"),
    path("outbox/<int:message_id>/stop/", outbox.MessageStop.as_view(), name="api-message-stop"),
    path("outbox/<int:message_id>/resend/", outbox.MessageResend.as_view(), name="api-message-resend"),
    path("outbox/<int:message_id>/drop/", outbox.MessageDrop.as_view(), name="api-message-drop"),
    path("outbox/<int:message_id>/reveal/", outbox.MessageReveal.as_view(), name="api-message-reveal"),
    path("experiments/", experiments.AllExperiments.as_view(), name="api-experiments"),
    path("experiments/calculator/", experiments.ExperimentCalculator.as_view(), name="api-experiment-calculator"),
    path(_EXPERIMENT, experiments.OneExperiment.as_view(), name="api-experiment"),
    path(f"{_EXPERIMENT}try/", experiments.ExperimentTrial.as_view(), name="api-experiment-try"),
    path(f"{_EXPERIMENT}propose/", experiments.ExperimentProposal.as_view(), name="api-experiment-propose"),
    path(f"{_EXPERIMENT}approve/", experiments.ExperimentApproval.as_view(), name="api-experiment-approve"),
    path(f"{_EXPERIMENT}send-back/", experiments.ExperimentSendBack.as_view(), name="api-experiment-send-back"),
    path(f"{_EXPERIMENT}drop/", experiments.ExperimentDrop.as_view(), name="api-experiment-drop"),
    path(f"{_EXPERIMENT}withdraw/", experiments.ExperimentWithdrawal.as_view(), name="api-experiment-withdraw"),
    path(f"{_EXPERIMENT}results/", experiments.ExperimentResults.as_view(), name="api-experiment-results"),
    path(f"{_EXPERIMENT}promote/", experiments.ExperimentPromotion.as_view(), name="api-experiment-promote"),
    path(f"{_EXPERIMENT}stop/", experiments.ExperimentStop.as_view(), name="api-experiment-stop"),
    path("outreach/channels/", channels.Channels.as_view(), name="api-channels"),
]
