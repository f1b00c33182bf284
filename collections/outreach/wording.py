"""What the contact policy says, in words: the rule, what was counted, until when."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from outreach.models import Contact
from outreach.models.policies import HOLD_NAMES
from outreach.models.templates import MESSAGE_CHANNELS
from outreach.rules.contact_policy import Finding, RuleId, Verdict
from outreach.rules.contacts import Hold, Outcome
from outreach.rules.stop_words import Wish
from riskops.shared.wording import day_text

RULE_NAMES: Final[dict[RuleId, Promise]] = {
    RuleId.NO_POLICY: gettext_lazy("no contact policy holds; compliance must approve one"),
    RuleId.HOLD: gettext_lazy("contact is held back"),
    RuleId.DETAIL: gettext_lazy("no number or address that reaches the customer"),
    RuleId.OPT_OUT: gettext_lazy("the customer opted out of the channel"),
    RuleId.CONSENT: gettext_lazy("the customer did not consent to the channel"),
    RuleId.OPT_OUT_OFFERED: gettext_lazy("the message does not say how to opt out"),
    RuleId.IDENTITY: gettext_lazy("the first contact does not name the institution"),
    RuleId.COLLECTOR: gettext_lazy("whoever calls has no valid examination"),
    RuleId.THIRD_PARTY: gettext_lazy("third parties: only to reach a debtor who is lost, never after a refusal"),
    RuleId.REPRESENTATIVE: gettext_lazy("no legal representative is on record at this number, or a third party refused there"),
    RuleId.QUIET_HOURS: gettext_lazy("quiet hours"),
    RuleId.EFFECTIVE_CALLS: gettext_lazy("answered calls of a day"),
    RuleId.UNANSWERED: gettext_lazy("unanswered attempts of a day at one number"),
    RuleId.CALLS_A_WEEK: gettext_lazy("calls in seven days about one debt"),
    RuleId.AFTER_CONVERSATION: gettext_lazy("the debt rests after a conversation"),
    RuleId.MESSAGES_CHANNEL: gettext_lazy("messages of a day by one channel"),
    RuleId.MESSAGES_A_DAY: gettext_lazy("messages of a day"),
    RuleId.MESSAGES_A_WEEK: gettext_lazy("messages in seven days"),
}

WISH_NAMES: Final[dict[Wish, Promise]] = {
    Wish.STOP: gettext_lazy("no more messages"),
    Wish.START: gettext_lazy("messages again"),
    Wish.OTHER: gettext_lazy("something else"),
}


def rule_name(code: str) -> Promise | str:
    """Return the words for a rule; one that is no more keeps its code."""
    return RULE_NAMES[RuleId(code)] if code in RuleId.__members__.values() else code


def finding_text(finding: Finding) -> str:
    """Return why a contact is not allowed: `messages of a day: 2 of 2`, `contact is held back: dispute`."""
    return because(finding.rule, hold=finding.hold or "", had=finding.had, most=finding.most)


def because(rule: str, *, hold: str = "", had: int | None = None, most: int | None = None) -> str:
    """Return the same from the columns of a refused contact."""
    text = str(rule_name(rule))
    if hold:
        return _("%(rule)s: %(what)s") % {"rule": text, "what": HOLD_NAMES[Hold(hold)]}
    # After a conversation there is no number that would be allowed.
    if had is not None and most:
        return _("%(rule)s: %(had)s of %(most)s") % {"rule": text, "had": had, "most": most}
    return text


def verdict_text(verdict: Verdict, *, zone: str) -> str:
    """Return what the gate answers, as a sentence for whoever asked.

    :param zone: the customer's time zone, in which moments are told
    """
    if verdict.finding is None:
        return _("Allowed.")
    why = finding_text(verdict.finding)
    if verdict.finding.hold is Hold.NO_CONTACT_ARM:
        return _(
            "Not allowed: %(why)s. It ends when the experiment is stopped; the customer's page Contact says which one it is "
            "and whom to ask."
        ) % {"why": why}
    if verdict.until is None:
        return _("Not allowed: %(why)s.") % {"why": why}
    return _("Not now: %(why)s. Allowed from %(when)s, the customer's time.") % {
        "why": why,
        "when": when_text(verdict.until, zone),
    }


def end_text(contact: Contact) -> str:
    """Return how a contact ended, in words. A message does not end: its receipt comes, or has not come yet."""
    if contact.outcome == Outcome.OPEN and is_message(contact):
        return _("no receipt yet")
    return str(contact.get_outcome_display())


def is_message(contact: Contact) -> bool:
    """Return whether a contact is a message."""
    return contact.channel in dict(MESSAGE_CHANNELS)


def when_text(moment: datetime, zone: str) -> str:
    """Return a moment in the customer's time, to the minute."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{day_text(local.date())} {local:%H:%M}"
