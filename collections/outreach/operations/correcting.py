"""Messages sent wrongly are corrected: one message more to each customer who got one, once, through the gate like all others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from outreach.models import Message, MessageTemplate
from outreach.models.versions import live_versions
from outreach.operations.outbox_refusals import (
    CorrectionChanged,
    CorrectionTemplateMissing,
    CorrectionTooWide,
    NothingToCorrect,
)
from outreach.operations.refusals import ReasonNeeded
from outreach.roles import CORRECT_MESSAGES
from outreach.rules.contacts import Purpose
from riskops.shared.audit import Actor, record
from riskops.shared.scope import Scope, scope_of_actor

#: The step of a correction: whose it is, so that the unique key lets each message be corrected once.
STEP: Final = "correction:"
TEMPLATE: Final = "payment-correction-"
#: Told before any reminder, after notices.
PRIORITY: Final = 3
_CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class Wrong:
    """Which messages were sent wrongly: by step, day they were planned for, strategy and its version; None for any."""

    step: str = ""
    planned_on: date | None = None
    strategy: str = ""
    version: int | None = None

    def as_recorded(self) -> dict[str, Any]:
        """Return it as the trail keeps it."""
        day = self.planned_on.isoformat() if self.planned_on else None
        return {"step": self.step, "planned_on": day, "strategy": self.strategy, "version": self.version}


@dataclass(frozen=True, slots=True)
class Preview:
    """How many messages a correction would be, by channel."""

    count: int
    by_channel: tuple[tuple[str, int], ...]


def preview_correction(wrong: Wrong, *, scope: Scope) -> Preview:
    """Return what correcting would be.

    :raises CorrectionTooWide: nothing is named
    """
    counted = Counter(_sent_wrongly(wrong, scope).values_list("channel", flat=True))
    return Preview(counted.total(), tuple(sorted(counted.items())))


@transaction.atomic
def correct_messages(*, actor: Actor, wrong: Wrong, reason: str, expected: int, now: datetime) -> int:
    """Queue a correction of each message that was sent wrongly, and return how many.

    :param expected: how many the preview said
    :raises CorrectionTooWide: nothing is named
    :raises ReasonNeeded: nothing is written in it
    :raises NothingToCorrect: there is none, or each is corrected already
    :raises CorrectionChanged: it would be more or fewer than the preview said
    :raises CorrectionTemplateMissing: there is nothing to say on a channel
    """
    found = list(_sent_wrongly(wrong, scope_of_actor(actor)).order_by("pk"))
    if not reason.strip():
        raise ReasonNeeded
    if not found:
        raise NothingToCorrect
    if len(found) != expected:
        raise CorrectionChanged(expected, len(found))
    purposes = _purposes({message.channel for message in found}, timezone.localdate(now))
    # Two who correct at once: what the first has queued, the second passes over.
    Message.objects.bulk_create(
        (_correction(message, purposes[message.channel], now) for message in found), ignore_conflicts=True, batch_size=_CHUNK
    )
    record(
        actor=actor,
        action=CORRECT_MESSAGES,
        subject_type="outbox",
        subject_key=wrong.step or wrong.strategy or str(wrong.planned_on),
        after={**wrong.as_recorded(), "messages": len(found)},
        reason=reason.strip()[:500],
    )
    return len(found)


def _sent_wrongly(wrong: Wrong, scope: Scope) -> QuerySet[Message]:
    """Return the messages that customers have and that are not corrected yet. A correction itself is not corrected."""
    if not (wrong.step or wrong.planned_on or wrong.strategy):
        raise CorrectionTooWide
    rows = Message.objects.filter(status__in=(Message.Status.SENT, Message.Status.DELIVERED)).exclude(step__startswith=STEP)
    if wrong.step:
        rows = rows.filter(step=wrong.step)
    if wrong.planned_on:
        rows = rows.filter(planned_on=wrong.planned_on)
    if wrong.strategy:
        rows = rows.filter(strategy__code=wrong.strategy)
    if wrong.version is not None:
        rows = rows.filter(strategy__version=wrong.version)
    own_step = Concat(Value(STEP), Cast(OuterRef("pk"), CharField()), output_field=CharField())
    corrected = Message.objects.filter(account_id=OuterRef("account_id"), episode=OuterRef("episode"), step=own_step)
    return scope.accounts(rows, product="account__product").exclude(Exists(corrected))


def _purposes(channels: Iterable[str], today: date) -> dict[str, str]:
    """Return what the correction on each channel is for, as its template says."""
    live = live_versions(MessageTemplate, today)
    codes = {channel: f"{TEMPLATE}{channel}" for channel in channels}
    missing = sorted(code for code in codes.values() if code not in live)
    if missing:
        raise CorrectionTemplateMissing(missing)
    return {channel: str(Purpose(live[code].purpose)) for channel, code in codes.items()}


def _correction(message: Message, purpose: str, now: datetime) -> Message:
    return Message(
        account_id=message.account_id,
        customer_id=message.customer_id,
        episode=message.episode,
        step=f"{STEP}{message.pk}",
        channel=message.channel,
        purpose=purpose,
        template_code=f"{TEMPLATE}{message.channel}",
        planned_on=timezone.localdate(now),
        priority=PRIORITY,
        due_at=now,
    )
