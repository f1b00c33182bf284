"""The addresses of the casework's API, under /api/v1/."""

from django.urls import URLPattern, path

from casework.api import dispute_settings, disputes, plan_papers, plans, tiers
from riskops.shared import converters  # noqa: F401  (registers <key:…>)

urlpatterns: list[URLPattern] = [
    path("affordability-forms/", plans.AffordabilityForms.as_view(), name="api-affordability-forms"),
    path("accounts/<key:account_no>/plan-offers/", plans.PlanOffers.as_view(), name="api-plan-offers"),
    path("plans/", plans.Plans.as_view(), name="api-plans"),
    path("plans/<key:reference>/", plans.PlanDetail.as_view(), name="api-plan"),
    path("plans/<key:reference>/approve/", plans.PlanApproval.as_view(), name="api-plan-approve"),
    path("plans/<key:reference>/reject/", plans.PlanRejection.as_view(), name="api-plan-reject"),
    path("plans/<key:reference>/withdraw/", plans.PlanWithdrawal.as_view(), name="api-plan-withdraw"),
    path("plans/<key:reference>/sign/", plans.PlanSignatures.as_view(), name="api-plan-sign"),
    path("plans/<key:reference>/agreement/", plan_papers.PlanAgreements.as_view(), name="api-plan-agreement"),
    path("plans/<key:reference>/confirm/", plan_papers.PlanConfirmation.as_view(), name="api-plan-confirm"),
    path("plans/<key:reference>/send-back/", plan_papers.PlanPaperSentBack.as_view(), name="api-plan-send-back"),
    path("plans/<key:reference>/end/", plans.PlanEnd.as_view(), name="api-plan-end"),
    path("relief-terms/", plans.ReliefTermsList.as_view(), name="api-relief-terms"),
    path("relief-terms/<str:instrument>/", plans.ReliefTermsDetail.as_view(), name="api-relief-terms-set"),
    path("accounts/<key:account_no>/tier/", tiers.AccountTier.as_view(), name="api-account-tier"),
    path("business-calendars/", tiers.BusinessCalendars.as_view(), name="api-business-calendars"),
    path("disputes/", disputes.Disputes.as_view(), name="api-disputes"),
    path("disputes/<int:dispute_id>/", disputes.DisputeDetail.as_view(), name="api-dispute"),
    path("disputes/<int:dispute_id>/take/", disputes.DisputeTake.as_view(), name="api-dispute-take"),
    path("disputes/<int:dispute_id>/assign/", disputes.DisputeAssign.as_view(), name="api-dispute-assign"),
    path("disputes/<int:dispute_id>/files/", disputes.DisputeFiles.as_view(), name="api-dispute-files"),
    path("disputes/<int:dispute_id>/corrections/", disputes.DisputeCorrections.as_view(), name="api-dispute-corrections"),
    path(
        "disputes/<int:dispute_id>/corrections/<int:correction_id>/drop/",
        disputes.DisputeCorrectionDrop.as_view(),
        name="api-dispute-correction-drop",
    ),
    path("disputes/<int:dispute_id>/reply-preview/", disputes.DisputeReplyPreview.as_view(), name="api-dispute-reply-preview"),
    path("disputes/<int:dispute_id>/outcome/", disputes.DisputeOutcome.as_view(), name="api-dispute-outcome"),
    path("disputes/<int:dispute_id>/approve/", disputes.DisputeApproval.as_view(), name="api-dispute-approve"),
    path("disputes/<int:dispute_id>/send-back/", disputes.DisputeReturn.as_view(), name="api-dispute-send-back"),
    path("dispute-files/<int:evidence_id>/", disputes.DisputeFileContent.as_view(), name="api-dispute-file"),
    path("dispute-kinds/", dispute_settings.DisputeKinds.as_view(), name="api-dispute-kinds"),
    path("dispute-kinds/<key:kind_code>/", dispute_settings.DisputeKindDetail.as_view(), name="api-dispute-kind"),
    path("dispute-replies/", dispute_settings.ReplyTemplates.as_view(), name="api-dispute-replies"),
    path("dispute-replies/<key:outcome>/", dispute_settings.ReplyTemplateDetail.as_view(), name="api-dispute-reply"),
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
