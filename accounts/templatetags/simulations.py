"""Simulations in words, for templates: `{% load simulations %}{{ course|way_text }}`."""

from __future__ import annotations

from django import template

from accounts import simulation_wording as wording

register = template.Library()
register.filter("way_text", wording.way_text)
register.filter("rate", wording.rate_text)
register.filter("ppm_percent", wording.ppm_text)


@register.filter
def bp_percent(bp: int) -> str:
    """Hundredths of a percent as a percentage."""
    return wording.ppm_text(bp * 100)
