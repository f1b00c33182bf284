"""What the API gives about accounts, and words that all its parts use. Amounts are decimal strings, days are ISO."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.models import Product
from accounts.queries.account_page import AgingRow, InstallmentRow, LoadedAccount, PaymentRow
from accounts.queries.accounts_list import AccountRow
from accounts.rules.aging import CATEGORIES
from accounts.rules.explanation import PenaltyExplanation
from accounts.rules.replay import AgingState
from accounts.rules.terms import COMPONENT_BY_NAME, Component
from riskops.shared.money import plain_amount


class Amount(serializers.CharField):
    """A plain decimal in major units, e.g. `103.00`."""


class AccountShape(serializers.Serializer[Any]):
    """An account in the list."""

    account_no = serializers.CharField()
    customer_no = serializers.CharField()
    product_code = serializers.CharField()
    currency = serializers.CharField()
    opened_on = serializers.DateField()
    credit_limit = Amount()
    days_past_due = serializers.IntegerField(allow_null=True)
    bucket = serializers.CharField(allow_null=True)
    oldest_unpaid_due_date = serializers.DateField(allow_null=True)
    overdue_total = Amount(allow_null=True)
    outstanding_principal = Amount(allow_null=True)
    category = serializers.CharField(allow_null=True)
    stage = serializers.IntegerField(allow_null=True)
    tier = serializers.CharField(allow_blank=True, help_text="the code of its warning tier; empty before the first close")
    is_written_off = serializers.BooleanField()


class SearchRequest(serializers.Serializer[Any]):
    """What to search for: a number, or something personal."""

    q = serializers.CharField(max_length=200)


class AccountPageShape(serializers.Serializer[Any]):
    """A page of accounts. `next` is the value of `after` that the next page begins with, empty on the last one."""

    business_date = serializers.DateField(allow_null=True)
    results = AccountShape(many=True)
    next = serializers.CharField(allow_blank=True)


class StateShape(serializers.Serializer[Any]):
    """The figures of an account on a day (portfolio-format, rule 8)."""

    oldest_unpaid_due_date = serializers.DateField(allow_null=True)
    days_past_due = serializers.IntegerField()
    bucket = serializers.CharField()
    overdue_principal = Amount()
    overdue_interest = Amount()
    overdue_fee = Amount()
    penalty_due = Amount()
    overdue_total = Amount()
    outstanding_principal = Amount()
    outstanding_interest = Amount()
    outstanding_fee = Amount()
    credit_balance = Amount()
    category = serializers.CharField()
    stage = serializers.IntegerField()


class AccountDetailShape(serializers.Serializer[Any]):
    """An account as known on a day; personal data masked."""

    account_no = serializers.CharField()
    customer_no = serializers.CharField()
    masked_name = serializers.CharField()
    product_code = serializers.CharField()
    currency = serializers.CharField()
    opened_on = serializers.DateField()
    credit_limit = Amount()
    as_of = serializers.DateField()
    business_date = serializers.DateField(allow_null=True)
    is_projection = serializers.BooleanField()
    written_off_on = serializers.DateField(allow_null=True)
    state = StateShape()


class PenaltySpanShape(serializers.Serializer[Any]):
    """Charged days in a row with one base. `accrued_micro` is in millionths of a minor unit, after the last day."""

    first_day = serializers.DateField()
    last_day = serializers.DateField()
    base = Amount()
    rate_ppm = serializers.IntegerField()
    charged_micro = serializers.IntegerField()
    accrued_micro = serializers.IntegerField()


class InstallmentShape(serializers.Serializer[Any]):
    """An instalment as of a day; the unpaid parts are null before it is booked."""

    order_no = serializers.CharField()
    sequence = serializers.IntegerField()
    booked_on = serializers.DateField()
    due_date = serializers.DateField()
    principal = Amount()
    interest = Amount()
    fee = Amount()
    principal_unpaid = Amount(allow_null=True)
    interest_unpaid = Amount(allow_null=True)
    fee_unpaid = Amount(allow_null=True)
    penalty_due = Amount()
    penalty_settled = Amount()
    days_late = serializers.IntegerField()
    status = serializers.ChoiceField(choices=["later", "past_due", "due", "penalty_left", "paid", "moved", "cancelled"])
    moved_to = serializers.CharField(allow_blank=True, help_text="the new schedule that took over what was owed")
    came_with = serializers.CharField(
        allow_blank=True, help_text="the new schedule that it belongs to; empty: agreed from the start"
    )
    bears_penalty = serializers.BooleanField()
    cancelled_on = serializers.DateField(allow_null=True)
    penalty_spans = PenaltySpanShape(many=True)


class AllocationShape(serializers.Serializer[Any]):
    """What a payment paid of one part of one instalment."""

    order_no = serializers.CharField()
    sequence = serializers.IntegerField()
    component = serializers.ChoiceField(choices=list(COMPONENT_BY_NAME))
    amount = Amount()
    allocated_on = serializers.DateField()


class AccountPaymentShape(serializers.Serializer[Any]):
    """A payment of an account with what it paid as of the day asked for."""

    payment_no = serializers.CharField()
    paid_on = serializers.DateField()
    amount = Amount()
    channel = serializers.CharField(allow_blank=True)
    directed_to = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(choices=["counted", "later", "waiting", "reversed", "reversal"])
    reverses = serializers.CharField(allow_blank=True)
    reversed_on = serializers.DateField(allow_null=True)
    reversed_by = serializers.CharField(allow_blank=True)
    credit = Amount()
    allocations = AllocationShape(many=True)


class AgingShape(serializers.Serializer[Any]):
    """A day as reported beside as known now."""

    as_of = serializers.DateField()
    provenance = serializers.ChoiceField(choices=["reported", "rebuilt", "absent", ""])
    reported_days_past_due = serializers.IntegerField(allow_null=True)
    reported_bucket = serializers.CharField(allow_null=True)
    reported_overdue_total = Amount(allow_null=True)
    known_days_past_due = serializers.IntegerField()
    known_bucket = serializers.CharField()
    known_overdue_total = Amount()
    differs = serializers.BooleanField()


class AuditShape(serializers.Serializer[Any]):
    """One line of the audit trail."""

    at = serializers.DateTimeField()
    actor = serializers.CharField(source="actor_name")
    action = serializers.CharField()
    subject_type = serializers.CharField()
    subject_key = serializers.CharField()
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)


class RevealRequest(serializers.Serializer[Any]):
    """Why the data is needed; kept in the audit trail."""

    reason = serializers.CharField(max_length=500)


class PersonShape(serializers.Serializer[Any]):
    """A customer's personal data in clear."""

    name = serializers.CharField(allow_blank=True)
    phone = serializers.CharField(allow_blank=True)
    email = serializers.CharField(allow_blank=True)
    national_id = serializers.CharField(allow_blank=True)
    address = serializers.CharField(allow_blank=True)
    device_ids = serializers.CharField(allow_blank=True)


