"""The addresses of the casework's API, under /api/v1/."""

from django.urls import URLPattern, path

from casework.api import tiers
from riskops.shared import converters  # noqa: F401  (registers <key:…>)

urlpatterns: list[URLPattern] = [
    path("accounts/<key:account_no>/tier/", tiers.AccountTier.as_view(), name="api-account-tier"),
    path("business-calendars/", tiers.BusinessCalendars.as_view(), name="api-business-calendars"),
    path("tier-policies/", tiers.TierPolicies.as_view(), name="api-tier-policies"),
    path("tier-policies/<int:version>/", tiers.TierPolicyDetail.as_view(), name="api-tier-policy"),
    path("tier-policies/<int:version>/dry-run/", tiers.TierPolicyDryRun.as_view(), name="api-tier-policy-dry-run"),
    path("tier-policies/<int:version>/movers/", tiers.TierPolicyMovers.as_view(), name="api-tier-policy-movers"),
    path("tier-policies/<int:version>/propose/", tiers.TierPolicyProposal.as_view(), name="api-tier-policy-propose"),
    path("tier-policies/<int:version>/approve/", tiers.TierPolicyApproval.as_view(), name="api-tier-policy-approve"),
    path("tier-policies/<int:version>/send-back/", tiers.TierPolicyReturn.as_view(), name="api-tier-policy-send-back"),
    path("tier-policies/<int:version>/withdraw/", tiers.TierPolicyWithdrawal.as_view(), name="api-tier-policy-withdraw"),
    path("tier-policies/<int:version>/drop/", tiers.TierPolicyDrop.as_view(), name="api-tier-policy-drop"),
]
