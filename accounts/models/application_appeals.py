"""Objections to refused applications: who said what, when and by which way, and what came of the second look."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models.applications import Application


class ApplicationAppeal(models.Model):
    """An applicant's objection to a refusal, judged by somebody who had no part in it. One a refusal.

    `refusal` is the refused decision as it stood, with the facts and rules it was made on: the application goes on to carry
    the decision of the second look. Written by accounts/operations/applications/appealing.py, nobody else.
    """

    class Speaker(models.TextChoices):
        APPLICANT = "applicant", _("the applicant")
        REPRESENTATIVE = "representative", _("somebody on the applicant's behalf")

    class Outcome(models.TextChoices):
        OPEN = "open", pgettext_lazy("appeals", "open")
        GRANTED = "granted", _("granted")
        UPHELD = "upheld", _("refusal upheld")
        WITHDRAWN = "withdrawn", _("withdrawn")

    application = models.OneToOneField(
        Application, on_delete=models.PROTECT, related_name="appeal", verbose_name=_("application")
    )
    received_on = models.DateField(_("received on"), help_text=_("business day"))
    channel = models.CharField(_("channel"), max_length=64)
    said_by = models.CharField(_("said by"), max_length=16, choices=Speaker)
    grounds = models.TextField(_("what the customer says"))
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    recorded_by_name = models.CharField(_("recorded by"), max_length=150)
    recorded_at = models.DateTimeField(_("recorded at"), auto_now_add=True)
    refusal = models.JSONField(default=dict)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome, default=Outcome.OPEN)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    decided_by_name = models.CharField(_("decided by"), max_length=150, blank=True)
    decided_at = models.DateTimeField(_("decided at"), null=True)

    class Meta:
        verbose_name = _("appeal against a refusal")
        verbose_name_plural = _("appeals against refusals")
        constraints = [
            models.CheckConstraint(
                condition=(Q(outcome="open") & Q(decided_at__isnull=True)) | (~Q(outcome="open") & Q(decided_at__isnull=False)),
                name="application_appeal_decided_or_open",
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=["open", "withdrawn"])
                | (Q(decided_by__isnull=False) & (Q(recorded_by__isnull=True) | ~Q(decided_by=F("recorded_by")))),
                name="application_appeal_judged_by_another",
            ),
            models.CheckConstraint(condition=~Q(grounds="") & ~Q(channel=""), name="application_appeal_says_what_and_how"),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.outcome}"

    @property
    def is_open(self) -> bool:
        """Whether it still waits for its outcome."""
        return self.outcome == self.Outcome.OPEN

    def has_part(self, user_id: int | None) -> bool:
        """Whether somebody refused, agreed to the refusal, or recorded the objection: they do not judge it."""
        return user_id is None or user_id in (self.refusal.get("decided_by"), self.refusal.get("judged_by"), self.recorded_by_id)
