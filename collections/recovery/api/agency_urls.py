"""The addresses of agencies and placements in the API."""

from __future__ import annotations

from django.urls import URLPattern, path

from recovery.api import agencies, agency_money, agency_own, agency_placements
from riskops.shared import converters  # noqa: F401  (registers <key:…>)

_AT = "agencies/<slug:code>/"
_OWN = "my-placements/at/<key:account_no>/"

urlpatterns: list[URLPattern] = [
    path("agencies/", agencies.Agencies.as_view(), name="api-agencies"),
    path(_AT, agencies.AgencyOne.as_view(), name="api-agency"),
    path(f"{_AT}approve/", agencies.AgencyApprove.as_view(), name="api-agency-approve"),
    path(f"{_AT}stop/", agencies.AgencyStop.as_view(), name="api-agency-stop"),
    path(f"{_AT}evaluations/", agencies.AgencyEvaluations.as_view(), name="api-agency-evaluations"),
    path(f"{_AT}people/", agencies.AgencyPeople.as_view(), name="api-agency-people"),
    path(f"{_AT}people/<str:username>/end/", agencies.AgencyPersonEnd.as_view(), name="api-agency-person-end"),
    path(f"{_AT}terms/", agencies.AgencyTerms.as_view(), name="api-agency-terms"),
    path(f"{_AT}terms/<int:version>/approve/", agencies.AgencyTermsApprove.as_view(), name="api-agency-terms-approve"),
    path(f"{_AT}terms/<int:version>/refuse/", agencies.AgencyTermsRefuse.as_view(), name="api-agency-terms-refuse"),
    path(f"{_AT}accesses/", agencies.AgencyAccesses.as_view(), name="api-agency-accesses"),
    path(f"{_AT}scorecard/", agencies.AgencyScorecard.as_view(), name="api-agency-scorecard"),
    path(f"{_AT}statements/", agency_money.StatementPrepare.as_view(), name="api-agency-statements"),
    path(f"{_AT}files/", agency_money.AgencyFiles.as_view(), name="api-agency-files"),
    path(f"{_AT}placement-file/", agency_money.AgencyFileSend.as_view(), name="api-agency-placement-file"),
    path("agency-files/<int:agency_file_id>/", agency_money.AgencyFileOne.as_view(), name="api-agency-file"),
    path("agency-files/<int:agency_file_id>/take/", agency_money.AgencyFileTake.as_view(), name="api-agency-file-take"),
    path("commission-statements/", agency_money.Statements.as_view(), name="api-statements"),
    path("commission-statements/<int:statement_id>/", agency_money.StatementOne.as_view(), name="api-statement"),
    path("commission-statements/<int:statement_id>/issue/", agency_money.StatementIssue.as_view(), name="api-statement-issue"),
    path("commission-statements/<int:statement_id>/drop/", agency_money.StatementDrop.as_view(), name="api-statement-drop"),
    path("placements/", agency_placements.Placements.as_view(), name="api-placements"),
    path("placements/<key:account_no>/recall/", agency_placements.PlacementRecall.as_view(), name="api-recall"),
    path("placement-batches/", agency_placements.Batches.as_view(), name="api-batches"),
    path("placement-batches/<int:batch_id>/", agency_placements.BatchOne.as_view(), name="api-batch"),
    path("placement-batches/<int:batch_id>/propose/", agency_placements.BatchPropose.as_view(), name="api-batch-propose"),
    path("placement-batches/<int:batch_id>/approve/", agency_placements.BatchApprove.as_view(), name="api-batch-approve"),
    path("placement-batches/<int:batch_id>/drop/", agency_placements.BatchDrop.as_view(), name="api-batch-drop"),
    path("placement-batches/<int:batch_id>/discard/", agency_placements.BatchDiscard.as_view(), name="api-batch-discard"),
    path("my-placements/", agency_own.OwnAccounts.as_view(), name="api-own-accounts"),
    path("my-placements/files/", agency_own.OwnFiles.as_view(), name="api-own-files"),
    path("my-placements/files/<int:agency_file_id>/", agency_own.OwnFile.as_view(), name="api-own-file"),
    path(_OWN, agency_own.OwnAccount.as_view(), name="api-own-account"),
    path(f"{_OWN}calls/", agency_own.OwnCalls.as_view(), name="api-own-calls"),
    path(f"{_OWN}calls/<int:contact_id>/number/", agency_own.OwnNumber.as_view(), name="api-own-number"),
    path(f"{_OWN}calls/<int:contact_id>/end/", agency_own.OwnCallEnd.as_view(), name="api-own-end"),
]
