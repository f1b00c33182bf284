"""Instalments: what is owed from which day, and what is left of it."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models.account import CreditAccount
from accounts.models.product import Product
from riskops.shared.fields import KeyField


class Installment(models.Model):
    """One instalment. The scheduled amounts are facts; the unpaid ones are written only when something is paid or waived.

    `accrued_micro` stands as of `accrued_through` (null: nothing charged before the first charged day); for a later day it
    grows by base × rate × days (accounts/rules/penalty.py), so no nightly write is needed.
    """

    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="installments", db_index=False)
    # A copy of the account's product, which never changes: the nightly statement needs no join on accounts.
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+", db_index=False)
    order_no = KeyField(_("order number"))
    sequence = models.PositiveIntegerField(_("sequence"))
    booked_on = models.DateField(_("booked on"))
    due_date = models.DateField(_("due date"))
    principal_minor = models.BigIntegerField(_("principal"))
    interest_minor = models.BigIntegerField(_("interest"), default=0)
    fee_minor = models.BigIntegerField(_("fee"), default=0)
    principal_unpaid_minor = models.BigIntegerField(_("unpaid principal"))
    interest_unpaid_minor = models.BigIntegerField(_("unpaid interest"), default=0)
    fee_unpaid_minor = models.BigIntegerField(_("unpaid fee"), default=0)
    accrued_micro = models.BigIntegerField(default=0)
    accrued_through = models.DateField(null=True)
    penalty_settled_minor = models.BigIntegerField(_("penalty paid or waived"), default=0)
    is_open = models.BooleanField(default=True, help_text="anything, penalty included, is unpaid")
    bears_penalty = models.BooleanField(
        default=True, db_default=True, help_text="whether it ever costs penalty; one of a new schedule may be agreed not to"
    )
    schedule_change = models.ForeignKey(
        "accounts.ScheduleChange",
        null=True,
        on_delete=models.PROTECT,
        related_name="installments",
        db_index=False,
        help_text="the change of the schedule that it came with; null: agreed from the start",
    )
    # Set by the database, whoever inserts: an instalment that came after a close explains why its report lacks it.
    recorded_at = models.DateTimeField(db_default=Now())
    attributes = models.JSONField(null=True)
    content_hash = models.BigIntegerField()

    class Meta:
        verbose_name = _("instalment")
        constraints = [
            models.UniqueConstraint(fields=["account", "order_no", "sequence"], name="installment_key"),
            models.CheckConstraint(condition=Q(booked_on__lte=F("due_date")), name="installment_booked_before_due"),
            models.CheckConstraint(condition=Q(sequence__gte=1), name="installment_sequence_from_1"),
            models.CheckConstraint(
                condition=Q(
                    principal_unpaid_minor__gte=0,
                    principal_unpaid_minor__lte=F("principal_minor"),
                    interest_unpaid_minor__gte=0,
                    interest_unpaid_minor__lte=F("interest_minor"),
                    fee_unpaid_minor__gte=0,
                    fee_unpaid_minor__lte=F("fee_minor"),
                    accrued_micro__gte=0,
                    penalty_settled_minor__gte=0,
                ),
                name="installment_unpaid_within_scheduled",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "due_date"], name="open_installments", condition=Q(is_open=True)),
            # The few that did not come with the order.
            models.Index(fields=["schedule_change"], name="installments_of_a_change", condition=Q(schedule_change__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.order_no}/{self.sequence}"
