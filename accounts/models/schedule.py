"""Entries that change what was agreed: a new schedule for what is unpaid, an instalment cancelled, money paid back."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models.account import CreditAccount
from accounts.models.installment import Installment
from riskops.shared.fields import KeyField


class ScheduleChange(models.Model):
    """A new schedule for what is unpaid of some instalments, from a day on; ended, they are owed again as they were.

    The instalments of the new schedule are rows of `Installment` that name it. The old ones stay readable; what the change takes
    of them is worked out by the replay (accounts/rules/replay.py), never stored.
    """

    class Kind(models.TextChoices):
        DEFERRAL = "deferral", _("deferral")
        RESTRUCTURE = "restructure", _("restructure")
        RE_AGE = "re_age", _("re-age")

    reference = KeyField(_("reference"), unique=True)
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="schedule_changes")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    value_date = models.DateField(_("value date"))
    reason = models.TextField(_("reason"))
    recorded_at = models.DateTimeField(auto_now_add=True)
    #: The last payment and waiver in the book when it was agreed: those of its day count before it, later ones after it.
    known_payment_id = models.BigIntegerField(default=0)
    known_waiver_id = models.BigIntegerField(default=0)
    # Written once, by accounts/operations/schedule_changes.py, when it is broken or withdrawn.
    ended_on = models.DateField(_("ended on"), null=True)
    end_reason = models.TextField(pgettext_lazy("schedule", "why it ended"), blank=True)
    end_recorded_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("change of schedule")
        verbose_name_plural = _("changes of schedule")
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_on__isnull=True) | Q(ended_on__gt=F("value_date")), name="schedule_change_ends_later"
            )
        ]

    def __str__(self) -> str:
        return self.reference


class ScheduleChangePart(models.Model):
    """What a change takes of one instalment, as agreed; amounts in minor units."""

    change = models.ForeignKey(ScheduleChange, on_delete=models.PROTECT, related_name="parts")
    installment = models.ForeignKey(Installment, on_delete=models.PROTECT, related_name="moved_by")
    penalty_minor = models.BigIntegerField(_("penalty"), default=0)
    fee_minor = models.BigIntegerField(_("fee"), default=0)
    interest_minor = models.BigIntegerField(_("interest"), default=0)
    principal_minor = models.BigIntegerField(_("principal"), default=0)

    class Meta:
        verbose_name = _("part of a change of schedule")
        constraints = [
            models.UniqueConstraint(fields=["change", "installment"], name="one_part_an_installment"),
            models.CheckConstraint(
                condition=Q(penalty_minor__gte=0, fee_minor__gte=0, interest_minor__gte=0, principal_minor__gte=0),
                name="schedule_change_part_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.change_id} → {self.installment_id}"


class InstallmentCancellation(models.Model):
    """From its day on the account stands as if the instalment had never been: a purchase that was fraud, or sent back."""

    reference = KeyField(_("reference"), unique=True)
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="+")
    installment = models.OneToOneField(Installment, on_delete=models.PROTECT, related_name="cancellation")
    value_date = models.DateField(_("value date"))
    reason = models.TextField(_("reason"))
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("cancellation of an instalment")

    def __str__(self) -> str:
        return self.reference


class Refund(models.Model):
    """Money that goes back to the customer out of the credit balance."""

    reference = KeyField(_("reference"), unique=True)
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="refunds")
    amount_minor = models.BigIntegerField(_("amount"))
    value_date = models.DateField(_("value date"))
    reason = models.TextField(_("reason"))
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("refund")
        constraints = [models.CheckConstraint(condition=Q(amount_minor__gt=0), name="refund_above_zero")]

    def __str__(self) -> str:
        return self.reference
