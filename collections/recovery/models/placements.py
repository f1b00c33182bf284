"""Placement 委案: batches of accounts split among agencies, and each account's stay with one."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import CreditAccount
from recovery.models.agencies import Agency, CommissionTerms, person


class PlacementBatch(models.Model):
    """Accounts to be placed, chosen by a rule and split by chance among agencies. Run dry, proposed, approved by a second person;
    the next close places them.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("run dry")
        PROPOSED = "proposed", _("waits for a second person")
        APPROVED = "approved", _("approved: the next close places it")
        PLACED = "placed", _("placed")
        DROPPED = "dropped", pgettext_lazy("batch", "dropped")

    rule = models.TextField(_("whom"))
    currency = models.CharField(_("currency"), max_length=3)
    minor_digits = models.PositiveSmallIntegerField(default=2)
    # Weights by the agency's code; the largest is the champion's.
    shares = models.JSONField(_("shares"))
    seed = models.BigIntegerField(_("seed"))
    as_of = models.DateField(_("on the book of"))
    # What the split came to: see queries/placements.py.
    outcome = models.JSONField(default=dict)
    accounts = models.PositiveIntegerField(_("accounts"), default=0)
    amount_minor = models.BigIntegerField(_("owed"), default=0)
    # The largest standardised difference, in ten-thousandths.
    largest_difference_e4 = models.PositiveIntegerField(default=0)
    status = models.CharField(_("state"), max_length=8, choices=Status, default=Status.DRAFT)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    drafted_by = person()
    drafted_by_name = models.CharField(max_length=150)
    drafted_at = models.DateTimeField(auto_now_add=True)
    proposed_by = person()
    approved_by_name = models.CharField(max_length=150, blank=True)
    approved_at = models.DateTimeField(null=True)
    placed_on = models.DateField(_("placed on"), null=True)

    class Meta:
        verbose_name = _("placement batch")

    def __str__(self) -> str:
        return f"#{self.pk}"


class BatchAccount(models.Model):
    """One account of a batch, and the agency that chance gave it."""

    class Outcome(models.TextChoices):
        WAITS = "waits", pgettext_lazy("batch account", "waits")
        PLACED = "placed", pgettext_lazy("batch account", "placed")
        CHANGED = "changed", _("the rule does not hold on it any more")
        ELSEWHERE = "elsewhere", _("placed otherwise meanwhile")
        BLOCKED = "blocked", _("nothing may be placed with the agency")

    batch = models.ForeignKey(PlacementBatch, on_delete=models.CASCADE, related_name="lines", db_index=False)
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="+", db_index=False)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", db_index=False)
    amount_minor = models.BigIntegerField(_("owed"))
    outcome = models.CharField(max_length=9, choices=Outcome, default=Outcome.WAITS)

    class Meta:
        verbose_name = _("account of a batch")
        constraints = [models.UniqueConstraint(fields=["batch", "account"], name="an_account_once_a_batch")]

    def __str__(self) -> str:
        return f"{self.batch_id} {self.account_id}"


class Placement(models.Model):
    """An account is with an agency from the close of a day until it is recalled, once. Triggers refuse all else.

    Written by recovery/operations/agencies/placing.py and recalling.py.
    """

    class Reason(models.TextChoices):
        AGE = "age", _("placed as long as agreed")
        PAID = "paid", _("paid in full")
        DISPUTE = "dispute", _("disputed")
        FRAUD = "fraud", _("fraud suspected")
        PLAN = "plan", _("a repayment plan is signed")
        LEGAL = "legal", _("legal recovery begins")
        CARE = "care", _("the customer is handled with care")
        AGENCY = "agency", _("the agency is suspended or ended")
        RESALE = "resale", _("written off and sold")
        OTHER = "other", _("another reason")

    batch = models.ForeignKey(PlacementBatch, on_delete=models.PROTECT, related_name="placements", db_index=False)
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="placements", db_index=False)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="placements", db_index=False)
    terms = models.ForeignKey(CommissionTerms, on_delete=models.PROTECT, related_name="+", db_index=False)
    placed_on = models.DateField(_("placed on"), help_text="the closed day: what is paid after it counts for the agency")
    amount_minor = models.BigIntegerField(_("owed when placed"))
    bucket = models.SmallIntegerField(_("bucket when placed"))
    days_past_due = models.IntegerField(_("days past due when placed"))
    recalled_on = models.DateField(_("recalled on"), null=True)
    recall_reason = models.CharField(_("why recalled"), max_length=7, choices=Reason, blank=True)
    recall_note = models.CharField(_("note"), max_length=500, blank=True)
    recalled_by_name = models.CharField(max_length=150, blank=True)
    tail_until = models.DateField(null=True, help_text="the last day whose payments count for the agency")

    class Meta:
        verbose_name = _("placement")
        verbose_name_plural = _("Placements")
        constraints = [
            models.UniqueConstraint(fields=["account"], condition=Q(recalled_on__isnull=True), name="one_open_placement"),
            models.CheckConstraint(
                condition=Q(recalled_on__isnull=True, tail_until__isnull=True, recall_reason="")
                | (Q(recalled_on__isnull=False, tail_until__isnull=False) & ~Q(recall_reason="")),
                name="placement_recalled_with_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "placed_on"], name="placements_of_an_account"),
            models.Index(fields=["agency", "-placed_on", "-id"], name="placements_of_an_agency"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.agency_id} {self.placed_on}"