class RefusalShape(serializers.Serializer[Any]):
    """Why nothing was done: the kind of refusal, the argument it is about, and what, why and what next in words."""

    code = serializers.CharField()
    about = serializers.CharField(allow_blank=True)
    detail = serializers.CharField()


class ProductShape(serializers.ModelSerializer[Product]):
    """A product's terms."""

    class Meta:
        model = Product
        fields = (
            "product_code",
            "name",
            "currency",
            "grace_days",
            "penalty_rate_ppm",
            "penalty_base",
            "penalty_from",
            "penalty_cap_percent",
            "allocation_order",
            "prepayment",
            "bucket_map",
        )

    penalty_cap_percent = serializers.SerializerMethodField()

    def get_penalty_cap_percent(self, product: Product) -> str | None:
        """The cap as portfolio files write it, null for none."""
        return None if product.penalty_cap_bp is None else plain_amount(product.penalty_cap_bp, digits=2)


def state_out(state: AgingState, digits: int) -> dict[str, Any]:
    """Return the figures of a day as the API gives them."""
    amounts = {
        name.removesuffix("_minor"): plain_amount(value, digits=digits)
        for name, value in state._asdict().items()
        if name.endswith("_minor")
    }
    return {
        **amounts,
        "oldest_unpaid_due_date": state.oldest_unpaid_due_date,
        "days_past_due": state.days_past_due,
        "bucket": f"m{state.bucket}",
        "overdue_total": plain_amount(state.overdue_total_minor, digits=digits),
        "category": CATEGORIES[state.category],
        "stage": state.stage,
    }


def account_out(row: AccountRow) -> dict[str, Any]:
    """Return a row of the list as the API gives it."""
    digits = row.minor_digits
    return {
        "account_no": row.account_no,
        "customer_no": row.customer_no,
        "product_code": row.product_code,
        "currency": row.currency,
        "opened_on": row.opened_on,
        "credit_limit": plain_amount(row.credit_limit_minor, digits=digits),
        "days_past_due": row.days_past_due,
        "bucket": None if row.bucket is None else f"m{row.bucket}",
        "oldest_unpaid_due_date": row.oldest_unpaid_due_date,
        "overdue_total": _or_none(row.overdue_total_minor, digits),
        "outstanding_principal": _or_none(row.outstanding_principal_minor, digits),
        "category": None if row.category is None else CATEGORIES[row.category],
        "stage": row.stage,
        "tier": row.tier,
        "is_written_off": row.is_written_off,
    }


