"""Disputes and complaints: their kinds with the figures of each, what is put right, evidence, and the letter that answers."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import CreditAccount, Customer
from accounts.models.payment import COMPONENT_CHOICES
from casework.rules.disputes import Correction, DemandTerms, Lane, Outcome, PenaltyTerms, Reach
from riskops.shared.fields import KeyField
from riskops.shared.models import Team
from riskops.shared.request_context import once_a_request

LANE_CHOICES = [
    (Lane.DISPUTE.value, _("dispute")),
    (Lane.FRAUD.value, _("fraud claim")),
    (Lane.COMPLAINT.value, _("complaint")),
]
REACH_CHOICES = [
    (Reach.NONE.value, _("nothing")),
    (Reach.ACCOUNT.value, _("contact about the account")),
    (Reach.CUSTOMER.value, _("all contact with the customer")),
]
PENALTY_CHOICES = [
    (PenaltyTerms.CHARGED.value, _("charged as ever")),
    (PenaltyTerms.IF_UPHELD.value, _("waived if the customer is right")),
    (PenaltyTerms.ALWAYS.value, _("waived whatever comes of it")),
]
DEMAND_CHOICES = [
    (DemandTerms.KEEP.value, _("as without it")),
    (DemandTerms.HOLD.value, _("no new one while it is open")),
    (DemandTerms.END.value, _("ended, and no new one while it is open")),
]
OUTCOME_CHOICES = [
    (Outcome.UPHELD.value, _("upheld")),
    (Outcome.PARTLY.value, _("partly upheld")),
    (Outcome.REJECTED.value, pgettext_lazy("dispute", "rejected")),
]
CORRECTION_CHOICES = [
    (Correction.REVERSE_PAYMENT.value, _("reverse a payment")),
    (Correction.CANCEL_INSTALLMENT.value, _("cancel an instalment")),
    (Correction.WAIVE.value, _("waive an amount")),
    (Correction.REFUND_CREDIT.value, _("refund from the credit")),
]


class DisputeFigures(models.Model):
    """What an open dispute of a kind does. Kept with each dispute too: a changed kind changes no dispute that is there."""

    lane = models.CharField(_("lane"), max_length=9, choices=LANE_CHOICES)
    answer_days = models.PositiveSmallIntegerField(
        _("days to answer"),
        validators=[MinValueValidator(1), MaxValueValidator(365)],
        help_text=_("calendar days after the day it was received"),
    )
    source = models.CharField(_("source of the figure"), max_length=200)
    reach = models.CharField(_("holds back"), max_length=8, choices=REACH_CHOICES, default=Reach.ACCOUNT.value)
    penalty = models.CharField(
        _("penalty since intake"), max_length=9, choices=PENALTY_CHOICES, default=PenaltyTerms.IF_UPHELD.value
    )
    demands = models.CharField(
        _("demands for full repayment"), max_length=4, choices=DEMAND_CHOICES, default=DemandTerms.HOLD.value
    )
    holds_restrictions = models.BooleanField(
        _("no new restriction while it is open"), default=True, help_text=_("no suspension of use and no lower limit")
    )

    class Meta:
        abstract = True


class DisputeKind(DisputeFigures):
    """A kind of dispute or complaint that people choose from. Never deleted, only taken out of use.

    Written by casework/operations/disputes/settings.py.
    """

    code = KeyField(_("code"), max_length=40, unique=True)
    name_en = models.CharField(_("name in English"), max_length=120)
    name_zh = models.CharField(_("name in Chinese"), max_length=120)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("kind of dispute")
        verbose_name_plural = _("kinds of disputes")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(name_en="") & ~Q(name_zh="") & ~Q(source=""), name="dispute_kind_named_with_a_source"
            ),
        ]

    def __str__(self) -> str:
        return self.name_zh if (get_language() or "").startswith("zh") else self.name_en

    @classmethod
    def named(cls, code: str) -> str:
        """Return the name of the kind of a code, which is the code where there is none; one query a request that only reads."""
        kinds = once_a_request("dispute kinds", lambda: {kind.code: kind for kind in cls.objects.all()})
        return str(kinds[code]) if code in kinds else code


class ReplyTemplate(models.Model):
    """What a reply letter says around the answer, by outcome, in both languages. Written by the settings' operation."""

    outcome = models.CharField(_("outcome"), max_length=8, choices=OUTCOME_CHOICES, unique=True)
    text_en = models.TextField(_("text in English"))
    text_zh = models.TextField(_("text in Chinese"))

    class Meta:
        verbose_name = _("reply letter")
        verbose_name_plural = _("reply letters")
        ordering = ["id"]

    def __str__(self) -> str:
        return str(self.get_outcome_display())


