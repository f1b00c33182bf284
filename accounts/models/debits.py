"""Debits: what a customer allowed us to take, what was asked to be taken, each try of it, and the files both ways."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models.account import CreditAccount
from accounts.models.notices import Retried
from accounts.models.payment import Payment
from riskops.shared.fields import KeyField
from riskops.shared.personal import EncryptedPersonField, masked


class DebitMandate(models.Model):
    """A customer's leave to take money from their bank account or card, until it runs out or is revoked.

    `instrument` holds `reference` (the number that the provider debits by) and `holder`; encrypted, shown masked.
    """

    reference = KeyField(_("mandate number"), unique=True)
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="debit_mandates", verbose_name=_("account"))
    instrument = EncryptedPersonField(_("instrument"))
    valid_from = models.DateField(_("valid from"))
    valid_until = models.DateField(_("valid until"), null=True, help_text=_("the last day; empty: until it is revoked"))
    most_minor = models.BigIntegerField(_("largest single debit"))
    evidence = models.CharField(_("evidence"), max_length=200, help_text=_("where the customer's leave is kept: form, recording"))
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    recorded_by_name = models.CharField(_("recorded by"), max_length=150)
    recorded_at = models.DateTimeField(_("recorded at"), auto_now_add=True)
    revoked_on = models.DateField(_("revoked on"), null=True, help_text=_("from this day on nothing is taken"))
    revoked_by_name = models.CharField(_("revoked by"), max_length=150, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True)
    revoked_why = models.TextField(_("why it was revoked"), blank=True)

    class Meta:
        verbose_name = _("debit mandate")
        verbose_name_plural = _("debit mandates")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(most_minor__gt=0), name="mandate_for_an_amount"),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")), name="mandate_ends_after_it_begins"
            ),
            models.CheckConstraint(
                condition=Q(revoked_on__isnull=True, revoked_at__isnull=True)
                | Q(revoked_on__isnull=False, revoked_at__isnull=False),
                name="mandate_revoked_at_a_moment",
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def masked_instrument(self) -> str:
        """The instrument's number with all but its last four characters hidden."""
        return masked(self.instrument.get("reference", ""))


class DebitInstruction(models.Model):
    """An amount to be taken on a day, from its notice to its end. Written by accounts/operations/debiting, nobody else."""

    class Status(models.TextChoices):
        SCHEDULED = "scheduled", _("scheduled")
        SENT = "sent", _("with the provider")
        DONE = "done", pgettext_lazy("debits", "taken")
        FAILED = "failed", _("failed")
        STOPPED = "stopped", pgettext_lazy("debits", "stopped")
        CANCELLED = "cancelled", _("cancelled")

    reference = KeyField(_("debit number"), max_length=40, unique=True)
    mandate = models.ForeignKey(DebitMandate, on_delete=models.PROTECT, related_name="instructions", verbose_name=_("mandate"))
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="debits", db_index=False)
    amount_minor = models.BigIntegerField(_("amount"), help_text=_("at most; never more than is due on the day"))
    debit_on = models.DateField(_("debit on"))
    next_on = models.DateField(_("next try on"), null=True, help_text=_("while it is scheduled"))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.SCHEDULED)
    tries = models.PositiveSmallIntegerField(_("tries made"), default=0)
    most_tries = models.PositiveSmallIntegerField(_("tries at most"), help_text=_("as configured when it was made"))
    spacing_days = models.PositiveSmallIntegerField(_("days between tries"))
    said = models.CharField(_("why it waits"), max_length=20, blank=True, help_text="code, see accounts/debit_wording.py")
    ended_why = models.TextField(_("why it ended"), blank=True)
    instructed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    instructed_by_name = models.CharField(_("instructed by"), max_length=150)
    instructed_at = models.DateTimeField(_("instructed at"), auto_now_add=True)
    instructed_on = models.DateField(_("instructed on"), help_text="business day; the notice is dated so")

    class Meta:
        verbose_name = _("debit")
        verbose_name_plural = _("debits")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["account", "-id"], name="debits_by_account"),
            models.Index(fields=["status", "-id"], name="debits_by_status"),
            models.Index(fields=["next_on", "id"], name="debits_to_send", condition=Q(status="scheduled")),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="debit_above_zero"),
            models.CheckConstraint(condition=Q(tries__lte=F("most_tries")), name="debit_tries_are_capped"),
            models.CheckConstraint(
                condition=Q(status="scheduled", next_on__isnull=False) | (~Q(status="scheduled") & Q(next_on__isnull=True)),
                name="debit_has_a_next_day_while_scheduled",
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def is_open(self) -> bool:
        """Whether anything may still be taken by it."""
        return self.status in (self.Status.SCHEDULED, self.Status.SENT)


class DebitNotice(Retried):
    """What the customer is told of a debit: queued in the transaction that orders or withdraws it, handed over once."""

    class Kind(models.TextChoices):
        PLANNED = "planned", _("debit to come")
        WITHDRAWN = "withdrawn", _("debit withdrawn")

    class Status(models.TextChoices):
        QUEUED = "queued", _("queued")
        SENT = "sent", _("sent")

    instruction = models.ForeignKey(DebitInstruction, on_delete=models.PROTECT, related_name="notices", db_index=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.QUEUED)
    text_en = models.TextField(_("text in English"))
    text_zh = models.TextField(_("text in Chinese"))
    dated = models.DateField(_("dated"), help_text="business day")
    queued_at = models.DateTimeField(_("queued"), auto_now_add=True)
    sent_at = models.DateTimeField(_("sent"), null=True)
    delivery = models.CharField(_("delivery"), max_length=200, blank=True, help_text="how it went out, by whom")

    class Meta:
        verbose_name = _("notice of a debit")
        verbose_name_plural = _("notices of debits")
        constraints = [
            models.UniqueConstraint(fields=["instruction", "kind"], name="one_debit_notice_of_a_kind"),
            models.CheckConstraint(
                condition=Q(status="queued", sent_at__isnull=True) | Q(status="sent", sent_at__isnull=False),
                name="debit_notice_sent_at_a_moment",
            ),
        ]
        indexes = [models.Index(fields=["id"], name="debit_notices_to_send", condition=Q(status="queued"))]

    def __str__(self) -> str:
        return f"{self.instruction_id} {self.kind}"


class DebitFile(models.Model):
    """A file of debits handed to the provider. What is in it follows from its tries; fetched again, it is the same file."""

    day = models.DateField(_("day"), help_text=_("the day on which the provider is to take the money"))
    rows = models.PositiveIntegerField(_("debits"))
    total_minor = models.JSONField(_("total"), default=dict, help_text="minor units by currency")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    made_by_name = models.CharField(_("made by"), max_length=150)
    made_at = models.DateTimeField(_("made at"), auto_now_add=True)

    class Meta:
        verbose_name = _("file of debits")
        verbose_name_plural = _("files of debits")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.pk} {self.day}"


