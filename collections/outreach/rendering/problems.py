"""What is wrong with a template, found when it is saved and not when it is sent: in every branch, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from outreach.models import MessageTemplate
from outreach.operations.template_refusals import overlong_text
from outreach.policies import followed_policies
from outreach.rendering.reading import Fault, Finding, read
from outreach.rendering.telling import LANGUAGES, has_opt_out_in, names_institution_in
from outreach.rendering.writing import longest_text, readings
from outreach.rules.contacts import Channel, Purpose
from outreach.rules.message_text import has_subject, overlong

_FAULTS: Final[dict[Fault, Promise]] = {
    Fault.TOO_LONG: gettext_lazy("the text has more than %(what)s characters"),
    Fault.TOO_MANY_TAGS: gettext_lazy("there are more than %(what)s variables and tags"),
    Fault.SIGN: gettext_lazy("the sign %(what)s cannot be sent"),
    Fault.TAG: gettext_lazy("there is no tag “%(what)s”; if, elif, else, endif and comment are there"),
    Fault.FILTER: gettext_lazy("there is no filter “%(what)s”; default is there"),
    Fault.VARIABLE: gettext_lazy("there is no variable “%(what)s”; those beside the text are all"),
    Fault.DEFAULT: gettext_lazy("%(what)s: default takes one text in quotes, which is not empty"),
    Fault.QUESTION: gettext_lazy("if takes and, or, not, == and != between variables and texts as they are, not “%(what)s”"),
    Fault.BRACES: gettext_lazy("“%(what)s” is not closed, or not on its line; the customer would read it"),
    Fault.SYNTAX: gettext_lazy("it cannot be read: %(what)s"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that must be mended before a template can be saved: the field, and what, why and where."""

    field: str
    text: str


def problems_of(template: MessageTemplate) -> list[Problem]:
    """Return everything that stands against a template, in the order of its fields; nothing where it can go to customers."""
    if template.channel not in {Channel.SMS, Channel.EMAIL, Channel.PUSH}:
        return [Problem("channel", _("Messages go by SMS, e-mail or app push."))]
    channel = Channel(template.channel)
    demand = next((str(policy) for policy in followed_policies() if policy.is_opt_out_demanded), "")
    found: list[Problem] = []
    for key in LANGUAGES:
        found += _of_texts(template, channel, key)
        if not any(part.findings for part in readings(template, key)):
            found += _of_meaning(template, channel, key, demand)
    return found


def _of_texts(template: MessageTemplate, channel: Channel, key: str) -> Iterator[Problem]:
    """Yield what is wrong with the texts of a language, one by one."""
    subject, body = (getattr(template, f"{part}_{key}").strip() for part in ("subject", "body"))
    if not body:
        yield Problem(f"body_{key}", _("The text is missing in this language; customers of both are written to."))
    if subject and not has_subject(channel):
        yield Problem(f"subject_{key}", _("An SMS has no subject; leave it empty."))
    elif not subject and has_subject(channel):
        yield Problem(f"subject_{key}", _("The subject is missing in this language; an e-mail or notification has one."))
    if "\n" in subject:
        yield Problem(f"subject_{key}", _("A subject is one line."))
    for part, text in (("subject", subject), ("body", body)):
        for finding in read(text).findings:
            yield Problem(f"{part}_{key}", finding_text(finding))


def _of_meaning(template: MessageTemplate, channel: Channel, key: str, demand: str) -> Iterator[Problem]:
    """Yield what is wrong with a message of a language as a whole."""
    longest = longest_text(template, key)
    found = overlong(channel, longest.subject, longest.body, segments_most=settings.SMS_MAX_SEGMENTS)
    if found is not None:
        text = _("With values as long as they come: %(problem)s") % {"problem": overlong_text(found)}
        yield Problem(f"{found.part}_{key}", text)
    if not longest.body:
        return
    name = settings.INSTITUTION_NAME_ZH if key == "zh" else settings.INSTITUTION_NAME
    if not names_institution_in(template, key, name):
        yield Problem(f"body_{key}", _("It does not say who it comes from; put in {{ institution }}, outside of any if."))
    if template.purpose == Purpose.EDUCATION and demand and not has_opt_out_in(template, key):
        text = _("It does not say how to receive no more, which %(policy)s wants; put in {{ opt_out }}, outside of any if.")
        yield Problem(f"body_{key}", text % {"policy": demand})


def finding_text(finding: Finding) -> str:
    """Return a fault in words, with its line."""
    said = str(_FAULTS[finding.fault]) % {"what": finding.what}
    if finding.line is None:
        return _("%(what)s.") % {"what": said[:1].upper() + said[1:]}
    return _("Line %(line)s: %(what)s.") % {"line": finding.line, "what": said}
