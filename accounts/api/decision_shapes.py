"""What the API takes and gives about decisions. Amounts are decimal strings in the currency's digits, days are ISO."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from accounts.api.shapes import Amount
from accounts.models import AgreementVersion, Decision, DecisionControl, DecisionTerms, ReasonCode
from accounts.models.decision_settings import ACTION_CHOICES
from accounts.queries.decisions import DecisionPage, DecisionRow
from accounts.queries.restrictions import MOST_ACCOUNTS
from accounts.rules.decisions import Scope, Status
from accounts.rules.verdicts import BEFORE_IT, change_of
from riskops.shared.money import plain_amount


class DecisionRequest(serializers.Serializer[Any]):
    """A decision to propose or take. Days left out are those of the action's terms."""

    account_no = serializers.CharField(max_length=64)
    action = serializers.ChoiceField(choices=ACTION_CHOICES)
    reason_code = serializers.CharField(max_length=40)
    reference = serializers.CharField(max_length=64, help_text="unique; the same one twice counts once")
    note = serializers.CharField(allow_blank=True, default="")
    scope = serializers.ChoiceField(choices=[scope.value for scope in Scope], allow_blank=True, default="")
    scope_value = serializers.CharField(max_length=64, allow_blank=True, default="")
    most = Amount(allow_null=True, default=None, help_text="the largest purchase that stays possible, for scope `amount`")
    new_limit = Amount(allow_null=True, default=None)
    effective_on = serializers.DateField(allow_null=True, default=None)
    review_on = serializers.DateField(allow_null=True, default=None)
    expires_on = serializers.DateField(allow_null=True, default=None)
    lifts = serializers.IntegerField(allow_null=True, default=None, help_text="the id of the decision that a lift ends")


class LimitStepShape(serializers.Serializer[Any]):
    """An earlier decision on the account's limit that a raise is weighed together with."""

    decision = serializers.CharField()
    effective_on = serializers.DateField()
    limit_before = Amount()
    limit_after = Amount()


class WeighedChangeShape(serializers.Serializer[Any]):
    """Why a change of the limit weighs what it weighs: `own` is this one, `earlier` what stands of those the same way before."""

    own = Amount()
    earlier = Amount()
    steps = LimitStepShape(many=True)
    as_of = serializers.DateField(help_text="the last day of the window")
    window_days = serializers.IntegerField()


class DecisionShape(serializers.Serializer[Any]):
    """A decision. `version` goes back with whatever is done to it."""

    id = serializers.IntegerField()
    reference = serializers.CharField()
    account_no = serializers.CharField()
    action = serializers.CharField()
    status = serializers.CharField(help_text=", ".join(status.value for status in Status))
    version = serializers.IntegerField()
    scope = serializers.CharField(allow_blank=True)
    scope_value = serializers.CharField(allow_blank=True)
    most = Amount(allow_null=True)
    new_limit = Amount(allow_null=True)
    limit_before = Amount(allow_null=True)
    limit_after = Amount(allow_null=True)
    owed = Amount()
    weighed = Amount(help_text="the amount that the authority matrix was asked with")
    raised = WeighedChangeShape(allow_null=True, help_text="what of `weighed` is what, for a raised limit")
    lowered = WeighedChangeShape(allow_null=True, help_text="what of `weighed` is what, for a lowered limit")
    currency = serializers.CharField()
    reason_code = serializers.CharField()
    note = serializers.CharField(allow_blank=True)
    text_en = serializers.CharField()
    text_zh = serializers.CharField()
    source = serializers.ChoiceField(choices=Decision.Source.choices)
    proposed_by = serializers.CharField()
    proposed_on = serializers.DateField()
    needs_approval_by = serializers.ListField(child=serializers.CharField())
    judged_by = serializers.CharField(allow_blank=True)
    judgement = serializers.CharField(allow_blank=True)
    decided_on = serializers.DateField(allow_null=True)
    effective_on = serializers.DateField()
    review_on = serializers.DateField(allow_null=True)
    expires_on = serializers.DateField(allow_null=True)
    ended_on = serializers.DateField(allow_null=True)
    ended_why = serializers.CharField(allow_blank=True)
    lifts = serializers.IntegerField(allow_null=True)


class DecisionPageShape(serializers.Serializer[Any]):
    """A page of decisions, newest first. `next` is the value of `before` that the next page begins with."""

    results = DecisionShape(many=True)
    next = serializers.IntegerField(allow_null=True)


class DecisionNoticeShape(serializers.Serializer[Any]):
    """What the customer is told."""

    kind = serializers.CharField()
    status = serializers.CharField()
    dated = serializers.DateField()
    text_en = serializers.CharField()
    text_zh = serializers.CharField()
    sent_at = serializers.DateTimeField(allow_null=True)
    failures = serializers.IntegerField(help_text="tries to take it into the outbox that failed")
    failure = serializers.CharField(allow_blank=True, help_text="the kind of the last error")
    retry_at = serializers.DateTimeField(allow_null=True, help_text="when it is tried again; null: at the next bell, or sent")


