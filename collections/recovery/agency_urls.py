"""Addresses of agencies and placements."""

from __future__ import annotations

from django.urls import URLPattern, path

from recovery.views import agencies, agency_money, agency_own, agency_placements
from riskops.shared import converters  # noqa: F401  (registers <key:…>)

app_name = "agencies"
urlpatterns: list[URLPattern] = [
    path("agencies/", agencies.agencies, name="list"),
    path("agencies/new/", agencies.new, name="agency_new"),
    path("agencies/placements/", agency_placements.placements, name="placements"),
    path("agencies/placements/<key:account_no>/recall/", agency_placements.recall, name="recall"),
    path("agencies/batches/", agency_placements.batches_list, name="batches"),
    path("agencies/batches/new/", agency_placements.new_batch, name="batch_new"),
    path("agencies/batches/<int:batch_id>/", agency_placements.batch, name="batch"),
    path("agencies/batches/<int:batch_id>/propose/", agency_placements.propose, name="batch_propose"),
    path("agencies/batches/<int:batch_id>/approve/", agency_placements.approve, name="batch_approve"),
    path("agencies/batches/<int:batch_id>/drop/", agency_placements.drop, name="batch_drop"),
    path("agencies/batches/<int:batch_id>/discard/", agency_placements.discard, name="batch_discard"),
    path("agencies/statements/", agency_money.statements_list, name="statements"),
    path("agencies/statements/<int:statement_id>/", agency_money.statement, name="statement"),
    path("agencies/statements/<int:statement_id>/issue/", agency_money.issue, name="statement_issue"),
    path("agencies/statements/<int:statement_id>/drop/", agency_money.drop, name="statement_drop"),
    path("agencies/files/<int:agency_file_id>/", agency_money.file, name="file"),
    path("agencies/files/<int:agency_file_id>/take/", agency_money.take, name="file_take"),
    path("agencies/at/<slug:code>/", agencies.agency, name="agency"),
    path("agencies/at/<slug:code>/edit/", agencies.edit, name="agency_edit"),
    path("agencies/at/<slug:code>/approve/", agencies.approve, name="agency_approve"),
    path("agencies/at/<slug:code>/stop/", agencies.stop, name="agency_stop"),
    path("agencies/at/<slug:code>/evaluations/", agencies.evaluate, name="agency_evaluate"),
    path("agencies/at/<slug:code>/people/", agencies.register, name="agency_register"),
    path("agencies/at/<slug:code>/people/<str:username>/end/", agencies.end_person, name="agency_end_person"),
    path("agencies/at/<slug:code>/terms/", agencies.propose_terms, name="agency_terms"),
    path("agencies/at/<slug:code>/terms/<int:version>/approve/", agencies.approve_terms, name="agency_terms_approve"),
    path("agencies/at/<slug:code>/terms/<int:version>/refuse/", agencies.refuse_terms, name="agency_terms_refuse"),
    path("agencies/at/<slug:code>/access/", agencies.access, name="agency_access"),
    path("agencies/at/<slug:code>/scorecard/", agencies.score, name="agency_score"),
    path("agencies/at/<slug:code>/statements/", agency_money.prepare, name="statement_prepare"),
    path("agencies/at/<slug:code>/files/", agency_money.files_list, name="files"),
    path("agencies/at/<slug:code>/files/send/", agency_money.send, name="file_send"),
    path("agencies/at/<slug:code>/files/deliver/", agency_money.deliver, name="file_deliver"),
    path("my-placements/", agency_own.own_accounts, name="own"),
    path("my-placements/files/", agency_own.own_deliver, name="own_deliver"),
    path("my-placements/files/<int:agency_file_id>/", agency_own.own_file, name="own_file"),
    path("my-placements/at/<key:account_no>/", agency_own.own_account, name="own_account"),
    path("my-placements/at/<key:account_no>/calls/", agency_own.own_call, name="own_call"),
    path("my-placements/at/<key:account_no>/calls/<int:contact_id>/number/", agency_own.own_number, name="own_number"),
    path("my-placements/at/<key:account_no>/calls/<int:contact_id>/end/", agency_own.own_end, name="own_end"),
]
