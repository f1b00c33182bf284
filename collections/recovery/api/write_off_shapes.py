"""What programs send and get of write-offs, recoveries and resale. Amounts in minor units, rates in hundredths of a percent."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.api.rule_versions import COMMON, RuleDraftRequest, RuleVersionShape
from recovery.models import DebtSale, ResaleChange, WriteOffProposal, WriteOffRule
from recovery.models.write_offs import MOST_AGAIN_AFTER_DAYS
from recovery.operations.write_offs.deciding import USUAL_REASON


class WriteOffRuleShape(RuleVersionShape):
    """A version of a write-off rule."""

    reason_code = None

    class Meta:
        model = WriteOffRule
        fields = (*COMMON, "only_losing", "again_after_days")


class WriteOffRuleRequest(RuleDraftRequest):
    """A draft of a write-off rule."""

    only_losing = serializers.BooleanField(default=False)
    again_after_days = serializers.IntegerField(default=90, min_value=0, max_value=MOST_AGAIN_AFTER_DAYS)


class WriteOffProposalShape(serializers.ModelSerializer[WriteOffProposal]):
    """An account proposed for write-off, with the figures of that day. `status` includes what has become of its decision."""

    class Meta:
        model = WriteOffProposal
        fields = (
            "id", "reference", "account_no", "status", "source", "rule", "currency", "days_past_due", "bucket", "last_payment_on",
            "principal_minor", "interest_minor", "fee_minor", "penalty_minor", "owed_minor", "rate_bp", "expected_minor",
            "cost_minor", "net_minor", "note", "proposed_on", "proposed_by_name", "decision", "needs_approval_by", "ended_on",
            "ended", "reason", "ended_by_name",
        )  # fmt: skip

    reference = serializers.CharField()
    account_no = serializers.CharField(source="account.account_no")
    status = serializers.ChoiceField(source="standing", choices=WriteOffProposal.Status.choices)
    rule = serializers.CharField(allow_null=True, help_text="the version that holds on it; null: no rule would propose it")
    reason = serializers.CharField(source="why_ended")
    needs_approval_by = serializers.ListField(source="decision.needs_approval_by", child=serializers.CharField(), default=list)


class WriteOffPageShape(serializers.Serializer[Any]):
    """A page of a tab; `next_after` leads on, "" at the end."""

    write_offs = WriteOffProposalShape(many=True)
    counts = serializers.DictField(child=serializers.IntegerField())
    next_after = serializers.CharField(allow_blank=True)


class ProposeWriteOffRequest(serializers.Serializer[Any]):
    """An account proposed by hand."""

    account_no = serializers.CharField(max_length=64)
    note = serializers.CharField(max_length=500)


class SendWriteOffsRequest(serializers.Serializer[Any]):
    """Proposals sent to approval."""

    write_offs = serializers.ListField(child=serializers.IntegerField(min_value=1), max_length=500)
    reason_code = serializers.CharField(max_length=40, default=USUAL_REASON)
    note = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class ApproveWriteOffsRequest(serializers.Serializer[Any]):
    """Proposals approved."""

    write_offs = serializers.ListField(child=serializers.IntegerField(min_value=1), max_length=500)
    remark = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class RejectWriteOffsRequest(serializers.Serializer[Any]):
    """Proposals rejected."""

    write_offs = serializers.ListField(child=serializers.IntegerField(min_value=1), max_length=500)
    reason = serializers.CharField(max_length=500)


class WriteOffsDoneShape(serializers.Serializer[Any]):
    """What came of each: the proposals that went on, and why the others stay."""

    done = serializers.ListField(child=serializers.IntegerField())
    refused = serializers.DictField(child=serializers.CharField())


class RecoveryShape(serializers.Serializer[Any]):
    """A written-off account and what it brought since: written off + added = recovered + of_buyer + waived + rest."""

    account_no = serializers.CharField()
    currency = serializers.CharField()
    written_off_on = serializers.DateField()
    reference = serializers.CharField()
    sold_to = serializers.CharField(allow_blank=True)
    written_off_minor = serializers.IntegerField()
    added_minor = serializers.IntegerField()
    recovered_minor = serializers.IntegerField()
    by_way = serializers.DictField(child=serializers.IntegerField())
    by_component = serializers.DictField(child=serializers.IntegerField())
    waived_minor = serializers.IntegerField()
    of_buyer_minor = serializers.IntegerField()
    rest_minor = serializers.IntegerField()
    cost_minor = serializers.IntegerField()
    net_minor = serializers.IntegerField()


class RecoveryTotalsShape(serializers.Serializer[Any]):
    """All that was written off in one currency."""

    currency = serializers.CharField()
    accounts = serializers.IntegerField()
    written_off_minor = serializers.IntegerField()
    recovered_minor = serializers.IntegerField()
    by_way = serializers.DictField(child=serializers.IntegerField())
    rest_minor = serializers.IntegerField()


class RecoveryPageShape(serializers.Serializer[Any]):
    """A page of written-off accounts, the latest first."""

    totals = RecoveryTotalsShape(many=True)
    accounts = RecoveryShape(many=True)
    next_after = serializers.CharField(allow_blank=True)


class CohortShape(serializers.Serializer[Any]):
    """What was written off in a month, and what came in of it by months after, summed up to each."""

    month = serializers.DateField()
    accounts = serializers.IntegerField()
    written_off_minor = serializers.IntegerField()
    recovered_minor = serializers.ListField(child=serializers.IntegerField())


class ChargeOffShape(serializers.Serializer[Any]):
    """A month's net charge-off."""

    month = serializers.DateField()
    written_off_minor = serializers.IntegerField()
    recovered_minor = serializers.IntegerField()
    net_minor = serializers.IntegerField()


