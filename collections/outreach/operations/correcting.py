"""Messages sent wrongly are corrected: one message more to each customer who got one, once, through the gate like all others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Concat
from django.utils import timezone

from accounts.models import Payment
from accounts.queries.entries import AccountEntries, in_chunks, load_entries
from outreach.models import Message, MessageAttempt, MessageTemplate
from outreach.models.versions import live_versions
from outreach.operations.outbox_refusals import (
    CorrectionChanged,
    CorrectionTemplateMissing,
    CorrectionTooWide,
    NothingToCorrect,
)
from outreach.operations.refusals import ReasonNeeded
from outreach.operations.sending.claiming import lock_all
from outreach.operations.sending.corrected import STEP, own_step
from outreach.roles import CORRECT_MESSAGES
from outreach.rules.contacts import Purpose
from riskops.shared.audit import Actor, record
from riskops.shared.scope import Scope, scope_of_actor

TEMPLATE: Final = "payment-correction-"
#: Told before any reminder, after notices.
PRIORITY: Final = 3
_CHUNK: Final = 500
# What nobody knows to have gone out may have arrived: better corrected in vain than not at all.
_ARRIVED: Final = (Message.Status.SENT, Message.Status.DELIVERED, Message.Status.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Wrong:
    """Which messages were sent wrongly: by step, day they were planned for, strategy and its version; None for any.

    :param paid_before: of them the reminders and demands to who had paid before: by a payment that was posted since, with a value
        date before the day of sending, so that with the money of the days before nothing that the message asks for was left
    """

    step: str = ""
    planned_on: date | None = None
    strategy: str = ""
    version: int | None = None
    paid_before: bool = False

    def as_recorded(self) -> dict[str, Any]:
        """Return it as the trail keeps it."""
        day = self.planned_on.isoformat() if self.planned_on else None
        said = {"step": self.step, "planned_on": day, "strategy": self.strategy, "version": self.version}
        return {**said, "paid_before": True} if self.paid_before else said


@dataclass(frozen=True, slots=True)
class Preview:
    """How many messages a correction would be, by channel; and of how many it is not known whether they went out."""

    count: int
    by_channel: tuple[tuple[str, int], ...]
    unknown: int = 0


def preview_correction(wrong: Wrong, *, scope: Scope) -> Preview:
    """Return what correcting would be.

    :raises CorrectionTooWide: nothing is named
    """
    found = _sent_wrongly(wrong, scope)
    counted = Counter(message.channel for message in found)
    unknown = sum(message.status == Message.Status.UNKNOWN for message in found)
    return Preview(counted.total(), tuple(sorted(counted.items())), unknown)


@transaction.atomic
def correct_messages(*, actor: Actor, wrong: Wrong, reason: str, expected: int, now: datetime) -> int:
    """Queue a correction of each message that was sent wrongly, and return how many.

    What may have gone out, and is corrected, is not sent after all (`Stop.CORRECTED`), nor by another way.

    :param expected: how many the preview said
    :raises CorrectionTooWide: nothing is named
    :raises ReasonNeeded: nothing is written in it
    :raises NothingToCorrect: there is none, or each is corrected already
    :raises CorrectionChanged: it would be more or fewer than the preview said
    :raises CorrectionTemplateMissing: there is nothing to say on a channel
    """
    found = _as_locked(_sent_wrongly(wrong, scope_of_actor(actor)))
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


def _sent_wrongly(wrong: Wrong, scope: Scope) -> list[Message]:
    """Return the messages that were sent wrongly, in the order of their ids."""
    rows = _named(wrong, scope).defer("said").order_by("pk")
    return _to_who_had_paid(rows) if wrong.paid_before else list(rows)


def _to_who_had_paid(rows: QuerySet[Message]) -> list[Message]:
    """Return those of some messages that went to customers who had paid by then, though nobody here knew."""
    began = MessageAttempt.objects.filter(message=OuterRef("pk")).order_by("-number").values("began_at")[:1]
    asking = rows.filter(purpose__in=(Purpose.REMINDER, Purpose.DEMAND)).annotate(went_at=Coalesce("sent_at", Subquery(began)))
    since = Payment.objects.received().filter(
        account_id=OuterRef("account_id"), recorded_at__gt=OuterRef("went_at"), is_posted=True, reversal=None
    )
    sent = [
        (message, timezone.localdate(message.went_at))
        for message in asking.annotate(first_paid_on=Subquery(since.order_by("paid_on").values("paid_on")[:1]))
        # Who pays on the day of sending may have paid because of it.
        if message.first_paid_on is not None and message.first_paid_on < timezone.localdate(message.went_at)
    ]
    found = []
    by_account = sorted(sent, key=lambda one: one[0].account_id)
    for ids in in_chunks(dict.fromkeys(message.account_id for message, _day in by_account)):
        entries = load_entries(ids)
        here = [(message, day) for message, day in by_account if message.account_id in entries]
        found += [message for message, day in here if _was_settled(entries[message.account_id], message, day)]
    return sorted(found, key=lambda message: message.pk)


def _was_settled(entries: AccountEntries, message: Message, day: date) -> bool:
    """Return whether all that a message asked for on a day was paid by the money of the days before.

    That is what was past due then; before the due date, and on it, what is due by it too: nothing is past due at that time
    anyway, whatever was paid.
    """
    money = [paid for paid in entries.payments if paid.value_date < day and paid.reversed_on is None]
    # What is due by a day is past due on the next one.
    as_of = max(day, message.episode + timedelta(days=1))
    return replace(entries, payments=money).rebuilt(as_of).state.oldest_unpaid_due_date is None


def _as_locked(found: list[Message]) -> list[Message]:
    """Return those of some messages that customers may still have, those in doubt locked until the end of the transaction.

    One that its provider turns out never to have had may be on its way again meanwhile; locked, it stays until it is corrected.
    """
    locked: dict[int, Message] = {}
    for ids in in_chunks(message.pk for message in found if message.status == Message.Status.UNKNOWN):
        locked |= lock_all(ids)
    return [message for message in found if message.pk not in locked or locked[message.pk].status in _ARRIVED]


def _named(wrong: Wrong, scope: Scope) -> QuerySet[Message]:
    """Return the messages that customers have, or may have, and that are not corrected yet. A correction is not corrected."""
    if not (wrong.step or wrong.planned_on or wrong.strategy):
        raise CorrectionTooWide
    rows = Message.objects.filter(status__in=_ARRIVED).exclude(step__startswith=STEP)
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
        step=own_step(message.pk),
        channel=message.channel,
        purpose=purpose,
        template_code=f"{TEMPLATE}{message.channel}",
        planned_on=timezone.localdate(now),
        priority=PRIORITY,
        due_at=now,
    )
