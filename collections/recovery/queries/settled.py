"""What payments settled of a debt: not what became credit, which is nobody's success and may go back to the customer."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import F, Sum

from accounts.models import Allocation, InstallmentCancellation, Payment, Refund, ScheduleChange, Waiver
from accounts.queries.entries import AccountEntries, in_chunks, load_entries
from recovery.models import CommissionLine


def settled_by(payments: Collection[Payment]) -> dict[int, int]:
    """Return what payments settled on their own days, in minor units, by their ids.

    Most settle debt alone, which the book has written down already; for the others the account is replayed to the payment's day:
    one that was reversed later settled what it settled.
    """
    rows = Allocation.objects.filter(payment__in=payments, allocated_on=F("payment__paid_on")).order_by()
    paid = dict(rows.values_list("payment_id").annotate(total=Sum("amount_minor")))
    left = [payment for payment in payments if paid.get(payment.pk, 0) != payment.amount_minor]
    found = {payment.pk: payment.amount_minor for payment in payments}
    for chunk in in_chunks(sorted({payment.account_id for payment in left})):
        entries, own = load_entries(chunk), set(chunk)
        for payment in left:
            if payment.account_id in own:
                found[payment.pk] = _settled(entries[payment.account_id], payment)
    return found


def settled_as_known(lines: Collection[CommissionLine]) -> dict[int, int]:
    """Return what the payments of lines settled, in minor units by the payments' ids, from the entries of the book alone.

    Each account is replayed to the payment's day with what had been entered when its line was written: what came in later, with a
    day before, changes no commission. Of a reversal it is what its payment settled.

    :param lines: read with their payments and what these reverse
    """
    originals = {line.payment.reverses_id or line.payment_id for line in lines}
    first = dict(CommissionLine.objects.filter(payment__in=originals).values_list("payment_id", "recorded_at"))
    payments = {payment.pk: payment for line in lines for payment in [line.payment.reverses or line.payment]}
    found: dict[int, int] = {}
    for chunk in in_chunks(sorted({payment.account_id for payment in payments.values()})):
        entries, own, recorded = load_entries(chunk), set(chunk), _Recorded(chunk)
        for pk, payment in payments.items():
            if payment.account_id in own:
                found[pk] = _settled(recorded.as_known(entries[payment.account_id], first[pk]), payment)
    return found


def _settled(entries: AccountEntries, payment: Payment) -> int:
    counted = {entry.key: entry.reversed_on for entry in entries.payments}
    if payment.pk not in counted or counted[payment.pk] == payment.paid_on:
        return 0
    return payment.amount_minor - entries.rebuilt(payment.paid_on).credit_minor.get(payment.pk, 0)


class _Recorded:
    """When the entries of accounts were entered."""

    def __init__(self, account_ids: Collection[int]) -> None:
        self.payments = _moments(Payment, account_ids)
        self.waivers = _moments(Waiver, account_ids)
        self.changes = _moments(ScheduleChange, account_ids)
        self.refunds = _moments(Refund, account_ids)
        ended = ScheduleChange.objects.filter(account_id__in=account_ids, end_recorded_at__isnull=False)
        self.ends: dict[int, Any] = dict(ended.values_list("pk", "end_recorded_at"))
        reversals = Payment.objects.filter(account_id__in=account_ids, reverses__isnull=False)
        self.reversals = dict(reversals.values_list("reverses_id", "recorded_at"))
        cancelled = InstallmentCancellation.objects.filter(account_id__in=account_ids)
        self.cancellations = dict(cancelled.values_list("installment_id", "recorded_at"))

    def as_known(self, entries: AccountEntries, at: datetime) -> AccountEntries:
        """Return the entries of an account that had been entered at a moment."""
        changes = {entry.key for entry in entries.changes if self.changes[entry.key] <= at}
        return replace(
            entries,
            payments=[
                entry if self.reversals.get(entry.key, at) <= at else entry._replace(reversed_on=None)
                for entry in entries.payments
                if self.payments[entry.key] <= at
            ],
            waivers=[entry for entry in entries.waivers if self.waivers[entry.key] <= at],
            refunds=[entry for entry in entries.refunds if self.refunds[entry.key] <= at],
            changes=[
                entry if self.ends.get(entry.key, at) <= at else entry._replace(ended_on=None)
                for entry in entries.changes
                if entry.key in changes
            ],
            installments=[
                entry if self.cancellations.get(entry.key, at) <= at else entry._replace(cancelled_on=None)
                for entry in entries.installments
                if entry.change is None or entry.change in changes
            ],
        )


def _moments(model: type[Payment | Waiver | ScheduleChange | Refund], account_ids: Collection[int]) -> dict[int, datetime]:
    return dict(model._default_manager.filter(account_id__in=account_ids).values_list("pk", "recorded_at"))