class AppealShape(serializers.Serializer[Any]):
    """A customer's objection."""

    received_on = serializers.DateField()
    grounds = serializers.CharField()
    outcome = serializers.CharField()
    answer = serializers.CharField(allow_blank=True)
    recorded_by = serializers.CharField(source="recorded_by_name")
    decided_by = serializers.CharField(source="decided_by_name", allow_blank=True)


class DecisionDetailShape(DecisionShape):
    """A decision with its notices, its appeal, what was judged and whether the verdict still comes out the same."""

    notices = DecisionNoticeShape(many=True)
    appeal = AppealShape(allow_null=True)
    facts = serializers.DictField()
    inputs = serializers.DictField()
    verdict = serializers.DictField()
    engine_version = serializers.CharField()
    replay_is_same = serializers.BooleanField()


class DecisionPreviewShape(serializers.Serializer[Any]):
    """What a decision would be; nothing is written."""

    acts_alone = serializers.BooleanField()
    needs_approval_by = serializers.ListField(child=serializers.CharField())
    weighed = Amount(help_text="the amount that the authority matrix is asked with")
    raised = WeighedChangeShape(allow_null=True, help_text="what of `weighed` is what, for a raised limit")
    lowered = WeighedChangeShape(allow_null=True, help_text="what of `weighed` is what, for a lowered limit")
    effective_on = serializers.DateField()
    review_on = serializers.DateField(allow_null=True)
    expires_on = serializers.DateField(allow_null=True)
    text_en = serializers.CharField()
    text_zh = serializers.CharField()


class ActRequest(serializers.Serializer[Any]):
    """What every act on a decision carries: the version that was looked at."""

    version = serializers.IntegerField()


class JudgeRequest(ActRequest):
    """Approve or reject."""

    remark = serializers.CharField(allow_blank=True, default="")


class CancelRequest(ActRequest):
    """Take back."""

    reason = serializers.CharField()


class LiftRequest(ActRequest):
    """End a decision in force."""

    reference = serializers.CharField(max_length=64)
    reason_code = serializers.CharField(max_length=40)
    note = serializers.CharField(allow_blank=True, default="")


class KeepRequest(ActRequest):
    """Keep after review."""

    review_on = serializers.DateField()
    reason = serializers.CharField()


class AppealRequest(ActRequest):
    """Record an appeal."""

    received_on = serializers.DateField()
    grounds = serializers.CharField()


class AppealAnswerRequest(ActRequest):
    """Judge an appeal."""

    is_granted = serializers.BooleanField()
    answer_en = serializers.CharField()
    answer_zh = serializers.CharField()


class RestrictionShape(serializers.Serializer[Any]):
    """One thing an account may not do now, by a decision or by what its customer agreed to."""

    decision = serializers.CharField(allow_null=True)
    agreement = serializers.CharField(allow_null=True, help_text="the plan whose customer agreed to no new use")
    scope = serializers.ChoiceField(choices=[scope.value for scope in Scope])
    value = serializers.CharField(allow_blank=True)
    most = Amount(allow_null=True)
    since = serializers.DateField()
    until = serializers.DateField(allow_null=True)


class AccountRestrictionsShape(serializers.Serializer[Any]):
    """What an account may do now: `may_use` false stops every purchase; the rest narrows what is left."""

    account_no = serializers.CharField()
    may_use = serializers.BooleanField()
    currency = serializers.CharField()
    credit_limit = Amount()
    blocked_channels = serializers.ListField(child=serializers.CharField())
    blocked_categories = serializers.ListField(child=serializers.CharField())
    most = Amount(allow_null=True, help_text="the largest purchase that is possible; null: no bound but the limit")
    is_written_off = serializers.BooleanField()
    closed_on = serializers.DateField(allow_null=True, help_text="from this business day on it may not be used; null: it is open")
    restrictions = RestrictionShape(many=True)


class RestrictionsRequest(serializers.Serializer[Any]):
    """The accounts asked about."""

    account_nos = serializers.ListField(child=serializers.CharField(max_length=64), max_length=MOST_ACCOUNTS, allow_empty=False)


class RestrictionsAnswerShape(serializers.Serializer[Any]):
    """In the order asked; numbers that are not in the book are listed apart."""

    results = AccountRestrictionsShape(many=True)
    unknown = serializers.ListField(child=serializers.CharField())


class RestrictionChangeShape(AccountRestrictionsShape):
    """An account that changed, as it stands now."""

    number = serializers.IntegerField()
    changed_at = serializers.DateTimeField()


class RestrictionChangesShape(serializers.Serializer[Any]):
    """A page of the feed. Go on with `after` = `next`; `has_more`: at once."""

    results = RestrictionChangeShape(many=True)
    next = serializers.IntegerField()
    has_more = serializers.BooleanField()


class ReasonCodeShape(serializers.ModelSerializer[ReasonCode]):
    """A reason code with the texts that customers read."""

    class Meta:
        model = ReasonCode
        fields = ("id", "code", "action", "name_en", "name_zh", "text_en", "text_zh", "is_active")


