"""Write-off 核销: the rules that propose it, what is proposed, and what was sold of it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import CreditAccount, Decision
from accounts.models.rule_versions import RuleVersion
from accounts.rules.decisions import Status as DecisionStatus
from riskops.shared.fields import KeyField

#: Days after a rejection within which nothing is proposed anew.
MOST_AGAIN_AFTER_DAYS = 3_650


class WriteOffRule(RuleVersion):
    """One version of a rule that proposes accounts for write-off."""

    only_losing = models.BooleanField(
        _("only where going on costs more than it is expected to bring"),
        default=False,
        help_text=_("by the figures of letters of the currency; where there are none nothing is proposed"),
    )
    again_after_days = models.PositiveSmallIntegerField(
        _("proposed again after"), default=90, help_text=_("days after a rejection within which the account is left out")
    )

    class Meta(RuleVersion.Meta):
        abstract = False
        verbose_name = _("write-off rule")
        verbose_name_plural = _("write-off rules")
        ordering = ["code", "-number"]

    def clean_values(self) -> None:
        """Refuse a time that no account would ever come out of."""
        if self.again_after_days > MOST_AGAIN_AFTER_DAYS:
            raise ValidationError({"again_after_days": _("At most ten years: 3650 days.")})


class WriteOffProposal(models.Model):
    """An account proposed for write-off. Written by recovery/operations/write_offs, nobody else.

    proposed → sent (a decision waits for its approval) → written_off, rejected; both lapse when the account changed.
    The figures are those of the day it was proposed. A decision may be judged on its own page: `standing` says what has become of
    it, the stored status follows with the next close or the next change of the account.
    """

    class Status(models.TextChoices):
        PROPOSED = "proposed", pgettext_lazy("write-off", "proposed")
        SENT = "sent", pgettext_lazy("write-off", "waits for approval")
        WRITTEN_OFF = "written_off", pgettext_lazy("write-off", "written off")
        REJECTED = "rejected", pgettext_lazy("write-off", "rejected")
        LAPSED = "lapsed", pgettext_lazy("write-off", "lapsed")

    class Source(models.TextChoices):
        RULE = "rule", pgettext_lazy("write-off", "rule")
        PERSON = "person", pgettext_lazy("write-off", "person")

    class Ended(models.TextChoices):
        WRITTEN_OFF = "written_off", _("written off otherwise")
        FRAUD = "fraud", _("fraud is suspected")
        DISPUTE = "dispute", _("disputed")
        PLAN = "plan", _("a plan is kept")
        PROMISE = "promise", _("a promise is open")
        CURED = "cured", _("nothing is past due any more")
        PAID = "paid", _("something was paid, waived or cancelled")

    OPEN = (Status.PROPOSED, Status.SENT)

    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="write_off_proposals", db_index=False)
    status = models.CharField(_("state"), max_length=11, choices=Status, default=Status.PROPOSED)
    source = models.CharField(_("proposed by"), max_length=6, choices=Source)
    rule = models.ForeignKey(WriteOffRule, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    currency = KeyField(max_length=3)
    # Of the day it was proposed, in minor units.
    days_past_due = models.IntegerField(_("days past due"))
    bucket = models.SmallIntegerField(_("bucket"))
    last_payment_on = models.DateField(_("last payment"), null=True)
    principal_minor = models.BigIntegerField(_("principal"))
    interest_minor = models.BigIntegerField(_("interest"))
    fee_minor = models.BigIntegerField(_("fees"))
    penalty_minor = models.BigIntegerField(_("penalty"))
    owed_minor = models.BigIntegerField(_("owed"))
    # What going on is expected to bring, by the figures of letters; null where none hold for the currency.
    rate_bp = models.PositiveIntegerField(_("recovery rate"), null=True)
    expected_minor = models.BigIntegerField(_("expected recovery"), null=True)
    cost_minor = models.BigIntegerField(_("cost"), null=True)
    net_minor = models.BigIntegerField(_("expected net"), null=True)
    note = models.CharField(_("note"), max_length=500, blank=True)
    proposed_on = models.DateField(_("proposed on"), help_text=_("business day"))
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    proposed_by_name = models.CharField(_("proposed by"), max_length=150)
    decision = models.OneToOneField(Decision, null=True, on_delete=models.PROTECT, related_name="write_off_proposal")
    ended_on = models.DateField(_("ended on"), null=True)
    ended = models.CharField(_("why it lapsed"), max_length=11, choices=Ended, blank=True)
    reason = models.CharField(_("why"), max_length=500, blank=True)
    ended_by_name = models.CharField(max_length=150, blank=True)

    class Meta:
        verbose_name = _("proposal to write off")
        verbose_name_plural = _("proposals to write off")
        constraints = [
            models.UniqueConstraint(
                fields=["account"], condition=Q(status__in=["proposed", "sent"]), name="one_write_off_proposal_open"
            ),
            models.CheckConstraint(condition=~Q(status="lapsed", ended=""), name="write_off_proposal_lapsed_says_why"),
            models.CheckConstraint(condition=~Q(status="rejected", reason=""), name="write_off_proposal_rejected_says_why"),
            models.CheckConstraint(
                condition=Q(status__in=["proposed", "sent"], ended_on__isnull=True)
                | (~Q(status__in=["proposed", "sent"]) & Q(ended_on__isnull=False)),
                name="write_off_proposal_ended_on_a_day",
            ),
            models.CheckConstraint(
                condition=Q(owed_minor=F("principal_minor") + F("interest_minor") + F("fee_minor") + F("penalty_minor")),
                name="write_off_proposal_adds_up",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "-id"], name="write_offs_of_an_account"),
            models.Index(fields=["status", "-owed_minor", "id"], name="write_offs_by_state"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """What people know it by; the decision and the ledger's entry bear it too."""
        return f"WP-{self.pk:05d}"

    @property
    def standing(self) -> str:
        """What has become of it, its decision included."""
        return became_of(self.decision) if self.status == self.Status.SENT and self.decision else self.status

    @property
    def standing_label(self) -> Any:
        """The same in words."""
        return self.Status(self.standing).label

    @property
    def why_ended(self) -> str:
        """Why it was rejected, in the words of whoever did."""
        if self.reason or self.decision is None:
            return self.reason
        return self.decision.judgement or self.decision.ended_why


