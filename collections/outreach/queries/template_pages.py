"""The pages of message templates: every template, and one version as customers read it, beside the one that holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from outreach.models import MessageTemplate
from outreach.models.versions import IN_WORK, live_versions
from outreach.operations.refusals import OutreachRefusal
from outreach.operations.template_refusals import TemplateUnfit
from outreach.policies import followed_policies
from outreach.rendering import (
    Problem,
    Text,
    discloses_debt,
    example_values,
    has_opt_out,
    longest_text,
    names_institution,
    problems_of,
    render,
)
from outreach.rules.contacts import Channel
from outreach.rules.message_text import EMAIL_SUBJECT_MOST, PUSH_BODY_MOST, PUSH_TITLE_MOST, SmsLength, has_subject, sms_length
from outreach.rules.template_variables import VARIABLES
from riskops.shared.models import AuditEntry

LANGUAGES: Final[dict[str, Promise]] = {"en": gettext_lazy("English"), "zh": gettext_lazy("Chinese")}
_LABELS: Final = {field.name: field.verbose_name for field in MessageTemplate._meta.concrete_fields}


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version in the list. `holds`: on the day asked about."""

    template: MessageTemplate
    holds: bool


@dataclass(frozen=True, slots=True)
class TemplateRows:
    """A template with its versions, the latest first. `shown`: the one that holds, else the latest."""

    code: str
    shown: MessageTemplate
    live: MessageTemplate | None
    in_work: MessageTemplate | None
    versions: tuple[VersionRow, ...]


@dataclass(frozen=True, slots=True)
class Measure:
    """How long a part of a message is. `most` None: as long as it likes."""

    had: int
    longest: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A message in one language with example values, or why it cannot be shown.

    :param sms: what it takes as an SMS; `sms_longest`: what it takes with values as long as they come
    """

    language: str
    name: Promise
    text: Text | None
    refusal: str = ""
    sms: SmsLength | None = None
    sms_longest: SmsLength | None = None
    subject: Measure | None = None
    body: Measure | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """A template as customers read it, what the gate is told of it, and what is wrong with it.

    :param wanting: the contact policies that some product follows and that would refuse it: it does not say how to opt out
    """

    template: MessageTemplate
    languages: tuple[Shown, ...]
    names_institution: bool
    discloses_debt: bool
    has_opt_out: bool
    wanting: tuple[str, ...]
    problems: tuple[Problem, ...]
    segments_most: int


@dataclass(frozen=True, slots=True)
class SaidLine:
    """A column of a version beside that of the version that holds; `before` None where they agree."""

    label: str
    value: str
    before: str | None


@dataclass(frozen=True, slots=True)
class TemplatePage:
    """One version. `compared`: the version that holds, where it is another one."""

    template: MessageTemplate
    holds: bool
    compared: MessageTemplate | None
    preview: Preview
    lines: tuple[SaidLine, ...]
    audit: tuple[AuditEntry, ...]


@dataclass(frozen=True, slots=True)
class VariableRow:
    """A variable as the editor lists it."""

    name: str
    label: str
    example: str


def template_list(today: date) -> tuple[TemplateRows, ...]:
    """Return every template by its code, in two queries."""
    live = live_versions(MessageTemplate, today)
    by_code: dict[str, list[MessageTemplate]] = {}
    for template in MessageTemplate.objects.order_by("code", "-version"):
        by_code.setdefault(template.code, []).append(template)
    found = []
    for code, versions in by_code.items():
        holding = live.get(code)
        in_work = next((row for row in versions if row.status in IN_WORK), None)
        rows = tuple(VersionRow(row, holding is not None and row.pk == holding.pk) for row in versions)
        found.append(TemplateRows(code, holding or versions[0], holding, in_work, rows))
    return tuple(found)


def template_page(template: MessageTemplate, today: date, *, with_audit: bool) -> TemplatePage:
    """Return one version beside the one that holds."""
    live = live_versions(MessageTemplate, today).get(template.code)
    holds = live is not None and live.pk == template.pk
    compared = None if holds else live
    audit = AuditEntry.objects.filter(subject_type="message template", subject_key=str(template)).order_by("-id")[:50]
    lines = _lines(template, compared)
    return TemplatePage(template, holds, compared, preview_of(template), lines, tuple(audit) if with_audit else ())


def _lines(template: MessageTemplate, compared: MessageTemplate | None) -> tuple[SaidLine, ...]:
    found = []
    for name in MessageTemplate.SAID:
        mine = _in_words(template, name)
        theirs = _in_words(compared, name) if compared is not None else mine
        if name != "note" and (mine or theirs):
            found.append(SaidLine(str(_LABELS[name]), mine, theirs if theirs != mine else None))
    return tuple(found)


def _in_words(template: MessageTemplate, name: str) -> str:
    if name == "channel":
        return template.get_channel_display()
    return template.get_purpose_display() if name == "purpose" else getattr(template, name)


def preview_of(template: MessageTemplate) -> Preview:
    """Return a template, saved or not, as customers would read it."""
    problems = tuple(problems_of(template))
    if any(problem.field == "channel" for problem in problems):
        return Preview(template, (), False, True, False, (), problems, settings.SMS_MAX_SEGMENTS)
    offers = has_opt_out(template)
    wanting = () if offers else tuple(str(policy) for policy in followed_policies() if policy.is_opt_out_demanded)
    return Preview(
        template,
        tuple(_shown(template, language) for language in LANGUAGES),
        names_institution(template),
        discloses_debt(template),
        offers,
        wanting,
        problems,
        settings.SMS_MAX_SEGMENTS,
    )


def _shown(template: MessageTemplate, language: str) -> Shown:
    name, channel = LANGUAGES[language], Channel(template.channel)
    try:
        text = render(template, example_values(language, channel), language)
    except TemplateUnfit:
        # What is wrong stands above with its line; a draft that was never saved has no name to be told by.
        return Shown(language, name, None, _("It is shown as soon as what is wrong above is mended."))
    except OutreachRefusal as refusal:
        return Shown(language, name, None, str(refusal))
    longest = longest_text(template, language)
    if not has_subject(channel):
        return Shown(language, name, text, sms=sms_length(text.body), sms_longest=sms_length(longest.body))
    is_push = channel is Channel.PUSH
    subject_most = PUSH_TITLE_MOST if is_push else EMAIL_SUBJECT_MOST
    return Shown(
        language,
        name,
        text,
        subject=Measure(len(text.subject), len(longest.subject), subject_most),
        body=Measure(len(text.body), len(longest.body), PUSH_BODY_MOST if is_push else None),
    )


def variable_rows(channel: str) -> tuple[VariableRow, ...]:
    """Return the variables that a template may use, in the reader's language."""
    is_chinese = (get_language() or "").startswith("zh")
    examples = example_values("zh" if is_chinese else "en", channel)
    return tuple(VariableRow(name, variable.label[is_chinese], examples[name]) for name, variable in VARIABLES.items())
