"""Numbers of the page of channels that open the rows behind them: `{% load channels %}`."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from django import template
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString

from outreach.channel_wording import GROUP_NAMES, minutes_text
from outreach.queries.channels import CallLine, Period, StopGroup
from outreach.rules.contacts import Outcome
from riskops.shared.wording import number_text

register = template.Library()
register.filter("minutes", minutes_text)
_DASH: Final = format_html('<span class="quiet">{}</span>', "–")


@register.filter
def stop_group(group: StopGroup) -> Promise:
    """Return the words for a group of reasons."""
    return GROUP_NAMES[group]


@register.filter
def ended(line: CallLine, outcome: str) -> int:
    """Return how many calls ended so."""
    return line.ended(Outcome(outcome))


@register.simple_tag
def dashed(number: int) -> SafeString | str:
    """`{% dashed 12 %}`: a number; a dash for none, as in the columns whose numbers open something."""
    return number_text(number) if number else _DASH


@register.simple_tag(takes_context=True)
def behind(context: dict[str, Any], number: int, page: str, **filters: str) -> SafeString:
    """`{% behind 12 "outreach:outbox" status="dead" %}`: a number that opens the page with these filters and the period."""
    if not number:
        return _DASH
    return opens(context, number_text(number), page, **filters)


@register.simple_tag(takes_context=True)
def opens(context: dict[str, Any], text: str, page: str, **filters: str) -> SafeString:
    """`{% opens "d7" "outreach:outbox" step="d7" %}`: a text that opens the page with these filters and the period."""
    period: Period = context["period"]
    asked = {**filters, "first": period.first.isoformat(), "last": period.last.isoformat()}
    return format_html('<a href="{}?{}">{}</a>', reverse(page), urlencode(asked), text)
