"""The addresses of the API of write-offs, their rules, recoveries and resale."""

from __future__ import annotations

from django.urls import URLPattern, path

from recovery.api import write_offs
from recovery.api.write_offs import RULE_ENDPOINTS
from riskops.shared import converters  # noqa: F401  (registers <key:…>)

urlpatterns: list[URLPattern] = [
    path("write-off-proposals/", write_offs.WriteOffs.as_view(), name="api-write-off-proposals"),
    path("write-off-proposals/send/", write_offs.WriteOffSending.as_view(), name="api-write-off-send"),
    path("write-off-proposals/approve/", write_offs.WriteOffApproval.as_view(), name="api-write-off-approve"),
    path("write-off-proposals/reject/", write_offs.WriteOffRejection.as_view(), name="api-write-off-reject"),
    path("write-off-proposals/<int:write_off_id>/", write_offs.WriteOffDetail.as_view(), name="api-write-off-proposal"),
    path("write-off-rules/", RULE_ENDPOINTS.versions, name="api-write-off-rules"),
    path("write-off-rules/<int:version_id>/", RULE_ENDPOINTS.one, name="api-write-off-rule"),
    path("write-off-rules/<int:version_id>/try/", RULE_ENDPOINTS.tried, name="api-write-off-rule-try"),
    path("write-off-rules/<int:version_id>/approve/", RULE_ENDPOINTS.approved, name="api-write-off-rule-approve"),
    path("write-off-rules/<int:version_id>/discard/", RULE_ENDPOINTS.discarded, name="api-write-off-rule-discard"),
    path("write-off-rules/<int:version_id>/end/", RULE_ENDPOINTS.ended, name="api-write-off-rule-end"),
    path("recoveries/", write_offs.Recoveries.as_view(), name="api-recoveries"),
    path("recoveries/months/", write_offs.RecoveryMonths.as_view(), name="api-recovery-months"),
    path("accounts/<key:account_no>/recovery/", write_offs.RecoveryAccount.as_view(), name="api-recovery-account"),
    path("accounts/<key:account_no>/sale/", write_offs.RecordSale.as_view(), name="api-recovery-sale"),
    path("debt-sales/", write_offs.DebtSales.as_view(), name="api-debt-sales"),
    path("resale/", write_offs.Resale.as_view(), name="api-resale"),
    path("resale/<int:change_id>/judge/", write_offs.ResaleJudgement.as_view(), name="api-resale-judge"),
]
