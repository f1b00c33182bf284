"""The addresses of the casework's pages."""

from django.urls import URLPattern, path

from casework.views import agreements, care, disputes, plans, relief_terms, tiers
from riskops.shared import converters  # noqa: F401  (registers <key:…>)

app_name = "casework"
urlpatterns: list[URLPattern] = [
    path("plans/", plans.plans, name="plans"),
    path("plans/terms/", relief_terms.relief_terms, name="relief_terms"),
    path("plans/terms/<str:instrument>/", relief_terms.set_terms, name="relief_terms_set"),
    path("plans/<key:reference>/", plans.plan, name="plan"),
    path("plans/<key:reference>/approve/", plans.approve, name="plan_approve"),
    path("plans/<key:reference>/reject/", plans.reject, name="plan_reject"),
    path("plans/<key:reference>/withdraw/", plans.withdraw, name="plan_withdraw"),
    path("plans/<key:reference>/sign/", plans.sign, name="plan_sign"),
    path("plans/<key:reference>/agreement/", plans.hand_in, name="plan_hand_in"),
    path("plans/<key:reference>/agreement/file/", plans.agreement_file, name="plan_file"),
    path("plans/<key:reference>/agreement/pages/", agreements.pages, name="plan_agreement"),
    path("plans/<key:reference>/agreement/pages/<int:page>/", agreements.page_picture, name="plan_agreement_page"),
    path("plans/<key:reference>/agreement/pdf/", agreements.pdf, name="plan_agreement_pdf"),
    path("plans/<key:reference>/confirm/", plans.confirm, name="plan_confirm"),
    path("plans/<key:reference>/end/", plans.end, name="plan_end"),
    path("accounts/<key:account_no>/relief/", plans.new_plan, name="plan_new"),
    path("care/", care.customers, name="care_customers"),
    path("accounts/<key:account_no>/care/", care.care, name="care"),
    path("accounts/<key:account_no>/care/flag/", care.flag, name="care_flag"),
    path("accounts/<key:account_no>/care/read/", care.read, name="care_read"),
    path("accounts/<key:account_no>/care/review/", care.review, name="care_review"),
    path("accounts/<key:account_no>/care/end/", care.end, name="care_end"),
    path("disputes/", disputes.disputes, name="disputes"),
    path("disputes/about/<key:account_no>/", disputes.open_one, name="dispute_open"),
    path("disputes/evidence/<int:evidence_id>/", disputes.evidence, name="dispute_evidence"),
    path("disputes/<int:dispute_id>/", disputes.dispute, name="dispute"),
    path("disputes/<int:dispute_id>/take/", disputes.take, name="dispute_take"),
    path("disputes/<int:dispute_id>/assign/", disputes.assign, name="dispute_assign"),
    path("disputes/<int:dispute_id>/files/", disputes.add_file, name="dispute_files"),
    path("disputes/<int:dispute_id>/corrections/", disputes.correct, name="dispute_correct"),
    path(
        "disputes/<int:dispute_id>/corrections/<int:correction_id>/drop/",
        disputes.drop_correction,
        name="dispute_drop_correction",
    ),
    path("disputes/<int:dispute_id>/outcome/", disputes.conclude, name="dispute_conclude"),
    path("disputes/<int:dispute_id>/approve/", disputes.approve, name="dispute_approve"),
    path("disputes/<int:dispute_id>/send-back/", disputes.send_back, name="dispute_send_back"),
    path("tiers/", tiers.policies, name="policies"),
    path("tiers/draft/", tiers.draft, name="draft"),
    path("tiers/<int:version>/", tiers.policy, name="policy"),
    path("tiers/<int:version>/edit/", tiers.edit, name="edit"),
    path("tiers/<int:version>/dry-run/", tiers.dry_run, name="dry_run"),
    path("tiers/<int:version>/movers/", tiers.movers_of, name="movers"),
    path("tiers/<int:version>/propose/", tiers.propose, name="propose"),
    path("tiers/<int:version>/approve/", tiers.approve, name="approve"),
    path("tiers/<int:version>/send-back/", tiers.send_back, name="send_back"),
    path("tiers/<int:version>/withdraw/", tiers.withdraw, name="withdraw"),
    path("tiers/<int:version>/drop/", tiers.drop, name="drop"),
]
