"""What rules see of an account beyond its aging: kept beside the state, one narrow row for those who differ from nothing."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.fields.related import ForeignObject
from django.utils.translation import gettext_lazy as _

from accounts.models.account import AccountState, CreditAccount


class AccountSignals(models.Model):
    """Signals of one account. No row says what a row of defaults would, so most quiet accounts have none.

    Rules read these columns as facts (accounts/facts.py). Each has one writer: the day of the last payment is the posting's
    (accounts/bulk/post.py, accounts/operations/rebuilding.py), what stood at month-ends the close's step `signals`
    (accounts/bulk/signals.py), the rest is noted by the operations that know it, through `note_signals`.
    The defaults are the database's too: set-based statements insert the columns that they know and no other.
    """

    account = models.OneToOneField(CreditAccount, on_delete=models.PROTECT, primary_key=True, related_name="signals")
    # No column of its own: it lets the states join their signals without going through the accounts.
    state = ForeignObject(
        AccountState,
        on_delete=models.DO_NOTHING,
        from_fields=["account"],
        to_fields=["account"],
        related_name="signals",
    )

    last_payment_on = models.DateField(_("last payment on"), null=True)
    # At the last closed month-end, and over the six month-ends up to it.
    dpd_month_end = models.IntegerField(_("days past due at the last month-end"), default=0, db_default=0)
    utilization_month_end_bp = models.BigIntegerField(
        _("utilisation at the last month-end, hundredths of a percent"), default=0, db_default=0
    )
    worst_dpd_6m = models.IntegerField(_("most days past due at six month-ends"), default=0, db_default=0)
    late_months_6m = models.SmallIntegerField(_("month-ends late of six"), default=0, db_default=0)

    score = models.IntegerField(_("score"), null=True)
    score_month_end = models.IntegerField(_("score at the last month-end"), null=True)
    broken_promises_6m = models.SmallIntegerField(_("broken promises in six months"), default=0, db_default=0)
    # The close takes failures out of the count as they grow older; results of the provider bring them in.
    failed_debits_3m = models.SmallIntegerField(_("failed debits in three months"), default=0, db_default=0)
    debit_failed_on = models.DateField(_("last failed debit on"), null=True)
    has_open_promise = models.BooleanField(_("open promise"), default=False, db_default=False)
    # The day of the next part of an open promise, and that on which the last one was broken: ladders reckon from them.
    promise_due_on = models.DateField(_("promised for"), null=True)
    promise_broken_on = models.DateField(_("promise broken on"), null=True)
    is_disputed = models.BooleanField(_("disputed"), default=False, db_default=False)
    is_fraud_suspected = models.BooleanField(_("fraud suspected"), default=False, db_default=False)
    is_in_legal = models.BooleanField(_("in legal recovery"), default=False, db_default=False)
    is_on_hold = models.BooleanField(_("on hold"), default=False, db_default=False)
    has_hardship_plan = models.BooleanField(_("hardship plan"), default=False, db_default=False)
    is_restricted = models.BooleanField(_("restricted"), default=False, db_default=False)
    restricted_on = models.DateField(_("restricted on"), null=True)
    reviewed_on = models.DateField(_("reviewed on"), null=True)
    is_placed = models.BooleanField(_("placed with an agency"), default=False, db_default=False)
    # A copy of what stands of the customer (casework's flag of vulnerability), the same on each of their accounts.
    is_vulnerable = models.BooleanField(_("vulnerable"), default=False, db_default=False)
    refuses_automated_decisions = models.BooleanField(_("refuses automated decisions"), default=False, db_default=False)

    class Meta:
        verbose_name = _("account signals")
        # The few that the steps of a ladder may be about.
        indexes = [
            models.Index(fields=["restricted_on"], name="signals_restricted", condition=Q(restricted_on__isnull=False)),
            models.Index(fields=["promise_due_on"], name="signals_promised", condition=Q(promise_due_on__isnull=False)),
            models.Index(fields=["promise_broken_on"], name="signals_broken", condition=Q(promise_broken_on__isnull=False)),
            models.Index(fields=["account"], name="signals_vulnerable", condition=Q(is_vulnerable=True)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    dpd_month_end__gte=0,
                    utilization_month_end_bp__gte=0,
                    worst_dpd_6m__gte=0,
                    late_months_6m__gte=0,
                    late_months_6m__lte=6,
                    broken_promises_6m__gte=0,
                ),
                name="account_signals_hold",
            ),
            models.CheckConstraint(condition=Q(failed_debits_3m__gte=0), name="failed_debits_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id}"
