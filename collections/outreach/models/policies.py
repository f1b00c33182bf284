"""Contact policies in versions: the figures that every contact is judged by, by profile."""

from __future__ import annotations

from typing import Any, Final

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from outreach.models.versions import Version, version_constraints
from outreach.rules.contact_policy import Policy
from outreach.rules.contacts import NOTED_HOLDS, Hold, Hours
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
    Hold.NO_CONTACT_ARM: _("control group of an experiment"),
    Hold.VULNERABLE: _("vulnerable: no more than reminders"),
}
#: What people choose from.
NOTED_HOLD_CHOICES: Final = [(str(hold), HOLD_NAMES[hold]) for hold in NOTED_HOLDS]


def _figure(name: Any, *, least: int = 0, most: int = _MOST, about: Any) -> models.PositiveSmallIntegerField:  # type: ignore[type-arg]
    return models.PositiveSmallIntegerField(
        name, null=True, blank=True, validators=[MinValueValidator(least), MaxValueValidator(most)], help_text=about
    )


class ContactPolicy(Version):
    """One version of one profile.

    A product follows the profile whose version on a day names it, else the site's own (CONTACT_PROFILE).
    """

    profile = KeyField(_("profile"), max_length=32)
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

    KEY = "profile"
    SAID = (
        *("name_en", "name_zh", "products", "opens_at", "closes_at", "effective_calls_a_day", "unanswered_a_day"),
        *("calls_a_week", "quiet_days_after_conversation", "messages_a_day_per_channel", "messages_a_day", "messages_a_week"),
        *("failures_to_be_lost", "notices_pass", "is_opt_out_demanded", "note"),
    )

    class Meta:
        verbose_name = _("contact policy")
        verbose_name_plural = _("contact policies")
        ordering = ["profile", "-version"]
        constraints = version_constraints("profile", "contact_policy")

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
