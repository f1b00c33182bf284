"""Filters for what a ladder says: `{% load ladders %}`."""

from __future__ import annotations

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from outreach.contact_names import PURPOSE_NAMES
from outreach.ladder_wording import ACT_NAMES, ANCHOR_NAMES, step_name, when_name, while_name
from outreach.rules.contacts import Purpose
from outreach.rules.ladders import OVERTAKEN, Act, Anchor, Step
from outreach.wording import rule_name

register = template.Library()
register.filter("step_name", step_name)
register.filter("when_name", when_name)
register.filter("while_name", while_name)


@register.filter
def anchor_name(anchor: str) -> Promise:
    """Return the words for an anchor."""
    return ANCHOR_NAMES[Anchor(anchor)]


@register.filter
def why_stopped(reason: str) -> Promise | str:
    """Return why a planned message was stopped, in words; a reason that is no code stays as it is."""
    return _("a later step took its place") if reason == OVERTAKEN else rule_name(reason)


@register.filter
def does(step: Step) -> Promise:
    """Return what a step does: what its message is for, or that a person calls."""
    return PURPOSE_NAMES[Purpose(step.purpose)] if step.act is Act.MESSAGE else ACT_NAMES[step.act]
