"""What a template tells, read from its variables and words alone: what a sender says to the gate (rules/contacts.py, Request)."""

from __future__ import annotations

import re

from django.conf import settings

from outreach.models import MessageTemplate
from outreach.rendering.writing import readings
from outreach.rules.message_parts import says_always, says_ever
from outreach.rules.template_variables import DEBT_VARIABLES, DEBT_WORDS, OPT_OUT_WORDS

LANGUAGES = ("en", "zh")


def names_institution(template: MessageTemplate) -> bool:
    """Return whether a message says who it comes from, in both languages and whatever its values are."""
    names = {"en": settings.INSTITUTION_NAME, "zh": settings.INSTITUTION_NAME_ZH}
    return all(names_institution_in(template, key, names[key]) for key in LANGUAGES)


def names_institution_in(template: MessageTemplate, key: str, name: str) -> bool:
    """Return the same of one language. A name that stands in the text as it is will do."""
    words = re.compile(re.escape(name)) if name else None
    return any(says_always(part.parts, "institution", words) for part in readings(template, key))


def has_opt_out(template: MessageTemplate) -> bool:
    """Return whether a message says how to receive no more, in both languages and whatever its values are."""
    return all(has_opt_out_in(template, key) for key in LANGUAGES)


def has_opt_out_in(template: MessageTemplate, key: str) -> bool:
    """Return the same of one language."""
    _subject, body = readings(template, key)
    return says_always(body.parts, "opt_out", OPT_OUT_WORDS)


def discloses_debt(template: MessageTemplate) -> bool:
    """Return whether a message may tell of a debt, in any language or choice; one that cannot be read may."""
    for key in LANGUAGES:
        for part in readings(template, key):
            if part.findings or says_ever(part.parts, DEBT_VARIABLES.__contains__, DEBT_WORDS):
                return True
    return False
