"""The addresses of write-offs, their rules, recoveries and resale."""

from __future__ import annotations

from django.urls import URLPattern, path

from recovery.views import write_off_recoveries as recoveries
from recovery.views import write_off_rules as rules
from recovery.views import write_offs
from riskops.shared import converters  # noqa: F401  (registers <key:…>)

urlpatterns: list[URLPattern] = [
    path("write-offs/", write_offs.write_offs, name="write_offs"),
    path("write-offs/send/", write_offs.send, name="write_offs_send"),
    path("write-offs/approve/", write_offs.approve, name="write_offs_approve"),
    path("write-offs/reject/", write_offs.reject, name="write_offs_reject"),
    path("write-offs/<int:write_off_id>/", write_offs.write_off, name="write_off"),
    path("accounts/<key:account_no>/write-off-proposal/", write_offs.propose, name="write_off_propose"),
    path("write-off-rules/", rules.rules, name="write_off_rules"),
    path("write-off-rules/draft/", rules.VIEWS.draft, name="write_off_rule_draft"),
    path("write-off-rules/<int:version_id>/", rules.VIEWS.one, name="write_off_rule"),
    path("write-off-rules/<int:version_id>/change/", rules.VIEWS.change, name="write_off_rule_change"),
    path("write-off-rules/<int:version_id>/try/", rules.VIEWS.tried, name="write_off_rule_try"),
    path("write-off-rules/<int:version_id>/approve/", rules.VIEWS.approved, name="write_off_rule_approve"),
    path("write-off-rules/<int:version_id>/end/", rules.VIEWS.ended, name="write_off_rule_end"),
    path("write-off-rules/<int:version_id>/discard/", rules.VIEWS.discarded, name="write_off_rule_discard"),
    path("recoveries/", recoveries.recoveries, name="recoveries"),
    path("recoveries/at/<key:account_no>/", recoveries.account, name="recovery_account"),
    path("recoveries/at/<key:account_no>/sell/", recoveries.sell, name="recovery_sell"),
    path("resale/", recoveries.resale, name="resale"),
    path("resale/ask/", recoveries.ask, name="resale_ask"),
    path("resale/off/", recoveries.off, name="resale_off"),
    path("resale/<int:change_id>/judge/", recoveries.judge, name="resale_judge"),
]
