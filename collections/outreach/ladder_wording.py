"""What is wrong with a ladder, and what its parts are called, in words."""

from __future__ import annotations

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, ngettext, pgettext_lazy
from django.utils.translation import gettext as _

from outreach.rules.ladder_json import LadderUnread, Unread
from outreach.rules.ladders import Act, Anchor, Problem, Step, Wrong

ANCHOR_NAMES: Final[dict[Anchor, Promise]] = {
    Anchor.DUE_DATE: gettext_lazy("due date"),
    Anchor.RESTRICTED: gettext_lazy("restriction"),
    Anchor.PROMISE_DUE: gettext_lazy("day of the promise"),
    Anchor.PROMISE_BROKEN: gettext_lazy("breach of the promise"),
}
ACT_NAMES: Final[dict[Act, Promise]] = {
    Act.MESSAGE: pgettext_lazy("step", "message"),
    Act.CALL: pgettext_lazy("step", "call by a person"),
}
_WRONG: Final[dict[Wrong, Promise]] = {
    Wrong.NOT_TWICE: gettext_lazy("“%(code)s” is the code of another step; give each its own."),
    Wrong.SAME_DAY: gettext_lazy(
        "It falls on the day of %(other)s for the same accounts; move one, or give them different tiers."
    ),
    Wrong.NEVER_REACHED: gettext_lazy("It is never reached: change its day, its rule or its stop rule, or remove it."),
    Wrong.UNKNOWN_TIER: gettext_lazy("There is no tier “%(tier)s”; use %(tiers)s."),
    Wrong.UNKNOWN_TEMPLATE: gettext_lazy("There is no approved template “%(template)s”; have it approved first."),
    Wrong.OTHER_CHANNEL: gettext_lazy("Template %(template)s is for %(channel)s, not for %(wanted)s; pick another one."),
    Wrong.OTHER_PURPOSE: gettext_lazy(
        "Template %(template)s is written for another purpose than the step's; pick another one, or another purpose of the step."
    ),
    Wrong.NO_WAYS: gettext_lazy("A message needs a channel and a template; add one."),
    Wrong.WAYS_OF_CALL: gettext_lazy("A call sends no message; take its channels out."),
    Wrong.CHANNEL_TWICE: gettext_lazy("%(channel)s stands there twice; each channel is tried once."),
    Wrong.OUT_OF_RANGE: gettext_lazy("Give %(least)s to %(most)s days."),
    Wrong.RULE: gettext_lazy("%(why)s"),
    Wrong.NO_STEPS: gettext_lazy("A strategy has at least one step; add one."),
    Wrong.TOO_MANY: gettext_lazy("A strategy has at most %(most)s steps."),
}
_UNREAD: Final[dict[Unread, Promise]] = {
    Unread.NOT_A_LIST: gettext_lazy("Give a list (at most 3 channels)."),
    Unread.NOT_AN_OBJECT: gettext_lazy("Give an object with the fields of a step."),
    Unread.NOT_A_FIELD: gettext_lazy("There is no such field; use %(fields)s."),
    Unread.MISSING: gettext_lazy("It is missing; every step has it."),
    Unread.NOT_A_TEXT: gettext_lazy("Give a text of %(least)s to %(most)s characters."),
    Unread.NOT_A_CODE: gettext_lazy("Use 1 to 48 small letters, digits and hyphens, e.g. overdue-3."),
    Unread.NOT_WHOLE: gettext_lazy("Give a whole number of days."),
    Unread.NOT_ONE_OF: gettext_lazy("Pick one of %(known)s."),
}


def problem_text(problem: Problem) -> str:
    """Return what is wrong and what next."""
    return str(_WRONG[problem.wrong]) % problem.about


def unread_text(unread: LadderUnread) -> str:
    """Return why a value cannot be read and what next, without its place."""
    return str(_UNREAD[unread.why]) % unread.about


def step_name(step: Step) -> str:
    """Return a step's name in the reader's language."""
    return step.name_zh if (get_language() or "").startswith("zh") else step.name_en


def when_name(step: Step) -> str:
    """Return when a step is due, in words: `3 days before the due date`, `on the due date`, `7 days after the due date`."""
    about = {"days": abs(step.days), "anchor": ANCHOR_NAMES[step.anchor]}
    if step.days == 0:
        return _("on the %(anchor)s") % about
    if step.days < 0:
        return ngettext("%(days)s day before the %(anchor)s", "%(days)s days before the %(anchor)s", abs(step.days)) % about
    return ngettext("%(days)s day after the %(anchor)s", "%(days)s days after the %(anchor)s", step.days) % about


def while_name(step: Step) -> str:
    """Return how long a step makes sense after its day, in words."""
    if step.valid_days == 0:
        return _("on that day only")
    return ngettext("at most %(days)s day later", "at most %(days)s days later", step.valid_days) % {"days": step.valid_days}
