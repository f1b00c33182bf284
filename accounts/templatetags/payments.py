"""Payments in words, for templates: `{% load payments %}{{ row.channel|channel_words }}`."""

from __future__ import annotations

from django import template

from accounts.payment_channels import channel_name

register = template.Library()


@register.filter
def channel_words(code: str) -> str:
    """Return the channel of a payment in the language in use."""
    return channel_name(code)