def _or_none(minor: int | None, digits: int) -> str | None:
    return None if minor is None else plain_amount(minor, digits=digits)


def detail_out(loaded: LoadedAccount) -> dict[str, Any]:
    """Return an account as known on a day."""
    head = loaded.head
    account = head.account
    return {
        "account_no": account.account_no,
        "customer_no": account.customer.customer_no,
        "masked_name": head.masked_name,
        "product_code": account.product.product_code,
        "currency": head.currency,
        "opened_on": account.opened_on,
        "credit_limit": plain_amount(account.credit_limit_minor, digits=head.minor_digits),
        "as_of": head.as_of,
        "business_date": head.business_date,
        "is_projection": head.is_projection,
        "written_off_on": head.write_off.value_date if head.write_off else None,
        "state": state_out(head.state, head.minor_digits),
    }


def installment_out(row: InstallmentRow, explanation: PenaltyExplanation | None, digits: int) -> dict[str, Any]:
    """Return an instalment with the spans its penalty is made of."""
    entry, unpaid = row.entry, row.unpaid_minor or {}
    parts = ("principal", "interest", "fee")
    return {
        "order_no": entry.order_no,
        "sequence": entry.sequence,
        "booked_on": entry.booked_on,
        "due_date": entry.due_date,
        **{part: plain_amount(getattr(entry, f"{part}_minor"), digits=digits) for part in parts},
        **{f"{part}_unpaid": _or_none(unpaid.get(part), digits) for part in parts},
        "penalty_due": plain_amount(row.penalty_due_minor, digits=digits),
        "penalty_settled": plain_amount(row.penalty_settled_minor, digits=digits),
        "days_late": row.days_late,
        "status": row.status,
        "moved_to": row.moved_to,
        "came_with": row.came_with,
        "bears_penalty": entry.bears_penalty,
        "cancelled_on": entry.cancelled_on,
        "penalty_spans": [
            {
                "first_day": span.first_day,
                "last_day": span.last_day,
                "base": plain_amount(span.base_minor, digits=digits),
                "rate_ppm": span.rate_ppm,
                "charged_micro": span.charged_micro,
                "accrued_micro": span.accrued_micro,
            }
            for span in (explanation.spans if explanation else ())
        ],
    }


def allocations_out(loaded: LoadedAccount, lines: Any) -> list[dict[str, Any]]:
    """Return allocations with their instalments by key."""
    entries = {entry.key: entry for entry in loaded.entries.installments}
    return [
        {
            "order_no": entries[line.installment].order_no,
            "sequence": entries[line.installment].sequence,
            "component": Component(line.component).name.lower(),
            "amount": plain_amount(line.amount_minor, digits=loaded.head.minor_digits),
            "allocated_on": line.allocated_on,
        }
        for line in lines
    ]


def account_payment_out(row: PaymentRow, loaded: LoadedAccount) -> dict[str, Any]:
    """Return a payment of an account."""
    digits = loaded.head.minor_digits
    return {
        "payment_no": row.payment_no,
        "paid_on": row.paid_on,
        "amount": plain_amount(row.amount_minor, digits=digits),
        "channel": row.channel,
        "directed_to": row.directed_to,
        "status": row.status,
        "reverses": row.reverses,
        "reversed_on": row.reversed_on,
        "reversed_by": row.reversed_by,
        "credit": plain_amount(row.credit_minor, digits=digits),
        "allocations": allocations_out(loaded, row.lines),
    }


def aging_out(row: AgingRow, digits: int) -> dict[str, Any]:
    """Return a day of the aging history."""
    return {
        "as_of": row.day,
        "provenance": row.provenance,
        "reported_days_past_due": row.reported_days,
        "reported_bucket": None if row.reported_bucket is None else f"m{row.reported_bucket}",
        "reported_overdue_total": _or_none(row.reported_overdue_minor, digits),
        "known_days_past_due": row.known.days_past_due,
        "known_bucket": f"m{row.known.bucket}",
        "known_overdue_total": plain_amount(row.known.overdue_total_minor, digits=digits),
        "differs": row.differs,
    }