class DecisionTermsShape(serializers.ModelSerializer[DecisionTerms]):
    """The figures of an action."""

    class Meta:
        model = DecisionTerms
        fields = ("action", "buffer_days", "review_days", "expiry_days", "appeal_days", "source")
        read_only_fields = ("action",)
        validators: list[Any] = []


class DecisionControlShape(serializers.ModelSerializer[DecisionControl]):
    """The kill switch and the figures that belong to no single action."""

    class Meta:
        model = DecisionControl
        fields = (
            *("is_automatic_stopped", "stop_reason", "due_share_bp", "cool_off_days", "most_flips", "flip_days"),
            "raise_window_days",
        )
        read_only_fields = ("is_automatic_stopped", "stop_reason")


class SwitchRequest(serializers.Serializer[Any]):
    """Stop automatic decisions, or let them start again."""

    stop = serializers.BooleanField()
    reason = serializers.CharField()


class AgreementVersionShape(serializers.ModelSerializer[AgreementVersion]):
    """A version of an agreement or a disclosure."""

    product_code = serializers.CharField(source="product.product_code", allow_null=True, required=False, default=None)

    class Meta:
        model = AgreementVersion
        fields = (
            "kind",
            "code",
            "product_code",
            "title_en",
            "title_zh",
            "text_en",
            "text_zh",
            "has_acceleration_clause",
            "published_on",
        )
        validators: list[Any] = []


class AcceptanceRequest(serializers.Serializer[Any]):
    """A customer's yes to a version."""

    account_no = serializers.CharField(max_length=64)
    kind = serializers.ChoiceField(choices=AgreementVersion.Kind.choices, default="agreement")
    code = serializers.CharField(max_length=40)
    accepted_on = serializers.DateField()
    channel = serializers.CharField(max_length=64, allow_blank=True, default="")
    evidence = serializers.CharField(max_length=200, allow_blank=True, default="")


class AcceptanceShape(serializers.Serializer[Any]):
    """A recorded acceptance."""

    account_no = serializers.CharField()
    kind = serializers.CharField()
    code = serializers.CharField()
    accepted_on = serializers.DateField()


def weighed_out(inputs: Mapping[str, Any]) -> dict[str, dict[str, Any] | None]:
    """Return why a change of the limit weighs what it weighs, by `raised` and `lowered`; None for what it is not."""
    found: dict[str, dict[str, Any] | None] = dict.fromkeys(BEFORE_IT.values())
    weighed = change_of(inputs)
    if weighed is None:
        return found
    name = BEFORE_IT[inputs["action"]]

    def amount(minor: int) -> str:
        return plain_amount(minor, digits=inputs["minor_digits"])

    found[name] = {
        "own": amount(weighed.own_minor),
        "earlier": amount(weighed.earlier_minor),
        "steps": [
            {
                "decision": step.reference,
                "effective_on": step.effective_on,
                "limit_before": amount(step.before_minor),
                "limit_after": amount(step.after_minor),
            }
            for step in weighed.steps
        ],
        "as_of": inputs[name]["as_of"],
        "window_days": inputs[name]["window_days"],
    }
    return found


def decision_out(row: DecisionRow) -> dict[str, Any]:
    """Return a decision as the API gives it."""
    decision = row.decision
    digits = decision.account.product.minor_digits

    def amount(minor: int | None) -> str | None:
        return None if minor is None else plain_amount(minor, digits=digits)

    same = (
        *("id", "reference", "action", "status", "version", "scope", "scope_value", "note", "text_en", "text_zh", "source"),
        *("proposed_on", "needs_approval_by", "judgement", "decided_on", "effective_on", "review_on", "expires_on"),
        *("ended_on", "ended_why"),
    )
    return {
        **{name: getattr(decision, name) for name in same},
        "account_no": row.account_no,
        "most": amount(decision.most_minor),
        "new_limit": amount(decision.new_limit_minor),
        "limit_before": amount(decision.limit_before_minor),
        "limit_after": amount(decision.limit_after_minor),
        "owed": amount(decision.owed_minor),
        "weighed": amount(decision.weighed_minor),
        **weighed_out(decision.inputs),
        "currency": row.currency,
        "reason_code": decision.reason.code,
        "proposed_by": decision.proposed_by_name,
        "judged_by": decision.judged_by_name,
        "lifts": decision.lifts_id,
    }


def decision_detail_out(page: DecisionPage) -> dict[str, Any]:
    """Return a decision with everything that hangs on it."""
    decision = page.row.decision
    return {
        **decision_out(page.row),
        "notices": DecisionNoticeShape(page.notices, many=True).data,
        "appeal": AppealShape(page.appeal).data if page.appeal else None,
        "facts": decision.facts,
        "inputs": decision.inputs,
        "verdict": decision.verdict,
        "engine_version": decision.engine_version,
        "replay_is_same": page.replay.is_same,
    }
