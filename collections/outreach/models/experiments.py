"""Experiments between collection strategies, in versions, and which customer is in which arm of them."""

from __future__ import annotations

import secrets
from datetime import date, timedelta
from typing import Final

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Customer
from outreach.models.versions import Version, version_constraints
from outreach.rules.arms import LONGEST_CODE, LONGEST_SALT, Arm, arms_from_plain
from riskops.shared.fields import KeyField

#: Days after the assignment in which payments count, by measure.
WINDOWS: Final = (7, 14, 30)


def new_salt() -> str:
    """Return a salt that no other experiment has."""
    return secrets.token_hex(16)


class Measure(models.TextChoices):
    """What arms are compared by. Of money and complaints those of the window; of lateness the next month-end."""

    PAID_7 = "paid_7", _("paid within 7 days")
    PAID_14 = "paid_14", _("paid within 14 days")
    PAID_30 = "paid_30", _("paid within 30 days")
    AMOUNT_7 = "amount_7", _("amount paid within 7 days")
    AMOUNT_14 = "amount_14", _("amount paid within 14 days")
    AMOUNT_30 = "amount_30", _("amount paid within 30 days")
    ROLLED = "rolled", _("in a worse bucket at the next month-end")
    COMPLAINED = "complained", _("complained within 30 days")


class Experiment(Version):
    """One run of one experiment: customers of some products are divided among strategies, and what they pay is compared.

    Its two people are those of every version. It begins on its `live_from`: the close of that day assigns the first customers.
    For `duration_days` closes new ones come in; those assigned go on to be treated as their arm says until somebody concludes
    it. A next version is another run, with a salt of its own. What was approved is never changed; only its end is written, once.
    """

    class Stage(models.TextChoices):
        DRAFT = "draft", _("draft")
        PROPOSED = "proposed", _("waits for approval")
        WITHDRAWN = "withdrawn", _("withdrawn")
        COMING = "coming", pgettext_lazy("experiment", "begins later")
        RUNNING = "running", pgettext_lazy("experiment", "runs")
        MEASURING = "measuring", pgettext_lazy("experiment", "takes nobody in any more, still measured")
        STOPPED = "stopped", pgettext_lazy("experiment", "stopped")

    class Verdict(models.TextChoices):
        PROMOTED = "promoted", _("promoted a challenger")
        STOPPED = "stopped", _("stopped, all stays as it was")

    code = KeyField(_("code"), max_length=32)
    hypothesis = models.CharField(
        _("hypothesis"), max_length=500, help_text=_("what should be better under the challenger, and why")
    )
    products = models.JSONField(_("products"), default=list)
    rule = models.TextField(_("who takes part"), max_length=4_000, blank=True)
    # [{"code": …, "strategy": code or "" for no contact, "weight_bp": …}]; outreach/rules/arms.py reads them.
    arms = models.JSONField(_("arms"), default=list)
    champion = models.CharField(_("champion"), max_length=LONGEST_CODE)
    control_reason = models.CharField(
        _("why some are left without contact"),
        max_length=500,
        blank=True,
        help_text=_("only for an arm without contact; notices required by law reach its customers all the same"),
    )
    measure = models.CharField(_("deciding measure"), max_length=10, choices=Measure, default=Measure.PAID_14)
    planned_size = models.PositiveIntegerField(
        _("customers planned"),
        validators=[MinValueValidator(10)],
        help_text=_("in all arms together; before that it is too early"),
    )
    duration_days = models.PositiveSmallIntegerField(
        _("days on which customers come in"), validators=[MinValueValidator(1), MaxValueValidator(365)]
    )
    salt = models.CharField(max_length=LONGEST_SALT, default=new_salt, editable=False)
    # What the last dry run found, and of which revision.
    dry_run = models.JSONField(null=True)
    dry_run_revision = models.PositiveIntegerField(null=True)

    # Its end, written once by outreach/operations/concluding.py.
    stopped_on = models.DateField(_("stopped on"), null=True, help_text="from this day on nobody is treated by it")
    verdict = models.CharField(_("decision"), max_length=10, choices=Verdict, blank=True)
    promoted_arm = models.CharField(_("promoted arm"), max_length=LONGEST_CODE, blank=True)
    conclusion = models.CharField(_("reason"), max_length=500, blank=True)
    concluded_by_name = models.CharField(_("decided by"), max_length=150, blank=True)
    # The figures of the moment, as whoever decided saw them.
    results = models.JSONField(null=True)

    KEY = "code"
    SAID = (
        *("name_en", "name_zh", "hypothesis", "products", "rule", "arms", "champion", "control_reason", "measure"),
        *("planned_size", "duration_days", "note"),
    )

    class Meta:
        verbose_name = _("experiment")
        verbose_name_plural = _("experiments")
        ordering = ["code", "-version"]
        constraints = [
            *version_constraints("code", "experiment"),
            models.CheckConstraint(
                condition=Q(stopped_on=None, verdict="") | (Q(stopped_on__isnull=False, status="approved") & ~Q(verdict="")),
                name="experiment_ends_with_a_verdict",
            ),
            models.CheckConstraint(condition=Q(promoted_arm="") | Q(verdict="promoted"), name="experiment_promotes_by_verdict"),
        ]

    @property
    def parts(self) -> tuple[Arm, ...]:
        """Its arms, as the rules take them."""
        return arms_from_plain(self.arms)

    def arm(self, code: str) -> Arm | None:
        """Return the arm of a code."""
        return next((arm for arm in self.parts if arm.code == code), None)

    @property
    def last_day_in(self) -> date | None:
        """The last day whose close takes customers in; None where it has no first day."""
        return self.live_from + timedelta(days=self.duration_days - 1) if self.live_from else None

    @property
    def is_tried(self) -> bool:
        """Whether what it says now was tried on the book."""
        return self.dry_run is not None and self.dry_run_revision == self.revision

    def stage(self, today: date) -> Experiment.Stage:
        """Return where it stands on a day."""
        if self.status != Version.Status.APPROVED:
            return Experiment.Stage(self.status)
        if self.stopped_on is not None:
            return Experiment.Stage.STOPPED
        if self.live_from is None or today < self.live_from:
            return Experiment.Stage.COMING
        last = self.last_day_in
        return Experiment.Stage.RUNNING if last is not None and today <= last else Experiment.Stage.MEASURING


class ArmAssignment(models.Model):
    """A customer is in an arm of an experiment since a day. Only added, by outreach/bulk/assign.py; triggers refuse all else.

    The arm follows from the salt and the customer (outreach/rules/arms.py); it is kept so that results and plans join it, and so
    that a customer who left the eligible ones stays in: what they do is the arm's.
    """

    experiment = models.ForeignKey(Experiment, on_delete=models.PROTECT, related_name="assignments", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+", db_index=False)
    arm = models.CharField(_("arm"), max_length=LONGEST_CODE)
    # The day whose close took the customer in: what happens on the days after it is the arm's.
    assigned_on = models.DateField(_("since"))
    # The worst bucket of their accounts under the experiment's products on that day.
    bucket = models.SmallIntegerField(_("bucket"))

    class Meta:
        verbose_name = _("arm of a customer")
        constraints = [models.UniqueConstraint(fields=["experiment", "customer"], name="one_arm_a_customer")]
        indexes = [models.Index(fields=["customer"], name="arms_of_a_customer")]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.arm}"