def became_of(decision: Decision) -> str:
    """Return the status of a proposal that a decision leaves it in."""
    if decision.is_open:
        return WriteOffProposal.Status.SENT
    is_done = decision.status == DecisionStatus.EFFECTIVE
    return WriteOffProposal.Status.WRITTEN_OFF if is_done else WriteOffProposal.Status.REJECTED


class ResaleChange(models.Model):
    """The switch of resale: asked to be on by one person, approved by another; off at once. What was approved last holds.

    Written by recovery/operations/write_offs/resale.py, nobody else. No row: off, as shipped.
    """

    class Status(models.TextChoices):
        ASKED = "asked", pgettext_lazy("resale", "waits for a second person")
        APPROVED = "approved", pgettext_lazy("resale", "approved")
        REFUSED = "refused", pgettext_lazy("resale", "refused")

    is_on = models.BooleanField(_("on"))
    basis = models.CharField(
        _("on what basis"), max_length=500, help_text=_("which law or licence allows it, and who looked at it")
    )
    status = models.CharField(_("state"), max_length=8, choices=Status, default=Status.ASKED)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    asked_by_name = models.CharField(_("asked by"), max_length=150)
    asked_at = models.DateTimeField(_("asked at"))
    judged_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    judged_by_name = models.CharField(_("judged by"), max_length=150, blank=True)
    judged_at = models.DateTimeField(_("judged at"), null=True)

    class Meta:
        verbose_name = _("switch of resale")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["status"], condition=Q(status="asked"), name="one_resale_change_asked"),
            models.CheckConstraint(
                condition=Q(is_on=False) | Q(status="asked") | (Q(judged_by__isnull=False) & ~Q(judged_by=F("asked_by"))),
                name="resale_on_by_two",
            ),
        ]

    def __str__(self) -> str:
        return f"{'on' if self.is_on else 'off'} {self.status}"


class DebtSale(models.Model):
    """A written-off account that was sold: to whom, when, for what. What is paid after that day is the buyer's. Never changed."""

    account = models.OneToOneField(CreditAccount, on_delete=models.PROTECT, related_name="debt_sale")
    sold_on = models.DateField(_("sold on"))
    buyer = models.CharField(_("buyer"), max_length=200)
    licence = models.CharField(_("licence of the buyer"), max_length=200)
    price_minor = models.BigIntegerField(_("price"))
    owed_minor = models.BigIntegerField(_("owed when sold"))
    note = models.CharField(_("note"), max_length=500, blank=True)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    recorded_by_name = models.CharField(_("recorded by"), max_length=150)
    recorded_at = models.DateTimeField()

    class Meta:
        verbose_name = _("sale of a debt")
        verbose_name_plural = _("sales of debts")
        constraints = [models.CheckConstraint(condition=Q(price_minor__gte=0), name="debt_sale_price_not_negative")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.buyer}"
