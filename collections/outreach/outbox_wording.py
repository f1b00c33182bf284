"""Why a message waits or ended, in words. Rows keep a code and, after a colon, what it is about; a provider's words stand."""

from __future__ import annotations

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from outreach.operations.outbox import BY_PERSON
from outreach.operations.sending.doubting import LEASE_OVER, NEVER_THERE, PERSON_NEEDED, WORKER_LOST
from outreach.operations.sending.holding import Hold
from outreach.operations.sending.stopping import Stop
from outreach.rules.contact_policy import RuleId
from outreach.rules.ladders import OVERTAKEN
from outreach.wording import RULE_NAMES

_WORDS: Final[dict[str, Promise]] = {
    Stop.EXPIRED: gettext_lazy("too late to make sense"),
    Stop.OFFER_OVER: gettext_lazy("the plan it offers is signed, withdrawn or over"),
    Stop.OFFER_REPLACED: gettext_lazy("a newer message of the same offer took its place"),
    Stop.EPISODE_OVER: gettext_lazy("paid: it is no longer late since that day"),
    Stop.RESTRICTION_OVER: gettext_lazy("the restriction it is about is over"),
    Stop.PROMISE_OVER: gettext_lazy("the promise it is about is over"),
    Stop.WRITTEN_OFF: gettext_lazy("written off"),
    Stop.PROMISE: gettext_lazy("the customer has promised to pay"),
    Stop.PLAN: gettext_lazy("a repayment plan is signed"),
    Stop.DISPUTE: gettext_lazy("the customer disputes the debt"),
    Stop.VULNERABLE: gettext_lazy("the customer is vulnerable: reminders in soft words only"),
    Stop.STOP_RULE: gettext_lazy("the stop rule of its step"),
    Stop.CORRECTED: gettext_lazy("the customer was told to disregard it"),
    Hold.FEED: gettext_lazy("the payments of a day have not come yet"),
    Hold.NO_POLICY: gettext_lazy("no contact policy holds"),
    Hold.NO_PROVIDER: gettext_lazy("no provider works at the moment"),
    Hold.NO_TEMPLATE: gettext_lazy("no version of the template holds"),
    Hold.OTHER_PURPOSE: gettext_lazy("the template is written for another purpose than its step"),
    Hold.NOT_CARRIED: gettext_lazy(
        "no provider of this channel carries its text; vendors of registered templates carry no other"
    ),
    Hold.BROKEN: gettext_lazy("it could not be prepared; the log of the worker says why"),
    Hold.PAPER: gettext_lazy("its plan was signed on paper, which waits to be confirmed"),
    Hold.NO_WAY_TO_ACCEPT: gettext_lazy("it could not say how to accept: the site has neither a public address nor a hotline"),
    WORKER_LOST: gettext_lazy("its worker was lost while it was handed over"),
    LEASE_OVER: gettext_lazy("its worker stood still until somebody else might have it; it was not handed over"),
    NEVER_THERE: gettext_lazy("its provider has never had it"),
    BY_PERSON: gettext_lazy("by a person"),
    OVERTAKEN: gettext_lazy("a later step of the ladder took its place"),
    PERSON_NEEDED: gettext_lazy("its provider cannot tell whether it went out"),
}


def reason_text(reason: str) -> str:
    """Return why, in words."""
    code, _colon, about = reason.partition(": ")
    # The dispatcher keeps what the gate said, the planning the rule it looked at ahead.
    said = about if code == Hold.GATE else reason
    if said in list(RuleId):
        return str(RULE_NAMES[RuleId(said)])
    if code == Hold.GATE:
        return about
    if code not in _WORDS:
        return reason
    return _("%(why)s: %(what)s") % {"why": _WORDS[code], "what": about} if about else str(_WORDS[code])
