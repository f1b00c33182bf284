"""Tags and filters for pages of outreach: `{% load outreach %}`."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils.functional import Promise

from outreach.models import Denial
from outreach.models.wishes import CHANNEL_NAMES
from outreach.rules.contact_policy import Finding
from outreach.rules.contacts import Channel
from outreach.wording import because, finding_text, when_text

register = template.Library()


@register.filter
def channel_name(code: str) -> Promise | str:
    """Return the words for a channel."""
    return CHANNEL_NAMES[Channel(code)]


@register.filter
def why(finding: Finding) -> str:
    """Return why a contact is not allowed, in words."""
    return finding_text(finding)


@register.filter
def why_refused(denial: Denial) -> str:
    """Return why a contact was refused, in words."""
    return because(denial.rule, hold=denial.hold, had=denial.had, most=denial.most)


@register.filter
def in_zone(moment: datetime, zone: str) -> str:
    """Return a moment in the customer's time, to the minute."""
    return when_text(moment, zone)
