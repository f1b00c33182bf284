"""Decisions in words, for templates: `{% load decisions %}{{ decision|scope_value_name }}`."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.translation import get_language

register = template.Library()


@register.filter
def scope_value_name(row: Any) -> str:
    """Return the name of the channel or category that a row names, in the language in use; its code where none is known.

    :param row: one of `accounts.queries.scope_values.with_scope_names`
    """
    language = "zh" if (get_language() or "").startswith("zh") else "en"
    return getattr(row, f"scope_name_{language}", None) or row.scope_value
