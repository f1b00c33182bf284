"""Messages that are not handed over now: put off, sent another way, ended or left to a person, each with the reason."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

from outreach.models import Message
from outreach.operations.sending.stopping import cancel
from outreach.operations.sending.ways import queue_next_way
from outreach.rules.contact_policy import RuleId, Verdict
from outreach.rules.contacts import Purpose

#: What is held for want of a policy or of the day's payments is looked at again after this.
HELD: Final = timedelta(minutes=15)
#: What only providers carry that do not work, while others do, is looked at again after this.
OUT_OF_THE_WAY: Final = timedelta(seconds=30)
#: Rules that forbid this way and perhaps no other.
OF_THE_CHANNEL: Final = frozenset({RuleId.DETAIL, RuleId.OPT_OUT, RuleId.CONSENT})


class Hold:
    """Why a message waits, as its row keeps it; outbox_wording.py has the words."""

    FEED: Final = "feed-missing"
    NO_POLICY: Final = "no-policy"
    NO_PROVIDER: Final = "no-provider"
    NO_TEMPLATE: Final = "no-template"
    OTHER_PURPOSE: Final = "other-purpose"
    NOT_CARRIED: Final = "not-carried"
    BROKEN: Final = "broken"
    PAPER: Final = "paper-waits"
    NO_WAY_TO_ACCEPT: Final = "no-way-to-accept"
    GATE: Final = "gate"


class Passed(Enum):
    """Why nothing is to be handed over."""

    GONE = auto()
    OFF = auto()
    WAITS = auto()
    NO_PROVIDER = auto()
    ENDED = auto()


def refused(message: Message, verdict: Verdict, now: datetime) -> Passed:
    """Do what the gate says: wait, or go another way, or not at all."""
    reason = f"{Hold.GATE}: {verdict.rule}"
    if verdict.until is not None:
        return put_off(message, verdict.until, reason)
    is_followed = verdict.rule in OF_THE_CHANNEL and queue_next_way(message, now)
    if message.purpose == Purpose.NOTICE and not is_followed:
        # The law wants it told: somebody must see to it another way.
        return set_aside(message, reason, now)
    cancel(message, reason, now)
    return Passed.ENDED


def not_carried(message: Message, now: datetime) -> Passed:
    """Go another way where no provider of this one carries the text, or leave it to a person."""
    if queue_next_way(message, now):
        cancel(message, Hold.NOT_CARRIED, now)
        return Passed.ENDED
    return set_aside(message, Hold.NOT_CARRIED, now)


def put_off(message: Message, until: datetime, reason: str) -> Passed:
    """Let a locked message wait until then, with the reason."""
    message.due_at, message.reason, message.claimed_until, message.claimed_by = until, reason, None, ""
    message.save(update_fields=["due_at", "reason", "claimed_until", "claimed_by"])
    return Passed.WAITS


def set_aside(message: Message, reason: str, now: datetime) -> Passed:
    """Leave a locked message to a person: on the page of dead letters, with the reason."""
    message.status, message.reason, message.settled_at = Message.Status.DEAD, reason[:300], now
    message.claimed_until, message.claimed_by = None, ""
    message.save(update_fields=["status", "reason", "settled_at", "claimed_until", "claimed_by"])
    return Passed.ENDED
