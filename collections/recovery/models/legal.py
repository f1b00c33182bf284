"""Legal cases by stage, and what people note for the limitation clock."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import CreditAccount, Customer
from recovery.rules.benefit import Stage
from recovery.rules.limitation import Cause
from riskops.shared.fields import KeyField

STAGE_NAMES = {
    Stage.MEDIATION: pgettext_lazy("legal stage", "mediation"),
    Stage.ARBITRATION: pgettext_lazy("legal stage", "arbitration"),
    Stage.SUIT: pgettext_lazy("legal stage", "suit"),
    Stage.JUDGMENT: pgettext_lazy("legal stage", "judgment"),
    Stage.ENFORCEMENT: pgettext_lazy("legal stage", "enforcement"),
}
STAGES = [(str(stage), name) for stage, name in STAGE_NAMES.items()]
#: What people note; the rest the clock knows from the book, from letters and from legal cases.
NOTED_CAUSES = [
    (str(Cause.DEMAND), _("demand that arrived")),
    (str(Cause.ACKNOWLEDGEMENT), _("acknowledgement by the customer")),
]


class LegalCase(models.Model):
    """An account in legal recovery. Written by recovery/operations/legal, nobody else.

    proposed → open (approved by a second person), rejected; open → closed, with its outcome. While it is open the account's
    signal `is_in_legal` stands. Nothing of a case is public.
    """

    class Status(models.TextChoices):
        PROPOSED = "proposed", pgettext_lazy("legal case", "waits for approval")
        OPEN = "open", pgettext_lazy("legal case", "open")
        CLOSED = "closed", pgettext_lazy("legal case", "closed")
        REJECTED = "rejected", pgettext_lazy("legal case", "not approved")

    class Outcome(models.TextChoices):
        PAID = "paid", pgettext_lazy("legal case", "paid in full")
        SETTLED = "settled", pgettext_lazy("legal case", "settled")
        WON = "won", pgettext_lazy("legal case", "won, enforced as far as possible")
        LOST = "lost", pgettext_lazy("legal case", "lost")
        WITHDRAWN = "withdrawn", pgettext_lazy("legal case", "withdrawn")

    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="legal_cases", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+", db_index=False)
    status = models.CharField(_("state"), max_length=8, choices=Status, default=Status.PROPOSED)
    stage = models.CharField(_("stage"), max_length=11, choices=STAGES)
    currency = KeyField(max_length=3)
    # The cost-benefit line of its first stage, when it was proposed.
    claim_minor = models.BigIntegerField(_("amount claimed"))
    expected_minor = models.BigIntegerField(_("expected recovery"))
    cost_minor = models.BigIntegerField(_("expected cost"))
    booked_minor = models.BigIntegerField(_("costs booked"), default=0)
    note = models.CharField(_("note"), max_length=500)
    proposed_on = models.DateField(_("proposed on"))
    # The moment the claim was read: what was waived, cancelled or handed over after it is of the claim. Null: proposed before
    # it was kept.
    proposed_at = models.DateTimeField(null=True)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    proposed_by_name = models.CharField(_("proposed by"), max_length=150)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    decided_by_name = models.CharField(_("decided by"), max_length=150, blank=True)
    opened_on = models.DateField(_("opened on"), null=True)
    closed_on = models.DateField(_("closed on"), null=True)
    outcome = models.CharField(_("outcome"), max_length=9, choices=Outcome, blank=True)
    reason = models.CharField(_("why"), max_length=500, blank=True)
    version = models.PositiveIntegerField(default=1, help_text="counts up with every change: a stale form is refused")

    class Meta:
        verbose_name = _("legal case")
        verbose_name_plural = _("legal cases")
        indexes = [
            models.Index(fields=["account", "-id"], name="legal_cases_of_an_account"),
            models.Index(fields=["stage", "id"], name="legal_cases_by_stage", condition=Q(status__in=["proposed", "open"])),
        ]
        constraints = [
            models.UniqueConstraint(fields=["account"], condition=Q(status__in=["proposed", "open"]), name="one_legal_case_open"),
            models.CheckConstraint(
                condition=(Q(status="closed") & ~Q(outcome="")) | (~Q(status="closed") & Q(outcome="")),
                name="legal_case_closed_has_outcome",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | Q(status__in=["rejected", "proposed"]) | ~Q(decided_by=F("proposed_by")),
                name="legal_case_takes_two_people",
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """What people know it by."""
        return f"LC-{self.pk:05d}"


class LegalStage(models.Model):
    """A stage that a legal case went through, with its body, dates, cost and outcome. Ended when the next begins or it closes."""

    case = models.ForeignKey(LegalCase, on_delete=models.PROTECT, related_name="stages")
    stage = models.CharField(_("stage"), max_length=11, choices=STAGES)
    begun_on = models.DateField(_("begun on"))
    ended_on = models.DateField(_("ended on"), null=True)
    body = models.CharField(_("before"), max_length=120, blank=True, help_text=_("court, commission or mediator"))
    docket_no = models.CharField(_("docket number"), max_length=80, blank=True)
    cost_minor = models.BigIntegerField(_("cost"), default=0)
    result = models.CharField(_("result"), max_length=500, blank=True)
    begun_by_name = models.CharField(max_length=150)

    class Meta:
        verbose_name = _("legal stage")
        verbose_name_plural = _("legal stages")
        constraints = [
            models.UniqueConstraint(fields=["case"], condition=Q(ended_on=None), name="one_legal_stage_open"),
            models.CheckConstraint(condition=Q(ended_on=None) | Q(ended_on__gte=F("begun_on")), name="legal_stage_in_order"),
            models.CheckConstraint(condition=Q(cost_minor__gte=0), name="legal_stage_cost_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.stage}"


class LimitationFact(models.Model):
    """What a person noted that begins the limitation anew. Only added; taken back by `withdrawn_at`."""

    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="limitation_facts")
    cause = models.CharField(_("what"), max_length=16, choices=NOTED_CAUSES)
    on = models.DateField(_("on"))
    evidence = models.CharField(_("evidence"), max_length=500)
    noted_by_name = models.CharField(_("noted by"), max_length=150)
    noted_at = models.DateTimeField(_("noted at"), auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by_name = models.CharField(max_length=150, blank=True)

    class Meta:
        verbose_name = _("fact of the limitation clock")
        verbose_name_plural = _("facts of the limitation clock")

    def __str__(self) -> str:
        return f"{self.account_id} {self.cause} {self.on}"