class DebitTry(models.Model):
    """One try of a debit: handed to the provider in a file, and what became of it. `key` is the provider's idempotency key."""

    class Status(models.TextChoices):
        SENT = "sent", _("with the provider")
        DONE = "done", pgettext_lazy("debits", "taken")
        FAILED = "failed", _("failed")

    key = KeyField(_("key"), max_length=48, unique=True)
    instruction = models.ForeignKey(DebitInstruction, on_delete=models.PROTECT, related_name="all_tries", db_index=False)
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="+", db_index=False)
    file = models.ForeignKey(DebitFile, on_delete=models.PROTECT, related_name="all_tries")
    number = models.PositiveSmallIntegerField(_("try"))
    amount_minor = models.BigIntegerField(_("amount"))
    day = models.DateField(_("day"))
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.SENT)
    result_on = models.DateField(_("result of"), null=True, help_text=_("the day the provider booked it, or gave up"))
    reason_code = models.CharField(_("provider's reason"), max_length=64, blank=True)
    payment = models.OneToOneField(Payment, null=True, on_delete=models.PROTECT, related_name="debit_try")

    class Meta:
        verbose_name = _("try of a debit")
        verbose_name_plural = _("tries of debits")
        ordering = ["instruction", "number"]
        constraints = [
            models.UniqueConstraint(fields=["instruction", "number"], name="one_try_of_a_number"),
            models.UniqueConstraint(fields=["instruction"], condition=Q(status="sent"), name="one_debit_with_the_provider"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="debit_try_above_zero"),
            models.CheckConstraint(
                condition=Q(status="sent", result_on__isnull=True, payment__isnull=True)
                | Q(status="done", result_on__isnull=False, payment__isnull=False)
                | Q(status="failed", result_on__isnull=False, payment__isnull=True),
                name="debit_try_taken_is_paid",
            ),
        ]
        indexes = [
            models.Index(fields=["result_on", "account"], name="failed_debits_by_day", condition=Q(status="failed")),
            models.Index(fields=["account", "result_on"], name="failed_debits_by_account", condition=Q(status="failed")),
        ]

    def __str__(self) -> str:
        return self.key


class DebitResultFile(models.Model):
    """A file of results from the provider, and how far it is worked through. The same bytes are the same file."""

    content_sha256 = models.CharField(_("fingerprint"), max_length=64, unique=True)
    name = models.CharField(_("file name"), max_length=200)
    rows = models.PositiveIntegerField(_("results"))
    received_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    received_by_name = models.CharField(_("received from"), max_length=150)
    received_at = models.DateTimeField(_("received at"), auto_now_add=True)

    class Meta:
        verbose_name = _("file of debit results")
        verbose_name_plural = _("files of debit results")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.pk} {self.name}"


class DebitResult(models.Model):
    """One line of a file of results, as it came, and what was made of it; worked through in order, each by itself."""

    class Outcome(models.TextChoices):
        DONE = "done", pgettext_lazy("debits", "taken")
        FAILED = "failed", _("failed")

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting")
        APPLIED = "applied", _("booked")
        REPEATED = "repeated", _("known already")
        REFUSED = "refused", _("refused")

    file = models.ForeignKey(DebitResultFile, on_delete=models.CASCADE, related_name="results", db_index=False)
    line = models.PositiveIntegerField(_("line"))
    key = models.CharField(_("key"), max_length=48)
    outcome = models.CharField(_("outcome"), max_length=8, choices=Outcome)
    amount_minor = models.BigIntegerField(_("amount"), null=True)
    result_on = models.DateField(_("result of"))
    reason_code = models.CharField(_("provider's reason"), max_length=64, blank=True)
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.WAITING)
    refusal = models.CharField(_("why it was refused"), max_length=20, blank=True, help_text="code, see debit_wording.py")
    params = models.JSONField(default=dict, help_text="the values of the refusal")

    class Meta:
        verbose_name = _("result of a debit")
        verbose_name_plural = _("results of debits")
        ordering = ["file", "line"]
        constraints = [models.UniqueConstraint(fields=["file", "line"], name="one_debit_result_a_line")]
        indexes = [models.Index(fields=["file", "line"], name="debit_results_waiting", condition=Q(status="waiting"))]

    def __str__(self) -> str:
        return f"{self.file_id}/{self.line}"