class ByMonthShape(serializers.Serializer[Any]):
    """Recovery curves and net charge-off of one currency."""

    currency = serializers.CharField()
    cohorts = CohortShape(many=True)
    charge_offs = ChargeOffShape(many=True)


class RecoveryLineShape(serializers.Serializer[Any]):
    """What one payment brought, by component: principal, interest, fees, penalty."""

    payment_no = serializers.CharField()
    paid_on = serializers.DateField()
    way = serializers.CharField()
    amount_minor = serializers.IntegerField()
    by_component = serializers.ListField(child=serializers.IntegerField())


class RecoveryAccountShape(RecoveryShape):
    """One written-off account with each payment since. Lists are principal, interest, fees, penalty."""

    written = serializers.ListField(child=serializers.IntegerField(allow_null=True))
    recovered = serializers.ListField(child=serializers.IntegerField())
    rest = serializers.ListField(child=serializers.IntegerField())
    lines = RecoveryLineShape(many=True)


class ResaleChangeShape(serializers.ModelSerializer[ResaleChange]):
    """A change of the switch of resale."""

    class Meta:
        model = ResaleChange
        fields = ("id", "is_on", "basis", "status", "asked_by_name", "asked_at", "judged_by_name", "judged_at")


class ResaleShape(serializers.Serializer[Any]):
    """The switch: whether it is on, and what was asked for."""

    is_on = serializers.BooleanField()
    changes = ResaleChangeShape(many=True)


class BasisRequest(serializers.Serializer[Any]):
    """What a change of the switch rests on."""

    basis = serializers.CharField(max_length=500)


class JudgeResaleRequest(serializers.Serializer[Any]):
    """Approved, or not."""

    is_approved = serializers.BooleanField()


class SellRequest(serializers.Serializer[Any]):
    """A written-off account that was sold."""

    sold_on = serializers.DateField()
    buyer = serializers.CharField(max_length=200)
    licence = serializers.CharField(max_length=200)
    price_minor = serializers.IntegerField(min_value=0)
    note = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class DebtSaleShape(serializers.ModelSerializer[DebtSale]):
    """A sold account; `of_buyer_minor`: paid to us since, to be passed on."""

    class Meta:
        model = DebtSale
        fields = (
            "account_no", "sold_on", "buyer", "licence", "price_minor", "owed_minor", "note", "recorded_by_name", "currency",
            "of_buyer_minor",
        )  # fmt: skip

    account_no = serializers.CharField(source="account.account_no")
    currency = serializers.CharField(source="account.product.currency")
    of_buyer_minor = serializers.IntegerField(default=0)
