"""Contact policies in versions: the figures that every contact is judged by, by profile."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from outreach.rules.contact_policy import Policy
from outreach.rules.contacts import Hold, Hours
from riskops.shared.fields import KeyField

_MOST: Final = 100
HOLD_NAMES: Final = {
    Hold.DISPUTE: _("dispute"),
    Hold.COMPLAINT: _("complaint under review"),
    Hold.FRAUD_CLAIM: _("fraud claim"),
    Hold.HARDSHIP_PLAN: _("signed hardship plan"),
    Hold.DEATH: _("death"),
    Hold.INSOLVENCY: _("insolvency"),
    Hold.MINOR: _("minor"),
    Hold.STOP_CONTACT: _("stop-contact request"),
    Hold.LEGAL_REPRESENTATION: _("legal representation"),
}


def _figure(name: Any, *, least: int = 0, most: int = _MOST, about: Any) -> models.PositiveSmallIntegerField:  # type: ignore[type-arg]
    return models.PositiveSmallIntegerField(
        name, null=True, blank=True, validators=[MinValueValidator(least), MaxValueValidator(most)], help_text=about
    )


class ContactPolicy(models.Model):
    """One version of one profile. Of a profile's approved versions that with the latest `live_from` up to a day holds on it.

    A product follows the profile whose version on that day names it, else the site's own (CONTACT_PROFILE). Triggers refuse to
    change or delete what was approved: the way on is the next version. Written by outreach/operations/policies.py.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        PROPOSED = "proposed", _("waits for approval")
        APPROVED = "approved", _("approved")
        WITHDRAWN = "withdrawn", _("withdrawn")

    profile = KeyField(_("profile"), max_length=32)
    version = models.PositiveIntegerField(_("version"))
    name_en = models.CharField(_("name in English"), max_length=100)
    name_zh = models.CharField(_("name in Chinese"), max_length=100)
    # Codes of the products that follow it. Of two profiles live on one day no product is in both: refused at approval.
    products = models.JSONField(_("products"), default=list, blank=True)

    opens_at = models.TimeField(_("contacts from"))
    closes_at = models.TimeField(_("contacts until"))
    effective_calls_a_day = _figure(_("answered calls a day to one debtor"), about=_("a machine's voice included"))
    unanswered_a_day = _figure(_("unanswered attempts a day at one number"), about=_("whosever number it is"))
    calls_a_week = _figure(_("calls in seven days about one debt"), about=_("the present day is the last of the seven"))
    quiet_days_after_conversation = _figure(
        _("days without a call after a conversation"), most=7, about=_("about that debt; the day of the conversation is day 1")
    )
    messages_a_day_per_channel = _figure(_("messages a day of one channel"), about=_("notices required by law do not count"))
    messages_a_day = _figure(_("messages a day in all"), about=_("notices required by law do not count"))
    messages_a_week = _figure(_("messages in seven days in all"), about=_("notices required by law do not count"))
    failures_to_be_lost = models.PositiveSmallIntegerField(
        _("failed contacts in a row after which third parties may be asked"),
        validators=[MinValueValidator(1), MaxValueValidator(_MOST)],
    )
    notices_pass = models.JSONField(_("holds that notices required by law pass"), default=list, blank=True)
    is_opt_out_demanded = models.BooleanField(_("every electronic message says how to opt out"), default=False)

    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT)
    note = models.CharField(_("what it changes, and why"), max_length=500, blank=True)
    live_from = models.DateField(_("live from"), null=True)
    revision = models.PositiveIntegerField(default=1, help_text="counts up with every change: a stale form is refused")
    drafted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    drafted_by_name = models.CharField(_("drafted by"), max_length=150)
    drafted_at = models.DateTimeField(_("drafted"), auto_now_add=True)
    # Ids of all who changed the draft: none of them may approve it.
    editors = models.JSONField(default=list)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    approved_by_name = models.CharField(_("approved by"), max_length=150, blank=True)
    approved_at = models.DateTimeField(_("approved"), null=True)

    #: The columns that say what a version is, in the order of forms.
    SAID: Final = (
        *("name_en", "name_zh", "products", "opens_at", "closes_at", "effective_calls_a_day", "unanswered_a_day"),
        *("calls_a_week", "quiet_days_after_conversation", "messages_a_day_per_channel", "messages_a_day", "messages_a_week"),
        *("failures_to_be_lost", "notices_pass", "is_opt_out_demanded", "note"),
    )

    class Meta:
        verbose_name = _("contact policy")
        verbose_name_plural = _("contact policies")
        ordering = ["profile", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["profile", "version"], name="contact_policy_version_once"),
            models.UniqueConstraint(
                fields=["profile"], condition=Q(status__in=["draft", "proposed"]), name="contact_policy_one_draft"
            ),
            models.UniqueConstraint(
                fields=["profile", "live_from"], condition=Q(status="approved"), name="contact_policy_one_live_a_day"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["proposed", "approved"]) | Q(live_from__isnull=False),
                name="contact_policy_has_a_first_day",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("drafted_by")), name="contact_policy_takes_two_people"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.profile} v{self.version}"

    @property
    def name(self) -> str:
        """Its name in the reader's language."""
        return self.name_zh if (get_language() or "").startswith("zh") else self.name_en

    def figures(self) -> Policy:
        """Return what it says, as the rules take it."""
        return Policy(
            hours=Hours(self.opens_at, self.closes_at),
            effective_calls_a_day=self.effective_calls_a_day,
            unanswered_a_day=self.unanswered_a_day,
            calls_a_week=self.calls_a_week,
            quiet_days_after_conversation=self.quiet_days_after_conversation,
            messages_a_day_per_channel=self.messages_a_day_per_channel,
            messages_a_day=self.messages_a_day,
            messages_a_week=self.messages_a_week,
            failures_to_be_lost=self.failures_to_be_lost,
            notices_pass=frozenset(Hold(name) for name in self.notices_pass),
            is_opt_out_demanded=self.is_opt_out_demanded,
        )
