"""What the whole site shares: the business date, the audit trail, the run ledger, the expected feeds."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class BookState(models.Model):
    """The one row that says which day the book has reached. Locked by whoever moves the day or applies an import."""

    business_date = models.DateField(
        _("business date"), null=True, help_text=_("the last closed day; empty before the first close")
    )
    book = models.CharField(_("book"), max_length=20, default="live")
    nightly_paused = models.BooleanField(_("nightly close paused"), default=False)
    note = models.TextField(_("note"), blank=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("book state")
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="book_state_is_one_row")]

    def __str__(self) -> str:
        return f"{self.book} {self.business_date}"


class AuditEntry(models.Model):
    """One line of the trail. Database triggers refuse to change or delete it; no clear personal value is ever in it."""

    at = models.DateTimeField(_("at"), auto_now_add=True)
    actor_name = models.CharField(_("actor"), max_length=150)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    action = models.CharField(_("action"), max_length=64)
    subject_type = models.CharField(_("subject type"), max_length=40)
    subject_key = models.CharField(_("subject"), max_length=200)
    # A plain number and no foreign key: the trail outlives what it speaks of.
    account_id = models.BigIntegerField(null=True)
    before = models.JSONField(_("before"), null=True)
    after = models.JSONField(_("after"), null=True)
    reason = models.TextField(_("reason"), blank=True)
    request_id = models.CharField(max_length=32, blank=True)
    run_id = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes = [
            models.Index(fields=["account_id", "-id"], name="audit_by_account", condition=Q(account_id__isnull=False)),
            models.Index(fields=["subject_type", "subject_key", "-id"], name="audit_by_subject"),
            models.Index(fields=["action", "-id"], name="audit_by_action"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject_key}"


class CloseRun(models.Model):
    """The close of one business day. One row a date, at most one of them unfinished."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting for feeds")
        RUNNING = "running", _("running")
        FAILED = "failed", _("failed")
        COMPLETE = "complete", _("complete")

    business_date = models.DateField(_("business date"), unique=True)
    through = models.DateField(_("through"), help_text=_("the days up to this one are closed one after the other"))
    status = models.CharField(_("status"), max_length=10, choices=Status)
    is_open = models.BooleanField(default=True, help_text=_("not complete yet"))
    is_provisional = models.BooleanField(_("provisional"), default=False)
    override_reason = models.TextField(_("reason for closing without a feed"), blank=True)
    waiting_for = models.JSONField(_("waiting for"), default=list)
    started_by = models.CharField(_("started by"), max_length=150)
    started_at = models.DateTimeField(_("started"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        verbose_name = _("close of business")
        verbose_name_plural = _("closes of business")
        ordering = ["-business_date"]
        constraints = [
            models.UniqueConstraint(fields=["is_open"], condition=Q(is_open=True), name="one_open_close_run"),
            models.CheckConstraint(
                condition=Q(is_open=True, finished_at__isnull=True)
                | Q(is_open=False, status="complete", finished_at__isnull=False),
                name="close_run_open_until_complete",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.business_date} {self.status}"

    @property
    def stands_still(self) -> bool:
        """Whether nothing happens until somebody does something about it."""
        return self.status in (self.Status.WAITING, self.Status.FAILED)


class CloseShard(models.Model):
    """One step of one run over one range of account ids: its mark in the run's ledger, set in the step's transaction."""

    class Status(models.TextChoices):
        PENDING = "pending", _("pending")
        CLAIMED = "claimed", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    run = models.ForeignKey(CloseRun, on_delete=models.CASCADE, related_name="shards")
    step_order = models.PositiveSmallIntegerField()
    step = models.CharField(_("step"), max_length=40)
    number = models.PositiveIntegerField(_("shard"))
    first_account_id = models.BigIntegerField()
    last_account_id = models.BigIntegerField()
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.PENDING)
    claimed_by = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    rows = models.BigIntegerField(_("rows"), default=0)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        verbose_name = _("shard of a close")
        ordering = ["run", "step_order", "number"]
        constraints = [models.UniqueConstraint(fields=["run", "step", "number"], name="one_mark_per_step_and_shard")]
        # What a claim looks for: without it every claim reads all marks of the run, and a close as many as its shards squared.
        indexes = [
            models.Index(fields=["run", "step_order", "number"], name="close_shards_left", condition=~models.Q(status="done"))
        ]

    def __str__(self) -> str:
        return f"{self.step} {self.number} {self.status}"


class Feed(models.Model):
    """A file that must have come before a day may be closed."""

    class OnMissing(models.TextChoices):
        STOP = "stop", _("stop the close")
        PROVISIONAL = "provisional", _("close as provisional after the cut-off")

    name = models.CharField(_("feed name"), max_length=40, unique=True)
    file_name = models.CharField(_("file"), max_length=64, help_text=_("e.g. payments.csv"))
    cut_off = models.TimeField(_("cut-off"), help_text=_("business time of the day after the one it covers"))
    is_expected = models.BooleanField(_("expected"), default=True)
    on_missing = models.CharField(
        _("when it is missing"),
        max_length=12,
        choices=OnMissing,
        default=OnMissing.STOP,
    )
    weekdays = models.CharField(_("weekdays"), max_length=7, default="1234567", help_text=_("ISO days it comes for"))

    class Meta:
        verbose_name = _("expected feed")
        verbose_name_plural = _("expected feeds")

    def __str__(self) -> str:
        return self.name


class FeedArrival(models.Model):
    """A feed that came for a business date, with the control totals it was checked against."""

    feed = models.ForeignKey(Feed, on_delete=models.PROTECT, related_name="arrivals")
    business_date = models.DateField(_("business date"))
    rows = models.BigIntegerField(_("rows"))
    amount_total = models.CharField(_("amount total"), max_length=40, blank=True)
    import_id = models.BigIntegerField(null=True)
    arrived_at = models.DateTimeField(_("arrived"), auto_now_add=True)

    class Meta:
        verbose_name = _("feed arrival")
        constraints = [models.UniqueConstraint(fields=["feed", "business_date", "import_id"], name="one_arrival_per_import")]

    def __str__(self) -> str:
        return f"{self.feed} {self.business_date}"


class Heartbeat(models.Model):
    """When a kind of process last showed that it lives, e.g. `close tick`: sent by the scheduler, served by a worker."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()
    worker = models.CharField(max_length=120)

    def __str__(self) -> str:
        return f"{self.name} {self.at}"


# Their own file; here so that Django finds them.
from riskops.shared.people.models import (  # noqa: E402
    Absence,
    Conflict,
    Examination,
    Membership,
    PortfolioScope,
    Team,
)

__all__ = [
    "Absence",
    "AuditEntry",
    "BookState",
    "CloseRun",
    "CloseShard",
    "Conflict",
    "Examination",
    "Feed",
    "FeedArrival",
    "Heartbeat",
    "Membership",
    "PortfolioScope",
    "Team",
]
