"""What the API takes and gives about applications. Amounts are decimal strings in the currency's digits, days are ISO."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.api.decision_shapes import DecisionNoticeShape
from accounts.api.shapes import Amount
from accounts.models import Application, ApplicationAppeal, ApplicationConsent, Customer
from accounts.queries.applications import ApplicationPage, ApplicationRow
from accounts.rules.applications import ApplicationStatus, Outcome, Repayment
from riskops.shared.money import plain_amount


class ApplicantShape(serializers.Serializer[Any]):
    """Who applies; stored as one encrypted value and never given back in clear."""

    name = serializers.CharField(max_length=200, allow_blank=True, default="")
    national_id = serializers.CharField(max_length=64, allow_blank=True, default="")
    phone = serializers.CharField(max_length=64, allow_blank=True, default="")
    email = serializers.CharField(max_length=200, allow_blank=True, default="")
    address = serializers.CharField(max_length=500, allow_blank=True, default="")
    device_ids = serializers.CharField(max_length=2_000, allow_blank=True, default="")


class ConsentShape(serializers.Serializer[Any]):
    """What the applicant agreed to, or refused."""

    kind = serializers.ChoiceField(choices=ApplicationConsent.Kind.choices)
    is_given = serializers.BooleanField()
    source = serializers.CharField(max_length=100)
    given_at = serializers.DateTimeField()


class BureauShape(serializers.Serializer[Any]):
    """What a bureau said; only ever with a consent of kind `bureau` that was given."""

    source = serializers.CharField(max_length=64)
    reported_on = serializers.DateField()
    score = serializers.IntegerField(allow_null=True, default=None, min_value=0, max_value=9_999)
    debt = Amount(allow_null=True, default=None)
    overdue_days = serializers.IntegerField(allow_null=True, default=None, min_value=0, max_value=99_999)
    queries_6m = serializers.IntegerField(allow_null=True, default=None, min_value=0, max_value=99_999)


class ApplicationRequest(serializers.Serializer[Any]):
    """An application, in the words of applications.csv (docs/applications.md)."""

    application_no = serializers.CharField(max_length=64, help_text="unique; the same one twice counts once")
    product_code = serializers.CharField(max_length=64)
    customer_no = serializers.CharField(max_length=64, allow_blank=True, default="")
    person = ApplicantShape(default=dict)
    language = serializers.ChoiceField(choices=Customer.Language.choices, default="zh-hans")
    requested_limit = Amount()
    declared_income = Amount(help_text="a month; 0 where there is none")
    employment = serializers.ChoiceField(choices=Application.Employment.choices, allow_blank=True, default="")
    purpose = serializers.CharField(max_length=200, allow_blank=True, default="")
    channel = serializers.CharField(max_length=64, allow_blank=True, default="")
    repayment = serializers.ChoiceField(choices=[entry.value for entry in Repayment], default="installments")
    term_months = serializers.IntegerField(allow_null=True, default=None)
    agreement = serializers.CharField(max_length=40, allow_blank=True, default="")
    disclosure = serializers.CharField(max_length=40, allow_blank=True, default="")
    accepted_on = serializers.DateField(allow_null=True, default=None)
    refuses_automated = serializers.BooleanField(default=False)
    consents = ConsentShape(many=True, default=list)
    bureau = BureauShape(many=True, default=list)
    attributes = serializers.DictField(
        child=serializers.CharField(max_length=2_000), default=dict, help_text="names start with x_"
    )

    def validate_attributes(self, value: dict[str, str]) -> dict[str, str]:
        """Refuse a name that no file could bring."""
        if any(not name.startswith("x_") or not 3 <= len(name) <= 64 for name in value):
            raise serializers.ValidationError("a name starts with x_ and has at most 64 characters")
        return value


class ApplicationShape(serializers.Serializer[Any]):
    """An application in a list. `version` goes back with whatever is done to it."""

    id = serializers.IntegerField()
    application_no = serializers.CharField()
    status = serializers.CharField(help_text=", ".join(status.value for status in ApplicationStatus))
    version = serializers.IntegerField()
    customer_no = serializers.CharField(allow_blank=True)
    product_code = serializers.CharField()
    currency = serializers.CharField()
    received_on = serializers.DateField()
    reopened_on = serializers.DateField(allow_null=True, help_text="null: no refusal of it was undone")
    requested_limit = Amount()
    declared_income = Amount()
    channel = serializers.CharField(allow_blank=True)
    proposed_outcome = serializers.CharField(allow_blank=True)
    proposed_limit = Amount(allow_null=True)
    outcome = serializers.CharField(allow_blank=True)
    granted_limit = Amount(allow_null=True)
    reason_code = serializers.CharField(allow_blank=True)
    needs_approval_by = serializers.ListField(child=serializers.CharField())
    account_no = serializers.CharField(allow_blank=True)
    ended_on = serializers.DateField(allow_null=True)
    appeal_outcome = serializers.CharField(allow_blank=True, help_text="empty: not appealed")


class ApplicationPageShape(serializers.Serializer[Any]):
    """A page of applications, newest first. `next` is the value of `before` that the next page begins with."""

    results = ApplicationShape(many=True)
    next = serializers.IntegerField(allow_null=True)


class ApplicationAppealShape(serializers.Serializer[Any]):
    """An objection to a refusal. `refused_for` is the reason code of what was objected to."""

    received_on = serializers.DateField()
    channel = serializers.CharField()
    said_by = serializers.ChoiceField(choices=ApplicationAppeal.Speaker.choices)
    grounds = serializers.CharField()
    recorded_by = serializers.CharField(source="recorded_by_name")
    outcome = serializers.ChoiceField(choices=ApplicationAppeal.Outcome.choices)
    refused_for = serializers.CharField(source="refusal.reason")
    refused_on = serializers.CharField(source="refusal.ended_on")
    refused_by = serializers.CharField(source="refusal.decided_by_name")
    decided_by = serializers.CharField(source="decided_by_name", allow_blank=True)
    decided_at = serializers.DateTimeField(allow_null=True)


class ApplicationDetailShape(ApplicationShape):
    """An application with its consents, bureau records, what rules saw and said, its decision, notices and appeal."""

    employment = serializers.CharField(allow_blank=True)
    purpose = serializers.CharField(allow_blank=True)
    repayment = serializers.CharField()
    term_months = serializers.IntegerField(allow_null=True)
    agreement = serializers.CharField(allow_blank=True)
    disclosure = serializers.CharField(allow_blank=True)
    accepted_on = serializers.DateField(allow_null=True)
    refuses_automated = serializers.BooleanField()
    attributes = serializers.DictField()
    consents = ConsentShape(many=True)
    bureau = BureauShape(many=True)
    facts = serializers.DictField()
    proposal = serializers.DictField()
    terms = serializers.DictField()
    note = serializers.CharField(allow_blank=True)
    decided_by = serializers.CharField(allow_blank=True)
    approved_by = serializers.CharField(allow_blank=True)
    text_en = serializers.CharField(allow_blank=True)
    text_zh = serializers.CharField(allow_blank=True)
    notices = DecisionNoticeShape(many=True)
    appeal = ApplicationAppealShape(allow_null=True)
    last_day_to_appeal = serializers.DateField(allow_null=True, help_text="null: nothing to appeal, or appealed already")
    replay_is_same = serializers.BooleanField()


class DecideApplicationRequest(serializers.Serializer[Any]):
    """How an application is decided."""

    version = serializers.IntegerField(default=0, help_text="as it was looked at; not asked for by a preview")
    outcome = serializers.ChoiceField(choices=[Outcome.GRANT.value, Outcome.REFUSE.value])
    reason_code = serializers.CharField(max_length=40)
    limit = Amount(allow_null=True, default=None, help_text="only of a grant")
    note = serializers.CharField(allow_blank=True, default="")


class ApplicationPreviewShape(serializers.Serializer[Any]):
    """What a decision would be; nothing is written."""

    acts_alone = serializers.BooleanField()
    needs_approval_by = serializers.ListField(child=serializers.CharField())
    text_en = serializers.CharField()
    text_zh = serializers.CharField()


class ApplicationActRequest(serializers.Serializer[Any]):
    """What every act carries: the version that was looked at."""

    version = serializers.IntegerField()


class ApproveApplicationRequest(ApplicationActRequest):
    """Agree."""

    remark = serializers.CharField(allow_blank=True, default="")


class AppealApplicationRequest(ApplicationActRequest):
    """What an applicant says against a refusal."""

    received_on = serializers.DateField()
    channel = serializers.CharField(max_length=64)
    said_by = serializers.ChoiceField(choices=ApplicationAppeal.Speaker.choices)
    grounds = serializers.CharField()


class ApplicationReasonRequest(ApplicationActRequest):
    """Send back or withdraw, for a reason."""

    reason = serializers.CharField()


def application_out(row: ApplicationRow) -> dict[str, Any]:
    """Return an application of a list as the API gives it."""
    found = row.application
    digits = found.product.minor_digits

    def amount(minor: int | None) -> str | None:
        return None if minor is None else plain_amount(minor, digits=digits)

    return {
        **{name: getattr(found, name) for name in ("id", "application_no", "status", "version", "received_on", "channel")},
        "reopened_on": found.reopened_on,
        "customer_no": found.customer_no,
        "product_code": found.product.product_code,
        "currency": row.currency,
        "requested_limit": amount(found.requested_limit_minor),
        "declared_income": amount(found.declared_income_minor),
        "proposed_outcome": found.proposal.get("outcome", ""),
        "proposed_limit": amount(row.proposed_limit_minor),
        "outcome": found.outcome,
        "granted_limit": amount(found.granted_limit_minor),
        "reason_code": found.reason.code if found.reason else "",
        "needs_approval_by": found.needs_approval_by,
        "account_no": found.account.account_no if found.account else "",
        "ended_on": found.ended_on,
        "appeal_outcome": row.appeal.outcome if row.appeal else "",
    }


def application_detail_out(page: ApplicationPage) -> dict[str, Any]:
    """Return an application with everything that hangs on it as the API gives it; the person stays encrypted."""
    found = page.application
    digits = found.product.minor_digits
    same = (
        *("employment", "purpose", "repayment", "term_months", "accepted_on", "refuses_automated", "attributes", "facts"),
        *("proposal", "terms", "note", "text_en", "text_zh"),
    )
    return {
        **application_out(page.row),
        **{name: getattr(found, name) for name in same},
        "agreement": found.agreement.code if found.agreement else "",
        "disclosure": found.disclosure.code if found.disclosure else "",
        "decided_by": found.decided_by_name,
        "approved_by": found.judged_by_name,
        "consents": [ConsentShape(consent).data for consent in page.consents],
        "bureau": [
            {
                **{name: getattr(said, name) for name in ("source", "reported_on", "score", "overdue_days", "queries_6m")},
                "debt": None if said.debt_minor is None else plain_amount(said.debt_minor, digits=digits),
            }
            for said in page.bureau
        ],
        "notices": [DecisionNoticeShape(notice).data for notice in page.notices],
        "appeal": ApplicationAppealShape(page.appeal).data if page.appeal else None,
        "last_day_to_appeal": page.last_day_to_appeal,
        "replay_is_same": page.replay.is_same,
    }
