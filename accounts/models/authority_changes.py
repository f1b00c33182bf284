"""Changes of the authority matrix on their way: proposed by one person, approved or rejected by another."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class AuthorityChange(models.Model):
    """A line of the authority matrix to be added, changed or ended. What stands keeps holding until it is approved.

    `before` is the line as the proposer saw it, `after` as it is to be, by column; None where there is none. Both stay as they
    are: what was approved can be read from them later. Written by accounts/operations/deciding/matrix.py, nobody else.
    """

    class Kind(models.TextChoices):
        ADD = "add", _("add a line")
        CHANGE = "change", _("change a line")
        END = "end", _("end a line")

    class Status(models.TextChoices):
        PROPOSED = "proposed", _("proposed")
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")
        WITHDRAWN = "withdrawn", _("withdrawn")

    kind = models.CharField(_("kind of change"), max_length=6, choices=Kind)
    status = models.CharField(_("status"), max_length=9, choices=Status, default=Status.PROPOSED)
    # A plain number: a line that was ended is gone, the record of its end is not.
    line_id = models.BigIntegerField(null=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    reason = models.TextField(_("reason"))
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_by_name = models.CharField(_("proposed by"), max_length=150)
    proposed_at = models.DateTimeField(_("proposed at"), auto_now_add=True)
    judged_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    judged_by_name = models.CharField(_("approved or rejected by"), max_length=150, blank=True)
    judgement = models.TextField(_("remark of the approver"), blank=True)
    closed_at = models.DateTimeField(null=True, help_text="when it was approved, rejected or withdrawn")

    class Meta:
        verbose_name = _("change of the authority matrix")
        verbose_name_plural = _("changes of the authority matrix")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(judged_by__isnull=True) | ~Q(judged_by=F("proposed_by")), name="authority_change_by_two"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["proposed", "withdrawn"], judged_by__isnull=True)
                | Q(status__in=["approved", "rejected"], judged_by__isnull=False),
                name="authority_change_judged_or_not",
            ),
            models.CheckConstraint(
                condition=Q(status="proposed", closed_at__isnull=True) | (~Q(status="proposed") & Q(closed_at__isnull=False)),
                name="authority_change_open_or_closed",
            ),
            models.CheckConstraint(
                condition=Q(kind="add", line_id__isnull=True, before__isnull=True, after__isnull=False)
                | Q(kind="change", line_id__isnull=False, before__isnull=False, after__isnull=False)
                | Q(kind="end", line_id__isnull=False, before__isnull=False, after__isnull=True),
                name="authority_change_says_what",
            ),
            models.CheckConstraint(
                condition=~Q(reason="") & (~Q(status="rejected") | ~Q(judgement="")), name="authority_change_says_why"
            ),
        ]

    def __str__(self) -> str:
        line = self.after or self.before or {}
        return f"{self.kind} · {line.get('action')} · {line.get('role')}"
