"""Tags and filters for pages of outreach: `{% load outreach %}`."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils.functional import Promise

from casework.outcomes import outcome_label
from outreach.models import Denial
from outreach.models.policies import HOLD_NAMES
from outreach.models.versions import Version
from outreach.models.wishes import CHANNEL_NAMES
from outreach.outbox_wording import reason_text
from outreach.rules.contact_policy import Finding
from outreach.rules.contacts import Channel, Hold
from outreach.wording import because, end_text, finding_text, is_message, when_text

register = template.Library()
register.filter("how_it_ended", end_text)
register.filter("is_message", is_message)
register.filter("outcome_words", outcome_label)


@register.filter
def channel_name(code: str) -> Promise | str:
    """Return the words for a channel."""
    return CHANNEL_NAMES[Channel(code)]


@register.filter
def hold_name(hold: Hold) -> Promise | str:
    """Return the words for a hold."""
    return HOLD_NAMES[hold]


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


@register.filter
def version_status(code: str) -> Promise | str:
    """Return the words for the state of a version, which the trail keeps as a code."""
    return Version.Status(code).label if code in Version.Status.values else code


@register.filter
def clock(moment: datetime) -> str:
    """Return the time of day of a moment in the zone it carries: the filter `date` would turn it into the site's."""
    return f"{moment:%H:%M}"


@register.filter
def message_reason(reason: str) -> str:
    """Return why a message waits or ended, in words."""
    return reason_text(reason)
