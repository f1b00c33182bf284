"""Writing a message out: a template, values and a language make subject and text, or a refusal that says what is wanting."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.conf import settings

from outreach.models import MessageTemplate
from outreach.operations.template_refusals import TemplateUnfit, TextTooLong, ValueMissing
from outreach.rendering.reading import Read, read
from outreach.rendering.values import language_key, longest_values
from outreach.rules.contacts import Channel
from outreach.rules.message_parts import Missing, longest, names_written, says_ever, written
from outreach.rules.message_text import has_subject, overlong

__all__ = ["Text", "language_key", "longest_text", "readings", "render", "uses_name", "values_written"]

#: Matches nothing: only the variable is looked for.
_NO_WORDS: Final = re.compile(r"(?!)")


@dataclass(frozen=True, slots=True)
class Text:
    """A message as the customer reads it. `subject` is "" where the channel has none."""

    subject: str
    body: str


def readings(template: MessageTemplate, key: str) -> tuple[Read, Read]:
    """Return subject and text of a template as read, in `en` or `zh`."""
    subject, body = (read(getattr(template, f"{part}_{key}").strip()) for part in ("subject", "body"))
    return subject if has_subject(Channel(template.channel)) else Read(()), body


def render(template: MessageTemplate, values: Mapping[str, str], language: str) -> Text:
    """Return the message with these values.

    :param values: by variable (`account_values`); what is not among them has no value
    :param language: of the customer: `en`, `zh-hans`
    :raises TemplateUnfit: the text is no template; nobody could approve it
    :raises ValueMissing: a variable has no value for this account: no message with a hole goes out
    :raises TextTooLong: with these values it is longer than the channel takes
    """
    key, channel = language_key(language), Channel(template.channel)
    subject, body = readings(template, key)
    if subject.findings or body.findings:
        raise TemplateUnfit(str(template))
    try:
        text = Text(written(subject.parts, values).strip(), written(body.parts, values).strip())
    except Missing as missing:
        raise ValueMissing(missing.name) from None
    if not text.body or (has_subject(channel) and not text.subject):
        raise TemplateUnfit(str(template))
    found = overlong(channel, text.subject, text.body, segments_most=settings.SMS_MAX_SEGMENTS)
    if found is not None:
        raise TextTooLong(found)
    return text


def longest_text(template: MessageTemplate, language: str) -> Text:
    """Return the longest message that a template makes with values as long as they come; empty where it cannot be read."""
    subject, body = readings(template, language_key(language))
    values = longest_values(language, template.channel)
    return Text(longest(subject.parts, values).strip(), longest(body.parts, values).strip())


def values_written(template: MessageTemplate, values: Mapping[str, str], language: str) -> dict[str, str]:
    """Return those of some values that a message of the template may show: all that a provider is to know of them."""
    names = frozenset[str]().union(*(names_written(part.parts) for part in readings(template, language_key(language))))
    return {name: value for name, value in values.items() if name in names}


def uses_name(template: MessageTemplate, language: str) -> bool:
    """Return whether a message may show the customer's name."""
    return any(says_ever(part.parts, "customer_name".__eq__, _NO_WORDS) for part in readings(template, language_key(language)))
