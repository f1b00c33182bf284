"""Evidence kept with letters and legal cases: scans of receipts, filings, judgments."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from recovery.models.legal import LegalCase
from recovery.models.letters import Letter
from riskops.shared.fields import KeyField


class RecoveryFile(models.Model):
    """A file of a letter or a legal case. Its bytes lie encrypted under var/ by a name of our own; only added."""

    letter = models.ForeignKey(Letter, null=True, on_delete=models.PROTECT, related_name="files")
    case = models.ForeignKey(LegalCase, null=True, on_delete=models.PROTECT, related_name="files")
    name = models.CharField(_("name"), max_length=120)
    content_type = models.CharField(max_length=100)
    size_bytes = models.PositiveIntegerField(_("size"))
    sha256 = KeyField(max_length=64)
    stored_as = models.CharField(max_length=80, unique=True)
    added_at = models.DateTimeField(_("added"), auto_now_add=True)
    added_by_name = models.CharField(_("added by"), max_length=150)

    class Meta:
        verbose_name = _("file of legal recovery")
        verbose_name_plural = _("files of legal recovery")
        constraints = [
            models.CheckConstraint(
                condition=Q(letter__isnull=True, case__isnull=False) | Q(letter__isnull=False, case__isnull=True),
                name="recovery_file_of_one",
            ),
            models.UniqueConstraint(fields=["letter", "sha256"], name="recovery_file_once_a_letter"),
            models.UniqueConstraint(fields=["case", "sha256"], name="recovery_file_once_a_case"),
        ]

    def __str__(self) -> str:
        return self.name