class Dispute(DisputeFigures):
    """One dispute or complaint about one account, from its intake to its outcome.

    Written by casework/operations/disputes/, nobody else. `version` counts up with every change: what was made for an older
    one is refused. While it is not closed it holds back what its figures say.
    """

    class Status(models.TextChoices):
        OPEN = "open", pgettext_lazy("dispute", "open")
        PROPOSED = "proposed", pgettext_lazy("dispute", "outcome waits for a second person")
        CLOSED = "closed", pgettext_lazy("dispute", "closed")

    class CameBy(models.TextChoices):
        CALL = "call", _("a call")
        MESSAGE = "message", _("a message")
        APP = "app", _("the customer's app")
        LETTER = "letter", _("a letter")
        COUNTER = "counter", _("in person")
        REGULATOR = "regulator", _("a supervisor or association")

    class RootCause(models.TextChoices):
        POSTING = "posting", _("payment posted late or wrongly")
        PRICING = "pricing", _("amount or penalty wrong")
        IDENTITY = "identity", _("somebody else used the customer's name")
        CONDUCT = "conduct", _("how we spoke or wrote to the customer")
        DECISION = "decision", _("a decision on the account")
        MERCHANT = "merchant", _("goods or service of the merchant")
        REPORTING = "reporting", _("wrong data sent to the bureau")
        INFORMATION = "information", _("the customer was not told, or not clearly")
        NONE = "none", _("no fault of ours found")

    reference = KeyField(_("reference"), max_length=64, unique=True, help_text=_("the same one twice counts once"))
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="disputes", db_index=False)
    # A copy of the account's own, which never changes.
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="disputes", db_index=False)
    kind = models.ForeignKey(DisputeKind, on_delete=models.PROTECT, related_name="+", verbose_name=_("kind"))
    came_by = models.CharField(_("came by"), max_length=9, choices=CameBy)
    claim = models.TextField(_("what the customer says"))
    order_no = KeyField(
        pgettext_lazy("purchase", "order"), max_length=64, blank=True, help_text=_("empty: the account as a whole")
    )
    amount_minor = models.BigIntegerField(_("disputed amount"), null=True)
    received_on = models.DateField(pgettext_lazy("dispute", "received on"), help_text=_("business date"))
    answer_by = models.DateField(_("answer by"), help_text=_("business date"))
    opened_at = models.DateTimeField(auto_now_add=True)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    opened_by_name = models.CharField(_("taken in by"), max_length=150)

    status = models.CharField(_("state"), max_length=8, choices=Status, default=Status.OPEN)
    version = models.PositiveIntegerField(default=1)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("assigned to")
    )
    team = models.ForeignKey(Team, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("team"))
    outcome = models.CharField(_("outcome"), max_length=8, choices=OUTCOME_CHOICES, blank=True)
    finding = models.TextField(_("what was found"), blank=True)
    root_cause = models.CharField(_("root cause"), max_length=11, choices=RootCause, blank=True)
    # What caused it: a contact, a message, a decision … of another room, by its number (casework/dispute_hooks.py).
    cause_kind = models.CharField(_("caused by"), max_length=16, blank=True)
    cause_id = models.BigIntegerField(_("number"), null=True)
    # What the customer is told, in the letter of the outcome.
    answer_en = models.TextField(_("answer in English"), blank=True)
    answer_zh = models.TextField(_("answer in Chinese"), blank=True)
    concluded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    concluded_by_name = models.CharField(_("concluded by"), max_length=150, blank=True)
    concluded_at = models.DateTimeField(null=True)
    judged_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    judged_by_name = models.CharField(_("second person"), max_length=150, blank=True)
    sent_back_why = models.TextField(_("sent back because"), blank=True)
    closed_on = models.DateField(pgettext_lazy("dispute", "closed on"), null=True, help_text=_("business date"))
    closed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["account", "-id"], name="disputes_by_account"),
            models.Index(fields=["customer", "received_on", "id"], name="disputes_by_customer"),
            models.Index(fields=["answer_by", "id"], name="disputes_not_closed", condition=~Q(status="closed")),
            models.Index(fields=["closed_on", "id"], name="disputes_closed", condition=Q(status="closed")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "kind", "order_no"], name="one_dispute_of_a_kind_at_a_time", condition=~Q(status="closed")
            ),
            models.CheckConstraint(
                condition=(~Q(status="closed") & Q(closed_on__isnull=True, closed_at__isnull=True))
                | (Q(status="closed", closed_on__isnull=False, closed_at__isnull=False) & ~Q(outcome="")),
                name="dispute_closed_with_an_outcome",
            ),
            models.CheckConstraint(
                condition=Q(judged_by__isnull=True) | ~Q(judged_by=models.F("concluded_by")), name="dispute_judged_by_another"
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__isnull=True) | Q(amount_minor__gt=0), name="dispute_amount_above_zero"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"

    @property
    def is_closed(self) -> bool:
        """Whether its outcome stands and it holds nothing back any more."""
        return self.status == self.Status.CLOSED


