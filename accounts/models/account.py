"""Credit accounts and the state that each close leaves them in."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.aging_columns import AgingColumns
from accounts.models.customer import Customer
from accounts.models.product import Product
from riskops.shared.fields import KeyField


class CreditAccount(models.Model):
    """A revolving credit line of one customer under one product."""

    account_no = KeyField(_("account number"), unique=True)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="accounts")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="accounts", verbose_name=_("product"))
    opened_on = models.DateField(_("opened on"))
    credit_limit_minor = models.BigIntegerField(_("credit limit"))
    # How the application that opened it was decided: the proposal rule with its version where its proposal was granted,
    # else `analyst`; null where it came by file. Written once, by accounts/operations/applications; vintages are cut by it.
    granted_by = KeyField(_("granted by"), null=True)
    attributes = models.JSONField(_("attributes"), default=dict)
    content_hash = models.BigIntegerField()

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("Accounts")
        indexes = [models.Index(fields=["opened_on", "id"], name="accounts_by_opening")]
        constraints = [models.CheckConstraint(condition=Q(credit_limit_minor__gte=0), name="credit_limit_not_negative")]

    def __str__(self) -> str:
        return self.account_no


class AccountState(AgingColumns):
    """How an account stands at the close of the business date (or of `ahead_on`, where a payment of the open day was posted).

    Written by the close (accounts/bulk) and by the one-account path (accounts/operations/rebuilding.py), nobody else; the
    copy of the credit limit by those who change limits (accounts/operations/limits.py, the import).
    Narrow, one-to-one, and without an index on anything that changes nightly, so that updates stay heap-only.
    """

    account = models.OneToOneField(CreditAccount, on_delete=models.PROTECT, primary_key=True, related_name="state")
    # Copies of the account's own, which never change: the nightly statements need no join for them.
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+", db_index=False)
    opened_on = models.DateField()
    # A copy too, so that rules over the whole book read utilisation without the wide table of accounts.
    credit_limit_minor = models.BigIntegerField(_("credit limit"), default=0)
    moves_on = models.DateField(
        null=True, help_text="the first day on which time alone changes the account; null: not known (accounts/bulk/age.py)"
    )
    # The code of the reason in the case that is open (casework's copy, written by it alone): snapshots keep it without a join.
    lateness_reason = models.CharField(_("reason for lateness"), max_length=20, blank=True, default="", db_default="")
    ahead_on = models.DateField(null=True, help_text="the open day this row already includes; null: the last closed day")

    class Meta:
        verbose_name = _("account state")
        # The bucket changes about monthly, not nightly; so does the day an account is late since.
        indexes = [
            models.Index(fields=["bucket", "account"], name="account_states_by_bucket"),
            models.Index(
                fields=["oldest_unpaid_due_date", "account"],
                name="account_states_by_lateness",
                condition=Q(oldest_unpaid_due_date__isnull=False),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    days_past_due__gte=0,
                    overdue_principal_minor__gte=0,
                    overdue_interest_minor__gte=0,
                    overdue_fee_minor__gte=0,
                    penalty_due_minor__gte=0,
                    outstanding_principal_minor__gte=models.F("overdue_principal_minor"),
                ),
                name="account_state_amounts_hold",
            )
        ]

    def __str__(self) -> str:
        return f"{self.account_id} m{self.bucket}"


class ReportedState(AgingColumns):
    """What the last close found for an account whose state was changed on the spot since: kept before the change, so that
    *reported* is never rewritten. `is_absent`: the account came into the book after that close and was in no report.
    """

    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="+")
    as_of = models.DateField()
    is_absent = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("reported state")
        constraints = [models.UniqueConstraint(fields=["as_of", "account"], name="one_reported_state_a_day")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.as_of}"
