"""Collection cases: one an account and spell of lateness, what happened in each, and the figures they follow."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import CreditAccount, Customer, Product
from riskops.shared.personal import EncryptedPersonField


class CaseFigures(models.Model):
    """A version of what cases follow. The highest version is the one in force; none is ever changed."""

    version = models.PositiveIntegerField(unique=True)
    work_from_days = models.PositiveIntegerField(_("work from days past due"), default=31)
    pursue_from_days = models.PositiveIntegerField(_("pursue from days past due"), default=61)
    redefault_days = models.PositiveIntegerField(
        _("re-default within days"), default=180, help_text=_("late again so soon after the last case closed: linked to it")
    )
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    author_name = models.CharField(max_length=150)
    reason = models.CharField(max_length=500)
    made_at = models.DateTimeField()

    class Meta:
        verbose_name = _("figures of cases")
        verbose_name_plural = _("figures of cases")
        ordering = ["-version"]
        constraints = [
            models.CheckConstraint(
                condition=Q(work_from_days__gt=1) & Q(pursue_from_days__gt=F("work_from_days")), name="case_stages_in_order"
            )
        ]

    def __str__(self) -> str:
        return str(self.version)


class Case(models.Model):
    """The collection of one account through one spell of lateness; a later spell is another episode.

    Stage and closing are written by casework/bulk/cases.py and casework/operations/cases: the first three stages follow days
    past due, `legal` and `agency` are set and left by the rooms above, `written_off` follows the account's write-off, and
    nothing past due closes the case as cured. Every change of stage is an event.
    """

    class Stage(models.TextChoices):
        REMIND = "remind", _("remind")
        WORK = "work", _("work")
        PURSUE = "pursue", _("pursue")
        LEGAL = "legal", pgettext_lazy("stage of a case", "legal")
        AGENCY = "agency", pgettext_lazy("stage of a case", "agency")
        WRITTEN_OFF = "written_off", _("written off")
        CURED = "cured", _("cured")

    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="cases", db_index=False)
    # Copies of the account's own, which never change: lists are by customer and product without a join.
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="cases")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+", db_index=False)
    episode = models.PositiveIntegerField(_("episode"))
    #: The due date that was missed: days past due counted from it when the case opened.
    since = models.DateField(_("late since"))
    #: The business day on which it opened.
    opened_on = models.DateField(pgettext_lazy("case", "opened on"))
    stage = models.CharField(_("stage"), max_length=12, choices=Stage)
    stage_since = models.DateField(_("in this stage since"))
    closed_on = models.DateField(pgettext_lazy("case", "closed on"), null=True)
    #: The case before, where this one is a re-default: late again within the days that the figures say.
    previous = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("owner")
    )
    next_action = models.CharField(_("next action"), max_length=40, blank=True, db_default="")
    next_action_on = models.DateField(_("next action on"), null=True)

    #: The newest reason for lateness that was recorded; each one is an event.
    reason = models.ForeignKey(
        "casework.LatenessReason",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("reason for lateness"),
    )

    #: The last day on which somebody made sure that they spoke to the customer.
    right_party_on = models.DateField(_("right party on"), null=True)

    class Meta:
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        constraints = [
            models.UniqueConstraint(fields=["account", "episode"], name="one_case_an_episode"),
            models.UniqueConstraint(fields=["account"], condition=Q(closed_on__isnull=True), name="one_open_case_an_account"),
            models.CheckConstraint(
                condition=Q(stage="cured", closed_on__isnull=False) | (~Q(stage="cured") & Q(closed_on__isnull=True)),
                name="case_cured_is_closed",
            ),
        ]
        indexes = [
            models.Index(fields=["stage", "stage_since", "id"], name="cases_by_stage", condition=Q(closed_on__isnull=True)),
            models.Index(fields=["owner", "id"], name="cases_of_an_owner", condition=Q(owner__isnull=False)),
            models.Index(fields=["next_action_on", "id"], name="cases_by_next_action", condition=Q(next_action_on__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.account_id}/{self.episode}"


class CaseEvent(models.Model):
    """What happened in a case. Appended; the database refuses changes."""

    class Kind(models.TextChoices):
        OPENED = "opened", pgettext_lazy("case", "opened")
        MOVED = "moved", _("moved to another stage")
        CLOSED = "closed", pgettext_lazy("case", "closed")
        OUTCOME = "outcome", _("outcome")
        RIGHT_PARTY = "right_party", _("right party confirmed")
        NEXT_ACTION = "next_action", _("next action set")
        OWNER = "owner", _("owner changed")
        CONTACT = "contact", _("contact person changed")
        COST = "cost", _("cost booked")
        PROMISE = "promise", _("promise")
        REASON = "reason", _("reason for lateness")

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    #: The business day it counts from.
    day = models.DateField(_("day"))
    recorded_at = models.DateTimeField(_("recorded"))
    from_stage = models.CharField(max_length=12, choices=Case.Stage, blank=True, db_default="")
    to_stage = models.CharField(max_length=12, choices=Case.Stage, blank=True, db_default="")
    actor_name = models.CharField(max_length=150)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    reason = models.CharField(_("reason"), max_length=500, blank=True, db_default="")
    #: How the account stood: days past due, and the overdue total in minor units.
    days_past_due = models.IntegerField(null=True)
    overdue_minor = models.BigIntegerField(null=True)
    #: Free text about a person, so kept as personal data is.
    said = EncryptedPersonField(null=True)
    #: What else the kind says: plain JSON without personal data.
    details = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("event of a case")
        verbose_name_plural = _("events of cases")
        indexes = [
            models.Index(fields=["recorded_at"], name="case_outcomes_by_moment", condition=Q(kind="outcome")),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.kind}"

    @property
    def text(self) -> str:
        """What was said, in clear."""
        return (self.said or {}).get("text", "")