class DisputeCorrection(models.Model):
    """What of the ledger is put right where a dispute is upheld: planned, then done with the outcome. Amounts in minor units.

    What is done names its entry of the ledger and stays.
    """

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="corrections")
    what = models.CharField(_("correction"), max_length=18, choices=CORRECTION_CHOICES)
    order_no = KeyField(pgettext_lazy("purchase", "order"), max_length=64, blank=True)
    sequence = models.PositiveIntegerField(_("instalment"), null=True)
    component = models.PositiveSmallIntegerField(_("component"), choices=COMPONENT_CHOICES, null=True)
    payment_no = KeyField(_("payment"), max_length=64, blank=True)
    amount_minor = models.BigIntegerField(_("amount"), null=True)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("added by"),
    )
    added_by_name = models.CharField(_("added by"), max_length=150)
    added_at = models.DateTimeField(auto_now_add=True)
    reference = KeyField(_("entry"), max_length=64, blank=True)
    done_on = models.DateField(_("done on"), null=True, help_text=_("business date"))

    class Meta:
        verbose_name = _("correction of a dispute")
        verbose_name_plural = _("corrections of disputes")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(done_on__isnull=True, reference="") | (Q(done_on__isnull=False) & ~Q(reference="")),
                name="dispute_correction_done_has_an_entry",
            )
        ]

    def __str__(self) -> str:
        return f"{self.dispute_id} {self.what}"


class DisputeFile(models.Model):
    """Evidence of a dispute. The bytes lie under var/, never where a web server would serve them by itself."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="files")
    name = models.CharField(_("file"), max_length=120)
    content_type = models.CharField(_("kind"), max_length=100)
    size_bytes = models.PositiveIntegerField(_("size"))
    sha256 = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=80, unique=True)
    added_by_name = models.CharField(_("added by"), max_length=150)
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("evidence of a dispute")
        verbose_name_plural = _("evidence of disputes")
        constraints = [models.UniqueConstraint(fields=["dispute", "sha256"], name="one_file_a_dispute_once")]

    def __str__(self) -> str:
        return self.name


class DisputeLetter(models.Model):
    """The letter that answered a dispute, in both languages, as it was sent. Never changed: triggers refuse it."""

    dispute = models.OneToOneField(Dispute, on_delete=models.PROTECT, related_name="letter")
    dated = models.DateField(_("dated"), help_text=_("business date"))
    text_en = models.TextField(_("text in English"))
    text_zh = models.TextField(_("text in Chinese"))
    written_by_name = models.CharField(_("written by"), max_length=150)
    written_at = models.DateTimeField(auto_now_add=True)
    delivery = models.CharField(_("sent by"), max_length=200, blank=True, help_text="the number it goes by at whoever sends it")

    class Meta:
        verbose_name = _("letter that answers a dispute")
        verbose_name_plural = _("letters that answer disputes")

    def __str__(self) -> str:
        return f"{self.dispute_id}"
