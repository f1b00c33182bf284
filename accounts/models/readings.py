"""What people ask to be read out of the whole book: aging files, and checks against the entries."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class BookReading(models.Model):
    """One walk through the whole book that somebody asked for; a worker does it.

    While it runs, `claim` names the worker's try and `lease_until` says when the try counts as dead.
    """

    class Kind(models.TextChoices):
        AGING = "aging", _("aging")
        CHECK = "check", _("check")

    class Truth(models.TextChoices):
        KNOWN = "known", _("known")
        REPORTED = "reported", _("reported")

    class Status(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    class Failure(models.TextChoices):
        NOT_REPORTED = "not_reported"
        CLOSE_RUNS = "close_runs"
        GIVEN_UP = "given_up"

    kind = models.CharField(max_length=10, choices=Kind)
    # Of a check: the report it compares; null compares the book as it stands.
    as_of = models.DateField(_("day"), null=True)
    truth = models.CharField(max_length=10, choices=Truth, blank=True)
    # The asker's own: asked twice under the same one, it is done once.
    reference = models.CharField(_("reference"), max_length=64, null=True, unique=True)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.QUEUED)
    claim = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    rows_total = models.BigIntegerField(_("accounts"), default=0)
    rows_done = models.BigIntegerField(default=0)
    path = models.CharField(max_length=500, blank=True)
    size_bytes = models.BigIntegerField(_("size"), null=True)
    difference_count = models.BigIntegerField(_("differences"), default=0)
    correction_count = models.BigIntegerField(_("late corrections"), default=0)
    failure = models.CharField(max_length=20, choices=Failure, blank=True)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        verbose_name = _("reading of the book")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.as_of or ''} {self.status}"


class BookDifference(models.Model):
    """One value that a check found not to be what the entries say; at most the first thousand of each sort are kept."""

    reading = models.ForeignKey(BookReading, on_delete=models.CASCADE, related_name="differences")
    account_no = models.CharField(_("account"), max_length=64)
    what = models.TextField()
    stored = models.CharField(_("stored"), max_length=200)
    rebuilt = models.CharField(_("rebuilt"), max_length=200)
    is_late_correction = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("difference")

    def __str__(self) -> str:
        return f"{self.account_no} {self.what}"
