"""Templates of messages in versions: what a message says, in both languages."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from outreach.contact_names import TEMPLATE_PURPOSES
from outreach.models.versions import Version, version_constraints
from outreach.models.wishes import CHANNEL_NAMES
from outreach.rules.contacts import ELECTRONIC, Purpose
from riskops.shared.fields import KeyField

#: The channels that messages go by.
MESSAGE_CHANNELS = [(str(channel), name) for channel, name in CHANNEL_NAMES.items() if channel in ELECTRONIC]


class MessageTemplate(Version):
    """One version of one template. A message keeps the version it was rendered from.

    Texts are Django templates over the variables of outreach/rules/template_variables.py and nothing else.
    """

    code = KeyField(_("code"), max_length=48)
    channel = models.CharField(_("channel"), max_length=10, choices=MESSAGE_CHANNELS)
    purpose = models.CharField(_("for"), max_length=10, choices=TEMPLATE_PURPOSES, default=Purpose.REMINDER)
    subject_en = models.CharField(_("subject in English"), max_length=150, blank=True, help_text=_("none for an SMS"))
    subject_zh = models.CharField(_("subject in Chinese"), max_length=150, blank=True)
    body_en = models.TextField(_("text in English"), max_length=4000)
    body_zh = models.TextField(_("text in Chinese"), max_length=4000)

    KEY = "code"
    SAID = ("name_en", "name_zh", "channel", "purpose", "subject_en", "subject_zh", "body_en", "body_zh", "note")

    class Meta:
        verbose_name = _("message template")
        verbose_name_plural = _("message templates")
        ordering = ["code", "-version"]
        constraints = version_constraints("code", "message_template")
