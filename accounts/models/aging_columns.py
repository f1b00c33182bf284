"""The figures of one account on one day: the same columns in the present state, the reported one and the snapshots."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class AgingColumns(models.Model):
    """Amounts in minor units of the product's currency (portfolio-format, rule 8).

    `bucket` 0 is m0; `category` indexes `accounts.rules.aging.CATEGORIES`.
    """

    oldest_unpaid_due_date = models.DateField(_("oldest unpaid due date"), null=True)
    days_past_due = models.IntegerField(_("days past due"), default=0)
    bucket = models.SmallIntegerField(_("bucket"), default=0)
    overdue_principal_minor = models.BigIntegerField(_("overdue principal"), default=0)
    overdue_interest_minor = models.BigIntegerField(_("overdue interest"), default=0)
    overdue_fee_minor = models.BigIntegerField(_("overdue fee"), default=0)
    penalty_due_minor = models.BigIntegerField(_("penalty due"), default=0)
    outstanding_principal_minor = models.BigIntegerField(_("outstanding principal"), default=0)
    outstanding_interest_minor = models.BigIntegerField(_("outstanding interest"), default=0)
    outstanding_fee_minor = models.BigIntegerField(_("outstanding fee"), default=0)
    # Below zero where money was paid back whose payment was undone later.
    credit_balance_minor = models.BigIntegerField(_("credit balance"), default=0)
    category = models.SmallIntegerField(_("category"), default=0)
    stage = models.SmallIntegerField(_("stage"), default=1)
    has_booked = models.BooleanField(default=False, help_text=_("an instalment was booked; else the line was never used"))
    is_written_off = models.BooleanField(_("written off"), default=False)
    tier = models.CharField(_("tier"), max_length=32, blank=True)

    class Meta:
        abstract = True

    @property
    def overdue_total_minor(self) -> int:
        """The four overdue amounts together."""
        return self.overdue_principal_minor + self.overdue_interest_minor + self.overdue_fee_minor + self.penalty_due_minor
