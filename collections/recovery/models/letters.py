"""Lawyer letters, and the documents they were printed as."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import CreditAccount, Customer
from recovery.models.letter_versions import LetterPolicy, LetterTemplate
from recovery.rules.benefit import Benefit
from riskops.shared.fields import KeyField
from riskops.shared.personal import EncryptedPersonField


class Letter(models.Model):
    """One lawyer letter about one account. Written by recovery/operations/letters, nobody else.

    proposed → approved, rejected; approved → printed (the document is made) → sent → delivered, refused (by the addressee),
    returned; until it is sent it can be stopped. The cost-benefit line is that of the proposal, judged again at approval.
    """

    class Status(models.TextChoices):
        PROPOSED = "proposed", pgettext_lazy("letter", "waits for approval")
        APPROVED = "approved", pgettext_lazy("letter", "being printed")
        PRINTED = "printed", pgettext_lazy("letter", "to be sent")
        SENT = "sent", pgettext_lazy("letter", "on its way")
        DELIVERED = "delivered", pgettext_lazy("letter", "delivered")
        REFUSED = "refused", pgettext_lazy("letter", "acceptance refused")
        RETURNED = "returned", pgettext_lazy("letter", "returned")
        REJECTED = "rejected", pgettext_lazy("letter", "not approved")
        STOPPED = "stopped", pgettext_lazy("letter", "stopped")

    class Source(models.TextChoices):
        RULE = "rule", pgettext_lazy("letter", "rule")
        PERSON = "person", pgettext_lazy("letter", "person")

    #: Nothing further is proposed for an account while one of these is there.
    OPEN = (Status.PROPOSED, Status.APPROVED, Status.PRINTED, Status.SENT)
    #: It reached the customer, who did not have to take it: a demand.
    DEMANDED = (Status.DELIVERED, Status.REFUSED)

    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="letters", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+", db_index=False)
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.PROPOSED)
    source = models.CharField(_("proposed by"), max_length=6, choices=Source)
    policy = models.ForeignKey(LetterPolicy, on_delete=models.PROTECT, related_name="+", db_index=False)
    template_code = KeyField(_("letter template"), max_length=48)
    language = models.CharField(_("language"), max_length=2, choices=[("en", "English"), ("zh", "中文")])
    currency = KeyField(max_length=3)
    # Of the day it was proposed.
    days_past_due = models.IntegerField(_("days past due"))
    bucket = models.SmallIntegerField(_("bucket"))
    balance_minor = models.BigIntegerField(_("balance"), help_text="past due in all: what the letter demands")
    rate_bp = models.PositiveIntegerField(_("recovery rate"))
    expected_minor = models.BigIntegerField(_("expected recovery"))
    cost_minor = models.BigIntegerField(_("cost"))
    net_minor = models.BigIntegerField(_("expected net"))
    # Proposed by hand where the policy's rule would not have.
    is_outside_rule = models.BooleanField(_("outside the rule"), default=False)
    note = models.CharField(_("note"), max_length=500, blank=True)
    proposed_on = models.DateField(_("proposed on"))
    proposed_at = models.DateTimeField(_("proposed at"), auto_now_add=True)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    proposed_by_name = models.CharField(_("proposed by"), max_length=150)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    decided_by_name = models.CharField(_("decided by"), max_length=150, blank=True)
    decided_at = models.DateTimeField(_("decided at"), null=True)
    reason = models.CharField(_("why"), max_length=500, blank=True, help_text="of a rejection or a stop")
    problem = models.CharField(max_length=500, blank=True, help_text="why it could not be printed when last tried")
    printing_until = models.DateTimeField(null=True, help_text="claimed by a printer until then")
    sent_on = models.DateField(_("sent on"), null=True)
    carrier = models.CharField(_("carrier"), max_length=60, blank=True)
    tracking_no = KeyField(_("tracking number"), max_length=60, blank=True)
    # What the gate let through: a letter is a contact.
    contact = models.OneToOneField("outreach.Contact", null=True, on_delete=models.PROTECT, related_name="letter")
    ended_on = models.DateField(_("ended on"), null=True, help_text="delivered, refused or returned")
    evidence_note = models.CharField(_("evidence"), max_length=500, blank=True)
    version = models.PositiveIntegerField(default=1, help_text="counts up with every change")

    class Meta:
        verbose_name = _("lawyer letter")
        verbose_name_plural = _("lawyer letters")
        indexes = [
            models.Index(fields=["account", "-id"], name="letters_of_an_account"),
            models.Index(fields=["status", "-net_minor", "id"], name="letters_by_state"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["account"], condition=Q(status__in=["proposed", "approved", "printed", "sent"]), name="one_open_letter"
            ),
            models.CheckConstraint(condition=Q(net_minor=F("expected_minor") - F("cost_minor")), name="letter_net_adds_up"),
            models.CheckConstraint(
                condition=~Q(status__in=["sent", "delivered", "refused", "returned"])
                | Q(sent_on__isnull=False, contact__isnull=False),
                name="letter_sent_through_the_gate",
            ),
            models.CheckConstraint(
                condition=~Q(source="person") | Q(decided_by=None) | Q(status__in=["proposed", "rejected", "stopped"])
                | ~Q(decided_by=F("proposed_by")),
                name="letter_by_hand_takes_two_people",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """What people know it by, and what stands on it."""
        return f"L-{self.pk:06d}"

    @property
    def benefit(self) -> Benefit:
        """The cost-benefit line of its proposal."""
        return Benefit(self.balance_minor, self.rate_bp, self.expected_minor, self.cost_minor)


class LetterDocument(models.Model):
    """A letter as it was printed: the PDF's bytes lie encrypted under var/, what it says beside it. Only added; triggers hold it.

    `content_sha256` is of what the document says and stands, shortened, on each page; `pdf_sha256` is of the file.
    """

    letter = models.OneToOneField(Letter, on_delete=models.PROTECT, related_name="document")
    template = models.ForeignKey(LetterTemplate, on_delete=models.PROTECT, related_name="+", db_index=False)
    layout = models.PositiveSmallIntegerField()
    dated = models.DateField(_("date of the letter"))
    # What it demands, and until when; None of what was printed before these were kept.
    total_minor = models.BigIntegerField(_("demanded"), null=True)
    pay_by = models.DateField(_("to be paid by"), null=True)
    said = EncryptedPersonField()
    content_sha256 = KeyField(max_length=64, unique=True)
    pdf_sha256 = KeyField(max_length=64, unique=True)
    size_bytes = models.PositiveIntegerField(_("size"))
    stored_as = models.CharField(max_length=80)
    made_at = models.DateTimeField(_("printed at"))
    made_by_name = models.CharField(max_length=150)

    class Meta:
        verbose_name = _("document of a letter")
        verbose_name_plural = _("documents of letters")

    def __str__(self) -> str:
        return f"{self.letter_id} {self.content_sha256[:12]}"
