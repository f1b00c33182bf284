"""Warning tiers: versioned policies, their ordered tiers, and the changes of accounts from one tier to another."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import CreditAccount
from casework.models.calendars import BusinessCalendar
from riskops.shared.models import Team


class TierPolicy(models.Model):
    """One version of the policy. Of the approved ones that with the latest `live_from` up to a day is live on it.

    A unique key on the first day makes that one per date. Triggers refuse to change or delete what was approved: the way
    on is the next version. Withdrawn may be only what has not begun.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        PROPOSED = "proposed", _("waits for approval")
        APPROVED = "approved", _("approved")
        WITHDRAWN = "withdrawn", _("withdrawn")

    version = models.PositiveIntegerField(_("version"), unique=True)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT)
    note = models.CharField(_("what it changes, and why"), max_length=500, blank=True)
    calendar = models.ForeignKey(BusinessCalendar, on_delete=models.PROTECT, related_name="+", verbose_name=_("calendar"))
    live_from = models.DateField(_("live from"), null=True)
    # Counts the changes of a draft: a form that was opened before one is stale.
    revision = models.PositiveIntegerField(default=1)

    drafted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    drafted_by_name = models.CharField(_("drafted by"), max_length=150)
    drafted_at = models.DateTimeField(_("drafted"), auto_now_add=True)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    approved_by_name = models.CharField(_("approved by"), max_length=150, blank=True)
    approved_at = models.DateTimeField(pgettext_lazy("moment", "approved"), null=True)

    changed_by_name = models.CharField(_("changed by"), max_length=150, blank=True)
    # Ids of all who changed the draft: none of them may approve it.
    editors = models.JSONField(default=list)

    # What the last dry run found, and of which revision: see casework/queries/dry_run.py.
    dry_run = models.JSONField(null=True)
    dry_run_revision = models.PositiveIntegerField(null=True)

    class Meta:
        verbose_name = _("tier policy")
        verbose_name_plural = _("tier policies")
        ordering = ["-version"]
        constraints = [
            models.UniqueConstraint(fields=["live_from"], condition=Q(status="approved"), name="one_tier_policy_live_a_day"),
            models.CheckConstraint(
                condition=~Q(status__in=["proposed", "approved"]) | Q(live_from__isnull=False), name="tier_policy_has_a_first_day"
            ),
            models.CheckConstraint(
                condition=~Q(status="approved") | Q(approved_at__isnull=False), name="tier_policy_is_approved_by_somebody"
            ),
            # The shipped one has neither; of people, the second is never the first.
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=models.F("drafted_by")), name="tier_policy_takes_two_people"
            ),
        ]

    def __str__(self) -> str:
        return str(self.version)

    @property
    def is_editable(self) -> bool:
        """Whether its tiers may still change."""
        return self.status == self.Status.DRAFT


class Tier(models.Model):
    """One tier of a policy: an account is in the first one, by position, whose rule holds on its facts."""

    class Tone(models.TextChoices):
        """How it is coloured: by severity on the ramp of the buckets, the lanes apart. Never the only sign."""

        M0 = "m0", pgettext_lazy("tone", "normal")
        M1 = "m1", pgettext_lazy("tone", "slight")
        M2 = "m2", pgettext_lazy("tone", "early")
        M3 = "m3", pgettext_lazy("tone", "middle")
        M4 = "m4", pgettext_lazy("tone", "late")
        M5 = "m5", pgettext_lazy("tone", "serious")
        M6 = "m6", pgettext_lazy("tone", "grave")
        M7 = "m7", pgettext_lazy("tone", "legal")
        FRAUD = "fraud", pgettext_lazy("tone", "fraud")
        DISPUTED = "disputed", pgettext_lazy("tone", "disputed")

    class Intervention(models.TextChoices):
        """What may be done to an account of the tier. The contact policy and holds may still forbid it."""

        REMIND = "remind", _("reminders")
        CALL = "call", _("calls")
        PLAN = "plan", _("repayment plans")
        REVIEW = "review", _("account review")
        LIMIT = "limit", _("limit changes")
        SUSPEND = "suspend", _("suspension of use")
        ACCELERATE = "accelerate", _("acceleration")
        AGENCY = "agency", _("agencies")
        LETTER = "letter", _("lawyer letters")
        LEGAL = "legal", _("legal recovery")
        WRITE_OFF = "write_off", _("write-off")

    policy = models.ForeignKey(TierPolicy, on_delete=models.CASCADE, related_name="tiers")
    position = models.PositiveSmallIntegerField(_("place in the order"))
    code = models.CharField(_("code"), max_length=32, help_text=_("small letters, digits and hyphens; kept with each account"))
    name_en = models.CharField(_("name in English"), max_length=60)
    name_zh = models.CharField(_("name in Chinese"), max_length=60)
    rule = models.TextField(_("rule"))
    tone = models.CharField(_("tone"), max_length=10, choices=Tone)
    queue = models.CharField(_("queue"), max_length=60, blank=True, help_text=_("empty: nothing to work on"))
    # The team that owns the tier's work; without one, every open team of the kind does.
    owner_team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("owner team")
    )
    owner_kind = models.CharField(_("owner, if no team is named"), max_length=12, choices=Team.Kind, blank=True)
    service_minutes = models.PositiveIntegerField(
        _("service time in minutes"), null=True, blank=True, help_text=_("of working time; empty: no clock runs")
    )
    interventions = models.JSONField(_("allowed interventions"), default=list)

    class Meta:
        verbose_name = _("tier")
        verbose_name_plural = _("tiers")
        ordering = ["policy", "position"]
        constraints = [
            models.UniqueConstraint(fields=["policy", "position"], name="one_tier_a_position"),
            models.UniqueConstraint(fields=["policy", "code"], name="one_tier_of_a_code"),
            models.CheckConstraint(condition=~Q(code=""), name="tier_has_a_code"),
            models.CheckConstraint(
                condition=Q(service_minutes=None) | Q(service_minutes__gt=0), name="tier_service_time_above_zero"
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def name(self) -> str:
        """Its name in the language in use."""
        return self.name_zh if (get_language() or "").startswith("zh") else self.name_en


class TierChange(models.Model):
    """An account went from one tier to another: a fact, appended by casework/bulk/tiers.py together with `AccountState.tier`.

    "" is no tier: where an account comes from on its first day. `as_of` is the business date the account stood on.
    """

    # No keys in the database, as in the snapshots: the first close writes one row for each account. Neither an account nor
    # an approved policy is ever deleted.
    account = models.ForeignKey(CreditAccount, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False)
    policy = models.ForeignKey(TierPolicy, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False)
    from_tier = models.CharField(_("from"), max_length=32, blank=True)
    to_tier = models.CharField(_("to"), max_length=32, blank=True)
    as_of = models.DateField(_("as of"))
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("tier change")
        verbose_name_plural = _("tier changes")
        indexes = [
            models.Index(fields=["account", "id"], name="tier_changes_by_account"),
            models.Index(fields=["as_of"], name="tier_changes_by_day"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(from_tier=models.F("to_tier")), name="tier_change_changes"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.from_tier} → {self.to_tier}"
