"""Imports of portfolio files: what came, how far it is, what was wrong."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class PortfolioImport(models.Model):
    """One run of the importer over one delivery of files."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("waiting")
        READING = "reading", _("reading")
        CHECKING = "checking", _("checking against the book")
        APPLYING = "applying", _("loading")
        APPLIED = "applied", _("loaded")
        CHECKED = "checked", _("dry run: no error")
        REFUSED = "refused", _("refused")
        FAILED = "failed", _("failed")

    class OnError(models.TextChoices):
        ABORT = "abort", _("load nothing if anything is wrong")
        QUARANTINE = "quarantine", _("load the good rows, set the bad ones aside")

    source_name = models.CharField(_("file"), max_length=255)
    stored_path = models.CharField(max_length=500, blank=True)
    fingerprint = models.CharField(max_length=64, blank=True)
    is_dry_run = models.BooleanField(_("dry run"), default=False)
    on_error = models.CharField(_("on error"), max_length=10, choices=OnError, default=OnError.ABORT)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.QUEUED)
    step = models.CharField(_("step"), max_length=80, blank=True)
    rows_total = models.BigIntegerField(_("rows"), default=0)
    rows_done = models.BigIntegerField(default=0)
    # {"accounts.csv": {"rows": 10, "added": 1, "changed": 2, "unchanged": 7, "refused": 0}, …}
    counts = models.JSONField(_("counts"), default=dict)
    error_count = models.BigIntegerField(_("errors"), default=0)
    warning_count = models.BigIntegerField(_("warnings"), default=0)
    quarantine_path = models.CharField(max_length=500, blank=True)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    failure = models.TextField(_("failure"), blank=True)

    class Meta:
        verbose_name = _("portfolio import")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.source_name} {self.status}"


class ImportIssue(models.Model):
    """One thing wrong (or worth a warning) in one cell; at most the first thousand of an import are kept here."""

    portfolio_import = models.ForeignKey(PortfolioImport, on_delete=models.CASCADE, related_name="issues")
    is_error = models.BooleanField(default=True)
    file = models.CharField(_("file"), max_length=64)
    line = models.PositiveIntegerField(_("line"), null=True)
    column = models.CharField(_("column"), max_length=64, blank=True)
    # Blank for personal columns: no clear personal value is kept.
    value = models.CharField(_("value"), max_length=200, blank=True)
    # Code and params say it in any language (accounts/portfolio_files/problems.py); message and remedy as they were then.
    code = models.CharField(max_length=40)
    params = models.JSONField(default=dict)
    message = models.TextField(_("what is wrong"))
    remedy = models.TextField(_("what would be right"))

    class Meta:
        verbose_name = _("import issue")

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.message}"
