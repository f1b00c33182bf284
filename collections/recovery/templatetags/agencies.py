"""Filters of the pages of agencies: `{% load agencies %}`."""

from __future__ import annotations

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from outreach.wording import rule_name

register = template.Library()


@register.filter
def contact_rule(code: str) -> Promise | str:
    """Why a contact of an agency was not allowed, in words."""
    if code == "not_placed":
        return _("not placed with the agency then")
    return _("judged by another policy than that of its day") if code == "policy" else rule_name(code)
