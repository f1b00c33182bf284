"""Entries of the ledger: payments and their reversals, waivers, write-offs; and what the payments paid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.account import CreditAccount
from accounts.models.installment import Installment
from accounts.rules.terms import Component
from riskops.shared.fields import KeyField

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.sql.compiler import SQLCompiler

COMPONENT_CHOICES = [
    (Component.PENALTY, _("penalty")),
    (Component.FEE, _("fee")),
    (Component.INTEREST, _("interest")),
    (Component.PRINCIPAL, _("principal")),
]


class _IsNull(models.Func):
    """Whether a column is NULL, asked without its index on SQLite; see `sql.unindexed`."""

    template = "(%(expressions)s IS NULL)"
    output_field = models.BooleanField()

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> tuple[str, Any]:
        return self.as_sql(compiler, connection, template="(+%(expressions)s IS NULL)", **extra)


class PaymentQuerySet(models.QuerySet["Payment"]):
    """Payments and their reversals, told apart."""

    def received(self) -> PaymentQuerySet:
        """Leave out the reversals. Never ask for `reverses=None`: SQLite would read all payments there are for it."""
        return self.filter(_IsNull("reverses_id"))


class Payment(models.Model):
    """A payment, or the reversal of one (`reverses`). Never changed but for its channel; corrections are reversals."""

    payment_no = KeyField(_("payment number"), unique=True)
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="payments", db_index=False)
    paid_on = models.DateField(_("paid on"), help_text=_("the day the money counts from"))
    amount_minor = models.BigIntegerField(_("amount"))
    channel = models.CharField(_("channel"), max_length=64, blank=True)
    # The instalment a directed payment names, by its key: it may be booked later than the payment.
    order_no = KeyField(_("order number"), blank=True, default="")
    sequence = models.PositiveIntegerField(_("sequence"), null=True)
    reverses = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="reversal")
    is_posted = models.BooleanField(_("posted"), default=False, help_text="counted in the account's state")
    recorded_at = models.DateTimeField(_("recorded at"), auto_now_add=True)
    attributes = models.JSONField(null=True)
    content_hash = models.BigIntegerField()

    objects = PaymentQuerySet.as_manager()

    class Meta:
        verbose_name = _("payment")
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payment_above_zero"),
            models.CheckConstraint(
                condition=Q(order_no="", sequence__isnull=True) | (~Q(order_no="") & Q(sequence__isnull=False)),
                name="payment_directed_by_both_or_neither",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "paid_on"], name="payments_by_account"),
            # By day first: a book may hold months of payments that wait for their close.
            models.Index(fields=["paid_on", "account"], name="payments_waiting", condition=Q(is_posted=False)),
        ]

    def __str__(self) -> str:
        return self.payment_no


class Allocation(models.Model):
    """What a payment paid of one component of one instalment, and when.

    Derived from the entries: rebuilding an account replaces its rows (docs/decisions). Payments less allocations is credit.
    """

    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="+", db_index=False)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="allocations", db_index=False)
    installment = models.ForeignKey(Installment, on_delete=models.PROTECT, related_name="allocations", db_index=False)
    component = models.SmallIntegerField(_("component"), choices=COMPONENT_CHOICES)
    amount_minor = models.BigIntegerField(_("amount"))
    allocated_on = models.DateField(_("allocated on"))

    class Meta:
        verbose_name = _("allocation")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "payment", "installment", "component", "allocated_on"], name="one_allocation_a_day"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="allocation_above_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.payment_id} → {self.installment_id}"


class Waiver(models.Model):
    """Money the lender gives up on one component of one instalment, by a person and with a reason."""

    reference = KeyField(_("reference"), unique=True)
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="waivers")
    installment = models.ForeignKey(Installment, on_delete=models.PROTECT, related_name="waivers", db_index=False)
    component = models.SmallIntegerField(_("component"), choices=COMPONENT_CHOICES)
    amount_minor = models.BigIntegerField(_("amount"))
    value_date = models.DateField(_("value date"))
    reason = models.TextField(_("reason"))
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("waiver")
        constraints = [models.CheckConstraint(condition=Q(amount_minor__gt=0), name="waiver_above_zero")]

    def __str__(self) -> str:
        return self.reference


class WriteOff(models.Model):
    """The day an account left the performing book; what is paid afterwards is recovery."""

    reference = KeyField(_("reference"), unique=True)
    account = models.OneToOneField(CreditAccount, on_delete=models.PROTECT, related_name="write_off")
    value_date = models.DateField(_("value date"))
    principal_minor = models.BigIntegerField(_("principal written off"))
    # Owed beside it on the day, as the entries then said. Null: written off before these were kept.
    interest_minor = models.BigIntegerField(_("interest written off"), null=True)
    fee_minor = models.BigIntegerField(_("fees written off"), null=True)
    penalty_minor = models.BigIntegerField(_("penalty written off"), null=True)
    reason = models.TextField(_("reason"))
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("write-off")

    def __str__(self) -> str:
        return self.reference

    @property
    def total_minor(self) -> int:
        """All that was owed on the day; the principal alone where no more was kept."""
        return self.principal_minor + (self.interest_minor or 0) + (self.fee_minor or 0) + (self.penalty_minor or 0)
